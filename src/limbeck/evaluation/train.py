"""Train one student from scratch, and let it predict."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.augment import SiameseAugment
from limbeck.errors import DivergedError, InputError
from limbeck.evaluation._pairs import Pairs
from limbeck.evaluation.protocol import Protocol
from limbeck.networks import MODALITIES, Modality, Network, Student, heads

TEST_BATCH = 64
Features = Callable[[Tensor], Tensor]


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
    head: str,
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
        head: Name of the head, one of ``limbeck.networks.heads.names()``.
        protocol: How to train.
        seed: >= 0.
        device: Where to train.
        on_epoch: Called after each epoch.

    Returns:
        The student after the last epoch, in evaluation mode.

    Raises:
        InputError: There are no pairs.
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
    device = torch.device(device)
    student = _fresh(pairs, network, head, seed).to(device)
    features = {m: _in_format(_encoder(student, m), protocol, device) for m in student.head.modalities}
    optimiser = _adam(student, protocol)
    order = generator(seed, "order")
    draws = {m: generator(seed, "augment", m) for m in student.head.modalities}
    for epoch in range(protocol.epochs):
        started = time.perf_counter()
        for group, rate in zip(optimiser.param_groups, protocol.rates(epoch), strict=True):
            group["lr"] = rate
        total = torch.zeros((), device=device)
        for *inputs, labels in pairs.batches(torch.randperm(len(pairs), generator=order), protocol.batch, device):
            changed = _augmented(protocol.augment, dict(zip(MODALITIES, inputs, strict=True)), draws)
            loss = student.head.loss(*_embed(features, changed, len(labels)), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.detach() * len(labels)
        mean = float(total) / len(pairs)
        if not torch.isfinite(torch.tensor(mean)):
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
    features = {m: _encoder(student, m) for m in student.head.modalities}
    parts: list[Mapping[str, Tensor]] = []
    for *inputs, labels in pairs.batches(torch.arange(len(pairs)), TEST_BATCH, device):
        given = dict(zip(MODALITIES, inputs, strict=True))
        parts.append(student.head.scores(*_embed(features, given, len(labels))))
    return {key: torch.cat([part[key] for part in parts]).cpu() for key in parts[0]}


def _fresh(pairs: Pairs, network: Network, head: str, seed: int) -> Student:
    build = heads.load(head)
    pair = network.pair(pairs.audio_shape, pairs.image_shape, generator=generator(seed, "encoders"))
    top = build(pair.audio.dim, pair.image.dim, pairs.classes, generator=generator(seed, "head"))
    return Student(pair, top)


def _encoder(student: Student, modality: Modality) -> torch.nn.Module:
    encoder: torch.nn.Module = getattr(student.pair, modality)
    return encoder


def _in_format(encoder: torch.nn.Module, protocol: Protocol, device: torch.device) -> Features:
    """The encoder in the protocol's number format; what comes out is float32."""
    run: Features = torch.compile(encoder) if protocol.compile else encoder
    if protocol.dtype == "float32":
        return run

    def narrow(x: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return run(x).float()

    return narrow


def _adam(student: Student, protocol: Protocol) -> torch.optim.Adam:
    """One group for the head and one an encoder, in the order of `Rates`; unread encoders stay as they are."""
    groups = [student.head.parameters()]
    groups += [_encoder(student, m).parameters() if m in student.head.modalities else iter(()) for m in MODALITIES]
    return torch.optim.Adam(
        [{"params": list(group)} for group in groups],
        lr=protocol.head_lr,
        betas=protocol.betas,
        weight_decay=protocol.weight_decay,
        fused=True,
    )


def _augmented(
    augment: SiameseAugment | None, inputs: Mapping[Modality, Tensor], draws: Mapping[Modality, torch.Generator]
) -> dict[Modality, Tensor]:
    """The inputs a head reads, each changed by draws of its own."""
    if augment is None:
        return {m: inputs[m] for m in draws}
    return {m: augment.apply(inputs[m], augment.draw(g, len(inputs[m])), modality=m) for m, g in draws.items()}


def _embed(features: Mapping[Modality, Features], inputs: Mapping[Modality, Tensor], samples: int) -> list[Tensor]:
    """Features of sound and picture; (sample, 0) for what the head does not read."""
    nothing = next(iter(inputs.values())).new_zeros(samples, 0)
    return [
        features[m](inputs[m].contiguous(memory_format=torch.channels_last)) if m in features else nothing
        for m in MODALITIES
    ]


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
