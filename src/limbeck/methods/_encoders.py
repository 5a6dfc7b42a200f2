"""Where the encoders of a matching step come from, and what the real clips look like through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import Field
from safetensors.torch import load_file
from torch import Tensor

from limbeck import _files
from limbeck._config import Config
from limbeck._runtime import derive_seed, generator
from limbeck.augment import Draw, SiameseAugment
from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Work
from limbeck.methods._experts import Experts, Snapshot, Training
from limbeck.networks import Architecture, EncoderPair, Modality, group_means

CHUNK = 128
EXPERTS = 20


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

    def real_passes(self, per_class: Sequence[int], steps: int) -> int:
        """Real clips that go through a pair in that many steps, training of experts left out.

        Args:
            per_class: Real training clips of each class.
            steps: Optimisation steps.
        """
        seen = sum(n if self.batch is None else min(n, self.batch) for n in per_class)
        return seen * min(steps, self.bank or steps)


@dataclass(frozen=True)
class View:
    """One pair of encoders with one augmentation, and the real clips' class means through them.

    Attributes:
        pair: Encoders with frozen random weights.
        draw: The augmentation shared by real and synthetic clips; None for no augmentation.
        expert: Where the pair comes from, if it was trained.
        audio: Mean sound embedding of each class, float32, (class, dim).
        image: Mean picture embedding of each class, float32, (class, dim).
    """

    pair: EncoderPair
    draw: Draw | None
    expert: Snapshot | None
    audio: Tensor
    image: Tensor


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
    network = encoders.network.build()
    experts = Experts(encoders.training, encoders.network, real, scale, work) if encoders.training else None
    device = work.runtime.device
    means: dict[int, tuple[Tensor, Tensor]] = {}
    key = _files.digest(
        "means-1", real.fingerprint, scale.to_json(), encoders.to_json(), augment and augment.to_json(), seed,
        str(work.runtime.real_dtype), device.type, work.runtime.compile,
    )  # fmt: skip
    folder = work.cache / "means" / key if work.cache and encoders.bank else None

    def view(step: int) -> View:
        number = step % encoders.bank if encoders.bank else step
        expert = _expert(encoders, experts, seed, number)
        if expert is None:
            pair = network.pair(real.audio_shape, real.image_shape, generator=generator(seed, "weights", number))
            pair = pair.to(device).requires_grad_(False)
        else:
            pair = expert.student.encoders()
        draw = augment.draw(generator(seed, "augment", number), None) if augment else None

        def compute() -> tuple[Tensor, Tensor]:
            return real_means(
                pair, draw, augment, real, scale, derive_seed(seed, "batch", number), encoders.batch, work
            )

        if encoders.bank is None:
            return View(pair, draw, expert, *compute())
        if number not in means:
            file = folder / f"{number}.safetensors" if folder else None
            if file and file.exists():
                kept = load_file(file, device=str(device))
                means[number] = kept["audio"], kept["image"]
            else:
                means[number] = compute()
                if file:
                    _files.write_tensors(file, dict(zip(("audio", "image"), means[number], strict=True)))
        return View(pair, draw, expert, *means[number])

    return view


def _expert(encoders: Encoders, experts: Experts | None, seed: int, number: int) -> Snapshot | None:
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
            class_means(pair, draw, augment, real, scale, _batch_of(real, label, batch, seed), work)
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
    runtime = work.runtime
    options: dict[str, Any] = {"dtype": runtime.real_dtype, "compile": runtime.compile}
    audio, image = [], []
    for chunk in torch.split(index, CHUNK):
        a = scale.audio(real.audio(chunk).to(runtime.device))
        v = scale.image(real.frames(chunk).to(runtime.device))
        a, v = augmented(a, "audio", draw, augment, scale), augmented(v, "image", draw, augment, scale)
        audio.append(group_means(pair.audio, a, 1, **options)[0] * len(chunk))
        image.append(group_means(pair.image, v, 1, **options)[0] * len(chunk))
    return torch.stack(audio).sum(0) / len(index), torch.stack(image).sum(0) / len(index)


def augmented(x: Tensor, modality: Modality, draw: Draw | None, augment: SiameseAugment | None, scale: Scale) -> Tensor:
    """Network input, (sample, channel, height, width), after the augmentation that real and synthetic clips share."""
    if augment is None or draw is None:
        return x
    fill = augment.sound_fill(scale) if modality == "audio" else 0.0
    return augment.apply(x, draw, fill.to(x.device) if isinstance(fill, Tensor) else fill, modality)


def _batch_of(real: LabelledClips, label: int, batch: int | None, seed: int) -> Tensor:
    index = real.of_class(label)
    if batch is None or batch >= len(index):
        return index
    order = torch.randperm(len(index), generator=generator(seed, real.classes[label]))
    return index[order[:batch]].sort().values  # ascending: reads run forward through the shards
