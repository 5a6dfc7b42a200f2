"""Tasks on a Ray cluster, or on a Ray of this machine alone. Nothing else imports Ray.

Ray brings tasks to machines and starts them again where one is lost; what is done, and where it is kept, tasks know.
So the folder they share has to be on a disk that all machines see under the same path, or in object storage.
"""

import contextlib
import os
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, final

from limbeck import _files, _machine
from limbeck._addresses import is_address
from limbeck._locations import File, Location
from limbeck._words import plural
from limbeck.engine.executor import AnyTask, Executor, Queue, attempt
from limbeck.engine.run import versions
from limbeck.errors import InputError, package

AUTO = "auto"
_LOST_TIMES = 3
_STOP_SECONDS = 60.0
_KNOCK_SECONDS = 20.0
COMPARED = ("limbeck", "python", "torch")
"""What has to be of the same version on every machine."""


@dataclass(frozen=True)
class Share:
    """What of a machine one task gets.

    Args:
        cores: Cores; tasks that compute with several threads need as many.
        gpus: Graphics cards, or a fraction of one, which tasks then share.
    """

    cores: float = 1.0
    gpus: float = 0.0


@dataclass(frozen=True)
class Machine:
    """A machine of a cluster.

    Attributes:
        name: Its host name.
        cores: Cores that tasks may use.
        gpus: Graphics cards.
        memory_bytes: Memory that tasks may use.
        versions: Of Limbeck, Python and what decides numbers.
        sees: Whether it sees the folder or address that was asked about; None where none was.
    """

    name: str
    cores: float
    gpus: float
    memory_bytes: int
    versions: Mapping[str, str]
    sees: bool | None

    def unfit(self, folder: Path | str | None) -> str:
        """Say why no work on the `folder` that was asked about may go there; nothing where it may.

        Its versions differ from those here, which decide numbers, or it does not see the folder or address.
        """
        here = versions()
        if differ := [
            f"{name} {self.versions[name]} there, {here[name]} here"
            for name in COMPARED
            if self.versions[name] != here[name]
        ]:
            return (
                f"The machine {self.name} has other versions than this one: {'; '.join(differ)}. Results would "
                "depend on which machine made them: install the same on every machine."
            )
        if folder is None or self.sees:
            return ""
        if is_address(folder):
            return (
                f"The machine {self.name} does not see {folder}. Give it the network, and the AWS_ variables in its "
                "environment, that this one has, before Ray is started there."
            )
        return (
            f"The machine {self.name} does not see {Path(folder).absolute()}. Choose a folder on a disk that all "
            "machines share under the same path."
        )


@final
class OnRay(Executor):
    """Tasks on the machines of a cluster, as many at once as it has room for.

    A task whose machine is lost is started again on another one, three times at most, and goes on from what it left.
    One that refuses, or fails, is not: its sentence is the result.

    Args:
        share: What one task gets.
        begin: What is called in each process before its first task; it is sent there.
    """

    def __init__(self, share: Share | None = None, begin: Callable[[], object] | None = None) -> None:
        self._share, self._begin = share or Share(), begin

    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        import ray

        send = ray.remote(_task).options(
            num_cpus=self._share.cores,
            num_gpus=self._share.gpus,
            max_retries=_LOST_TIMES,
        )
        queue = Queue(tasks)
        running: dict[Any, AnyTask] = {}
        try:
            while True:
                while len(running) < 2 * self.room and (task := queue.next()):  # as many wait there
                    running[send.remote(task, self._begin)] = task
                if not running:
                    return
                for done in ray.wait([*running], num_returns=1)[0]:
                    yield from queue.settled(running.pop(done), partial(_result, done))
        except BaseException:  # tasks save what they have, as at Ctrl-C
            for reference in running:
                ray.cancel(reference)
            with contextlib.suppress(Exception, KeyboardInterrupt):
                ray.wait([*running], num_returns=len(running), timeout=_STOP_SECONDS)
            raise

    @property
    def room(self) -> int:
        """Tasks that the cluster has room for at once, at least 1."""
        asked = {kind: part for kind, part in (("CPU", self._share.cores), ("GPU", self._share.gpus)) if part}
        return max(1, sum(int(min(one.get(kind, 0.0) / part for kind, part in asked.items())) for one in _rooms()))


