"""Sound from video on generated scenes: how far off `limbeck spatial from-video` is, beside what does not listen.

    python benchmarks/spatial_video.py --out scenes/                          # 210 clips: ten minutes of one core
    python benchmarks/spatial_video.py --out scenes/ --localiser motion --localiser localiser/

Clips are those of the dataset `spatial_playground`, of a seed that nothing was chosen or trained on.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from limbeck.datasets.spatial_playground import SpatialPlayground
from limbeck.spatial import directions, files, localisers, measure
from limbeck.spatial.video import Located, from_video

SEED = 2026
CELLS = [(view, sounding) for view in (360, 70) for sounding in (1, 2, 0)]
NAMES = {1: "one sounds, one is silent", 2: "two sound, one is silent", 0: "off-screen, two are silent"}


class Scored(NamedTuple):
    """What is measured of a clip; errors are means over its frames, in degrees.

    `first` is of the first source that was found, to the nearest that sounds; `heard` the same of those frames in which
    it is taken to sound, `seen` their share. `both` is of two sources, paired at the least error, where two were found;
    `found` is how many were.
    """

    first: float
    heard: float
    seen: float
    both: float
    found: int


def scored(found: list[Located], truth: np.ndarray) -> Scored:
    """Of what was found; truth are unit vectors, (3, source, frame)."""
    apart = np.array(
        [[directions.great_circle(one.vectors, other) for other in np.moveaxis(truth, 1, 0)] for one in found]
    )
    first = apart[0].min(axis=0)
    both = float("nan")
    if apart.shape[:2] == (2, 2):
        means = apart.mean(axis=-1)
        both = min(means[0, 0] + means[1, 1], means[0, 1] + means[1, 0]) / 2
    seen = found[0].seen
    heard = float(first[seen].mean()) if seen.any() else float("nan")
    return Scored(float(first.mean()), heard, float(seen.mean()), both, len(found))


def interval(values: list[float]) -> str:
    """The mean of what there is, and the interval that holds it in 95 of 100 draws of the clips."""
    known = np.array([value for value in values if not np.isnan(value)])
    if not len(known):
        return ""
    random = np.random.default_rng(0)
    draws = [random.choice(known, len(known)).mean() for _ in range(2000)]
    return f"{known.mean():.1f} ({np.percentile(draws, 2.5):.1f} to {np.percentile(draws, 97.5):.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder the clips are made in, and kept")
    parser.add_argument("--clips", type=int, default=35, help="of each of the six kinds")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--localiser", action="append", help="motion (what is taken without any), or a folder")
    options = parser.parse_args()
    ways = {name: localisers.opened(name) for name in options.localiser or ["motion"]}
    print("| clips | way | frames seen | error where seen | error of all frames | of two: found, error |")
    print("|---|---|---:|---|---|---|")
    for view, sounding in CELLS:
        folder = options.out / f"{view}_{sounding}"
        silent = 1 if sounding else 2
        data = SpatialPlayground(
            folder,
            clips=options.clips,
            field_of_view=view,
            sounding=sounding,
            silent=silent,
            seed=options.seed,
            workers=1,
        )
        rows: dict[str, list[Scored]] = {name: [] for name in ways}
        guesses: dict[str, list[float]] = {}
        for clip in data.clips():
            things = data.truth(clip)["things"]
            everything = np.stack([directions.vectors(t["azimuth_deg"], t["elevation_deg"]) for t in things], axis=1)
            truth = everything[:, [thing["sounds"] for thing in things]]
            for name, way in ways.items():
                found = from_video(clip.audio, options.out / f"{Path(name).name}.wav", data.picture, localiser=way)
                came = np.concatenate(list(files.read(clip.audio)), axis=1)
                sound = np.concatenate(list(files.read(options.out / f"{Path(name).name}.wav")), axis=1)
                assert np.array_equal(sound[0], came[0])
                rows[name].append(scored(found, truth))
            # What is swapped is the first thing that sounds and the last one, which is silent.
            for name, guess in measure.controls(everything[:, [0, -1]], seed=len(guesses.get("front", []))).items():
                if sounding and name != "mono":
                    guesses.setdefault(name, []).append(
                        float(directions.great_circle(guess, everything[:, [0, -1]])[0].mean())
                    )
        label = f"{'all around' if view == 360 else f'flat, {view} degrees'}: {NAMES[sounding]}"
        for name, clips in rows.items():
            share = interval([100 * clip.seen for clip in clips])
            errors = [interval([getattr(clip, of) for clip in clips]) if sounding else "" for of in ("heard", "first")]
            two = f"{100 * np.mean([clip.found == 2 for clip in clips]):.0f} %"
            both = f"{two}, {interval([clip.both for clip in clips])}" if sounding == 2 else two
            print(f"| {label} | {Path(name).name} | {share} | {errors[0]} | {errors[1]} | {both} |", flush=True)
        for name, values in guesses.items():
            print(f"| | {name} | | | {interval(values)} | |", flush=True)


if __name__ == "__main__":
    main()
