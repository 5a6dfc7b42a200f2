"""Distil a set and evaluate it under every head; or, without a method, evaluate the whole training split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, final

import limbeck
from limbeck import _code, _files, modalities
from limbeck._runtime import choose_runtime
from limbeck.comparison import _command
from limbeck.comparison._job import Job
from limbeck.datasets import Prepared
from limbeck.engine import RUN
from limbeck.evaluation import Protocol, Score, code_of
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.evaluation.store import SCORES
from limbeck.methods import Method
from limbeck.modalities import ScaleKind
from limbeck.networks import Architecture

FACTS = "facts.json"


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Distil(Job):
    """One distillation with its students; or, without a method, students trained on the whole training split.

    Attributes:
        per_class: Samples stored per class; None for the whole.
        seed: Of the distillation and its students.
        method: The method with all its settings; None for the whole.
        data: Folder of the prepared data.
        fingerprint: Of that data.
        network: Architecture of the students.
        protocol: How they are trained.
        heads: Their heads, or the modality that students see alone; none where only measures are wanted.
        students: Networks trained under each head.
        sound: Scale of sound for students of the whole.
        device: Where to work.
        dtype: As in ``limbeck distill --dtype``.
        out: Folder of all runs.
    """

    per_class: int | None
    seed: int
    method: Method | None
    data: Path
    fingerprint: str
    network: Architecture
    protocol: Protocol
    heads: tuple[str, ...]
    students: int
    sound: ScaleKind
    device: str
    dtype: str
    out: Path

    def __str__(self) -> str:
        return self.row if self.per_class is None else f"{self.row}, {self.per_class} per class, seed {self.seed}"

    @cached_property
    def folder(self) -> Path:
        """Where the set and its scores are."""
        runtime = choose_runtime(self.device, self.dtype)
        formats = [runtime.device.type, str(runtime.real_dtype), str(runtime.synthetic_dtype), self.threads]
        if self.method is None:
            return self.out / "whole" / _files.digest(self.fingerprint, self.sound, formats)
        key = _files.digest(self.fingerprint, self.method.name, self.method.to_json(), self.seed, formats)
        return self.out / "sets" / f"{key}-{_files.digest(_code.of(self.method))}"

    @property
    def set(self) -> Path | None:
        """The distilled set; None for the whole."""
        return None if self.method is None else self.folder

    @property
    def done(self) -> bool:
        """Whether the set is there, and its students under every head."""
        return (self.folder / FACTS).exists() and len(list(self.scores())) == len(self.heads)

    @property
    def sees_labels(self) -> bool:
        """Whether networks trained on the real labels help to make the set."""
        return self.method is not None and self.method.sees_labels

    @property
    def facts(self) -> dict[str, Any]:
        """What is stored, what it took, and the fingerprint of the set that is there."""
        return _files.read_record(self.folder / FACTS)

    @property
    def evaluation(self) -> dict[str, Any]:
        """What evaluations and measures of the set are given."""
        return {
            "network": self.network,
            "protocol": self.protocol,
            "seed": self.seed,
            "device": self.device,
            "sound": self.sound,
        }

    @property
    def command(self) -> str:
        """``limbeck distill`` and ``limbeck evaluate``, a line for each head."""
        lines = []
        if self.method is not None:
            own = {"method": self.method.name, "seed": self.seed, "device": self.device, "dtype": self.dtype}
            lines.append(_command.line("distill", self.data, **own, set=self.method.to_json(), out=self.folder))
        for name in self.heads:
            head, seen = _head(name)
            more: dict[str, Any] = {"modality": ",".join(seen)} if seen else {}
            lines.append(self.evaluate_command(self.students, self.folder / SCORES, head=head, title=name, **more))
        return "\n".join(lines)

    def evaluate_command(self, repeats: int, out: Path, *, parts: Mapping[str, Any] | None = None, **more: Any) -> str:
        """``limbeck evaluate`` of the set, or of the whole.

        Args:
            repeats: How often.
            out: Folder of the result.
            parts: Settings of more than the training and the network, by part.
            more: Further options.
        """
        what = {"whole": True, "sound": self.sound} if self.method is None else {}
        network = {"network": self.network.options} if self.network.options else {}
        return _command.line(
            "evaluate",
            *filter(None, [self.set]),
            **what,
            on=self.data,
            repeats=repeats,
            network=self.network.name,
            set=self.protocol.to_json() | network | dict(parts or {}),
            seed=self.seed,
            device=self.device,
            out=out,
            **more,
        )

    @property
    def summary(self) -> str:
        """Accuracies under the first head, and seconds."""
        seconds, told = [self.facts["distill_seconds"]], []
        for score in list(self.scores())[:1]:
            told = [f"{key} {fmean(values):.1f}" for key, values in score.values.items()]
            seconds.append(len(self.heads) * score.seconds)
        return f"{self}: {'  '.join(told)}  ({' + '.join(f'{s:.0f} s' for s in seconds)})"

    def scores(self) -> Iterator[Score]:
        """Scores under the heads that all students are there of; other scores than these are left alone."""
        for name in self.heads:
            head, seen = _head(name)
            if score := self.answer(Accuracy(head=head), name, self.students, seen):
                yield score

    def answer(self, measure: Measure, title: str, repeats: int, seen: tuple[str, ...] | None = None) -> Score | None:
        """What a measure found of the set that is there, with this job's settings; None until all repeats are there.

        Args:
            measure: The measure.
            title: It would have; device and number formats are the folder's.
            repeats: How many.
            seen: Modalities that students see; None for all.
        """
        if not (self.folder / FACTS).exists():
            return None
        settings = {"network": self.network, "protocol": self.protocol, "seed": self.seed}
        settings |= {"settings": measure.to_json(), "code": code_of(measure, self.network)}
        fingerprint = self.facts["fingerprint"]
        for file in sorted((self.folder / SCORES).glob(f"{title}-*.json")):
            found = Score.read(file)
            alike = tuple(found.letters) == (seen or found.trained_on.modalities)
            same = all(getattr(found, k) == v for k, v in settings.items())
            if alike and same and found.trained_on.fingerprint == fingerprint:
                return found.first(repeats) if found.n >= repeats else None
        return None

    def code_changes(self) -> list[str]:
        """What of the method's code was changed since the same was distilled before, in words."""
        if self.method is None or self.folder.exists():
            return []
        question = self.folder.name.partition("-")[0]
        files = sorted(self.folder.parent.glob(f"{question}-*/{RUN}/run.json"), key=lambda f: f.stat().st_mtime)
        return _code.differences(_files.read_record(files[-1])["code"], _code.of(self.method)) if files else []

    def _work(self) -> None:
        with _files.exclusive(self.folder / "job"):
            prepared = Prepared.open(self.data)
            if self.method is None:
                clips = prepared.clips("train")
                facts = {"stored_bytes": clips.stored_bytes, "distill_seconds": 0.0, "fingerprint": clips.fingerprint}
            else:
                own: dict[str, Any] = {"seed": self.seed, "device": self.device, "dtype": self.dtype}
                made = limbeck.distill(prepared, self.method, out=self.folder, progress=False, **own)
                seconds = _files.read_record(self.folder / RUN / "done.json")["seconds"]
                facts = {"stored_bytes": made.stored_bytes, "distill_seconds": seconds, "fingerprint": made.fingerprint}
            _files.write_record(self.folder / FACTS, facts)
            for name in self.heads:
                head, seen = _head(name)
                limbeck.evaluate(
                    self.set,
                    on=prepared,
                    head=head,
                    modalities=seen,
                    repeats=self.students,
                    title=name,
                    out=self.folder / SCORES,
                    progress=False,
                    **self.evaluation,
                )


def _head(name: str) -> tuple[str, tuple[str, ...] | None]:
    """A head with the modalities that students see, all by default; a modality's name stands for it alone."""
    return ("ensemble", (name,)) if name in modalities.names() else (name, None)
