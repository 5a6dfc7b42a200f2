"""What every network and every head must do, whoever wrote it."""

from __future__ import annotations

import pickle

import pytest
import torch

from limbeck import methods, networks
from limbeck._discover import summary
from limbeck.methods import Work
from limbeck.networks import MODALITIES, Encoder, EncoderPair, Head, Network, Student, embed, group_means, heads
from limbeck.testing._clips import toy_clips

SHAPES = [((1, 32, 20), (3, 32, 32)), ((1, 128, 56), (3, 64, 64)), ((1, 40, 101), (3, 48, 64))]
Shape = tuple[int, int, int]


def _network(name: str) -> Network:
    settings = networks.load(name)
    return settings(**({"width": 8} if "width" in settings.model_fields else {}))


def _pair(name: str, audio: Shape, image: Shape, seed: int = 0) -> EncoderPair:
    return _network(name).pair(audio, image, generator=torch.Generator().manual_seed(seed))


class NetworkContract:
    """What a network must do; one with a setting `width` is tested at 8."""

    def test_its_name_is_the_one_it_is_listed_under(self, name: str) -> None:
        assert _network(name).name == name
        assert summary("limbeck.networks", name)

    def test_settings_survive_json_and_pickle(self, name: str) -> None:
        network = _network(name)
        assert type(network).from_json(network.to_json()) == network
        assert pickle.loads(pickle.dumps(network)) == network

    @pytest.mark.parametrize(("audio", "image"), SHAPES)
    def test_features_have_the_length_that_is_announced(self, name: str, audio: Shape, image: Shape) -> None:
        pair = _pair(name, audio, image)
        for modality, shape in zip(MODALITIES, (audio, image), strict=True):
            encoder: Encoder = getattr(pair, modality)
            features = encoder(torch.randn(3, *shape))
            assert features.shape == (3, encoder.dim)
            assert features.dtype == torch.float32
            assert features.std() > 0

    def test_the_generator_decides_the_weights_and_the_global_one_is_untouched(self, name: str) -> None:
        before = torch.random.get_rng_state()
        one, same, other = (_pair(name, *SHAPES[0], seed=seed).state_dict() for seed in (1, 1, 2))
        assert torch.equal(torch.random.get_rng_state(), before)
        assert all(torch.equal(one[k], same[k]) for k in one)
        assert any(not torch.equal(one[k], other[k]) for k in one)

    def test_weights_can_be_kept_and_put_back(self, name: str) -> None:
        one, other = _pair(name, *SHAPES[0], seed=1), _pair(name, *SHAPES[0], seed=2)
        other.load_state_dict(one.state_dict())
        x = torch.randn(2, *SHAPES[0][1])
        assert torch.equal(one.image(x), other.image(x))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_group_means_carry_a_gradient_to_the_input_only(self, name: str, dtype: torch.dtype) -> None:
        pair = _pair(name, *SHAPES[0])
        x = torch.randn(4, *SHAPES[0][1]).requires_grad_()
        group_means(pair.image, x, 2, dtype=dtype).square().sum().backward()  # type: ignore[no-untyped-call]
        assert x.grad is not None
        assert bool(x.grad.flatten(1).any(1).all())
        assert all(p.grad is None for p in pair.parameters())

    def test_a_sample_has_the_same_features_in_any_company_and_mode(self, name: str) -> None:
        pair = _pair(name, *SHAPES[0])
        for modality, shape in zip(MODALITIES, SHAPES[0], strict=True):
            encoder: Encoder = getattr(pair, modality).double()
            assert not list(encoder.buffers())
            x = torch.randn(5, *shape, dtype=torch.float64)
            alone = torch.cat([encoder.train()(x[i : i + 1]) for i in range(5)])
            torch.testing.assert_close(encoder(x), alone)
            torch.testing.assert_close(encoder.eval()(x), alone)
            torch.testing.assert_close(embed(encoder, x, chunk=2), alone)

    def test_how_pixels_lie_in_memory_changes_nothing(self, name: str) -> None:
        encoder = _pair(name, *SHAPES[1]).image
        x = torch.randn(4, *SHAPES[1][1], generator=torch.Generator().manual_seed(0))
        found = []
        for layout in (torch.contiguous_format, torch.channels_last):
            leaf = x.contiguous(memory_format=layout).requires_grad_()
            loss = encoder(leaf).square().mean()
            found.append(torch.autograd.grad(loss, [leaf, *encoder.parameters()]))
        for one, other in zip(*found, strict=True):
            assert float((one - other).norm()) <= 1e-3 * float(one.norm()) + 1e-6

    def test_gradients_of_gradients_are_right(self, name: str) -> None:
        """The change of a weight gradient along a direction, against a difference: what gradient matching needs."""
        encoder = _pair(name, *SHAPES[0]).image.double()
        draw = torch.Generator().manual_seed(3)
        x, way = (torch.randn(2, *SHAPES[0][1], dtype=torch.float64, generator=draw) for _ in range(2))
        weights = [w for w in encoder.parameters() if w.ndim > 1]
        aims = [torch.randn(w.shape, dtype=w.dtype, generator=draw) for w in weights]

        def pull(x: torch.Tensor, create_graph: bool = False) -> torch.Tensor:
            loss = encoder(x).square().sum()
            found = torch.autograd.grad(loss, weights, create_graph=create_graph)
            return torch.stack([(g * a).sum() for g, a in zip(found, aims, strict=True)]).sum()

        (found,) = torch.autograd.grad(pull(x.requires_grad_(), create_graph=True), x)
        x.requires_grad_(False)
        change = (pull(x + 1e-7 * way) - pull(x - 1e-7 * way)) / 2e-7
        torch.testing.assert_close((found * way).sum(), change, rtol=1e-4, atol=1e-4)

    def test_pairs_are_distilled_through_it(self, name: str) -> None:
        clips, losses = toy_clips(classes=2, per_class=4), []
        network = {"name": name, "options": _network(name).to_json()}
        dm = methods.load("dm").configured(
            encoders={"network": network, "bank": 1},
            start="noise",
            augment=None,
            optimiser={"kind": "adam", "audio_lr": 0.01, "image_lr": 0.01},
        )
        work = Work(on_step=lambda report: losses.append(report.loss))
        began, made = (dm.model_copy(update={"steps": s}).distill(clips, seed=0, work=work) for s in (0, 4))
        assert losses[-1] < losses[0]
        for before, after in ((began.audio, made.audio), (began.image, made.image)):
            assert torch.isfinite(after).all()
            assert (after != before).flatten(1).any(1).all()

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_every_weight_is_trained(self, name: str, dtype: torch.dtype) -> None:
        pair = _pair(name, *SHAPES[0])
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            out = [getattr(pair, m)(torch.randn(4, *s)) for m, s in zip(MODALITIES, SHAPES[0], strict=True)]
        sum(o.float().square().sum() for o in out).backward()
        assert all(p.grad is not None and bool(p.grad.any()) for p in pair.parameters())


