"""Distil the training clips of a dataset: `distill`, and `plan`, which tells what it would do.

The module stands right of `evaluation` because ``sound="validated"`` trains students to choose a scale of sound.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from limbeck._runtime import choose_runtime
from limbeck.datasets import Dataset, LabelledClips, Prepared, Samples, prepare, usual_place
from limbeck.distillation._blocks import Block, cut, forget, in_blocks, parts_of, place_of
from limbeck.distillation._request import DEFAULT, EACH, VALIDATED, Data, Request, kept
from limbeck.distilled import DistilledSet
from limbeck.engine import RUN, bar, note
from limbeck.engine.executor import Executor
from limbeck.errors import InputError
from limbeck.methods import Method

__all__ = ["DEFAULT", "VALIDATED", "Block", "blocks_of", "cut", "distill", "place_of", "plan"]

_FILES = ("README.md", "config.json", "data.safetensors", "dataset.json")


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
    blocks: int | Literal["each"] | None = None,
    threads: int | None = None,
    pairs: int | None = None,
    executor: Executor | None = None,
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
        blocks: Cuts the classes into so many blocks, in order, or ``"each"`` into one for each class. A block is
            distilled apart, and kept in a folder of its own until all are there. Their number belongs to what is asked,
            where they are done does not: the bits are the same. Methods whose classes are coupled (`Method.coupling`)
            refuse. None distils all together.
        threads: Of torch on a CPU, >= 1: sums are rounded in another order with another number, so it belongs to what
            is asked. By default 1 in blocks; all together, as many as torch has.
        pairs: Rows stored in all instead of `per_class`, >= 1: classes are forgotten, so that rows are shared out among
            all clips. The set has no classes then, and serves retrieval; methods that need classes refuse.
        executor: What distils the blocks instead of this process: other processes (`limbeck.engine.executor.local`) or
            the machines of a cluster (`limbeck.engine.on_ray`), which see `data`, prepared, and `out`. `blocks` are
            then ``"each"`` by default.
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
    if executor and (out is None or isinstance(data, LabelledClips)):
        raise InputError("An executor takes a folder of prepared data, and leaves blocks in a folder: give it as out.")
    data = _prepared(data, out, progress=progress)
    blocks = EACH if executor and blocks is None else blocks
    asked = Request.of(
        data, method, preset, classes, parameters,
        blocks=blocks, seed=seed, runtime=runtime, threads=threads, pairs=pairs,
    )  # fmt: skip
    shown = progress and (asked.method.steps_planned > 0 or executor is not None)
    with bar(f"Distilling with {asked.method.name}", show=shown) as tell:
        make = partial(in_blocks, executor=executor) if asked.blocks else Request.distilled
        if out is None:
            return make(asked, tell)[0]
        folder = Path(out).absolute()
        if foreign := [name for name in _FILES if (folder / name).exists() and not (folder / RUN).exists()]:
            raise InputError(
                f"{folder} holds {', '.join(foreign)}, which no run of this folder made and a set would overwrite. "
                "Choose a new or empty folder."
            )
        made = kept(folder, asked, lambda run: make(asked, tell, run), show=progress)
    forget(folder)
    return made


def blocks_of(
    data: Data, method: Method, *, out: Path | str, blocks: int, threads: int, seed: int, device: str, dtype: str
) -> list[Block]:
    """The blocks that `distill` with the same arguments, see `distill`, joins: tasks, which others may do before."""
    how: dict[str, Any] = {"blocks": blocks, "threads": threads, "seed": seed}
    request = Request.of(data, method, None, None, {}, runtime=choose_runtime(device, dtype), **how)
    return parts_of(request, Path(out).absolute())


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
    blocks: int | Literal["each"] | None = None,
    threads: int | None = None,
    pairs: int | None = None,
    **parameters: Any,
) -> dict[str, Any]:
    """What `distill` would do with the same arguments, see `distill`: settings, data and device. Nothing is done.

    Of a distillation in blocks, ``"classes_of_blocks"`` has the classes of each. What a method chooses by itself, and
    why, is in ``"choice"``.
    """
    runtime = choose_runtime(device, dtype, compile=compile)
    asked = Request.of(
        data, method, preset, classes, parameters,
        blocks=blocks, seed=seed, runtime=runtime, threads=threads, pairs=pairs,
    )  # fmt: skip
    split = {"classes_of_blocks": cut(asked.clips.classes, asked.blocks)} if asked.blocks else {}
    chosen = {"choice": choice} if (choice := asked.method.choice(asked.clips)) else {}
    return asked.to_json() | {"reason": runtime.reason} | split | chosen
