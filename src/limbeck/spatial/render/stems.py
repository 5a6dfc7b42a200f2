"""The recordings of a scene as mono sound of one rate and loudness, read in pieces from wherever they lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from limbeck import media
from limbeck.errors import InputError, MediaError
from limbeck.spatial.loudness import SILENT, loudness
from limbeck.spatial.scene import Scene, Source

REFERENCE_LUFS = -23.0
"""Loudness of a source of level 0 dB at 1 m, before directions: that of broadcasts (EBU R 128)."""
_SEAM_S = 0.01
_WINDOW_S = 10.0


@dataclass(frozen=True)
class Stem:
    """What sounds, before it has a place.

    Attributes:
        samples: Mono, float32, (sample,), from the offset of the source on; may lie on a disk.
        gain: What they are multiplied by, to be as loud as they should be at 1 m.
        loops: Whether they begin again at their end.
        seam: The first samples, mixed with what follows the end, for every turn but the first one.
        lufs: Loudness of the recording as it came.
    """

    samples: npt.NDArray[np.float32]
    gain: float = 1.0
    loops: bool = False
    seam: npt.NDArray[np.float32] | None = None
    lufs: float = 0.0

    @classmethod
    def of(cls, samples: npt.NDArray[np.float32], rate: int, source: Source) -> "Stem":
        """What `samples` at a `rate`, of the recording of a `source`, become at its level.

        Raises:
            InputError: They are silent.
        """
        heard = samples[: round((source.end - source.start) * rate)]
        block = round(_WINDOW_S * rate)
        lufs = loudness((heard[at : at + block] for at in range(0, len(heard), block)), rate)
        if lufs == SILENT:
            raise InputError(
                f"What is heard of {source.recording or source.words!r} is silent; choose another recording, or "
                "another offset in it."
            )
        gain = 10 ** ((REFERENCE_LUFS - lufs + source.level) / 20)
        if source.repeat == "once" and source.extent == "point":
            return cls(samples, gain, lufs=lufs)
        fade = min(round(_SEAM_S * rate), len(samples) // 4)
        up = np.sin(np.linspace(0, np.pi / 2, fade, endpoint=False), dtype=np.float32)
        loop = samples[: len(samples) - fade]
        seam = samples[:fade] * up + samples[len(loop) :] * np.sqrt(1 - up**2)
        return cls(loop, gain, loops=True, seam=seam, lufs=lufs)

    def take(self, first: int, last: int) -> npt.NDArray[np.float32]:
        """Samples `first` to `last`, float32; zeros before the beginning and, unless it loops, behind the end."""
        out = np.zeros(last - first, np.float32)
        at = max(first, 0)
        while at < last and (self.loops or at < len(self.samples)):
            turn, begin = divmod(at, len(self.samples)) if self.loops else (0, at)
            seam = self.seam if turn and self.seam is not None and begin < len(self.seam) else None
            piece = (self.samples if seam is None else seam)[begin : begin + last - at]
            out[at - first : at - first + len(piece)] = piece
            at += len(piece)
        return out


@contextmanager
def opened(scene: Scene) -> Iterator[tuple[Stem, ...]]:
    """The stems of a scene's sources, in order; until this is left they lie in temporary files, not in memory.

    Raises:
        InputError: A source has no recording, or what is heard of it is silent.
        MediaError: A recording is not there, or cannot be read.
    """
    if missing := [source.words for source in scene.sources if source.recording is None]:
        raise InputError(
            f"{len(missing)} sources have no recording, the first {missing[0]!r}. Give each one in the scene's file "
            "(recording = ...), or let limbeck spatial fill find them."
        )
    if not scene.sources:
        raise InputError("The scene has no sources, so there is nothing to render; add one.")
    for source in scene.sources:
        if not Path(str(source.recording)).is_file():
            raise MediaError(
                "missing_file",
                f"The recording of {source.words!r}, {source.recording}, is not there, or no file. Correct the path in "
                "the scene's file, which counts from that file's folder.",
            )
    # One file for all, since there are more sources than files that may be open. It has no name: of a process that is
    # killed nothing is left.
    with TemporaryFile() as file:
        parts: list[slice] = []
        for source in scene.sources:
            begin = parts[-1].stop if parts else 0
            parts.append(slice(begin, begin + _decoded(source, scene.rate, file, begin)))
        file.flush()
        sound: np.memmap[Any, np.dtype[np.float32]] = np.memmap(file, np.float32, "r", shape=(parts[-1].stop,))
        yield tuple(Stem.of(sound[part], scene.rate, source) for part, source in zip(parts, scene.sources, strict=True))


def _decoded(source: Source, rate: int, file: IO[bytes], first: int) -> int:
    """Write what may be heard of the recording of a source, at a rate, to a file, as its samples from `first` on.

    Returns:
        How many there are.
    """
    begin = round(source.offset * rate)
    most = round((source.end - source.start) * rate * 1.01) + rate
    length = 0
    try:
        for window in media.sound_windows(
            Path(str(source.recording)), sample_rate_hz=rate, window_s=_WINDOW_S, hop_s=_WINDOW_S
        ):
            at = round(window.start_s * rate) - begin
            if at >= most:
                break
            # Silent windows are left out: what was not written of a file is zeros.
            piece = window.samples[max(-at, 0) : most - at]
            file.seek((first + max(at, 0)) * 4)
            file.write(piece.tobytes())
            length = max(length, max(at, 0) + len(piece))
    except MediaError as error:
        raise MediaError(error.reason, f"The recording of {source.words!r}: {error.detail}") from error
    if length < rate // 100:
        raise InputError(
            f"The recording of {source.words!r} holds no sound behind second {source.offset:g}, where the source "
            "begins; take a smaller offset."
        )
    return length
