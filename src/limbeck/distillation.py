"""Distil the training clips of a dataset: `distill`, and `plan`, which tells what it would do.

The module stands right of `evaluation` because ``sound="validated"`` trains students to choose a scale of sound.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from limbeck import _code, methods
from limbeck._runtime import Runtime, choose_runtime
from limbeck.datasets import Dataset, LabelledClips, Prepared, Samples, prepare, usual_place
from limbeck.distilled import DistilledSet
from limbeck.engine import RUN, Progress, Run, bar, machine, note, versions
from limbeck.errors import BudgetError, FingerprintError, InputError
from limbeck.evaluation import choose_scale
from limbeck.methods import Method, RunContext, StepReport
from limbeck.networks import Architecture
from limbeck.storage import parse_size

DEFAULT = "avdd"
"""Name of the method that distils where none is named."""
VALIDATED = "validated"
"""Value of `sound` that lets students choose between the scales."""
_FILES = ("README.md", "config.json", "data.safetensors", "dataset.json")
Data = Path | str | Prepared | LabelledClips


def distill(
    data: Any,
    method: str | Method | None = None,
    *,
    out: Path | str | None = None,
    preset: str | None = None,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    compile: bool = False,
    progress: bool = True,
    **parameters: Any,
) -> DistilledSet:
    """Distil the training clips of a dataset into a few samples per class.

    With `out`, the run is kept in ``out/run``: killed at any moment, the same call goes on and ends with the same bits.

    Args:
        data: A prepared dataset (its training split is used), clips, or what `prepare` takes: a torch dataset of
            ``(sample, label)``, arrays, a Hugging Face dataset, a reader. That is prepared first, into ``out/prepared``
            or else the user's cache folder, which is told; options of it are given to `prepare` itself.
        method: Name of a method (`methods.names()`) or a method; ``"avdd"`` by default.
        out: Folder of the distilled set and its run; None keeps nothing on disk.
        preset: Named settings of the method, ``"faithful"`` for the published recipe.
        classes: Only these, in this order; parts made apart are joined with `DistilledSet.concat`.
        seed: Seed of every random draw, >= 0.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        dtype: ``"auto"``, ``"float32"`` or ``"bfloat16"``; see `choose_runtime`.
        compile: Whether encoders are compiled, which pays on large inputs and long runs.
        progress: Whether a bar is drawn on standard error.
        parameters: Settings of the method that differ from its defaults or the preset. ``sound="validated"``
            chooses between raw and standardised sound on a split cut from the training clips. ``bytes="400KB"``
            instead of `per_class` chooses the largest one whose samples take no more.

    Raises:
        InputError: A name, setting or file does not fit.
        BudgetError: A class has too few clips.
        FingerprintError: `out` belongs to a run with other settings or other data.
        BusyError: Another process works in `out`.
        DivergedError: The loss became NaN or infinite.
    """
    runtime = choose_runtime(device, dtype, compile=compile)
    clips = _prepared(data, out, progress=progress)
    asked = _Request.of(clips, method, preset, classes, parameters, seed=seed, runtime=runtime)
    with bar(f"Distilling with {asked.method.name}", show=progress and asked.method.steps_planned > 0) as tell:
        if out is None:
            return asked.distilled(tell)[0]
        folder = Path(out)
        if foreign := [name for name in _FILES if (folder / name).exists() and not (folder / RUN).exists()]:
            raise InputError(
                f"{folder} holds {', '.join(foreign)}, which no run of this folder made and a set would overwrite. "
                "Choose a new or empty folder."
            )
        with Run.open(folder / RUN, asked.to_json(), _code.of(asked.method), about={"reason": runtime.reason}) as run:
            if run.finished:
                found = DistilledSet.load(folder) if (folder / "config.json").exists() else None
                if found is None or found.fingerprint != run.cost["fingerprint"]:
                    raise FingerprintError(
                        f"{folder} does not hold the set that its run made: "
                        f"{'another lies there' if found else 'it has gone'}. "
                        "Choose another output folder, or delete this one to make it anew."
                    )
                note(f"Already done: {folder} holds this very set. Nothing was run.", show=progress)
                return found
            made, validation = asked.distilled(tell, run)
            made.save(folder)
            cost = {"seconds": run.checkpoint.seconds, "sound_validation": validation}
            run.finish(cost | {"fingerprint": made.fingerprint})
            return made


def _prepared(data: Any, out: Path | str | None, *, progress: bool) -> Data:
    """A prepared dataset or clips as they are; anything else once it is prepared."""
    if isinstance(data, Path | str | Prepared | LabelledClips):
        return data
    dataset = data if isinstance(data, Dataset) else Samples(data)
    place = Path(out) / "prepared" if out is not None else usual_place(dataset)
    note(f"The data is prepared into {place}, and what is held out of it for tests too.", show=progress)
    return prepare(dataset, out=place, progress=progress)


def plan(
    data: Data,
    method: str | Method | None = None,
    *,
    preset: str | None = None,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    compile: bool = False,
    **parameters: Any,
) -> dict[str, Any]:
    """What `distill` would do with the same arguments, see `distill`: settings, data and device. Nothing is done."""
    runtime = choose_runtime(device, dtype, compile=compile)
    asked = _Request.of(data, method, preset, classes, parameters, seed=seed, runtime=runtime)
    return asked.to_json() | {"reason": runtime.reason}


@dataclass(frozen=True)
class _Request:
    """Everything that decides a distilled set, before anything is done.

    In `cache` other runs on the same data find what can be reused; `validated` says that the scale of sound is still to
    be chosen by validation.
    """

    clips: LabelledClips
    cache: Path | None
    method: Method
    validated: bool
    seed: int
    runtime: Runtime

    @classmethod
    def of(
        cls,
        data: Data,
        method: str | Method | None,
        preset: str | None,
        classes: Sequence[str] | None,
        parameters: dict[str, Any],
        *,
        seed: int,
        runtime: Runtime,
    ) -> Self:
        prepared = None if isinstance(data, LabelledClips) else Prepared.open(data)
        clips = prepared.clips("train") if prepared else data
        assert isinstance(clips, LabelledClips)
        clips = clips.only(classes) if classes else clips
        cache = prepared.cache if prepared else None
        if isinstance(method, Method):
            if preset or parameters:
                raise InputError(
                    f"Settings {sorted(parameters)} came beside a ready {type(method).__name__}; give one of them."
                )
            _checked(method, clips, prepared)
            return cls(clips, cache, method, False, seed, runtime)
        settings = dict(parameters)
        validated = settings.get("sound") == VALIDATED
        if validated:
            del settings["sound"]
        size = settings.pop("bytes", None)
        if size is not None and "per_class" in settings:
            raise InputError("Got both bytes and per_class; each says how many samples per class are stored: give one.")
        chosen = methods.load(method or DEFAULT).configured(preset, **settings)
        if size is not None:
            chosen = chosen.within(parse_size(size), clips)
        return cls(clips, cache, _checked(chosen, clips, prepared), validated, seed, runtime)

    def to_json(self) -> dict[str, Any]:
        """The request as JSON-able data, by which a run folder knows it again."""
        return {
            "method": self.method.name,
            "settings": self.method.to_json() | ({"sound": VALIDATED} if self.validated else {}),
            "seed": self.seed,
            "dataset": self.clips.name,
            "training_fingerprint": self.clips.fingerprint,
            "classes": list(self.clips.classes),
            **self.runtime.to_json(),
        }

    def distilled(self, tell: Progress, run: Run | None = None) -> tuple[DistilledSet, dict[str, float] | None]:
        """The set with its cost and versions, and the accuracies that validation found, if it was requested."""
        started = time.perf_counter()

        def on_step(report: StepReport) -> None:
            if run:
                run.log({"step": report.step, "loss": report.loss, "seconds": report.seconds})
            tell(report.step, report.steps)

        method, validation = self.method, None
        if self.validated:
            sound, validation = choose_scale(
                self.clips, per_class=method.per_class, hold=method.hold, seed=self.seed, runtime=self.runtime,
                network=Architecture.of_settings(method.to_json()),
            )  # fmt: skip
            method = method.model_copy(update={"sound": sound})
        context = RunContext(self.runtime, self.cache, run.checkpoint if run else None, on_step)
        made = method.distill(self.clips, seed=self.seed, run=context)
        seconds = run.checkpoint.seconds if run else time.perf_counter() - started
        about = {"versions": versions(), "machine": machine(), "cost": {"seconds": seconds}}
        return replace(made, provenance=made.provenance | about), validation


def _checked(method: Method, clips: LabelledClips, prepared: Prepared | None) -> Method:
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
