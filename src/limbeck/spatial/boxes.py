"""The boxes of an MP4 file that tell players of sound and pictures all around: SA3D, and st3d with sv3d.

SA3D is what Google's "Spatial Audio RFC" describes, st3d and sv3d its "Spherical Video V2 RFC". FFmpeg writes no SA3D.
"""

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from limbeck._files import atomic
from limbeck.errors import InputError

_HOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_SOUNDS = {b"mp4a": 28, b"Opus": 28, b"lpcm": 28, b"sowt": 28}
"""Sample entries of sound, and how many bytes come before the boxes in them."""
_PICTURES = {b"avc1": 78, b"avc3": 78, b"hvc1": 78, b"hev1": 78, b"av01": 78, b"vp09": 78, b"mp4v": 78}
_AMBISONIC_CHANNELS = (4, 9, 16)


@dataclass(frozen=True)
class Tags:
    """What an MP4 file says of directions.

    Attributes:
        order: Ambisonic order of its sound; None without SA3D.
        channels: Number of channels that SA3D speaks of; 0 without.
        spherical: Whether its picture is all around (equirectangular).
    """

    order: int | None = None
    channels: int = 0
    spherical: bool = False


def sa3d(channels: int) -> bytes:
    """The box of AmbiX sound of so many `channels`, stored in the order of ACN: periphonic, ACN, SN3D.

    Example:
        >>> len(sa3d(4))
        36
    """
    if channels not in _AMBISONIC_CHANNELS:
        raise InputError(f"Ambisonic sound has 4, 9 or 16 channels, but {channels} were given.")
    order = int(channels**0.5) - 1
    return _box(
        b"SA3D", struct.pack(">BBIBBI", 0, 0, order, 0, 0, channels) + struct.pack(f">{channels}I", *range(channels))
    )


def sv3d(maker: str = "Limbeck") -> bytes:
    """The boxes of a picture for both eyes that is equirectangular and upright; the `maker` is who says so."""
    flags = bytes(4)
    head = _box(b"svhd", flags + maker.encode() + b"\0")
    projection = _box(b"proj", _box(b"prhd", flags + bytes(12)) + _box(b"equi", flags + bytes(16)))
    return _box(b"st3d", flags + b"\0") + _box(b"sv3d", head + projection)


def tag(path: Path, *, channels: int = 0, spherical: bool = False) -> None:
    """Write boxes into an MP4 file, in place of those it has; sound and pictures stay as they are, bit for bit.

    Args:
        path: The file; it is replaced whole or not at all.
        channels: Of AmbiX sound, 4, 9 or 16; 0 where the sound is another.
        spherical: Whether the picture is equirectangular.

    Raises:
        InputError: It is no MP4 file, or lacks the track.
    """
    with open(path, "rb") as file:
        top = list(_boxes(file, 0, os.fstat(file.fileno()).st_size, str(path)))
        moov = next(((at, size) for kind, at, size in top if kind == b"moov"), None)
        if moov is None:
            raise InputError(f"{path} is no MP4 file: it has no moov box.")
        file.seek(moov[0] + 8)
        content = file.read(moov[1] - 8)
        added = {b"S": sa3d(channels) if channels else b"", b"P": sv3d() if spherical else b""}
        done: list[bytes] = []
        whole = _rebuilt(content, added, done)
        missing = {b"S": "sound", b"P": "picture"}
        if lost := [missing[kind] for kind, box in added.items() if box and kind not in done]:
            raise InputError(f"{path} has no {' or '.join(lost)} track whose kind is known, so none can be described.")
        growth = len(whole) - len(content)
        behind = any(kind == b"mdat" and at > moov[0] for kind, at, _ in top)
        if growth and behind:
            whole = _moved(whole, growth)
        with atomic(path) as temporary, open(temporary, "wb") as out:
            for kind, at, size in top:
                if kind == b"moov":
                    out.write(_box(b"moov", whole))
                    continue
                file.seek(at)
                _copy(file, out, size)


def tags(path: Path) -> Tags:
    """What the boxes of an MP4 file say.

    Raises:
        InputError: It is no MP4 file, or says what is not understood.
    """
    with open(path, "rb") as file:
        top = list(_boxes(file, 0, os.fstat(file.fileno()).st_size, str(path)))
        moov = next(((at, size) for kind, at, size in top if kind == b"moov"), None)
        if moov is None:
            raise InputError(f"{path} is no MP4 file: it has no moov box.")
        file.seek(moov[0] + 8)
        content = file.read(moov[1] - 8)
    found: dict[bytes, bytes] = {}

    def keep(entry: bytes, before: int) -> bytes:
        found.update(dict(_inside(entry[before:])))
        return entry

    _walked(content, keep)
    spherical = b"equi" in found.get(b"sv3d", b"")
    if b"SA3D" not in found:
        return Tags(spherical=spherical)
    version, kind, order, ordering, scaling, channels = struct.unpack(">BBIBBI", found[b"SA3D"][:12])
    if (version, kind & 0x7F, ordering, scaling) != (0, 0, 0, 0):
        raise InputError(f"{path} has an SA3D box that is not of periphonic AmbiX, version 0; nothing else is known.")
    return Tags(order, channels, spherical)


def _rebuilt(content: bytes, added: dict[bytes, bytes], done: list[bytes]) -> bytes:
    def change(entry: bytes, before: int) -> bytes:
        kind = b"S" if before == 28 else b"P"
        if not added[kind]:
            return entry
        own = {box for box, _ in _inside(added[kind])}
        kept = b"".join(_box(box, body) for box, body in _inside(entry[before:]) if box not in own)
        done.append(kind)
        return entry[:before] + kept + added[kind]

    return _walked(content, change)


def _walked(content: bytes, change: Callable[[bytes, int], bytes]) -> bytes:
    """The content of boxes, with sample entries changed; `change` takes one's content and where boxes begin in it."""
    out = []
    for kind, body in _inside(content):
        before = _SOUNDS.get(kind) or _PICTURES.get(kind)
        if kind in _HOLDERS:
            body = _walked(body, change)
        elif kind == b"stsd":
            body = body[:8] + _walked(body[8:], change)
        elif before and len(body) >= before:
            body = change(body, before)
        out.append(_box(kind, body))
    return b"".join(out)


def _moved(content: bytes, by: int) -> bytes:
    """Places of samples in the file, so many bytes later."""
    out = []
    for kind, body in _inside(content):
        if kind in _HOLDERS:
            body = _moved(body, by)
        elif kind in (b"stco", b"co64"):
            letter = "I" if kind == b"stco" else "Q"
            count = struct.unpack(">I", body[4:8])[0]
            places = struct.unpack(f">{count}{letter}", body[8:])
            body = body[:8] + struct.pack(f">{count}{letter}", *(place + by for place in places))
        out.append(_box(kind, body))
    return b"".join(out)


def _inside(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        size = size or len(content) - at
        if size < 8 or at + size > len(content):
            raise InputError(f"A box of an MP4 file, {kind!r}, is damaged: it says it has {size} bytes.")
        yield kind, content[at + 8 : at + size]
        at += size


def _boxes(file: BinaryIO, at: int, end: int, name: str) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and size of the boxes of a file."""
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            size = struct.unpack(">Q", file.read(8))[0]
        size = size or end - at
        if size < 8 or at + size > end:
            raise InputError(f"{name} is no whole MP4 file: its box {kind!r} says it has {size} bytes.")
        yield kind, at, size
        at += size


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _copy(source: BinaryIO, target: BinaryIO, count: int) -> None:
    while count:
        piece = source.read(min(count, 2**20))
        target.write(piece)
        count -= len(piece)
