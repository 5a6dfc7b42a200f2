"""Train students on one set, test them on another, repeat."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch

from limbeck import _code
from limbeck._runtime import derive_seed
from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation._pairs import ClipPairs, Pairs, TensorPairs
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.score import Repeat, Score, Source
from limbeck.evaluation.train import EpochReport, predict, train_student
from limbeck.networks import Architecture, heads

OnProgress = Callable[[int, EpochReport], None]
"""Called after each epoch with the number of the repeat, from 0, and the epoch's report."""


def evaluate(
    train: DistilledSet | LabelledClips,
    test: LabelledClips,
    *,
    scale: Scale | None = None,
    network: Architecture | None = None,
    head: str = "ensemble",
    repeats: int = 5,
    protocol: Protocol | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    done: Score | None = None,
    on_progress: OnProgress | None = None,
    on_repeat: Callable[[Score], None] | None = None,
) -> Score:
    """Accuracy on `test` of students trained from scratch on `train`.

    No choice is made on the test clips: every student is tested once, after its last epoch.

    Args:
        train: A distilled set, or clips (a subset or the whole training split, streamed).
        test: Test clips of the same classes and recipe.
        scale: What students see, for clips; standardised by the training statistics by default. A distilled set
            brings its own.
        network: Architecture of the students; a ConvNet by default.
        head: Name of their head, one of ``limbeck.networks.heads.names()``.
        repeats: Number of students, >= 1.
        protocol: How they are trained; as published by default.
        seed: Repeat number r depends on ``(seed, r)`` alone, so that more repeats only add to fewer.
        device: Where to train and test.
        done: What was found earlier with the same arguments, which is taken over.
        on_progress: Called after each epoch.
        on_repeat: Called after each student that was not in `done`, with all that is there.

    Raises:
        InputError: Classes or recipes differ, there are no test clips, a scale came with a distilled set, or `done`
            answers another question.
        DivergedError: Training diverged.
    """
    network, protocol = network or Architecture(), protocol or Protocol()
    if repeats < 1:
        raise InputError(f"At least one repeat is needed, but {repeats} came.")
    found = question(
        train, test, scale=scale, network=network, head=head, protocol=protocol, seed=seed, device=device
    )  # fmt: skip
    if done is not None:
        if differ := found.differs(done):
            raise InputError(f"The finished repeats answer another question ({', '.join(differ)} differ); start anew.")
        found = done
    pairs = TensorPairs.of(train) if isinstance(train, DistilledSet) else ClipPairs(train, found.scale)
    test_pairs = ClipPairs(test, found.scale)
    for number in range(found.n, repeats):
        on_epoch = partial(on_progress, number) if on_progress else None
        own = derive_seed(seed, "repeat", number)
        made = _repeat(pairs, test_pairs, network, head, protocol, own, torch.device(device), on_epoch)
        found = found.model_copy(update={"repeats": (*found.repeats, made)})
        if on_repeat:
            on_repeat(found)
    return found.first(repeats)


def question(
    train: DistilledSet | LabelledClips,
    test: LabelledClips,
    *,
    scale: Scale | None,
    network: Architecture,
    head: str,
    protocol: Protocol,
    seed: int,
    device: torch.device | str,
) -> Score:
    """What `evaluate` is asked, before any answer; the arguments are its own.

    Raises:
        InputError: Training and test set do not belong together, or a scale came with a distilled set.
    """
    check(train, test)
    if isinstance(train, DistilledSet):
        if scale not in (None, train.scale):
            raise InputError("A distilled set is seen on its own scale; leave `scale` out.")
        scale = train.scale
    elif scale is None:
        scale = Scale.of(train.statistics, "standardised")
    return Score(
        trained_on=source_of(train),
        tested_on=source_of(test),
        classes=test.classes,
        truth=tuple(test.labels.tolist()),
        protocol=protocol,
        network=network,
        head=head,
        scale=scale,
        seed=seed,
        code=_code.of(network, heads.load(head)),
        device=str(device),
    )


def _repeat(
    pairs: Pairs,
    test: ClipPairs,
    network: Architecture,
    head: str,
    protocol: Protocol,
    seed: int,
    device: torch.device,
    on_epoch: Callable[[EpochReport], None] | None,
) -> Repeat:
    from sklearn.metrics import accuracy_score

    started = time.perf_counter()
    losses: list[float] = []

    def note(report: EpochReport) -> None:
        losses.append(report.loss)
        if on_epoch:
            on_epoch(report)

    student = train_student(pairs, network.build(), head, protocol, seed=seed, device=device, on_epoch=note)
    guesses = {key: p.argmax(1).tolist() for key, p in predict(student, test).items()}
    truth = test.labels.tolist()
    return Repeat(
        seed=seed,
        seconds=time.perf_counter() - started,
        losses=tuple(losses),
        predictions={key: tuple(guess) for key, guess in guesses.items()},
        accuracy={key: 100 * float(accuracy_score(truth, guess)) for key, guess in guesses.items()},
    )


def check(train: DistilledSet | LabelledClips, test: LabelledClips) -> None:
    """Refuse a training set and test clips that do not belong together.

    Args:
        train: A distilled set, or clips.
        test: Test clips.

    Raises:
        InputError: Classes or recipes differ, or there are no test clips.
    """
    if not len(test):
        raise InputError("There are no test clips; prepare a dataset with a test split.")
    if tuple(train.classes) != tuple(test.classes):
        raise InputError(
            f"The training set has the classes {list(train.classes)}, but the test clips have {list(test.classes)}; "
            "they must be the same in the same order."
        )
    if train.recipe != test.recipe:
        raise InputError(
            "Training set and test clips were made by different recipes: "
            f"{train.recipe.to_json()} and {test.recipe.to_json()}. Prepare the test data by the first."
        )


def source_of(data: DistilledSet | LabelledClips) -> Source:
    """What a score says of its training or test set; equal for equal content."""
    if isinstance(data, LabelledClips):
        return Source(
            kind="clips",
            name=data.name,
            fingerprint=data.fingerprint,
            pairs=len(data),
            stored_bytes=data.stored_bytes,
            storage="prepared",
        )
    return Source(
        kind="distilled",
        name=str(data.provenance.get("method", "distilled")),
        fingerprint=data.fingerprint,
        pairs=len(data),
        per_class=data.per_class,
        stored_bytes=data.stored_bytes,
        storage=data.storage.name,
        mosaic=data.mosaic,
        labels="hard" if data.soft_labels is None else "soft",
    )