@contextlib.contextmanager
def connected(
    address: str,
    *,
    folder: Path | str,
    share: Share | None = None,
    begin: Callable[[], object] | None = None,
    tell: Callable[[str], None] = print,
) -> Iterator[OnRay]:
    """The executor of a cluster on which every machine has the same versions, and sees the same `folder`.

    Args:
        address: ``"auto"`` for the cluster that ``RAY_ADDRESS`` names, or one that was started on this machine, or else
            one that is started now, of this machine's cores; otherwise that of a cluster, ``ray://head:10001`` or
            ``10.0.0.1:6379``.
        folder: Where tasks leave their results, made if need be; or its address in object storage.
        share: What one task gets; one core by default.
        begin: What is called in each process before its first task; it is sent there.
        tell: Is given a sentence that says what the cluster is.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: There is no cluster at the address; machines differ in their versions, one does not see the
            folder, or none has what one task is to get.
    """
    with _joined(address) as ray:
        found = _asked(ray, folder)
        for one in found:
            if why := one.unfit(folder):
                raise InputError(why)
        cores, gpus = sum(one.cores for one in found), sum(one.gpus for one in found)
        tell(f"Ray: {plural(len(found), 'machine')}, {cores:g} cores, {gpus:g} GPUs.")
        share = share or Share()
        if not any(one.cores >= share.cores and one.gpus >= share.gpus for one in found):
            raise InputError(
                f"No machine has {share.cores:g} cores and {share.gpus:g} GPUs, which each task is to get, so "
                "that it would wait forever. Ask for less, or add a machine that has them."
            )
        yield OnRay(share, begin)


def machines(address: str, *, folder: Path | str | None = None) -> list[Machine]:
    """Ask the machines of a cluster, of an `address` as of `connected`, what they have, and whether they see a folder.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: There is no cluster at the address, no such folder here, or a machine cannot run Limbeck.
    """
    if folder is not None and not is_address(folder) and not Path(folder).is_dir():
        raise InputError(f"There is no folder {folder} here. Make it, or check its name.")
    with _joined(address) as ray:
        return _asked(ray, folder)


@contextlib.contextmanager
def _joined(address: str) -> Iterator[Any]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # of Ray 3, without which Ray 2 warns
    ray = package("ray", "ray")
    _connect(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    told = {"logging_level": "ERROR"}
    joined = os.environ.get("RAY_ADDRESS", AUTO) if address == AUTO else address
    try:
        if joined != AUTO:  # Ray would knock for minutes where nobody is
            host, _, port = joined.removeprefix("ray://").rpartition(":")
            socket.create_connection((host, int(port)), _KNOCK_SECONDS).close()
        same = {name: os.environ[name] for name in (_files.LOCKS,) if name in os.environ}
        ray.init(address=joined, runtime_env={"env_vars": _machine.considerate() | same}, **told)
    except (OSError, ValueError, RuntimeError) as error:
        if joined != AUTO:
            raise InputError(
                f"There is no Ray cluster at {joined!r} ({error}). Check the address, host:port or ray://host:port; "
                "without --ray everything runs on this machine."
            ) from error
        as_others = {"worker_niceness": 0}  # Ray's own would hardly get a turn beside a busy program
        with _machine.considerate_children():
            ray.init(
                address="local", num_cpus=_machine.cores(), include_dashboard=False, _system_config=as_others, **told
            )


def _rooms() -> list[dict[str, float]]:
    """What each machine has, by Ray's names."""
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


def _asked(ray: Any, folder: Path | str | None) -> list[Machine]:
    """Have machines tell their versions, and whether they see a file just written to the folder or address."""
    from ray.exceptions import NodeDiedError, RayTaskError, TaskUnschedulableError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    place = None if folder is None else Location.of(folder if is_address(folder) else Path(folder).absolute())
    mark, word = f".seen-{secrets.token_hex(4)}", secrets.token_hex(8)
    if place:
        with place.writing(mark) as path:
            _files.write_text(path, word)
    nodes = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
    try:
        look = ray.remote(_look)
        asked = {
            node: look.options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(
                place and File(place, mark)
            )
            for node in nodes
        }
        found = []
        for node, answer in asked.items():
            with contextlib.suppress(NodeDiedError, TaskUnschedulableError):  # it is there no more, and needs no asking
                theirs, read = ray.get(answer)
                name, there = nodes[node]["NodeManagerHostname"], nodes[node]["Resources"]
                parts = there.get("CPU", 0.0), there.get("GPU", 0.0), int(there.get("memory", 0))
                found.append(Machine(name, *parts, theirs, read == word if place else None))
    except RayTaskError as error:
        raise InputError(
            f"A machine of the cluster cannot run Limbeck: {str(error).strip().splitlines()[-1]}. Install the same "
            "version on every machine."
        ) from error
    finally:
        if place:
            place.delete(mark)
    return found


def _look(mark: File | None) -> tuple[dict[str, str], str]:
    """What a machine is asked at first: its versions, and what it reads in a file."""
    read = ""
    if mark:
        with contextlib.suppress(OSError, InputError), mark.begun() as handle:
            read = handle.read().decode()
    return versions(), read


def _task(task: Any, begin: Callable[[], object] | None) -> str | None:
    if begin:
        _once(begin)
    return attempt(task)


@cache
def _once(begin: Callable[[], object]) -> None:
    begin()


def _result(reference: Any) -> str | None:
    """What went wrong in a task, which ended, or which was lost as often as it was started."""
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        found: str | None = ray.get(reference)
    except RayTaskError:
        raise  # it is what was raised in the task as well: BusyError
    except RayError as error:
        return (
            f"the machine or process that did it was lost {_LOST_TIMES + 1} times ({type(error).__name__}). If memory "
            "was short, give each job more cores, so that fewer share a machine"
        )
    return found
