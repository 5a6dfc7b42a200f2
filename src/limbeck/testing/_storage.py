"""What every form of storage must do, whoever wrote it."""

import inspect
from collections.abc import Mapping
from typing import ClassVar

import pytest
import torch

from limbeck import storage
from limbeck.errors import InputError
from limbeck.modalities import Batch
from limbeck.storage import Coder, Meaning, Meanings, Storage, payload_bytes
from limbeck.testing._shared import SettingsContract, check_tensor, same, toy_clips


class StorageContract(SettingsContract):
    """What a form of storage must do."""

    base = Storage

    def test_says_how_large_it_is(self, name: str) -> None:
        assert "Size:" in (inspect.getdoc(inspect.getmodule(storage.load(name))) or "")


class CoderContract(StorageContract):
    """What a form that tensors can be put in must do besides.

    Attributes:
        within: Largest error, by name of the form, of a float array of toy clips, in the modality's unit (dB): they
            are noise, the worst there is to code.
        any_numbers: Forms that keep tensors which are no samples.
    """

    within: ClassVar[Mapping[str, float]] = {}
    any_numbers: ClassVar[frozenset[str]] = frozenset({"float32"})

    @pytest.fixture
    def form(self, name: str) -> Coder:
        found = storage.load(name)()
        assert isinstance(found, Coder)
        return found

    @pytest.fixture(params=[("audio", "image"), ("audio",), ("image",), ("segments", "video")], ids="+".join)
    def real(self, request: pytest.FixtureRequest) -> tuple[Batch, Meanings]:
        """Nine real samples in network scale, and what they are."""
        clips = toy_clips(per_class=3, modalities=request.param)
        meanings = {
            name: Meaning(modality, modality.scale(clips.statistics[name], "standardised"))
            for name, modality in clips.modalities.items()
        }
        return {name: m.modality.to_network(clips.array(name), m.scale) for name, m in meanings.items()}, meanings

    def test_comes_back_within_its_error(self, name: str, form: Coder, real: tuple[Batch, Meanings]) -> None:
        samples, meanings = real
        back = form.decode(form.encode(samples, meanings), meanings)
        assert list(back) == list(samples)
        for key, (modality, scale) in meanings.items():
            check_tensor(back[key], *samples[key].shape)
            seen, was = (modality.from_network(x[key], scale).float() for x in (back, samples))
            if modality.dtype == torch.float32:
                assert (seen - was).abs().max() <= self.within.get(name, 10.0)
            assert torch.corrcoef(torch.stack([seen.flatten(), was.flatten()]))[0, 1] > 0.7

    def test_same_samples_same_bytes_and_same_payload_same_bits(
        self, form: Coder, real: tuple[Batch, Meanings]
    ) -> None:
        samples, meanings = real
        one, two = (form.encode({k: x.clone() for k, x in samples.items()}, meanings) for _ in range(2))
        assert same(one, two)
        assert same(form.decode(one, meanings), form.decode(two, meanings))
        assert payload_bytes(one) == sum(len(t.numpy().tobytes()) for t in one.values())
        assert payload_bytes(one) <= 4 * sum(x.numel() for x in samples.values())

    def test_a_second_time_it_keeps_nearly_the_same(self, name: str, form: Coder, real: tuple[Batch, Meanings]) -> None:
        samples, meanings = real
        once = form.decode(form.encode(samples, meanings), meanings)
        twice = form.decode(form.encode(once, meanings), meanings)
        for key, (modality, scale) in meanings.items():
            gap = modality.from_network(twice[key], scale).float() - modality.from_network(once[key], scale).float()
            assert gap.square().mean() <= self.within.get(name, 10.0) ** 2

    def test_samples_are_kept_apart(self, form: Coder, real: tuple[Batch, Meanings]) -> None:
        """Joined in another order without decoding, they decode to the same bits."""
        samples, meanings = real
        halves = [
            form.encode({key: x[rows] for key, x in samples.items()}, meanings) for rows in (slice(0, 4), slice(4, 9))
        ]
        order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
        whole = form.decode(form.encode(samples, meanings), meanings)
        assert same(form.decode(form.join(halves, order), meanings), {key: x[order] for key, x in whole.items()})

    def test_modalities_are_kept_apart(self, form: Coder, real: tuple[Batch, Meanings]) -> None:
        """What is kept of one does not depend on the others, and says whose it is."""
        samples, meanings = real
        together = form.encode(samples, meanings)
        alone = [form.encode({key: samples[key]}, {key: meanings[key]}) for key in meanings]
        assert same(together, {key: tensor for payload in alone for key, tensor in payload.items()})
        assert all(key.startswith(tuple(meanings)) for key in together)

    def test_numbers_that_are_no_samples_are_kept_exactly_or_refused(self, name: str, form: Coder) -> None:
        numbers = {"audio": torch.randn(3, 7), "image.low": torch.randn(3, 2, 2) * 1e6}
        if name in self.any_numbers:
            assert same(form.decode(form.encode(numbers, {}), {}), numbers)
            return
        with pytest.raises(InputError, match=r"the tensors of this set are other numbers|is too (far|large)"):
            form.encode(numbers, {})
