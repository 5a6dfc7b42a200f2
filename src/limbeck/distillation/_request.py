"""What is asked of a distillation, and the folder of one that is kept."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, Self

from limbeck import _code, methods
from limbeck._locations import Location
from limbeck._runtime import Runtime, threads
from limbeck._words import plural
from limbeck.datasets import LabelledClips, Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import RUN, Progress, Run, machine, note, versions
from limbeck.errors import BudgetError, FingerprintError, InputError
from limbeck.evaluation import choose_scale
from limbeck.methods import Method, RunContext, StepReport
from limbeck.networks import Architecture
from limbeck.storage import parse_size

DEFAULT = "avdd"
"""Name of the method that distils where none is named."""
EACH: Final = "each"
"""Value of `blocks` that makes every class one."""
VALIDATED = "validated"
"""Value of `sound` that lets students choose between the scales."""
Data = Path | str | Prepared | LabelledClips
Made = tuple[DistilledSet, dict[str, Any]]
"""A set and what it took, JSON-able: ``"seconds"``, and accuracies of ``"sound_validation"`` if it was requested."""


@dataclass(frozen=True)
class Request:
    """Everything that decides a distilled set, before anything is done.

    It can be sent to another process, which finds the clips of prepared data by itself.

    Attributes:
        data: Place of prepared data, whose training clips are distilled, or clips.
        chosen: The classes of it that are distilled; None for all.
        block: The classes of those that are distilled apart from the others; None for all.
        method: As it is resolved for the clips.
        validated: Whether the scale of sound is still to be chosen by validation.
        seed: Of every random draw.
        runtime: Device and number formats.
        threads: Of torch on a CPU; None for as many as it has.
        blocks: Number of blocks to distil and to join; None for all classes at once.
        pairs: Whether the classes are forgotten, so that rows are shared out among all clips.
    """

    data: Location | LabelledClips
    chosen: tuple[str, ...] | None
    block: tuple[str, ...] | None
    method: Method
    validated: bool
    seed: int
    runtime: Runtime
    threads: int | None
    blocks: int | None
    pairs: bool

    @classmethod
    def of(
        cls,
        data: Data,
        method: str | Method | None,
        preset: str | None,
        classes: Sequence[str] | None,
        parameters: dict[str, Any],
        *,
        blocks: int | Literal["each"] | None,
        threads: int | None,
        pairs: int | None = None,
        **how: Any,
    ) -> Self:
        """Check all that was asked; `how` are `seed` and `runtime`."""
        if pairs is not None and (pairs < 1 or parameters.keys() & {"bytes", "per_class"}):
            raise InputError(
                f"'pairs' says how many pairs are stored in all, 1 or more, in place of per_class and bytes, but "
                f"got {pairs} with {sorted(parameters)}. Prepare with --unlabelled to give bytes."
            )
        prepared = None if isinstance(data, LabelledClips) else Prepared.open(data)
        clips = prepared.clips("train") if prepared else data
        assert isinstance(clips, LabelledClips)
        clips = clips.only(classes) if classes else clips
        clips = clips if pairs is None else clips.as_pairs()
        settings, validated = dict(parameters), False
        if isinstance(method, Method):
            if preset or parameters:
                raise InputError(
                    f"Settings {sorted(parameters)} came beside a ready {type(method).__name__}; give one of them."
                )
            chosen = method
        else:
            validated = settings.get("sound") == VALIDATED
            if validated:
                del settings["sound"]
            size = settings.pop("bytes", None)
            if size is not None and "per_class" in settings:
                raise InputError(
                    "Got both bytes and per_class; each says how many samples per class are stored: give one."
                )
            chosen = methods.load(method or DEFAULT).configured(preset, **settings)
            if size is not None:
                chosen = chosen.within(parse_size(size), clips)
        if pairs is not None:
            chosen = chosen.model_copy(update={"per_class": pairs})
        only = tuple(classes) if classes and prepared else None
        how["pairs"] = pairs is not None
        how["blocks"] = len(clips.classes) if blocks == EACH else blocks
        how["threads"] = 1 if blocks is not None and threads is None else threads
        place = prepared.place.absolute() if prepared else clips
        found = cls(place, only, None, _resolved(chosen, clips, prepared), validated, **how)
        return found._on(clips)._checked()

    @cached_property
    def clips(self) -> LabelledClips:
        """The training clips."""
        clips = Prepared.open(self.data).clips("train") if isinstance(self.data, Location) else self.data
        clips = clips.only(self.chosen) if self.chosen else clips
        clips = clips.as_pairs() if self.pairs else clips
        return clips.part(self.block) if self.block else clips

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # without the clips

    @property
    def cache(self) -> Path | None:
        """Folder in which other runs on the same data find what can be reused."""
        return Prepared.cache_of(self.data) if isinstance(self.data, Location) else None

    def to_json(self) -> dict[str, Any]:
        """The request as JSON-able data, by which a run folder knows it again."""
        split = {"blocks": self.blocks, "threads": self.threads}
        return {
            "method": self.method.name,
            "settings": self.method.to_json() | ({"sound": VALIDATED} if self.validated else {}),
            "seed": self.seed,
            "dataset": self.clips.name,
            "training_fingerprint": self.clips.fingerprint,
            "classes": list(self.clips.classes),
            **self.runtime.to_json(),
            **{name: count for name, count in split.items() if count is not None},
            **({"pairs": True} if self.pairs else {}),
        }

    def settled(self) -> tuple[Self, dict[str, float] | None]:
        """With the scale of sound that validation chose, and the accuracies it found, if it was requested."""
        if not self.validated:
            return self, None
        method = self.method
        with self._threads():
            sound, validation = choose_scale(
                self.clips, per_class=method.per_class, hold=method.hold, seed=self.seed, runtime=self.runtime,
                network=Architecture.of_settings(method.to_json()),
            )  # fmt: skip
        method = method.model_copy(update={"sound": sound})
        return replace(self, method=method, validated=False)._on(self.clips), validation

    def part(self, classes: tuple[str, ...]) -> Self:
        """What is asked of a block of some classes."""
        return replace(self, block=classes, blocks=None)._on(self.clips.part(classes))

    def distilled(self, tell: Progress, run: Run | None = None) -> Made:
        """The set with its cost and versions; a `run` keeps what there is of it."""
        started = time.perf_counter()

        def on_step(report: StepReport) -> None:
            if run:
                run.log({"step": report.step, "loss": report.loss, "seconds": report.seconds})
            tell(report.step, report.steps)

        settled, validation = self.settled()
        context = RunContext(self.runtime, self.cache, run.checkpoint if run else None, on_step)
        with self._threads():
            made = settled.method.distill(self.clips, seed=self.seed, run=context)
            seconds = run.checkpoint.seconds if run else time.perf_counter() - started
            about = {"versions": versions(), "machine": machine(), "cost": {"seconds": seconds}}
        made = replace(made, provenance=made.provenance | about)
        return made, {"seconds": seconds, "sound_validation": validation}

    def _on(self, clips: LabelledClips) -> Self:
        vars(self)["clips"] = clips  # as the property would find them
        return self

    def _threads(self) -> Any:
        return threads(self.threads) if self.threads else nullcontext()

    def _checked(self) -> Self:
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads must be at least 1, but is {self.threads}.")
        if self.blocks is None:
            return self
        if not 1 <= self.blocks <= len(self.clips.classes):
            raise InputError(
                f"{plural(len(self.clips.classes), 'class', 'classes')} cannot be cut into {self.blocks} blocks. Ask "
                "for 1 or more, and for no more than there are classes."
            )
        if why := self.method.coupling:
            raise InputError(
                f"{self.method.name} cannot distil blocks of classes apart: {why}. Distil all classes together, "
                "or take another method: limbeck explain METHOD says whether it can."
            )
        return self


def kept(folder: Path, request: Request, make: Callable[[Run], Made], *, show: bool = False) -> DistilledSet:
    """The set that lies in a folder, or else one that is made and saved there; a sentence says the first, if `show`.

    Raises:
        FingerprintError: The folder belongs to another request.
        BusyError: Another process works in it.
    """
    about: dict[str, Any] = {"about": {"reason": request.runtime.reason}, "has_checkpoint": request.blocks is None}
    with Run.open(folder / RUN, request.to_json(), _code.of(request.method), **about) as run:
        if run.finished:
            found = DistilledSet.load(folder) if (folder / "config.json").exists() else None
            if found is None or found.fingerprint != run.cost["fingerprint"]:
                raise FingerprintError(
                    f"{folder} does not hold the set that its run made: "
                    f"{'another lies there' if found else 'it has gone'}. "
                    "Choose another output folder, or delete this one to make it anew."
                )
            note(f"Already done: {folder} holds this very set. Nothing was run.", show=show)
            return found
        made, cost = make(run)
        made.save(folder)
        run.finish(cost | {"fingerprint": made.fingerprint})
        return made


def _resolved(method: Method, clips: LabelledClips, prepared: Prepared | None) -> Method:
    """The method as it is resolved for some clips, once it is known that they will do."""
    try:
        resolved = method.resolved_for(clips)
        resolved.check(clips)
    except BudgetError as error:
        if prepared is None or not prepared.is_of_longer_files:
            raise
        raise BudgetError(
            f"{error} The clips are parts of longer files: prepare with --set cut=true to have more of each."
        ) from error
    return resolved
