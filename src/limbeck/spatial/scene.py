"""A scene: which sounds are heard, when, from where, how loud, in what room; TOML in and out.

Azimuths grow to the LEFT from 0 in front, elevations upwards, both in degrees and as seen by a listener who has not
turned. Distances are in metres, times in seconds from the beginning of the scene, levels in dB.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import tomli_w
from pydantic import AfterValidator, Field, ValidationError, model_validator

from limbeck import _files
from limbeck._config import Config, mistake
from limbeck.errors import InputError

Floats = npt.NDArray[np.float64]

SOUND_SPEED = 343.0
"""Metres per second, in air of 20 degrees Celsius."""
NEAREST = 0.1
"""The least distance of a source in metres: nearer ones would be inside the head."""
LONGEST_S = 86_400.0
"""A scene lasts a day at most."""
_HEADER = "# Degrees: azimuth + to the left of the front, elevation + up. Distances in m, times in s, levels in dB.\n"


def _outside_the_head(distance: float) -> float:
    if distance < NEAREST:
        raise ValueError(f"a source is at least {NEAREST} m away, else it would be inside the head")
    return distance


class Waypoint(Config):
    """Where a source is at one time.

    Attributes:
        time: Seconds from the beginning of the scene.
        azimuth: Degrees to the left of the front. Turns are allowed, a thousand: from 0 to 720 is twice round.
        elevation: Degrees above the horizon, in [-90, 90].
        distance: Metres from the middle of the head, at least 0.1.
    """

    time: float = Field(0.0, ge=0)
    azimuth: float = Field(ge=-360_000, le=360_000)
    elevation: float = Field(0.0, ge=-90, le=90)
    distance: Annotated[float, Field(le=100_000), AfterValidator(_outside_the_head)] = 2.0


class Source(Config):
    """A sound and its way through the scene.

    Attributes:
        words: What sounds, in words: "dog barks".
        recording: Its file, or None where there is none yet; a file of a scene may give it relative to its folder.
        offset: The second of the recording at which the sound begins.
        start: The second of the scene at which it begins.
        end: The second of the scene at which it ends.
        level: Its loudness at 1 m in dB, relative to the reference level of the scene; farther away it is softer.
        waypoints: Where it is; before the first and after the last one it stays there. A source "around" needs none.
        path: The way between two waypoints. On an "arc" azimuth, elevation and distance change evenly, so from azimuth
            90 to -90 by way of the front, from 90 to 270 by way of behind. "straight" is a straight line in space at
            constant speed, as a car goes.
        extent: "point" for one place, or "around" for a sound that comes from everywhere, such as rain.
        repeat: Whether a recording that is too short begins again ("loop") or is followed by silence ("once").
        licence: Licence of the recording where it is known.
    """

    words: str = Field(min_length=1)
    recording: str | None = None
    offset: float = Field(0.0, ge=0)
    start: float = Field(0.0, ge=0)
    end: float
    level: float = Field(0.0, ge=-120, le=40)
    waypoints: tuple[Waypoint, ...] = Field((), validate_default=False)
    path: Literal["arc", "straight"] = "arc"
    extent: Literal["point", "around"] = "point"
    repeat: Literal["loop", "once"] = "loop"
    licence: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _everywhere_is_somewhere(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("extent") == "around" and not data.get("waypoints"):
            return {**data, "waypoints": ({"azimuth": 0.0},)}
        return data

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.waypoints:
            raise ValueError('it has no waypoints; give at least one, or extent = "around" for a sound from everywhere')
        if self.end <= self.start:
            raise ValueError(f"it ends at {self.end:g} s, which is not after its start at {self.start:g} s")
        for before, after in zip(self.waypoints, self.waypoints[1:], strict=False):
            if after.time <= before.time:
                raise ValueError(
                    f"a waypoint at {after.time:g} s follows one at {before.time:g} s; times of waypoints must grow"
                )
            speed, nearest = _way(before, after, self.path)
            if nearest < NEAREST:
                raise ValueError(
                    f"between {before.time:g} s and {after.time:g} s its straight path goes through the head; "
                    'add a waypoint that leads past it, or let it go along an "arc"'
                )
            if speed >= SOUND_SPEED:
                raise ValueError(
                    f"between {before.time:g} s and {after.time:g} s it moves at {speed:.0f} m/s, and sound itself at "
                    f"{SOUND_SPEED:g} m/s; give it more time or a shorter way"
                )
        return self

    def at(self, times: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Where the source is at some times in seconds.

        Returns:
            Azimuth in degrees in (-180, 180], elevation in degrees and distance in metres, each of the shape of
            `times`, float64.
        """
        when = np.asarray(times, np.float64)
        known = [waypoint.time for waypoint in self.waypoints]
        columns = np.array([(w.azimuth, w.elevation, w.distance) for w in self.waypoints]).T
        if self.path == "straight":
            x, y, z = (np.interp(when, known, axis) for axis in cartesian(*columns))
            return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y))), np.sqrt(x**2 + y**2 + z**2)
        azimuth, elevation, distance = (np.interp(when, known, column) for column in columns)
        return 180.0 - (180.0 - azimuth) % 360.0, elevation, distance


