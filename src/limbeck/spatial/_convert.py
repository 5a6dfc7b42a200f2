"""Ambisonic files from one convention to another."""

from pathlib import Path

import numpy as np

from limbeck.errors import InputError
from limbeck.spatial import ambisonics, files, render


def convert(
    source: Path,
    target: Path,
    came: str,
    wanted: str = ambisonics.AMBIX,
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
) -> str | None:
    """Convert an ambisonic file, piece after piece; each bit of W stays where no gain of it changes.

    Args:
        source: The file.
        target: The file to write.
        came: Convention of the source: ``ambix``, ``fuma`` or ``n3d``.
        wanted: That of the target.
        yaw: Degrees that the sound is turned to the left; see `ambisonics.rotation`.
        pitch: Degrees that its front is turned up.
        roll: Degrees that its left is turned up.

    Returns:
        A warning where the energies of the source speak against its convention, or its sidecar does.

    Raises:
        InputError: It has not 4, 9 or 16 channels, there is no such convention, or the target cannot hold it.
        MediaError: It cannot be read.
    """
    told = files.about(source)
    for name in (came, wanted):
        if name not in ambisonics.CONVENTIONS:
            raise InputError(
                f"There is no ambisonic convention {name!r}; there are {', '.join(ambisonics.CONVENTIONS)}."
            )
    if len(told.channels) not in ambisonics.CHANNELS:
        raise InputError(
            f"{source} has {len(told.channels)} channels; ambisonic sound has 4, 9 or 16. Split off others, such as a "
            "head-locked stereo pair, first."
        )
    order = ambisonics.CHANNELS[len(told.channels)]
    if target.suffix.lower() in (".opus", ".mp4") and wanted != ambisonics.AMBIX:
        raise InputError(f"{target}: players take the ambisonics of such a file as AmbiX, not as {wanted}; write WAV.")
    if target.resolve() == source.resolve():
        raise InputError(f"{target} is the source itself; give the target another name.")
    made = render.Ambisonic(order)
    details = made.about() | {"convention": wanted}
    channels = made.channels if wanted != "fuma" else tuple("WXYZRSTUVKLMNOPQ"[: len(told.channels)])
    output = {1: "foa", 2: "hoa2", 3: "hoa3"}[order] if wanted == ambisonics.AMBIX else ""
    about = files.About(output, channels, told.rate, made.layout, details)
    turn = ambisonics.rotation(yaw, pitch, roll, order=order) if (yaw, pitch, roll) != (0, 0, 0) else None
    energies, length = np.zeros(2), 0

    with files.writer(target, about) as put:
        for piece in files.read(source):
            plain = ambisonics.convert(piece, came)
            length += piece.shape[1]
            squares = np.square(piece[:4], dtype=np.float64).sum(axis=1)
            energies += squares[0], squares[1:].sum()
            turned = plain if turn is None else np.asarray(turn @ plain, np.float32)
            put(ambisonics.convert(turned, ambisonics.AMBIX, wanted))
        if not length:
            raise InputError(f"{source} is empty, so there is nothing to convert.")
    if told.convention not in (None, came):
        return f"{source} itself says that it is {told.convention}, but was taken for {came}, as you said."
    return ambisonics.doubt(float(energies[1] / energies[0]) if energies[0] else float("nan"), came)
