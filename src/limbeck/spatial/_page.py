"""A folder of a rendered scene as a page to hear and to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError
from limbeck.spatial._named import where
from limbeck.spatial.scene import Scene, Source

Floats = npt.NDArray[np.float64]

TAPS = 256
_LATE_S = 0.001
_CROSSOVER_HZ = 700.0
_CORNERS = np.array([(a, e) for e in (35.264, -35.264) for a in (45.0, 135.0, -135.0, -45.0)]).T


def page(folder: Path | str, *, out: Path | str, title: str | None = None, most_seconds: float = 60.0) -> Path:
    """Write the page of a rendered scene.

    Args:
        folder: What ``limbeck spatial render`` wrote: ``scene.toml``, ``measured.json``, and ``foa`` in some form.
        out: Folder of the page.
        title: Its heading.
        most_seconds: How much of it can be heard at most; all of it is in the page.

    Returns:
        The page, ``index.html``.

    Raises:
        InputError: Something of it is not there, or is of something else.
        MediaError: The sound cannot be read.
        MissingExtraError: jinja2 or Pillow is not installed.
    """
    from limbeck import _files
    from limbeck.report import spatial_page
    from limbeck.spatial import ambisonics, files
    from limbeck.spatial._produce import MEASURED

    folder = Path(folder)
    if not most_seconds > 0:
        raise InputError(f"Some of it must be heard: seconds above 0 were expected, but {most_seconds:g} came.")
    sound = next((path for form in files.FORMS if (path := folder / f"foa.{form}").is_file()), None)
    if sound is None:
        raise InputError(
            f"There is no foa file in {folder}; render one: limbeck spatial render scene.toml --to foa --out {folder}"
        )
    if not (folder / MEASURED).is_file():
        raise InputError(
            f"There is no {MEASURED} in {folder}, as rendering did not come to its end. Render again: limbeck spatial "
            f"render SCENE --to foa --out {folder}"
        )
    scene = Scene.load(folder / "scene.toml")
    rows = _measured(_files.read_json(folder / MEASURED), folder)
    if [row["words"] for row in rows] != [source.words for source in scene.sources]:
        raise InputError(
            f"{folder / 'scene.toml'} and {folder / MEASURED} are of different scenes. Render again: limbeck spatial "
            f"render SCENE --to foa --out {folder}"
        )
    told = files.about(sound)
    wanted = round(min(most_seconds, scene.duration) * told.rate)
    pieces: list[npt.NDArray[np.float32]] = []
    for piece in files.read(sound):
        pieces.append(piece)
        if sum(p.shape[1] for p in pieces) >= wanted:
            break
    waveform = np.concatenate(pieces, axis=1)[:, :wanted] if pieces else np.zeros((4, 0), np.float32)
    if waveform.shape[0] != 4 or not waveform.shape[1]:
        raise InputError(
            f"{sound} holds {waveform.shape[0]} channels of sound, and four were expected. Render it again."
        )
    waveform = ambisonics.convert(waveform, told.convention or ambisonics.AMBIX)
    shown = [_shown(source, row, spatial_page.Sound) for source, row in zip(scene.sources, rows, strict=True)]
    remarks = []
    if wanted < round(scene.duration * told.rate):
        remarks.append(f"Only the first {wanted / told.rate:g} s can be heard here; the whole is in {sound.name}.")
    return spatial_page.page(
        out,
        sounds=shown,
        waveform=waveform,
        rate=told.rate,
        filters=ear_filters(told.rate),
        seconds=scene.duration,
        yaw=0.0,
        title=title,
        about={"file": sound.name, "listener": scene.listener.to_json(), "room": scene.room and scene.room.to_json()},
        remarks=remarks,
    )


def ear_filters(rate: int) -> Floats:
    """Impulse responses from W, Y, Z and X (AmbiX) to the left ear of a spherical head, (4, 256).

    First order is played by eight loudspeakers in the corners of a cube, whose sound goes to the ear; above 700 Hz it
    is made as directed as its energy allows (max rE). The right ear is the left one with Y turned round.

    Args:
        rate: Samples a second, in Hz.
    """
    from limbeck.spatial import ambisonics
    from limbeck.spatial.hrtf import SphericalHead

    azimuth, elevation = _CORNERS
    delays, filters = SphericalHead().ears(azimuth, elevation, rate)
    frequencies = np.fft.rfftfreq(TAPS, 1 / rate)
    late = np.exp(-2j * np.pi * frequencies * (delays[0][:, None] + _LATE_S))
    heard = np.fft.rfft(filters[:, 0], TAPS, axis=1) * late  # (loudspeaker, frequency)
    fed = np.linalg.pinv(ambisonics.gains(azimuth, elevation))  # (loudspeaker, channel)
    directed = 1 / (1 + (frequencies / _CROSSOVER_HZ) ** 4)
    first = directed + (1 - directed) * np.sqrt(2 / 3)
    whole = directed + (1 - directed) * np.sqrt(2)
    weights = np.stack([whole, first, first, first])
    return np.asarray(np.fft.irfft(weights * (fed.T @ heard), TAPS, axis=1))


def _measured(content: Any, folder: Path) -> list[dict[str, Any]]:
    outputs = {row.get("output"): row for row in content if isinstance(row, dict)} if isinstance(content, list) else {}
    if "foa" not in outputs:
        raise InputError(
            f"What was measured in {folder} says nothing of foa. Render it: limbeck spatial render SCENE --to foa "
            f"--out {folder}"
        )
    return list(outputs["foa"]["sources"])


def _shown(source: Source, row: dict[str, Any], made: Any) -> Any:
    return made(
        words=source.words,
        where=where(source),
        start=source.start,
        end=source.end,
        times=row["times"],
        meant=[tuple(place) for place in row["meant"]],
        found=[tuple(place) for place in row["found"]],
        error_median=row["error_median"],
        error_most=row["error_most"],
        recording=Path(source.recording).name if source.recording else "",
        licence=source.licence or "",
    )
