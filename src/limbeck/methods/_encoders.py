"""Where the encoders of a matching step come from, and what the real clips look like through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Work
from limbeck.methods._experts import EXPERTS, Asked, Experts, Snapshot, Training
from limbeck.networks import Architecture, EncoderPair, Modality, embed

CHUNK = 128
MEMORY_BYTES = 2**31


class Encoders(Config):
    """Encoders for a matching step: fresh random ones, a fixed bank of them, or ones trained on the real clips.

    Attributes:
        network: Architecture of both encoders.
        bank: None draws a new random pair and a new augmentation every step, as published. A number K uses K fixed
            pairs, each with one fixed augmentation, in turn; what the real clips look like through them is then
            computed once, kept beside the prepared data, and reused by every later run.
        batch: Real clips of each class seen by a pair, drawn anew for each pair; None means all of them.
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
        """Which pair a step sees: the bank's in turn, or a new one each step."""
        return step % self.bank if self.bank else step

    @property
    def experts(self) -> Asked:
        """Those that are looked through."""
        return frozenset((self.training, i) for i in range(self.bank or EXPERTS)) if self.training else frozenset()

    def real_passes(self, per_class: Sequence[int], steps: int) -> int:
        """Real clips that go through a pair in that many steps, training of experts left out.

        Args:
            per_class: Real training clips of each class.
            steps: Optimisation steps.
        """
        seen = sum(n if self.batch is None else min(n, self.batch) for n in per_class)
        return seen * min(steps, self.bank or steps)


@dataclass(frozen=True)
class Lens:
    """One pair of encoders with one augmentation.

    Attributes:
        pair: Encoders with frozen weights.
        draw: The augmentation shared by real and synthetic clips; None for no augmentation.
        expert: Where the pair comes from, if it was trained.
    """

    pair: EncoderPair
    draw: Draw | None
    expert: Snapshot | None


@dataclass(frozen=True)
class View(Lens):
    """A lens, and the real clips' class means through it.

    Attributes:
        audio: Mean sound embedding of each class, float32, (class, dim).
        image: Mean picture embedding of each class, float32, (class, dim).
    """

    audio: Tensor
    image: Tensor


def lenses(
    encoders: Encoders,
    augment: SiameseAugment | None,
    real: LabelledClips,
    scale: Scale,
    *,
    seed: int,
    work: Work,
) -> Callable[[int], Lens]:
    """What draw number n looks through; see `Encoders.number`.

    Args:
        encoders: Where encoders come from.
        augment: Augmentation shared by real and synthetic clips, or None.
        real: The data.
        scale: What networks see.
        seed: Of weights and augmentation.
        work: Device, number formats and the cache.
    """
    network = encoders.network.build()
    experts = Experts(encoders.training, encoders.network, real, scale, work) if encoders.training else None

    def lens(number: int) -> Lens:
        expert = expert_of(encoders, experts, seed, number)
        if expert is None:
            pair = network.pair(real.audio_shape, real.image_shape, generator=generator(seed, "weights", number))
            pair = pair.to(work.runtime.device).requires_grad_(False)
        else:
            pair = expert.student.encoders()
        draw = augment.draw(generator(seed, "augment", number), None) if augment else None
        return Lens(pair, draw, expert)

    return lens


def views(
    encoders: Encoders,
    augment: SiameseAugment | None,
    real: LabelledClips,
    scale: Scale,
    *,
    seed: int,
    work: Work,
) -> Callable[[int], View]:
    """What step number n sees.

    Args:
        encoders: Where encoders come from.
        augment: Augmentation shared by real and synthetic clips, or None.
        real: The data.
        scale: What networks see.
        seed: Of weights, augmentation and batches.
        work: Device, number formats and the cache.
    """
    lens = lenses(encoders, augment, real, scale, seed=seed, work=work)
    seen = Seen("means", 1, encoders, augment, real, scale, seed=seed, work=work)

    def view(step: int) -> View:
        number = encoders.number(step)
        through = lens(number)

        def compute() -> dict[str, Tensor]:
            batch = derive_seed(seed, "batch", number)
            audio, image = real_means(through.pair, through.draw, augment, real, scale, batch, encoders.batch, work)
            return {"audio": audio, "image": image}

        means = seen.through(number, compute)
        return View(through.pair, through.draw, through.expert, means["audio"], means["image"])

    return view


