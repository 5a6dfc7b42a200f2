"""Distil a set, evaluate it under every head and take measures of it; or a set that is there, or the whole split."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, final

import limbeck
from limbeck import _code, _files, modalities
from limbeck._runtime import choose_runtime
from limbeck.comparison._recipe import Job
from limbeck.datasets import Prepared
from limbeck.distillation import blocks_of, place_of
from limbeck.distilled import DistilledSet
from limbeck.engine import RUN
from limbeck.evaluation import Protocol, Score, code_of
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.evaluation.store import SCORES
from limbeck.methods import Method
from limbeck.modalities import ScaleKind
from limbeck.networks import Architecture
from limbeck.report.model import Budget

FACTS = "facts.json"


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Distil(Job):
    """One distillation with its students; or students trained on a set that is there, or on the whole training split.

    Attributes:
        budget: What the set may take; an empty one for the whole.
        method: What distils; None for the whole, and for a set that is there.
        given: Folder of a set that is there, imported say; None where it is distilled, and for the whole.
        data: Folder of the prepared data, which has the `fingerprint`.
        heads: Of the students, or the modality that they see alone; none where only measures are wanted.
        students: Networks trained under each head, of the architecture `network`, by the `protocol`.
        sound: Scale of sound for students of the whole.
        dtype: As in ``limbeck distill --dtype``.
        out: Folder of all runs.
        blocks: Of classes, each distilled by a job of its own, as in ``limbeck distill --blocks``; None for all.
        pairs: Pairs stored in all, as in ``limbeck distill --pairs``; None for those of each class.
    """

    budget: Budget
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
    given: Path | None = None
    blocks: int | None = None
    pairs: int | None = None

    @cached_property
    def needs(self) -> "Sequence[DistilBlock]":
        own: dict[str, Any] = {"row": self.row, "threads": self.threads}
        return tuple(DistilBlock(of=self, number=i, **own) for i in range(self.blocks or 0))

    def __str__(self) -> str:
        return self.row if self.whole else f"{self.row}, {self.budget}, seed {self.seed}"

    @property
    def whole(self) -> bool:
        """Whether it is of the whole training split."""
        return self.method is None and self.given is None

    @cached_property
    def folder(self) -> Path:
        """Where the set and its scores are."""
        runtime = choose_runtime(self.device, self.dtype)
        formats = [runtime.device.type, str(runtime.real_dtype), str(runtime.synthetic_dtype), self.threads]
        if self.whole:
            return self.out / "whole" / _files.digest(self.fingerprint, self.sound, formats)
        if self.method is None:
            return self.out / "sets" / _files.digest(self.fingerprint, "given", self.made.fingerprint, formats)
        split = [*([self.blocks] if self.blocks else []), *(["pairs", self.pairs] if self.pairs else [])]
        key = _files.digest(self.fingerprint, self.method.name, self.method.to_json(), self.seed, formats, *split)
        return self.out / "sets" / f"{key}-{_files.digest(_code.of(self.method))}"

    @property
    def set(self) -> Path | None:
        """The distilled set; None for the whole."""
        return None if self.whole else self.folder

    @cached_property
    def made(self) -> DistilledSet:
        """The set that is given."""
        return DistilledSet.load(self.given or self.folder)

    @property
    def done(self) -> bool:
        return (self.folder / FACTS).exists() and len(list(self.scores())) == len(self.heads)

    @property
    def sees_labels(self) -> bool:
        """Whether networks trained on the real labels help to make the set."""
        if self.method is None:
            return self.given is not None and self.made.sees_labels
        return self.method.sees_labels

    @property
    def facts(self) -> dict[str, Any]:
        """What is stored, what it took, and the fingerprint of the set that is there."""
        return _files.read_record(self.folder / FACTS)

    @property
    def split(self) -> dict[str, Any]:
        """How a distillation in blocks, or of pairs, is asked for; empty for one of all classes at once."""
        split = {"blocks": self.blocks, "threads": self.threads} if self.blocks else {}
        return split | ({"pairs": self.pairs} if self.pairs else {})

    @property
    def evaluation(self) -> dict[str, Any]:
        """What evaluations and measures of the set are given."""
        names = ("network", "protocol", "seed", "device", "sound")
        return {name: getattr(self, name) for name in names} | {"progress": False}

    @property
    def command(self) -> str:
        """``limbeck distill`` and ``limbeck evaluate``, a line for each head."""
        lines = []
        if self.method is not None:
            own = {"method": self.method.name, "seed": self.seed, "device": self.device, "dtype": self.dtype}
            own |= self.split
            lines.append(command_line("distill", self.data, **own, set=self.method.to_json(), out=self.folder))
        for name in self.heads:
            head, seen = _head(name)
            more = {"modality": ",".join(seen)} if seen else {}
            lines.append(self.evaluate_command(self.students, {}, head=head, title=name, **more))
        return "\n".join(lines)

    def evaluate_command(self, repeats: int, parts: dict[str, Any], **more: Any) -> str:
        """``limbeck evaluate`` of the set or the whole, `repeats` times, with settings of `parts`, `more` options."""
        network = {"network": self.network.options} if self.network.options else {}
        what: dict[str, Any] = {"whole": True, "sound": self.sound} if self.whole else {}
        what |= {"on": self.data, "repeats": repeats, "network": self.network.name, "seed": self.seed}
        what |= {
            "device": self.device,
            "threads": self.threads,
            "set": self.protocol.to_json() | network | parts,
            "out": self.folder / SCORES,
        }
        return command_line("evaluate", *filter(None, [self.given or self.set]), **what, **more)

    @property
    def summary(self) -> str:
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

        Its file has the `title`. Students see the modalities `seen`, or all; device and formats are the folder's.
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
        if self.method is None or self.folder.exists():
            return []
        question = self.folder.name.partition("-")[0]
        files = sorted(self.folder.parent.glob(f"{question}-*/{RUN}/run.json"), key=lambda f: f.stat().st_mtime)
        return _code.differences(_files.read_record(files[-1])["code"], _code.of(self.method)) if files else []

    def _work(self) -> None:
        with _files.exclusive(self.folder / "job"):
            prepared = Prepared.open(self.data)
            if self.whole:
                clips = prepared.clips("train")
                facts = {"stored_bytes": clips.stored_bytes, "distill_seconds": 0.0, "fingerprint": clips.fingerprint}
            elif self.method is None:
                self.made.save(self.folder)
                facts = {"stored_bytes": self.made.stored_bytes, "distill_seconds": 0.0}
                facts |= {"fingerprint": self.made.fingerprint}
            else:
                own: dict[str, Any] = {"seed": self.seed, "device": self.device, "dtype": self.dtype, "progress": False}
                made = limbeck.distill(prepared, self.method, out=self.folder, **own, **self.split)
                seconds = _files.read_record(self.folder / RUN / "done.json")["seconds"]
                facts = {"stored_bytes": made.stored_bytes, "distill_seconds": seconds, "fingerprint": made.fingerprint}
            _files.write_record(self.folder / FACTS, facts)
            for name in self.heads:
                head, seen = _head(name)
                options = self.evaluation | {"repeats": self.students, "title": name, "out": self.folder / SCORES}
                limbeck.evaluate(self.set, on=prepared, head=head, modalities=seen, **options)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class DistilBlock(Job):
    """One of the blocks of a distillation, by its `number` from 0, which joins them."""

    of: Distil
    number: int

    def __str__(self) -> str:
        return f"{self.of}, block {self.number + 1} of {self.of.blocks}"

    @property
    def folder(self) -> Path:
        """Where it is until all are joined."""
        return place_of(self.of.folder, self.number)

    @property
    def done(self) -> bool:
        return any((folder / RUN / "done.json").exists() for folder in (self.folder, self.of.folder))

    @property
    def command(self) -> str:
        """``limbeck distill`` with all its blocks."""
        return self.of.command.partition("\n")[0]

    def _work(self) -> None:
        of = self.of
        if of.method is None or self.done:  # another command may have joined them meanwhile
            return
        how: dict[str, Any] = {"out": of.folder, "seed": of.seed, "device": of.device, "dtype": of.dtype, **of.split}
        blocks_of(of.data, of.method, **how)[self.number].run()


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class MeasureSet(Job):
    """A measure, by its `name` in the tables, of a distilled set, or of the whole training split."""

    of: Distil
    name: str
    measure: Measure
    repeats: int

    def __str__(self) -> str:
        return f"{self.of}: {self.name}"

    @property
    def needs(self) -> Sequence[Job]:
        return (self.of,)

    @property
    def folder(self) -> Path:
        """Where the result is, beside the set it is of."""
        return self.of.folder / SCORES

    @property
    def found(self) -> Score | None:
        return self.of.answer(self.measure, self.name, self.repeats)

    @property
    def command(self) -> str:
        more = {"measure": self.measure.name, "title": self.name, "dtype": self.of.dtype}
        return self.of.evaluate_command(self.repeats, {"measure": self.measure.to_json()}, **more)

    @property
    def summary(self) -> str:
        return f"{self}  ({self.found.seconds:.0f} s)" if self.found else str(self)

    def _work(self) -> None:
        with _files.exclusive(self.folder / f".{_files.digest(self.measure.name, self.measure.to_json())}"):
            options = self.of.evaluation | {"repeats": self.repeats, "title": self.name, "out": self.folder}
            limbeck.evaluate(self.of.set, self.measure, on=self.of.data, dtype=self.of.dtype, **options)


def _head(name: str) -> tuple[str, tuple[str, ...] | None]:
    """A head with the modalities that students see, all by default; a modality's name stands for it alone."""
    return ("ensemble", (name,)) if name in modalities.names() else (name, None)


def command_line(verb: str, *arguments: Path, **options: Any) -> str:
    """A command that says the same as a call of a `verb` with `arguments` and `options`.

    True is a flag, and each of a mapping a word ``name=value``.

    Example:
        >>> command_line("distill", Path("my data"), method="dm", set={"steps": 3, "optimiser": {"kind": "adam"}})
        "limbeck distill 'my data' --method dm --set steps=3 --set optimiser.kind=adam"
    """
    words = ["limbeck", verb, *map(str, arguments)]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, Mapping):
            words += [word for pair in _pairs(value) for word in (flag, pair)]
        else:
            words += [flag] if value is True else [flag, str(value)]
    return shlex.join(words)


def _pairs(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _pairs(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}={value if isinstance(value, str) else json.dumps(value)}"
