"""Which way up a picture is: the display matrix of videos and the EXIF orientation of photos."""

import struct
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame

from limbeck.media.recording import Recording, binary

_MOST_BYTES = 64 * 2**20
_ORIENTATION_TAG, _SHORT = 0x0112, 3
_STRAIGHT = 0.05


class Turn(NamedTuple):
    """Where the stored picture's right (a, b) and down (c, d) point on the screen: right and down each."""

    a: int = 1
    b: int = 0
    c: int = 0
    d: int = 1

    @property
    def is_odd(self) -> bool:
        """Whether this is no right angle."""
        straight, crossed = abs(self.a) + abs(self.d), abs(self.b) + abs(self.c)
        return min(straight, crossed) > _STRAIGHT * max(straight, crossed)

    def apply(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture (height, width, 3) upright, by the nearest right angle and mirror."""
        across, down = self.a, self.d
        if abs(self.b) + abs(self.c) > abs(self.a) + abs(self.d):
            image, across, down = image.transpose(1, 0, 2), self.c, self.b
        return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


_EXIF = {
    1: Turn(),
    2: Turn(a=-1),
    3: Turn(a=-1, d=-1),
    4: Turn(d=-1),
    5: Turn(0, 1, 1, 0),
    6: Turn(0, 1, -1, 0),
    7: Turn(0, -1, -1, 0),
    8: Turn(0, -1, 1, 0),
}
_COUNTERCLOCKWISE = {90: _EXIF[8], 180: _EXIF[3], 270: _EXIF[6]}


def turn_of_video(frame: VideoFrame) -> Turn:
    """The display matrix of a frame; upright where it has none."""
    try:
        matrix = bytes(cast(SideDataContainer, frame.side_data)[Type.DISPLAYMATRIX])
        a, b, _, c, d = struct.unpack_from("=5i", matrix)
    except (KeyError, struct.error):
        return Turn()
    except ValueError:  # beside side data of a kind that PyAV does not know; it still knows the angle
        return _COUNTERCLOCKWISE.get(frame.rotation % 360, Turn())
    return Turn(a, b, c, d)


def turn_of_photo(recording: Recording) -> Turn:
    """The EXIF orientation of a JPEG, PNG, WebP or TIFF file; upright where there is none."""
    with binary(recording) as file:
        data = file.read(_MOST_BYTES)
    try:
        return _EXIF.get(_orientation(data[_tiff_start(data) :]), Turn())
    except (struct.error, ValueError):
        return Turn()


def _tiff_start(data: bytes) -> int:
    """Where the TIFF structure begins that holds the EXIF fields; ValueError if there is none."""
    if data[:4] in (b"II*\0", b"MM\0*"):
        return 0
    if data[:4] == b"RIFF":
        at = data.index(b"EXIF", 12) + 8
        return at + 6 if data[at : at + 6] == b"Exif\0\0" else at
    return data.index(b"eXIf") + 4 if data[:4] == b"\x89PNG" else data.index(b"Exif\0\0") + 6


def _orientation(tiff: bytes) -> int:
    """Raises: struct.error, ValueError where the structure is broken or says nothing."""
    if (order := {b"II": "<", b"MM": ">"}.get(tiff[:2])) is None:
        raise ValueError("no TIFF structure")
    (first,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, first)
    for i in range(count):
        tag, kind = struct.unpack_from(order + "HH", tiff, first + 2 + 12 * i)
        if (tag, kind) == (_ORIENTATION_TAG, _SHORT):
            return int(struct.unpack_from(order + "H", tiff, first + 10 + 12 * i)[0])
    raise ValueError("no orientation")
