"""A scene as a table for people."""

from typing import TYPE_CHECKING

from limbeck.cli import _output

if TYPE_CHECKING:
    from limbeck.spatial import Scene, Source


def show(scene: "Scene") -> None:
    """Print a line a sound: what, when, from where to where, how loud."""
    rows = [
        [
            source.words,
            f"{source.start:g} to {source.end:g}",
            "all around" if source.extent == "around" else _places(source),
            f"{source.level:g}",
            source.repeat,
        ]
        for source in scene.sources
    ]
    title = f"{scene.duration:g} s" + ("" if scene.room is None else f", room of {_size(scene.room.size)} m")
    title += f", head turned {scene.listener.yaw:g} degrees to the left" if scene.listener.yaw else ""
    _output.as_table(["sound", ">s", "where", ">dB", "repeat"], rows, title=title)


def _places(source: "Source") -> str:
    from limbeck.spatial import named

    places = [f"{named(w.azimuth, w.elevation)}, {w.distance:.3g} m" for w in source.waypoints]
    return (" straight to " if source.path == "straight" else " to ").join(places)


def _size(size: tuple[float, ...]) -> str:
    return " x ".join(f"{side:g}" for side in size)
