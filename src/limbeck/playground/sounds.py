"""A small folder of generated sounds, one subfolder per kind, to try things on without recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from limbeck._runtime import derive_seed
from limbeck.media import write_wav
from limbeck.playground._voices import coloured_noise
from limbeck.playground.kinds import KINDS, draw_cast

RATE_HZ = 16_000
SECONDS = 4.0
_NOISE = 0.03
_PEAK = 0.7


def write_sounds(folder: Path, *, each: int, seed: int = 0, kinds: int = len(KINDS)) -> list[tuple[Path, str]]:
    """Write `each` sounds of every kind as ``folder/kind/number.wav``; gives path and kind of each, kind after kind.

    The `folder` is made if need be, and files that exist are kept. Everything random follows from `seed`; `kinds` takes
    only the first so many kinds.
    """
    made = []
    for kind in KINDS[:kinds]:
        for i in range(each):
            path = folder / kind.name.replace(" ", "_") / f"{i:02d}.wav"
            made.append((path, kind.name))
            if path.exists():
                continue
            rng = np.random.default_rng(derive_seed(seed, "sounds", kind.name, i))
            cast = draw_cast(kind, rng, SECONDS)
            wave = kind.voice(cast, RATE_HZ, SECONDS)
            wave = wave + _NOISE * coloured_noise(rng, len(wave), RATE_HZ, 1.0)
            write_wav(path, (wave * (_PEAK / np.abs(wave).max())).astype(np.float32), RATE_HZ)
    return made
