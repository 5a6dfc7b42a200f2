"""Options that several verbs have in common, and the one way ``--set name=value`` is read."""

import importlib
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from limbeck.cli import _output

if TYPE_CHECKING:
    from limbeck.engine.executor import Executor
    from limbeck.engine.on_ray import OnRay

Seed = Annotated[int, Option(min=0, help="Everything random follows from this number.")]
Device = Annotated[str, Option(help="auto, cpu, cuda, cuda:1, mps.")]
Ray = Annotated[
    str | None,
    Option(
        metavar="ADDRESS",
        help="Work on a Ray cluster: its address, or auto for the one RAY_ADDRESS names, or else one of this machine.",
    ),
]
Processes = Annotated[int, Option(min=1, help="Jobs at once, each in a process of its own.")]
Devices = Annotated[
    str | None, Option(metavar="LIST", help="Jobs at once, each in a process on a device of its own: cuda:0,cuda:1.")
]
CoresPerJob = Annotated[
    float, Option(min=0.1, help="With --ray: cores that a job gets; jobs wait until so many are free.")
]
GpusPerJob = Annotated[float, Option(min=0, help="With --ray: GPUs that a job gets; 0.5 has two jobs share one.")]
Quiet = Annotated[bool, Option("--quiet", "-q", help="No progress and no notes; results, warnings and errors only.")]
Json = Annotated[bool, Option("--json", help="Print the result as JSON.")]
PREPARED = "Folder of a prepared dataset, or its address (s3://bucket/name)."
Distilled = Annotated[Path, Argument(help="Folder of a distilled set.")]
Page = Annotated[Path, Option(help="Folder of the page.")]
Runs = Annotated[
    Path, Option(help="Folder of all runs; recipes that share it share prepared data, sets and embeddings.")
]
Data = Annotated[Path | None, Option(help="Folder or manifest of the dataset, if it is not where the recipe says.")]
Heading = Annotated[str | None, Option(help="Heading of the page.")]

Classifier = Annotated[Path, Argument(help="Folder of a classifier.")]
Index = Annotated[str, Argument(help="Folder of an index, or its address.")]
MovedIndex = Annotated[str | None, Option(help="The index it was learned from, if it has moved.")]
Weights = Annotated[
    Path | None,
    Option(
        envvar="LIMBECK_WEIGHTS",
        help="Folder of the encoder's weights; by default they come from the cache, or are fetched.",
    ),
]
Offline = Annotated[bool, Option("--offline", help="Never ask the network for weights.")]
Licence = Annotated[str, Option(help="Licence it is passed on under, as the hub writes it: cc-by-4.0, cc0-1.0, mit.")]
Private = Annotated[bool, Option("--private", help="Only you may see it.")]
DryRun = Annotated[bool, Option("--dry-run", help="Say what would be sent, and send nothing.")]
Revision = Annotated[str | None, Option(help="Branch, tag or commit; the newest state by default.")]
Cached = Annotated[bool, Option("--offline", help="Take it from the hub's cache and never ask the network.")]
MaxBytes = Annotated[int | None, Option(min=1, help="Bytes that are fetched at most; 4,000,000,000 by default.")]
Window = Annotated[
    float | None, Option(help="Length of a window in seconds; longer recordings are cut. The encoder's by default.")
]
Hop = Annotated[float | None, Option(help="Seconds from one window to the next; the window's length by default.")]
Top = Annotated[int, Option(min=1, help="Words with scores that are given for each sound.")]
MinScore = Annotated[
    float | None,
    Option(min=0, max=1, help="Least score of a sound that gets a word; each word's own, if it has one, by default."),
]
Always = Annotated[
    bool, Option("--always", help="Name every sound by its likeliest word, also one that is none of these.")
]


def setting(what: str) -> Any:
    """The option ``--set NAME=VALUE``, which may be repeated; `assignments` reads it."""
    return Option("--set", metavar="NAME=VALUE", help=f"{what}; null for none; may be repeated.")


def named(room: str, help: str, kind: Callable[..., Any] = Option) -> Any:
    """An option, or argument, that takes a name of a room (``limbeck.methods``), which the shell completes."""
    return kind(help=help, autocompletion=completer("_discover", room))


def recipe(kind: str, listed: str) -> Any:
    """The argument that takes a recipe of a kind, which `limbeck list` shows under another name."""
    help = f"Name of a recipe, see limbeck list {listed}, or a TOML file."
    return Argument(metavar="RECIPE", help=help, autocompletion=completer("_recipes", kind))


