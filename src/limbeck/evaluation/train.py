"""Train one student from scratch, and let it predict."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.augment import SiameseAugment
from limbeck.errors import DivergedError, InputError
from limbeck.evaluation._pairs import Pairs
from limbeck.evaluation.protocol import Protocol, Rates
from limbeck.networks import MODALITIES, Head, Network, Student, heads

TEST_BATCH = 64
HeadBuilder = Callable[..., Head]
"""Called with features of sound, of pictures, classes, and ``generator=``, as the classes of ``networks.heads`` are."""


@dataclass(frozen=True)
class EpochReport:
    """What training tells after each epoch.

    Attributes:
        epoch: Epochs done, from 1.
        epochs: Epochs in all.
        loss: Mean training loss of the epoch.
        seconds: Time the epoch took.
    """

    epoch: int
    epochs: int
    loss: float
    seconds: float


def train_student(
    pairs: Pairs,
    network: Network,
    head: str | HeadBuilder,
    protocol: Protocol,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Student:
    """Train a fresh network on pairs in network scale.

    Weights, order of the pairs and augmentation depend on `seed` alone; the global generator is not used. Same
    seed, same machine kind: same bits.

    Args:
        pairs: `TensorPairs` (in memory) or `ClipPairs` (streamed from a dataset of any size).
        network: Architecture of both encoders.
        head: Name of the head, one of ``limbeck.networks.heads.names()``, or what builds one.
        protocol: How to train; lengthened to its `least_steps` if need be.
        seed: >= 0.
        device: Where to train.
        on_epoch: Called after each epoch.

    Returns:
        The student after the last epoch, in evaluation mode.

    Raises:
        InputError: There are no pairs, or the augmentation is `audio_aware` and the pairs' scale is not known.
        UnknownNameError: No head has this name.
        DivergedError: The loss became NaN or infinite; says in which epoch and why.

    Example:
        >>> from limbeck.evaluation import TensorPairs
        >>> from limbeck.networks.convnet import ConvNet
        >>> pairs = TensorPairs(torch.ones(4, 1, 32, 16), torch.ones(4, 3, 16, 16), torch.arange(4) % 2, classes=2)
        >>> student = train_student(pairs, ConvNet(width=4), "ensemble", Protocol(epochs=1), seed=0)
        >>> predict(student, pairs)["A+V"].shape
        torch.Size([4, 2])
    """
    if not len(pairs):
        raise InputError("There are no training pairs; give at least one.")
    device, protocol = torch.device(device), protocol.lengthened(len(pairs))
    student = _fresh(pairs, network, head, seed).to(device)
    features_of = torch.compile(student.features, dynamic=False) if protocol.compile else student.features
    optimiser = torch.optim.Adam(
        student.parameter_groups(), betas=protocol.betas, weight_decay=protocol.weight_decay, fused=True
    )
    fill = _sound_fill(protocol.augment, pairs, device)
    order = generator(seed, "order")
    draws = [generator(seed, "augment", m) for m in MODALITIES]
    for epoch in range(protocol.epochs):
        started = time.perf_counter()
        _set_rates(optimiser, protocol.rates(epoch))
        total = torch.zeros((), device=device)
        for audio, image, labels in pairs.batches(torch.randperm(len(pairs), generator=order), protocol.batch, device):
            audio, image = _changed(protocol.augment, audio, image, draws, fill)
            with torch.autocast(device.type, torch.bfloat16, enabled=protocol.dtype == "bfloat16"):
                features = features_of(audio, image)
            loss = student.head.loss(*features, labels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.detach() * len(labels)
        mean = float(total) / len(pairs)
        if not math.isfinite(mean):
            raise DivergedError(_why_diverged(pairs, protocol, epoch, mean, device))
        if on_epoch:
            on_epoch(EpochReport(epoch + 1, protocol.epochs, mean, time.perf_counter() - started))
    return student.eval()


@torch.inference_mode()
def predict(student: Student, pairs: Pairs) -> dict[str, Tensor]:
    """Class probabilities of pairs, in their order, without augmentation.

    Args:
        student: A trained one; it is read where it is.
        pairs: In network scale.

    Returns:
        float32 (pair, class) on the CPU, by what was looked at: keys among "A", "V", "A+V".
    """
    device = next(student.parameters()).device
    batches = pairs.batches(torch.arange(len(pairs)), TEST_BATCH, device)
    parts = [student.scores(audio, image) for audio, image, _ in batches]
    return {key: torch.cat([part[key] for part in parts]).cpu() for key in parts[0]}


def _fresh(pairs: Pairs, network: Network, head: str | HeadBuilder, seed: int) -> Student:
    build = heads.load(head) if isinstance(head, str) else head
    pair = network.pair(pairs.audio_shape, pairs.image_shape, generator=generator(seed, "encoders"))
    return Student(pair, build(pair.audio.dim, pair.image.dim, pairs.classes, generator=generator(seed, "head")))


def _set_rates(optimiser: torch.optim.Optimizer, rates: Rates) -> None:
    by_group = {"sound": rates.audio, "frame": rates.image, "classifier": rates.head}
    for group in optimiser.param_groups:
        group["lr"] = by_group[group["name"]]


def _changed(
    augment: SiameseAugment | None,
    audio: Tensor,
    image: Tensor,
    draws: Sequence[torch.Generator],
    fill: float | Tensor,
) -> tuple[Tensor, Tensor]:
    """Sound and picture, each changed by draws of its own."""
    if augment is None:
        return audio, image
    for_sound, for_picture = (augment.draw(g, len(audio)) for g in draws)
    return augment.apply(audio, for_sound, fill, "audio"), augment.apply(image, for_picture)


def _sound_fill(augment: SiameseAugment | None, pairs: Pairs, device: torch.device) -> float | Tensor:
    if augment is None or not augment.audio_aware:
        return 0.0
    if pairs.scale is None:
        raise InputError("Augmentation with audio_aware fills with silence, so the pairs must come with their scale.")
    return torch.as_tensor(augment.sound_fill(pairs.scale), device=device)


def _why_diverged(pairs: Pairs, protocol: Protocol, epoch: int, loss: float, device: torch.device) -> str:
    start = f"The training loss became {loss} in epoch {epoch + 1} of {protocol.epochs}"
    done = 0
    for audio, image, labels in pairs.batches(torch.arange(len(pairs)), TEST_BATCH, device):
        for name, x in (("log-mel", audio), ("frame", image)):
            bad = (~torch.isfinite(x)).flatten(1).any(1).nonzero()
            if len(bad):
                return f"{start}: the {name} of training pair {done + int(bad[0])} holds NaN or infinite values."
        done += len(labels)
    rates = protocol.rates(epoch)
    return (
        f"{start} although all pairs are finite: the steps are too large. Lower the learning rates "
        f"(then audio {rates.audio:g}, image {rates.image:g}, head {rates.head:g})."
    )
