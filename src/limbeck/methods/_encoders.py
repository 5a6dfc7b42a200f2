"""Where the encoders of a matching step come from, and what real clips look like through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from limbeck import _code, _files, _machine
from limbeck._config import Config
from limbeck._runtime import derive_seed, generator
from limbeck.augment import Draw, SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.methods._experts import EXPERTS, ExpertKeys, Experts, Snapshot, Training
from limbeck.methods._held import Block
from limbeck.methods._run import RunContext
from limbeck.methods._view import View
from limbeck.modalities import Batch, Scale
from limbeck.networks import Architecture, Encoder, group_means

CHUNK = 128
MEMORY_BYTES = 2**31
# Features are a few units large: half precision rounds them by far less than the draw of the batch moves them.
KEPT = torch.float16


class EncoderSource(Config):
    """Encoders for a matching step: fresh random ones, a fixed bank of them, or ones trained on the real clips.

    Attributes:
        network: Architecture of the encoders.
        bank: None draws new random encoders and a new augmentation every step, as published. A number K uses K fixed
            draws, each with one fixed augmentation, in turn; what the real clips look like through them is then
            computed once, kept beside the prepared data, and reused by every later run.
        batch: Real clips of each class seen by a draw, drawn anew for each; None means all of them.
        training: None leaves encoders random. Otherwise they are experts trained on the real clips (as many as the
            bank has, 20 without a bank), which every method and seed shares. Encoders that have seen labels are a
            comparison class of their own.
        age: With training: ``"last"`` takes experts after their last epoch (pretrained encoders); ``"any"`` after an
            epoch drawn for each step, 0 included: the ages that a queue of partly trained networks holds.
    """

    network: Architecture = Architecture()
    bank: int | None = Field(None, ge=1)
    batch: int | None = Field(128, ge=1)
    training: Training | None = None
    age: Literal["last", "any"] = "last"

    def number(self, step: int) -> int:
        """Which draw a step sees: the bank's in turn, or a new one each step."""
        return step % self.bank if self.bank else step

    def experts(self, seed: int) -> ExpertKeys:
        """Those that are looked through, whatever the `seed`."""
        return frozenset((self.training, i) for i in range(self.bank or EXPERTS)) if self.training else frozenset()

    def real_passes(self, per_class: Sequence[int], steps: int) -> int:
        """Real clips, `per_class` of each, that go through encoders in some steps; training of experts left out."""
        seen = sum(n if self.batch is None else min(n, self.batch) for n in per_class)
        return seen * min(steps, self.bank or steps)


@dataclass(frozen=True)
class EncoderDraw:
    """Encoders with one augmentation.

    Attributes:
        number: See `EncoderSource.number`.
        encoders: By modality, with frozen weights.
        draw: The augmentation shared by real and synthetic samples; None for none.
        expert: Where the encoders come from, if they were trained.
    """

    number: int
    encoders: Mapping[str, Encoder]
    draw: Draw | None
    expert: Snapshot | None


class EncoderDraws:
    """The encoders that steps look through, and real clips and samples through them; the seed draws all of it."""

    def __init__(
        self,
        source: EncoderSource,
        augment: SiameseAugment | None,
        real: LabelledClips,
        scales: Mapping[str, Scale],
        seed: int,
        run: RunContext,
    ) -> None:
        self.source, self._real, self._seed, self._run = source, real, seed, run
        self._view = View(real, scales, run.runtime, augment)
        self._network = source.network.build()
        self._experts = Experts(source.training, source.network, real, scales, run) if source.training else None
        self._caches = {kind: FeatureCache(kind, source, self._view, seed, run) for kind in ("means", "samples")}

    def at(self, step: int) -> EncoderDraw:
        """What a step looks through."""
        number = self.source.number(step)
        expert = expert_of(self.source, self._experts, self._seed, number)
        if expert is None:
            fresh = self._network.encoders(self._real.shapes, generator=generator(self._seed, "weights", number))
            encoders = {m: e.to(self._run.runtime.device).requires_grad_(False) for m, e in fresh.items()}
        else:
            encoders = dict(expert.student.encoders)
        return EncoderDraw(number, encoders, self._view.draw(generator(self._seed, "augment", number), None), expert)

    def features(self, drawn: EncoderDraw, block: Block) -> Batch:
        """Features of a block's samples under what was `drawn`, differentiable, (class, sample, dim), by modality."""
        runtime, found = self._run.runtime, {}
        for m, x in block.samples.items():
            seen = self._view.augmented(x, m, drawn.draw)
            each = group_means(
                drawn.encoders[m], seen, len(seen), dtype=runtime.synthetic_dtype, compile=runtime.compile
            )
            found[m] = each.reshape(len(block), -1, each.shape[1])
        return found

    @torch.no_grad()
    def means(self, drawn: EncoderDraw) -> Batch:
        """Mean features of the real clips of each class, float32, (class, dim), by modality."""

        def compute() -> Batch:
            by_class = [self._class_means(drawn, index) for index in self._batches(drawn)]
            return {m: torch.stack([means[m] for means in by_class]) for m in drawn.encoders}

        return self._caches["means"].get(drawn.number, compute)

    @torch.no_grad()
    def samples(self, drawn: EncoderDraw) -> dict[str, tuple[Tensor, ...]]:
        """Features of the same real clips one by one, by modality: float16, each class's (clip, dim)."""
        batches = self._batches(drawn)

        def compute() -> Batch:
            chunks = [part for index in batches for part in self._features(drawn, index)]
            return {m: torch.cat([part[m].to(KEPT) for part in chunks]) for m in drawn.encoders}

        features = self._caches["samples"].get(drawn.number, compute)
        return {m: torch.split(features[m], [len(index) for index in batches]) for m in features}

    def _batches(self, drawn: EncoderDraw) -> list[Tensor]:
        seed = derive_seed(self._seed, "batch", drawn.number)
        return [batch_of(self._real, label, self.source.batch, seed) for label in range(len(self._real.classes))]

    def _class_means(self, drawn: EncoderDraw, index: Tensor) -> Batch:
        """Mean features, (dim,), of the clips at `index`, in chunks of bounded memory."""
        chunks = [{m: x[None].mean(1)[0] * len(x) for m, x in part.items()} for part in self._features(drawn, index)]
        return {m: torch.stack([sums[m] for sums in chunks]).sum(0) / len(index) for m in drawn.encoders}

    def _features(self, drawn: EncoderDraw, index: Tensor) -> Iterator[Batch]:
        """Features of the clips at `index`, chunk by chunk, each float32, (clip, dim)."""
        for chunk in torch.split(index, CHUNK):
            yield {m: self._view.features(e, m, chunk, drawn.draw) for m, e in drawn.encoders.items()}


