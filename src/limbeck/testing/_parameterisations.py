"""What every way to hold samples must do, whoever wrote it."""

import pickle
from functools import reduce
from pathlib import Path

import pytest
import torch
from torch import Tensor

from limbeck import _discover, methods, modalities, parameterisations
from limbeck.distilled import DistilledSet
from limbeck.modalities import Batch, Modality
from limbeck.parameterisations import Parameterisation, joined, modality_of, parse
from limbeck.testing._shared import check_tensor, same, toy_clips

ROWS = 4


class ParameterisationContract:
    """What a way to hold samples must do, with some settings; its tests take its text, as in ``mosaic:2``."""

    @pytest.fixture
    def hold(self, text: str) -> Parameterisation:
        return parse(text)

    @pytest.fixture(params=[("audio", "image"), ("audio",), ("image",), ("segments", "video")], ids="+".join)
    def modalities(self, request: pytest.FixtureRequest) -> dict[str, Modality]:
        """What the samples are."""
        return dict(toy_clips(modalities=request.param).modalities)

    def _samples(self, hold: Parameterisation, modalities: dict[str, Modality], rows: int = ROWS) -> Batch:
        """Smooth random samples, all different: what is left of them in a few numbers is much."""
        draw, found = torch.Generator().manual_seed(0), {}
        for name, modality in modalities.items():
            smooth = torch.randn(hold.cells * rows, *modality.shape, generator=draw).cumsum(-1).cumsum(-2)
            axes = tuple(range(1, smooth.ndim))
            for axis in axes[:-3]:
                smooth = smooth.cumsum(axis)
            found[name] = (smooth - smooth.mean(axes, keepdim=True)) / smooth.std(axes, keepdim=True)
        return found

    def _by_row(self, hold: Parameterisation, samples: Batch) -> Batch:
        """(row, cell, ..., channel, height, width)."""
        return {m: x.view(hold.cells, -1, *x.shape[1:]).transpose(0, 1) for m, x in samples.items()}

    def test_says_what_it_is(self, text: str, hold: Parameterisation) -> None:
        name = text.partition(":")[0]
        kind = parameterisations.load(name)
        assert _discover.summary("limbeck.parameterisations", name).endswith(".")
        assert getattr(kind, "__final__", False), f"{kind.__name__} must be marked @final"
        assert type(hold) is kind
        assert hold.name == name
        assert hold.cells >= 1
        assert hold.narrowed(10_000.0, dict.fromkeys(modalities.names(), 10_000.0)) == hold

    def test_text_says_all_of_it_and_a_method_carries_it_so(self, text: str, hold: Parameterisation) -> None:
        assert parse(str(hold)) == hold
        assert str(parse(str(hold))) == str(hold)
        assert type(hold).from_json(hold.to_json()) == hold
        assert pickle.loads(pickle.dumps(hold)) == hold
        method = methods.load("random").from_json({"hold": text})
        assert method.hold == hold
        assert method.to_json()["hold"] == str(hold)
        assert type(method).from_json(method.to_json()) == method

    def test_starts_from_samples_and_decodes_to_as_many_always_to_the_same_bits(
        self, hold: Parameterisation, modalities: dict[str, Modality]
    ) -> None:
        samples = self._samples(hold, modalities)
        tensors = hold.start(samples, modalities)
        assert {modality_of(name) for name in tensors} == {*modalities}
        assert all(tensor.dtype == torch.float32 for tensor in tensors.values())
        if hold.are_samples:
            assert {name: x.shape for name, x in tensors.items()} == {
                name: (ROWS, *hold.shape_of(modality)) for name, modality in modalities.items()
            }
        back = hold.decode(tensors, modalities)
        assert list(back) == list(modalities)
        for name, x in back.items():
            check_tensor(x, *samples[name].shape)
            if hold.is_model:
                drawn, real = (self._by_row(hold, one)[name].mean(1).flatten(1) for one in (back, samples))
                assert float(torch.cosine_similarity(drawn, real).min()) > 0.1, "what is drawn is not round the mean"
                continue
            near = torch.cdist(x.flatten(1), samples[name].flatten(1)).amin(1)
            assert float((near / samples[name].flatten(1).norm(dim=1).mean()).max()) < 0.9, "little is left of one"
        again = hold.start(self._samples(hold, modalities), modalities)
        assert same(again, tensors)
        assert same(hold.decode(again, modalities), back)

    def test_a_row_stands_for_its_own_samples(self, hold: Parameterisation, modalities: dict[str, Modality]) -> None:
        """The samples are cell-major: the first of all rows, then the second of all rows."""
        samples = self._samples(hold, modalities)
        before = self._by_row(hold, hold.decode(hold.start(samples, modalities), modalities))
        changed = {name: x.clone() for name, x in samples.items()}
        for x in changed.values():
            x[2] += 1
        after = self._by_row(hold, hold.decode(hold.start(changed, modalities), modalities))
        for name in modalities:
            moved = (after[name] - before[name]).abs().flatten(1).amax(1) > 1e-4
            assert moved.tolist() == [row == 2 for row in range(ROWS)]

    @pytest.mark.parametrize("index", [slice(1, 3), slice(0, 0), torch.tensor([3, 0])], ids=["some", "none", "listed"])
    def test_some_rows_decode_to_their_samples(
        self, hold: Parameterisation, modalities: dict[str, Modality], index: slice | Tensor
    ) -> None:
        tensors = hold.start(self._samples(hold, modalities), modalities)
        whole = self._by_row(hold, hold.decode(tensors, modalities))
        if isinstance(index, slice) and index.stop == 0:
            assert {name: len(x) for name, x in hold.rows(tensors, index).items()} == dict.fromkeys(tensors, 0)
            return
        some = self._by_row(hold, hold.decode(hold.rows(tensors, index), modalities))
        for name in modalities:
            torch.testing.assert_close(some[name], whole[name][index], rtol=1e-5, atol=1e-5)

    def test_rows_of_several_starts_may_be_joined(
        self, hold: Parameterisation, modalities: dict[str, Modality]
    ) -> None:
        """Class by class, as methods start."""
        samples = self._samples(hold, modalities)
        by_row = self._by_row(hold, samples)
        parts = [
            hold.start({m: x[rows].transpose(0, 1).flatten(0, 1) for m, x in by_row.items()}, modalities)
            for rows in (slice(0, 2), slice(2, ROWS))
        ]
        whole = hold.decode(hold.start(samples, modalities), modalities)
        for name, x in hold.decode(joined(parts), modalities).items():
            torch.testing.assert_close(x, whole[name], rtol=1e-5, atol=1e-5)

    def test_gradients_reach_every_row_and_are_right(
        self, hold: Parameterisation, modalities: dict[str, Modality]
    ) -> None:
        draw = torch.Generator().manual_seed(3)
        started = hold.start(self._samples(hold, modalities), modalities)
        tensors = {name: x.double().requires_grad_() for name, x in started.items()}
        _loss(hold.decode(tensors, modalities)).backward()  # type: ignore[no-untyped-call]
        along: dict[str, Tensor] = {}
        for name, x in tensors.items():
            assert x.grad is not None
            assert bool(x.grad.flatten(1).any(1).all())
            along[name] = torch.randn(x.shape, dtype=x.dtype, generator=draw)
        slope = sum((x.grad * along[name]).sum() for name, x in tensors.items() if x.grad is not None)
        step = 1e-6
        ahead, behind = (
            _loss(hold.decode({name: x.detach() + way * along[name] for name, x in tensors.items()}, modalities))
            for way in (step, -step)
        )
        torch.testing.assert_close((ahead - behind) / (2 * step), slope, rtol=1e-4, atol=1e-4)

    def test_a_set_of_it_is_saved_seen_in_part_and_taken_apart(self, hold: Parameterisation, tmp_path: Path) -> None:
        real = toy_clips(classes=2)
        tensors = hold.start(self._samples(hold, dict(real.modalities)), real.modalities)
        labels = torch.arange(2).repeat_interleave(ROWS // 2)
        scales = {m: kind.scale(real.statistics[m], "standardised") for m, kind in real.modalities.items()}
        made = DistilledSet(
            tensors=tensors, labels=labels, classes=real.classes, hold=hold, modalities=real.modalities, scales=scales,
            provenance={},
        )  # fmt: skip
        back = DistilledSet.load(made.save(tmp_path / "set"))
        assert back.hold == hold
        assert same(back.tensors, made.tensors)
        assert back.fingerprint == made.fingerprint
        samples = made.samples()
        assert len(made) == len(made.targets) == hold.cells * ROWS
        for name in real.modalities:
            alone = made.seen_by([name])
            assert same(alone.samples(), {name: samples[name]})
            assert all(modality_of(key) == name for key in alone.tensors)
        apart = made.unpacked()
        order = torch.argsort(made.targets.labels, stable=True)
        assert apart.hold == parse("plain")
        assert same(apart.samples(), {name: x[order] for name, x in samples.items()})


def _loss(samples: Batch) -> Tensor:
    return reduce(torch.add, (x.square().sum() for x in samples.values()))
