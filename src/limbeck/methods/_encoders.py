"""The encoders of a matching step, and what real clips and samples look like through them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from limbeck import _code, _files, _machine
from limbeck._config import Config
from limbeck._runtime import derive_seed, generator
from limbeck.augment import Draw
from limbeck.datasets import LabelledClips
from limbeck.methods._experts import EXPERTS, ExpertKeys, Experts, Snapshot, Training
from limbeck.methods._optimised import Optimised
from limbeck.methods._run import RunContext
from limbeck.methods._steps import Block
from limbeck.methods._view import View
from limbeck.modalities import Batch
from limbeck.networks import Architecture, Encoder, embed

CHUNK = 128
MEMORY_BYTES = min(2**31, _machine.memory_bytes() // 4 or 2**31)
"""How much of what real clips look like may be kept in memory."""
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

    def seen(self, per_class: Sequence[int]) -> int:
        """Real clips, of `per_class` of each class, that a draw sees."""
        return sum(n if self.batch is None else min(n, self.batch) for n in per_class)


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
    """The encoders that steps of a method look through, and real clips and samples through them; `seed` draws all."""

    def __init__(self, method: Optimised, real: LabelledClips, seed: int, run: RunContext) -> None:
        self._source, self._real, self._seed, self._runtime = method.encoders, real, seed, run.runtime
        self._view = View(real, method.scales(real), run.runtime, method.augment)
        self._network, self._shapes = method.encoders.network.build(), real.shapes
        self._experts = experts_of(method.encoders, self._view, run.cache)
        self._means, self._samples = (
            FeatureCache(kind, method.encoders, self._view, seed, run) for kind in ("means", "samples")
        )

    def at(self, step: int) -> EncoderDraw:
        """What a step looks through."""
        number = self._source.number(step)
        draw = self._view.draw(generator(self._seed, "augment", number), None)
        if self._experts:
            expert = expert_of(self._source, self._experts, self._seed, number)
            return EncoderDraw(number, expert.student.encoders, draw, expert)
        encoders = self._network.encoders(self._shapes, generator=generator(self._seed, "weights", number))
        for encoder in encoders.values():
            encoder.to(self._runtime.device).requires_grad_(False)
        return EncoderDraw(number, encoders, draw, None)

    def features(self, drawn: EncoderDraw, block: Block) -> Batch:
        """Features of a block's samples under what was `drawn`, differentiable, (class, sample, dim), by modality."""
        found = {}
        for m, x in block.samples.items():
            seen, runtime = self._view.augmented(x, m, drawn.draw), self._runtime
            each = embed(drawn.encoders[m], seen, dtype=runtime.synthetic_dtype, compile=runtime.compile)
            found[m] = each.reshape(len(block), -1, each.shape[1])
        return found

    @torch.no_grad()
    def means(self, drawn: EncoderDraw) -> Batch:
        """Mean features of the real clips of each class, float32, (class, dim), by modality."""

        def compute() -> Batch:
            batches = self._batches(drawn)
            return {m: torch.stack([self._mean(drawn, m, index) for index in batches]) for m in drawn.encoders}

        return self._means.get(drawn.number, compute)

    @torch.no_grad()
    def samples(self, drawn: EncoderDraw) -> dict[str, tuple[Tensor, ...]]:
        """Features of the same real clips one by one, by modality: float16, each class's (clip, dim)."""
        batches = self._batches(drawn)

        def compute() -> Batch:
            chunks = [chunk for index in batches for chunk in torch.split(index, CHUNK)]
            found = {}
            for m, encoder in drawn.encoders.items():
                found[m] = torch.cat([self._view.features(encoder, m, c, drawn.draw).to(KEPT) for c in chunks])
            return found

        features = self._samples.get(drawn.number, compute)
        return {m: torch.split(features[m], [len(index) for index in batches]) for m in features}

    def _batches(self, drawn: EncoderDraw) -> list[Tensor]:
        seed = derive_seed(self._seed, "batch", drawn.number)
        return [batch_of(self._real, label, self._source.batch, seed) for label in range(len(self._real.classes))]

    def _mean(self, drawn: EncoderDraw, modality: str, index: Tensor) -> Tensor:
        """Mean features, (dim,), of the clips at `index`, in chunks of bounded memory."""
        sums = []
        for chunk in torch.split(index, CHUNK):
            features = self._view.features(drawn.encoders[modality], modality, chunk, drawn.draw)
            sums.append(features[None].mean(1)[0] * len(features))
        return torch.stack(sums).sum(0) / len(index)


class FeatureCache:
    """What real clips look like through the draws of a bank, computed once for each draw.

    It is on disk, beside the prepared data, where there is a cache: two processes at work on one cache wait for each
    other and do not compute the same thing twice. Beyond `MEMORY_BYTES` it is read again each time it is needed, or,
    where there is no cache, computed again. Without a bank nothing is kept.
    """

    def __init__(self, kind: str, source: EncoderSource, view: View, seed: int, run: RunContext) -> None:
        self._device, self._bank = run.runtime.device, source.bank
        self._memory: dict[int, Batch] = {}
        self._folder: Path | None = None
        if run.cache and source.bank:
            # All that features depend on.
            key = _files.digest(
                kind, _code.of(type(self), source), view.key(), source.to_json(),
                view.augment and view.augment.to_json(), seed, run.runtime.compile,
            )  # fmt: skip
            self._folder = run.cache / kind / key

    def get(self, number: int, compute: Callable[[], Batch]) -> Batch:
        """What clips look like through draw `number`; `compute` gives it, if it is not there."""
        if self._bank is None:
            return compute()
        if number not in self._memory:
            found = self._read(self._folder, number, compute) if self._folder else compute()
            if sum(t.nbytes for kept in (*self._memory.values(), found) for t in kept.values()) > MEMORY_BYTES:
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


def experts_of(source: EncoderSource, view: View, cache: Path | None) -> Experts | None:
    """The experts that a method looks through; None where encoders are random."""
    return Experts(source.training, source.network, view, cache) if source.training else None


def expert_of(source: EncoderSource, experts: Experts, seed: int, number: int) -> Snapshot:
    """The expert that a draw looks through, at the age that the source says."""
    last = experts.training.epochs
    drawn = int(torch.randint(last + 1, (), generator=generator(seed, "age", number)))
    return experts.snapshot(number % (source.bank or EXPERTS), {"last": last, "any": drawn}[source.age])


def batch_of(real: LabelledClips, label: int, batch: int | None, seed: int) -> Tensor:
    """Positions of some clips of a class, int64, ascending; the draw does not depend on the other classes."""
    index = real.of_class(label)
    if batch is None or batch >= len(index):
        return index
    order = torch.randperm(len(index), generator=generator(seed, real.classes[label]))
    return index[order[:batch]].sort().values  # ascending: reads run forward through the shards