class HeadContract:
    """What a head must do."""

    def _head(self, name: str, seed: int = 0) -> Head:
        return heads.load(name)(12, 12, 5, generator=torch.Generator().manual_seed(seed))

    def test_its_name_is_the_one_it_is_listed_under(self, name: str) -> None:
        assert self._head(name).name == name
        assert summary("limbeck.networks.heads", name)

    def test_scores_are_probabilities_and_the_keys_tell_the_modalities(self, name: str) -> None:
        head = self._head(name)
        audio, image = torch.randn(7, 12), torch.randn(7, 12)
        scores = head.scores(audio, image)
        assert scores
        assert set(scores) <= {"A", "V", "A+V"}
        for key, value in scores.items():
            assert value.shape == (7, 5)
            torch.testing.assert_close(value.sum(1), torch.ones(7))
            assert ("A" in key.split("+")) <= ("audio" in head.modalities)
            assert ("V" in key.split("+")) <= ("image" in head.modalities)

    def test_what_is_not_read_may_be_empty(self, name: str) -> None:
        head = self._head(name)
        audio, image = (torch.randn(3, 12 if m in head.modalities else 0) for m in MODALITIES)
        assert torch.isfinite(head.loss(audio, image, torch.tensor([0, 1, 2])))
        assert all(len(s) == 3 for s in head.scores(audio, image).values())

    def test_the_generator_decides_the_weights_and_the_global_one_is_untouched(self, name: str) -> None:
        before = torch.random.get_rng_state()
        one, same, other = (self._head(name, seed).state_dict() for seed in (1, 1, 2))
        assert torch.equal(torch.random.get_rng_state(), before)
        assert all(torch.equal(one[k], same[k]) for k in one)
        assert any(not torch.equal(one[k], other[k]) for k in one)

    def test_it_learns(self, name: str) -> None:
        head = self._head(name)
        draw = torch.Generator().manual_seed(1)
        labels = torch.arange(40) % 5
        centres = torch.randn(5, 12, generator=draw)
        audio, image = (centres[labels] + 0.1 * torch.randn(40, 12, generator=draw) for _ in range(2))
        optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
        for _ in range(100):
            optimiser.zero_grad()
            head.loss(audio, image, labels).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        for scores in head.scores(audio, image).values():
            assert float((scores.argmax(1) == labels).float().mean()) > 0.9

    @pytest.mark.parametrize("network", networks.names())
    def test_a_student_can_be_made_of_it(self, name: str, network: str) -> None:
        pair = _pair(network, *SHAPES[0])
        head = heads.load(name)(pair.audio.dim, pair.image.dim, 5, generator=torch.Generator())
        student = Student(pair, head)
        audio, image = torch.randn(2, *SHAPES[0][0]), torch.randn(2, *SHAPES[0][1])
        student.loss(audio, image, torch.tensor([0, 1])).backward()  # type: ignore[no-untyped-call]
        assert all(p.grad is not None for p in student.parameters())
        assert all(s.shape == (2, 5) for s in student.scores(audio, image).values())