class Seen:
    """What real clips look like through the pairs of a bank, computed once for each pair.

    It is on disk, beside the prepared data, where there is a cache: two processes at work on one cache wait for each
    other and do not compute the same thing twice. Beyond `MEMORY_BYTES`, or a quarter of the memory this process may
    fill, it is read again each time it is needed, or, where there is no cache, computed again. Without a bank nothing
    is kept.

    Args:
        kind: What is computed: the name of its folder.
        version: To be raised when it is computed otherwise.
        encoders: Where encoders come from.
        augment: Augmentation of the clips.
        real: The clips.
        scale: What networks see.
        seed: Of weights, augmentation and batches.
        work: Device, number formats and the cache.
    """

    def __init__(
        self,
        kind: str,
        version: int,
        encoders: Encoders,
        augment: SiameseAugment | None,
        real: LabelledClips,
        scale: Scale,
        *,
        seed: int,
        work: Work,
    ) -> None:
        key = _files.digest(
            f"{kind}-{version}", _code.of(type(self), encoders), real.fingerprint, scale.to_json(), encoders.to_json(),
            augment and augment.to_json(),
            seed, str(work.runtime.real_dtype), work.runtime.device.type, work.runtime.compile,
        )  # fmt: skip
        self._folder = work.cache / kind / key if work.cache else None
        self._device = work.runtime.device
        self._bank = encoders.bank
        self._memory: dict[int, dict[str, Tensor]] = {}

    def through(self, number: int, compute: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        """What the clips look like through pair `number`.

        Args:
            number: The pair's, see `Encoders.number`.
            compute: Gives it, if it is not there.
        """
        if self._bank is None:
            return compute()
        if number not in self._memory:
            found = self._read(self._folder, number, compute) if self._folder else compute()
            if sum(t.nbytes for kept in (*self._memory.values(), found) for t in kept.values()) > _room():
                return found
            self._memory[number] = found
        return self._memory[number]

    def _read(self, folder: Path, number: int, compute: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        file = folder / f"{number}.safetensors"
        if not file.exists():
            with _files.exclusive(folder, wait=True):
                if not file.exists():
                    _files.write_tensors(file, compute())
        return {name: t.to(self._device) for name, t in _files.read_tensors(file)[0].items()}


def _room() -> int:
    """Bytes that may be kept in memory."""
    return min(MEMORY_BYTES, _machine.memory_bytes() // 4 or MEMORY_BYTES)


def expert_of(encoders: Encoders, experts: Experts | None, seed: int, number: int) -> Snapshot | None:
    """The expert that draw `number` looks through, as `encoders` say; None where encoders are random."""
    if experts is None or encoders.training is None:
        return None
    last = encoders.training.epochs
    drawn = int(torch.randint(last + 1, (), generator=generator(seed, "age", number)))
    return experts.snapshot(number % (encoders.bank or EXPERTS), {"last": last, "any": drawn}[encoders.age])


@torch.no_grad()
def real_means(
    pair: EncoderPair,
    draw: Draw | None,
    augment: SiameseAugment | None,
    real: LabelledClips,
    scale: Scale,
    seed: int,
    batch: int | None,
    work: Work,
) -> tuple[Tensor, Tensor]:
    """Mean embeddings of each class's real clips.

    Args:
        pair: The encoders.
        draw: One augmentation for all clips, or None.
        augment: What applies the draw.
        real: The data.
        scale: What networks see.
        seed: Draws the batch; a class's batch does not depend on the other classes.
        batch: Clips a class; None or more than there are means all.
        work: Device and number formats.

    Returns:
        Sound and picture means, each float32, (class, dim).
    """
    audio, image = zip(
        *(
            class_means(pair, draw, augment, real, scale, batch_of(real, label, batch, seed), work)
            for label in range(len(real.classes))
        ),
        strict=True,
    )
    return torch.stack(audio), torch.stack(image)


def class_means(
    pair: EncoderPair,
    draw: Draw | None,
    augment: SiameseAugment | None,
    real: LabelledClips,
    scale: Scale,
    index: Tensor,
    work: Work,
) -> tuple[Tensor, Tensor]:
    """Mean embeddings (sound, picture), each (dim,), of the clips at `index`, in chunks of bounded memory."""
    audio, image = [], []
    for a, v in class_features(pair, draw, augment, real, scale, index, work):
        audio.append(a[None].mean(1)[0] * len(a))
        image.append(v[None].mean(1)[0] * len(v))
    return torch.stack(audio).sum(0) / len(index), torch.stack(image).sum(0) / len(index)


def class_features(
    pair: EncoderPair,
    draw: Draw | None,
    augment: SiameseAugment | None,
    real: LabelledClips,
    scale: Scale,
    index: Tensor,
    work: Work,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Embeddings (sound, picture) of the clips at `index`, chunk by chunk, each float32, (clip, dim)."""
    runtime = work.runtime
    for chunk in torch.split(index, CHUNK):
        a = scale.audio(real.audio(chunk).to(runtime.device))
        v = scale.image(real.frames(chunk).to(runtime.device))
        a, v = augmented(a, "audio", draw, augment, scale), augmented(v, "image", draw, augment, scale)
        yield (
            embed(pair.audio, a, dtype=runtime.real_dtype, compile=runtime.compile),
            embed(pair.image, v, dtype=runtime.real_dtype, compile=runtime.compile),
        )


def augmented(x: Tensor, modality: Modality, draw: Draw | None, augment: SiameseAugment | None, scale: Scale) -> Tensor:
    """Network input, (sample, channel, height, width), after the augmentation that real and synthetic clips share."""
    if augment is None or draw is None:
        return x
    fill = augment.sound_fill(scale) if modality == "audio" else 0.0
    return augment.apply(x, draw, fill.to(x.device) if isinstance(fill, Tensor) else fill, modality)


def batch_of(real: LabelledClips, label: int, batch: int | None, seed: int) -> Tensor:
    """Positions of some clips of a class, int64, ascending; the draw does not depend on the other classes."""
    index = real.of_class(label)
    if batch is None or batch >= len(index):
        return index
    order = torch.randperm(len(index), generator=generator(seed, real.classes[label]))
    return index[order[:batch]].sort().values  # ascending: reads run forward through the shards
