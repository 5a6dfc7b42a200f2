"""What every network and every head must do, whoever wrote it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import nn

from limbeck import methods, networks
from limbeck.methods import RunContext
from limbeck.modalities import Batch
from limbeck.networks import Encoder, Head, Network, Shape, Student, embed, heads
from limbeck.testing._shared import ListedContract, SettingsContract, check_tensor, same, toy_clips

SMALL: dict[str, Shape] = {"audio": (1, 32, 20), "image": (3, 32, 32)}
SHAPES: list[dict[str, Shape]] = [
    SMALL,
    {"audio": (1, 128, 56), "image": (3, 64, 64)},
    {"audio": (1, 40, 101), "image": (3, 48, 64)},
    {"audio": (1, 32, 20)},
    {"image": (3, 32, 40)},
    {"echo": (2, 1, 60)},
    {"audio": (3, 1, 32, 20), "image": (3, 32, 32), "video": (4, 3, 32, 32)},
    {"audio": (1, 32, 20), "echo": (2, 24, 36), "image": (3, 32, 32)},
]
LETTERS = {"audio": "A", "echo": "E", "image": "V"}


def _network(name: str) -> Network:
    settings = networks.load(name)
    return settings(**({"width": 8} if "width" in settings.model_fields else {}))


def _encoders(name: str, shapes: Mapping[str, Shape] = SMALL, seed: int = 0) -> dict[str, Encoder]:
    return _network(name).encoders(shapes, generator=torch.Generator().manual_seed(seed))


def _noise(shapes: Mapping[str, Shape], samples: int) -> Batch:
    draw = torch.Generator().manual_seed(0)
    return {modality: torch.randn(samples, *shape, generator=draw) for modality, shape in shapes.items()}


def _check_draws(made: Callable[[int], nn.Module]) -> None:
    """Assert that the seed decides the weights of what is `made` of it, and that the global generator is untouched."""
    before = torch.random.get_rng_state()
    one, again, other = (made(seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert same(one, again)
    assert any(not torch.equal(one[k], other[k]) for k in one)


class NetworkContract(SettingsContract):
    """What a network must do; one with a setting `width` is tested at 8."""

    base = Network

    def small(self, name: str) -> Network:
        """The network of a `name`, narrow if it can be."""
        return _network(name)

    @pytest.mark.parametrize(
        "shapes", SHAPES, ids=["small", "large", "odd", "sound", "picture", "line", "frames", "three"]
    )
    def test_features_have_the_length_that_is_announced(self, name: str, shapes: dict[str, Shape]) -> None:
        encoders, samples = _encoders(name, shapes), _noise(shapes, 3)
        assert list(encoders) == list(shapes)
        for modality, encoder in encoders.items():
            features = encoder(samples[modality])
            check_tensor(features, 3, encoder.dim)
            assert encoder.grid is None or math.prod(encoder.grid) == encoder.dim
            assert features.std() > 0

    def test_the_generator_decides_the_weights_and_the_global_one_is_untouched(self, name: str) -> None:
        _check_draws(lambda seed: nn.ModuleDict(_encoders(name, seed=seed)))

    def test_weights_can_be_kept_and_put_back(self, name: str) -> None:
        one, other = _encoders(name, seed=1)["image"], _encoders(name, seed=2)["image"]
        other.load_state_dict(one.state_dict())
        x = torch.randn(2, *SMALL["image"])
        assert torch.equal(one(x), other(x))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_features_carry_a_gradient_to_the_input_only(self, name: str, dtype: torch.dtype) -> None:
        encoder = _encoders(name)["image"]
        x = torch.randn(4, *SMALL["image"]).requires_grad_()
        embed(encoder, x, dtype=dtype).square().sum().backward()  # type: ignore[no-untyped-call]
        assert x.grad is not None
        assert bool(x.grad.flatten(1).any(1).all())
        assert all(p.grad is None for p in encoder.parameters())

    def test_a_sample_has_the_same_features_in_any_company_and_mode(self, name: str) -> None:
        for modality, encoder in _encoders(name).items():
            encoder.double()
            assert not list(encoder.buffers())
            x = torch.randn(5, *SMALL[modality], dtype=torch.float64)
            alone = torch.cat([encoder.train()(x[i : i + 1]) for i in range(5)])
            torch.testing.assert_close(encoder(x), alone)
            torch.testing.assert_close(encoder.eval()(x), alone)
            torch.testing.assert_close(embed(encoder, x, chunk=2), alone)

    def test_how_pixels_lie_in_memory_changes_nothing(self, name: str) -> None:
        shapes = SHAPES[1]
        encoder = _encoders(name, shapes)["image"]
        x = torch.randn(4, *shapes["image"], generator=torch.Generator().manual_seed(0))
        found = []
        for layout in (torch.contiguous_format, torch.channels_last):
            leaf = x.contiguous(memory_format=layout).requires_grad_()
            found.append(torch.autograd.grad(encoder(leaf).square().mean(), [leaf, *encoder.parameters()]))
        for one, other in zip(*found, strict=True):
            assert float((one - other).norm()) <= 1e-3 * float(one.norm()) + 1e-6

    def test_gradients_of_gradients_are_right(self, name: str) -> None:
        """The change of a weight gradient along a direction, against a difference: what gradient matching needs."""
        encoder = _encoders(name)["image"].double()
        draw = torch.Generator().manual_seed(3)
        x, way = (torch.randn(2, *SMALL["image"], dtype=torch.float64, generator=draw) for _ in range(2))
        weights = [w for w in encoder.parameters() if w.ndim > 1]
        aims = [torch.randn(w.shape, dtype=w.dtype, generator=draw) for w in weights]

        def pull(x: torch.Tensor, create_graph: bool = False) -> torch.Tensor:
            found = torch.autograd.grad(encoder(x).square().sum(), weights, create_graph=create_graph)
            return torch.stack([(g * a).sum() for g, a in zip(found, aims, strict=True)]).sum()

        (found,) = torch.autograd.grad(pull(x.requires_grad_(), create_graph=True), x)
        x.requires_grad_(False)
        change = (pull(x + 1e-7 * way) - pull(x - 1e-7 * way)) / 2e-7
        torch.testing.assert_close((found * way).sum(), change, rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize("seen", [("audio", "image"), ("image",)])
    def test_samples_are_distilled_through_it(self, name: str, seen: tuple[str, ...]) -> None:
        clips, losses = toy_clips(classes=2, per_class=4).seen_by(seen), []
        network = {"name": name, "options": _network(name).to_json()}
        encoders, adam = {"network": network, "bank": 1}, {"kind": "adam", "lr": 0.01}
        dm = methods.load("dm").configured(encoders=encoders, start="noise", augment=None, optimiser=adam)
        run = RunContext(on_step=lambda report: losses.append(report.loss))
        began, made = (dm.model_copy(update={"steps": s}).distill(clips, seed=0, run=run) for s in (0, 4))
        assert losses[-1] < losses[0]
        assert list(made.tensors) == list(seen)
        for modality, after in made.tensors.items():
            assert torch.isfinite(after).all()
            assert (after != began.tensors[modality]).flatten(1).any(1).all()

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_every_weight_is_trained(self, name: str, dtype: torch.dtype) -> None:
        encoders, samples = _encoders(name), _noise(SMALL, 4)
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            out = [encoder(samples[modality]) for modality, encoder in encoders.items()]
        sum(o.float().square().sum() for o in out).backward()
        assert all(p.grad is not None and bool(p.grad.any()) for e in encoders.values() for p in e.parameters())


class HeadContract(ListedContract):
    """What a head must do, with one, two and three modalities."""

    base = Head

    @pytest.fixture(params=[("audio",), ("image",), ("audio", "image"), ("audio", "echo", "image")], ids="+".join)
    def modalities(self, request: pytest.FixtureRequest) -> Any:
        """What it is given features of."""
        return request.param

    @pytest.fixture
    def head(self, name: str, modalities: tuple[str, ...]) -> Head:
        """A head with weights that all differ, where those it begins with may be zeros."""
        head = self._head(name, modalities)
        for p in head.parameters():
            nn.init.normal_(p, generator=torch.Generator().manual_seed(3))
        return head

    @pytest.fixture
    def features(self, modalities: tuple[str, ...]) -> Batch:
        draw = torch.Generator().manual_seed(1)
        return {m: torch.randn(7, 12, generator=draw) for m in modalities}

    def _head(self, name: str, modalities: Sequence[str], seed: int = 0) -> Head:
        letters = {m: LETTERS[m] for m in modalities}
        return heads.load(name)(
            dict.fromkeys(modalities, 12), 5, letters, generator=torch.Generator().manual_seed(seed)
        )

    def test_scores_are_probabilities_and_the_keys_tell_the_modalities(self, head: Head, features: Batch) -> None:
        letters, scores = [LETTERS[m] for m in features], head.scores(features)
        assert head.together == "+".join(letters)
        assert head.together in scores
        assert set(scores) <= {*letters, head.together}
        for value in scores.values():
            assert value.shape == (7, 5)
            torch.testing.assert_close(value.sum(1), torch.ones(7))

    def test_a_score_depends_on_the_modalities_in_its_key_alone(self, head: Head, features: Batch) -> None:
        before = head.scores(features)
        for modality in features:
            after = head.scores(features | {modality: -features[modality]})
            changed = {key for key, value in after.items() if not torch.equal(value, before[key])}
            assert changed == {key for key in before if LETTERS[modality] in key.split("+")}

    def test_features_may_come_in_any_order(self, head: Head, features: Batch) -> None:
        turned = {m: features[m] for m in reversed(features)}
        torch.testing.assert_close(head.scores(turned), head.scores(features))
        labels = torch.arange(7) % 5
        torch.testing.assert_close(head.loss(turned, labels), head.loss(features, labels))

    def test_the_generator_decides_the_weights_and_the_global_one_is_untouched(
        self, name: str, modalities: tuple[str, ...]
    ) -> None:
        _check_draws(lambda seed: self._head(name, modalities, seed))

    def test_it_learns_classes_and_probabilities(self, name: str, modalities: tuple[str, ...]) -> None:
        draw = torch.Generator().manual_seed(1)
        labels = torch.arange(40) % 5
        centres = torch.randn(5, 12, generator=draw)
        features = {m: centres[labels] + 0.1 * torch.randn(40, 12, generator=draw) for m in modalities}
        for target in (labels, torch.nn.functional.one_hot(labels, 5) * 0.9 + 0.02):
            head = self._head(name, modalities)
            optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
            for _ in range(100):
                optimiser.zero_grad()
                head.loss(features, target).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            for scores in head.scores(features).values():
                assert float((scores.argmax(1) == labels).float().mean()) > 0.9

    @pytest.mark.parametrize("network", networks.names())
    def test_a_student_can_be_made_of_it(self, name: str, network: str, modalities: tuple[str, ...]) -> None:
        shapes = {m: s for m, s in SHAPES[-1].items() if m in modalities}
        encoders = _encoders(network, shapes)
        dims, letters = {m: e.dim for m, e in encoders.items()}, {m: LETTERS[m] for m in modalities}
        student = Student(encoders, heads.load(name)(dims, 5, letters, generator=torch.Generator()))
        samples = _noise(shapes, 2)
        student.loss(samples, torch.tensor([0, 1])).backward()  # type: ignore[no-untyped-call]
        assert all(p.grad is not None for p in student.parameters())
        assert all(s.shape == (2, 5) for s in student.scores(samples).values())