class FeatureCache:
    """What real clips look like through the draws of a bank, computed once for each draw.

    It is on disk, beside the prepared data, where there is a cache: two processes at work on one cache wait for each
    other and do not compute the same thing twice. Beyond `MEMORY_BYTES`, or a quarter of the memory this process may
    fill, it is read again each time it is needed, or, where there is no cache, computed again. Without a bank nothing
    is kept.
    """

    def __init__(self, kind: str, source: EncoderSource, view: View, seed: int, run: RunContext) -> None:
        self._folder = run.cache / kind / self._key(kind, source, view, seed) if run.cache else None
        self._device, self._bank = run.runtime.device, source.bank
        self._memory: dict[int, Batch] = {}

    def _key(self, kind: str, source: EncoderSource, view: View, seed: int) -> str:
        """Names all that features depend on."""
        scales = {m: scale.to_json() for m, scale in view.scales.items()}
        return _files.digest(
            kind, _code.of(type(self), source), view.real.fingerprint, scales, source.to_json(),
            view.augment and view.augment.to_json(),
            seed, str(view.runtime.real_dtype), view.runtime.device.type, view.runtime.compile,
        )  # fmt: skip

    def get(self, number: int, compute: Callable[[], Batch]) -> Batch:
        """What clips look like through draw `number`; `compute` gives it, if it is not there."""
        if self._bank is None:
            return compute()
        if number not in self._memory:
            found = self._read(self._folder, number, compute) if self._folder else compute()
            if sum(t.nbytes for kept in (*self._memory.values(), found) for t in kept.values()) > _room():
                return found
            self._memory[number] = found
        return self._memory[number]

    def _read(self, folder: Path, number: int, compute: Callable[[], Batch]) -> Batch:
        file = folder / f"{number}.safetensors"
        if not file.exists():
            with _files.exclusive(folder, wait=True):
                if not file.exists():
                    _files.write_tensors(file, compute())
        return {name: t.to(self._device) for name, t in _files.read_tensors(file)[0].items()}


def _room() -> int:
    """Bytes that may be kept in memory."""
    return min(MEMORY_BYTES, _machine.memory_bytes() // 4 or MEMORY_BYTES)


def expert_of(source: EncoderSource, experts: Experts | None, seed: int, number: int) -> Snapshot | None:
    """The expert that a draw looks through, as the source says; None where encoders are random."""
    if experts is None or source.training is None:
        return None
    last = source.training.epochs
    drawn = int(torch.randint(last + 1, (), generator=generator(seed, "age", number)))
    return experts.snapshot(number % (source.bank or EXPERTS), {"last": last, "any": drawn}[source.age])


def batch_of(real: LabelledClips, label: int, batch: int | None, seed: int) -> Tensor:
    """Positions of some clips of a class, int64, ascending; the draw does not depend on the other classes."""
    index = real.of_class(label)
    if batch is None or batch >= len(index):
        return index
    order = torch.randperm(len(index), generator=generator(seed, real.classes[label]))
    return index[order[:batch]].sort().values  # ascending: reads run forward through the shards
