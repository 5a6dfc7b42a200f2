"""Sound from video on generated clips: how far off `limbeck spatial from-video` is, beside what does not listen.

    python benchmarks/spatial_video.py                # 200 clips with something that sounds, 100 without: two minutes

Clips have four seconds of 12 frames a second. Discs drift, and swell at times of their own; where one of them swells,
noise clicks. Settings were chosen on the clips 0 to 9 of each kind, and these are 1000 and on.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from limbeck.media.projection import Picture
from limbeck.spatial import directions, measure
from limbeck.spatial.video import Located, locate, motion, onsets

RATE, FPS, SECONDS = 16_000, 12, 4.0
SIZE = (64, 128)
FRAMES = round(SECONDS * FPS)


class Clip(NamedTuple):
    """A generated clip: frames, sound, and unit vectors of its things, (3, thing, frame); the first one sounds."""

    frames: np.ndarray
    waveform: np.ndarray
    truth: np.ndarray


def clip(seed: int, picture: Picture, *, things: int = 1, off_screen: bool = False) -> Clip:
    """Discs that drift, and swell at times of their own; one swells when a click sounds, unless it is out of sight."""
    random = np.random.default_rng(seed)
    rows, columns = np.meshgrid(
        (np.arange(SIZE[0]) + 0.5) / SIZE[0], (np.arange(SIZE[1]) + 0.5) / SIZE[1], indexing="ij"
    )
    seen = picture.vectors(rows, columns, 0.5)
    span = 18.0 if picture.width is None else picture.width / 14
    pictures = np.repeat((60 + 10 * np.sin(9 * rows + 7 * columns))[None], FRAMES, axis=0)
    time = np.arange(FRAMES) / FPS
    truth, beats = [], []
    for _ in range(things):
        begin, speed = random.uniform([0.2, 0.15], [0.8, 0.85]), random.uniform(-0.03, 0.03, 2)
        place = picture.vectors(*(begin[:, None] + speed[:, None] * (time - SECONDS / 2)), 0.5)
        own = np.cumsum(random.integers(3, 9, 20))
        beats.append(own[own < FRAMES - 2])
        swell = np.zeros(FRAMES)
        for beat in beats[-1]:
            swell[beat : beat + 3] = np.maximum(swell[beat : beat + 3], [1, 0.6, 0.3][: FRAMES - beat])
        apart = directions.great_circle(seen[..., None], place[:, None, None])
        inside = apart < span * (0.7 + 0.5 * swell)
        pictures = np.where(np.moveaxis(inside, -1, 0), random.uniform(140, 220), pictures)
        truth.append(place)
    sounding = np.cumsum(random.integers(3, 9, 20)) if off_screen else beats[0]
    waveform = random.standard_normal(round(SECONDS * RATE)).astype(np.float32) * 1e-3
    # What is seen first in a frame has begun at any time since the frame before it.
    early = np.random.default_rng([seed, 1]).uniform(0, 1, len(sounding))
    for beat, since in zip(sounding, early, strict=True):
        if beat >= FRAMES:
            break
        at = round((beat - since) / FPS * RATE)
        length = min(1600, len(waveform) - at)
        waveform[at : at + length] += (random.standard_normal(length) * np.exp(-np.arange(length) / 400) * 0.3).astype(
            "f4"
        )
    noisy = pictures + random.normal(0, 2, pictures.shape)
    return Clip(np.clip(noisy, 0, 255).astype(np.uint8), waveform, np.stack(truth, axis=1))


def located(made: Clip, picture: Picture) -> Located:
    times = np.arange(FRAMES) / FPS
    return locate(motion(made.frames), onsets(made.waveform, RATE, times), times, picture)


def errors(made: Clip, found: Located) -> np.ndarray:
    return directions.great_circle(found.vectors, made.truth[:, 0])


def interval(values: np.ndarray) -> str:
    """The mean and the interval that holds it in 95 of 100 draws of the clips."""
    random = np.random.default_rng(0)
    draws = [random.choice(values, len(values)).mean() for _ in range(2000)]
    return f"{values.mean():.1f} ({np.percentile(draws, 2.5):.1f} to {np.percentile(draws, 97.5):.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=50)
    options = parser.parse_args()
    for kind, picture in (("all around", Picture()), ("flat, 70 degrees", Picture(70.0))):
        for things in (1, 2):
            table: dict[str, list[float]] = {}
            seen = []
            for seed in range(1000, 1000 + options.clips):
                made = clip(seed, picture, things=things)
                found = located(made, picture)
                seen.append(found.seen.mean())
                table.setdefault("from-video", []).append(float(np.mean(errors(made, found))))
                for name, guess in measure.controls(made.truth, seed=seed).items():
                    if name != "mono":
                        apart = directions.great_circle(guess, made.truth)[0]
                        table.setdefault(name, []).append(float(np.mean(apart)))
            rows = {name: interval(np.array(values)) for name, values in table.items()}
            print(kind, things, "seen", f"{100 * np.mean(seen):.0f} %", rows)
        unseen = []
        for seed in range(1000, 1000 + options.clips):
            unseen.append(located(clip(seed, picture, things=2, off_screen=True), picture).seen.mean())
        print(kind, "off-screen, two discs that are silent: seen", f"{100 * np.mean(unseen):.0f} %")


if __name__ == "__main__":
    main()
