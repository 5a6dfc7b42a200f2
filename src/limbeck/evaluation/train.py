"""Train one student from scratch, and let it predict."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from limbeck import modalities
from limbeck._runtime import derive_seed, generator
from limbeck.errors import DivergedError, InputError
from limbeck.evaluation._samples import Samples
from limbeck.evaluation.protocol import Protocol
from limbeck.networks import HEAD, Head, Network, Student, heads

TEST_BATCH = 64
HeadBuilder = Callable[..., Head]
"""Called as the classes of ``networks.heads`` are: with feature lengths, classes, letters, and ``generator=``."""


@dataclass(frozen=True)
class EpochReport:
    """What training reports after each epoch: its number, from 1, that of all, its mean loss and its seconds."""

    epoch: int
    epochs: int
    loss: float
    seconds: float


def train_student(
    samples: Samples,
    network: Network,
    head: str | HeadBuilder,
    protocol: Protocol,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Student:
    """Train a fresh network on samples in network scale.

    Weights, order of the samples and augmentation depend on `seed` >= 0 alone; the global generator is not used. Same
    seed, same machine kind: same bits. The `network` makes the encoders; the `head` is one of
    ``limbeck.networks.heads.names()``, or builds one. The `protocol` is lengthened to its `least_steps` if need be,
    and `on_epoch` called after each epoch on the `device`. Where samples are drawn from a model, each epoch has others.
    The student after the last comes, in evaluation mode.

    Raises:
        InputError: There are no samples, or the augmentation is `modality_aware` and their scales are not known.
        UnknownNameError: No head has this name.
        DivergedError: The loss became NaN or infinite; says in which epoch and why.

    Example:
        >>> from limbeck.datasets import Targets
        >>> from limbeck.evaluation import TensorSamples
        >>> from limbeck.media import ClipRecipe
        >>> from limbeck.networks.convnet import ConvNet
        >>> targets = Targets(("bell", "drip"), torch.arange(4) % 2)
        >>> tensors = {"audio": torch.ones(4, 1, 32, 16), "image": torch.ones(4, 3, 16, 16)}
        >>> samples = TensorSamples(tensors, targets, modalities.bound(tensors, ClipRecipe()))
        >>> student = train_student(samples, ConvNet(width=4), "ensemble", Protocol(epochs=1), seed=0)
        >>> predict(student, samples)["A+V"].shape
        torch.Size([4, 2])
    """
    if not len(samples):
        raise InputError("There are no training samples; give at least one.")
    device, protocol = torch.device(device), protocol.lengthened(len(samples))
    build = heads.load(head) if isinstance(head, str) else head
    encoders = network.encoders(samples.shapes, generator=generator(seed, "encoders"))
    dims, classes = {name: encoder.dim for name, encoder in encoders.items()}, len(samples.targets.classes)
    built = build(dims, classes, modalities.letters(samples.modalities), generator=generator(seed, "head"))
    student = Student(encoders, built).to(device)
    features_of = torch.compile(student.features, dynamic=False) if protocol.compile else student.features
    optimiser = protocol.optimiser_of(student.parameter_groups())
    order = generator(seed, "order")
    draws = {name: generator(seed, "augment", name) for name in samples.modalities}
    for epoch in range(protocol.epochs):
        started = time.perf_counter()
        for group in optimiser.param_groups:
            group["lr"] = protocol.rate(group["name"], epoch)
        if epoch:
            samples = samples.anew(derive_seed(seed, "samples", epoch))
        total = torch.zeros((), device=device)
        for batch, labels in samples.batches(torch.randperm(len(samples), generator=order), protocol.batch, device):
            changed = batch
            if (augment := protocol.augment) is not None:
                kinds, scales = samples.modalities, samples.scales
                changed = {
                    m: augment.apply(x, augment.draw(draws[m], len(x)), modality=kinds[m], scale=scales.get(m))
                    for m, x in batch.items()
                }
            with torch.autocast(device.type, torch.bfloat16, enabled=protocol.dtype == "bfloat16"):
                features = features_of(changed)
            loss = student.head.loss(features, labels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.detach() * len(labels)
        if not math.isfinite(mean := float(total) / len(samples)):
            raise DivergedError(_why_diverged(samples, protocol, epoch, mean, device))
        if on_epoch:
            on_epoch(EpochReport(epoch + 1, protocol.epochs, mean, time.perf_counter() - started))
    return student.eval()


@torch.inference_mode()
def predict(student: Student, samples: Samples) -> dict[str, Tensor]:
    """Class probabilities of `samples`, in their order, without augmentation, by a trained `student`, where it is.

    They are float32 (sample, class) on the CPU, by what was looked at, as ``"A"``, ``"V"``, ``"A+V"``.
    """
    batches = samples.batches(torch.arange(len(samples)), TEST_BATCH, next(student.parameters()).device)
    parts = [student.scores(batch) for batch, _ in batches]
    return {key: torch.cat([part[key] for part in parts]).cpu() for key in parts[0]}


def _why_diverged(samples: Samples, protocol: Protocol, epoch: int, loss: float, device: torch.device) -> str:
    start = f"The training loss became {loss} in epoch {epoch + 1} of {protocol.epochs}"
    done = 0
    for batch, labels in samples.batches(torch.arange(len(samples)), TEST_BATCH, device):
        for name, x in batch.items():
            bad = (~torch.isfinite(x)).flatten(1).any(1).nonzero()
            if len(bad):
                return f"{start}: the {name} of training sample {done + int(bad[0])} holds NaN or infinite values."
        done += len(labels)
    rates = ", ".join(f"{name} {protocol.rate(name, epoch):g}" for name in (*samples.modalities, HEAD))
    return f"{start} although all samples are finite: the steps are too large. Lower the learning rates (then {rates})."