def completer(module: str, *kinds: str) -> Callable[[str], list[str]]:
    """Shell completion with the names of rooms or of kinds of recipes, found by a module without importing them."""

    def complete(incomplete: str) -> list[str]:
        names = importlib.import_module(f"limbeck.{module}").names
        return [name for kind in kinds for name in names(kind) if name.startswith(incomplete)]

    return complete


def assignments(pairs: Sequence[str] | None, *, typed: bool = True) -> dict[str, Any]:
    """Read ``name=value`` words. Dots lead into parts; a value is JSON if it can be read as such, else text.

    Unless `typed`, numbers, true, false and null stay text for whoever knows what is wanted: ``2024`` may be a folder.

    Example:
        >>> assignments(["steps=200", "augment.flip=false", "start=noise"])
        {'steps': 200, 'augment': {'flip': False}, 'start': 'noise'}
        >>> assignments(["base=2024", 'where={"fold": "1"}'], typed=False)
        {'base': '2024', 'where': {'fold': '1'}}
    """
    settings: dict[str, Any] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        path = name.strip().replace("-", "_").split(".")
        if not equals or not all(path):
            raise typer.BadParameter(f"{pair!r} is not of the form name=value.")
        place = settings
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise typer.BadParameter(f"{name!r} is given both as a value and as a part.")
        if path[-1] in place:
            raise typer.BadParameter(f"{name!r} is given twice.")
        read: Any = value
        with suppress(ValueError, RecursionError):  # no JSON, thousands of digits, or nested beyond reason
            read = json.loads(value)
        place[path[-1]] = read if typed or isinstance(read, dict | list) else value
    return settings


def merged(settings: dict[str, Any], **flags: Any) -> dict[str, Any]:
    """Settings joined with the flags that were given (not None), none of them both as a flag and with ``--set``."""
    given = {name: value for name, value in flags.items() if value is not None}
    if twice := sorted(given.keys() & settings.keys()):
        raise typer.BadParameter(f"{twice[0]!r} is given twice: as an option and with name=value.")
    return given | settings


def on_ray(
    address: str | None,
    *,
    folder: Path | str,
    quiet: bool,
    cores: float = 1.0,
    gpus: float = 0.0,
    begin: Callable[[], object] | None = None,
) -> "AbstractContextManager[OnRay | None]":
    """The executor of the cluster that `Ray` names, of whose machines a task gets so many cores and GPUs; or None."""
    if not address:
        return nullcontext()
    from limbeck.engine.on_ray import Share, connected

    tell = partial(_output.note, quiet=quiet)
    return connected(address, folder=folder, share=Share(cores, gpus), begin=begin, tell=tell)


def device_of(device: str, devices: str | None, processes: int) -> tuple[str, list[str]]:
    """The kind of device that jobs run on, and the devices that `Devices` names."""
    if devices is None:
        return device, []
    if device != "auto" or processes > 1:
        raise typer.BadParameter("--devices says device and number of processes; leave out --device and --processes.")
    from limbeck._runtime import kind_of

    named = [name.strip() for name in devices.split(",")]
    return kind_of(named), named


def for_jobs(
    *,
    ray: str | None,
    processes: int,
    devices: Sequence[str],
    cores: float,
    gpus: float,
    folder: Path | str,
    quiet: bool,
) -> "AbstractContextManager[Executor | None]":
    """The executor that such options ask for, `Ray` and `Processes` among them; None for this process alone."""
    if not ray and (cores, gpus) != (1.0, 0.0):
        raise typer.BadParameter("--cores-per-job and --gpus-per-job need --ray; without it there is --processes.")
    if ray and (processes > 1 or devices):
        raise typer.BadParameter(
            "--processes and --devices are for this machine; with --ray as many jobs run as there is room for."
        )
    from limbeck.engine.executor import local, on_devices
    from limbeck.networks import keep_freed_memory

    if ray:
        return on_ray(ray, folder=folder, quiet=quiet, cores=cores, gpus=gpus, begin=keep_freed_memory)
    if devices:
        return nullcontext(on_devices(devices, keep_freed_memory))
    return nullcontext(local(processes, keep_freed_memory) if processes > 1 else None)


def part(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Take the settings of a part, given as ``name.setting=value``, out of the others, from `assignments`.

    Example:
        >>> settings = {"epochs": 3, "network": {"width": 4}}
        >>> part(settings, "network"), settings
        ({'width': 4}, {'epochs': 3})
    """
    inside = settings.pop(name, {})
    if not isinstance(inside, dict):
        raise typer.BadParameter(f"--set {name}.NAME=VALUE sets something of a {name}; the {name} itself is --{name}.")
    return inside