class Room(Config):
    """A room like a box, with the listener above the middle of its floor.

    Attributes:
        size: Metres from back to front, from right to left, and from floor to ceiling.
        absorption: The part of the energy that the walls swallow, from 0 (all is reflected) to 1 (nothing is).
    """

    size: tuple[float, float, float]
    absorption: float = Field(0.3, ge=0, le=1)

    @model_validator(mode="after")
    def _holds_somebody(self) -> Self:
        if min(self.size) < 1 or max(self.size) > 1000:
            raise ValueError(
                f"a room is 1 m to 1000 m long, wide and high, not {' x '.join(f'{s:g}' for s in self.size)} m"
            )
        return self


class Listener(Config):
    """Who hears the scene.

    Attributes:
        yaw: Degrees the head is turned to the left.
        height: Metres of the ears above the floor.
    """

    yaw: float = Field(0.0, ge=-360_000, le=360_000)
    height: float = Field(1.6, gt=0)


class Scene(Config):
    """Sounds around a listener.

    Attributes:
        sources: The sounds; there may be none.
        duration: Length in seconds.
        rate: Samples per second of what is rendered, in Hz.
        room: The room, or None for the open air.
        listener: Who hears it.

    Example:
        >>> dog = Source(words="dog barks", start=2, end=5, waypoints=(Waypoint(azimuth=90, distance=1),))
        >>> scene = Scene(sources=(dog,), duration=10)
        >>> Scene.from_toml(scene.to_toml()) == scene
        True
    """

    sources: tuple[Source, ...] = ()
    duration: float = Field(10.0, gt=0, le=LONGEST_S)
    rate: int = Field(48_000, ge=8_000, le=192_000)
    room: Room | None = None
    listener: Listener = Listener()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for number, source in enumerate(self.sources, 1):
            called = f"source {number} ({source.words!r})"
            if source.end > self.duration:
                raise ValueError(f"{called} ends at {source.end:g} s, but the scene already at {self.duration:g} s")
            if source.waypoints[-1].time > self.duration:
                last = source.waypoints[-1].time
                raise ValueError(f"{called} has a waypoint at {last:g} s, but the scene ends at {self.duration:g} s")
            if self.room is not None:
                _check_inside(self.room, self.listener, source, called)
        return self

    def unheard(self) -> tuple[str, ...]:
        """A sentence for each source whose sound is so long on its way that the scene ends before it arrives.

        Example:
            >>> thunder = Source(words="thunder", end=4, waypoints=(Waypoint(azimuth=0, distance=2000),))
            >>> Scene(sources=(thunder,), duration=4).unheard()
            ("'thunder' is not heard: from 2000 m away it arrives at 5.8 s, and the scene ends at 4 s.",)
        """
        found = []
        for source in self.sources:
            away = float(source.at(source.start)[2])
            arrives = source.start + away / SOUND_SPEED
            if source.extent == "point" and arrives >= self.duration:
                found.append(
                    f"{source.words!r} is not heard: from {away:g} m away it arrives at {arrives:.1f} s, and the scene "
                    f"ends at {self.duration:g} s."
                )
        return tuple(found)

    def to_toml(self) -> str:
        """The scene as the text of a file that people can edit."""
        return _HEADER + "\n" + tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    @classmethod
    def from_toml(cls, text: str, name: str = "The scene") -> Self:
        """The scene of a text, which errors call by a `name`.

        Raises:
            InputError: The text is no TOML, or no scene; every mistake is told.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{name} is not TOML: {error}.") from error
        except ValidationError as error:
            lines = [f"  {mistake({**e, 'loc': _place(e['loc'])})}" for e in error.errors()]
            raise InputError("\n".join([f"{name} does not fit:", *lines])) from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The scene of a file; recordings given relative to its folder become whole paths.

        Raises:
            InputError: The file is not there, no TOML, or no scene; every mistake is told.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(
                f"{path} is not there, or no file; a scene is a TOML file, as limbeck spatial scene writes it."
            )
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is no text in UTF-8: {error}.") from error
        scene = cls.from_toml(text, str(path))
        return scene.model_copy(update={"sources": tuple(_from(path.parent, source) for source in scene.sources)})

    def save(self, path: str | Path) -> None:
        """Write the scene to a file at `path`, whole or not at all."""
        _files.write_text(Path(path), self.to_toml())


def cartesian(azimuth: npt.ArrayLike, elevation: npt.ArrayLike, distance: npt.ArrayLike = 1.0) -> tuple[Floats, ...]:
    """Metres to the front, to the left and up of a place at `azimuth`, `elevation` (degrees) and `distance` (metres).

    Example:
        >>> [float(axis.round(6)) for axis in cartesian(90, 0, 2)]
        [0.0, 2.0, 0.0]
    """
    a, e, d = np.radians(azimuth), np.radians(elevation), np.asarray(distance, np.float64)
    return d * np.cos(e) * np.cos(a), d * np.cos(e) * np.sin(a), d * np.sin(e)


def _way(before: Waypoint, after: Waypoint, path: str) -> tuple[float, float]:
    """The greatest speed between two waypoints, in m/s, and the least distance on a straight way, in m."""
    seconds = after.time - before.time
    if path == "arc":
        turned = math.hypot(after.azimuth - before.azimuth, after.elevation - before.elevation)
        across = math.radians(turned) * max(before.distance, after.distance)
        return math.hypot(across, after.distance - before.distance) / seconds, NEAREST
    a, b = (np.array(cartesian(w.azimuth, w.elevation, w.distance)) for w in (before, after))
    step = b - a
    length = float(np.linalg.norm(step))
    nearest = a + step * np.clip(-(a @ step) / max(length**2, 1e-12), 0, 1)
    return length / seconds, float(np.linalg.norm(nearest)) + 1e-9


def _check_inside(room: Room, listener: Listener, source: Source, called: str) -> None:
    """Refuse a source that is, or goes, outside the room."""
    if listener.height >= room.size[2]:
        raise ValueError(f"the ears are {listener.height:g} m above the floor, but the room is {room.size[2]:g} m high")
    if source.extent == "around":
        return
    known = [waypoint.time for waypoint in source.waypoints]
    times = np.union1d(np.linspace(known[0], known[-1], 101), known)
    x, y, z = cartesian(*source.at(times))
    half = np.array(room.size)[:2] / 2
    outside = (abs(x) > half[0]) | (abs(y) > half[1]) | (z < -listener.height) | (z > room.size[2] - listener.height)
    if outside.any():
        first = int(np.argmax(outside))
        raise ValueError(
            f"{called} is outside the room at {times[first]:.3g} s: {x[first]:.3g} m in front, {y[first]:.3g} m to the "
            f"left and {z[first]:.3g} m above the ears. The room reaches {half[0]:g} m to the front and back, "
            f"{half[1]:g} m to the sides, {listener.height:g} m down and {room.size[2] - listener.height:g} m up; make "
            "it larger"
        )


def _place(loc: Sequence[int | str]) -> tuple[str, ...]:
    """A place in a scene as people count: ("sources", 0, "end") is source 1, end."""
    words: list[str] = []
    for part in loc:
        if isinstance(part, int) and words:
            words[-1] = f"{words[-1].removesuffix('s')} {part + 1}"
        else:
            words.append(str(part))
    return (", ".join(words),) if words else ()


def _from(folder: Path, source: Source) -> Source:
    if source.recording is None:
        return source
    return source.model_copy(update={"recording": str((folder / source.recording).absolute())})
