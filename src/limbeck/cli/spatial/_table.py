"""A scene as a table for people."""

from typing import TYPE_CHECKING

from limbeck.cli import _output

if TYPE_CHECKING:
    from limbeck.spatial import Scene


def show(scene: "Scene") -> None:
    """Print a line a sound: what, when, from where to where, how loud."""
    from limbeck.spatial import where

    rows = [
        [
            source.words,
            f"{source.start:g} to {source.end:g}",
            where(source),
            f"{source.level:g}",
            source.repeat,
        ]
        for source in scene.sources
    ]
    title = f"{scene.duration:g} s" + ("" if scene.room is None else f", room of {_size(scene.room.size)} m")
    title += f", head turned {scene.listener.yaw:g} degrees to the left" if scene.listener.yaw else ""
    _output.as_table(["sound", ">s", "where", ">dB", "repeat"], rows, title=title)


def _size(size: tuple[float, ...]) -> str:
    return " x ".join(f"{side:g}" for side in size)
