"""Decoding several frames of a clip against one, and against one call a frame, where they lie in one group of pictures.

    python benchmarks/frames.py                     # 40 clips, a minute or so
    python benchmarks/frames.py --clips 100 --out benchmarks/results/frames.json

A video of a minute is made (640 x 360 pixels, H.264, key frames 10 s apart), and of clips of a second of it frames are
read: the one in the middle, K at even times, and K by one call each. Forms come in turns; ratios are those of medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from limbeck.engine import machine, versions
from limbeck.media import ClipRecipe, even_times, read_clip

COUNTS = (2, 4, 8, 16)
FPS, SECONDS, GROUP_S = 25, 60, 10
RECIPE = ClipRecipe(tracks=("image",), image_size=112)


def frames() -> Iterator[npt.NDArray[np.uint8]]:
    """A textured scene that drifts, so that every frame has something to decode."""
    draw = np.random.default_rng(0)
    scene = np.repeat(np.repeat(draw.integers(0, 256, (60, 160, 3), dtype=np.uint8), 8, 0), 8, 1)
    for i in range(FPS * SECONDS):
        yield np.ascontiguousarray(np.roll(scene, 3 * i, 1)[60:420, :640])


def write(path: Path) -> None:
    """The video, with a key frame every ten seconds and none between."""
    with av.open(str(path), "w") as out:
        track = out.add_stream("libx264", rate=FPS)
        track.width, track.height, track.pix_fmt = 640, 360, "yuv420p"
        group = str(GROUP_S * FPS)
        track.options = {"preset": "veryfast", "g": group, "keyint_min": group, "sc_threshold": "0"}
        for i, pixels in enumerate(frames()):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            out.mux(track.encode(frame))
        out.mux(track.encode(None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        write(path)

        def read(times: tuple[float, ...], start_s: float) -> None:
            recipe = RECIPE.model_copy(update={"times": times})
            read_clip(None, path, start_s=start_s, length_s=1.0, recipe=recipe)

        forms: dict[str, Callable[[float], None]] = {"1 frame": lambda start_s: read((0.5,), start_s)}
        for count in COUNTS:
            times = even_times(count)
            forms[f"{count} frames"] = lambda start_s, times=times: read(times, start_s)
            forms[f"{count} calls"] = lambda start_s, times=times: [read((at,), start_s) for at in times]
        # Anywhere in a group but at its end, where the next key frame would be nearer.
        starts = np.random.default_rng(1).uniform(0, GROUP_S - 1, options.clips) + GROUP_S * (
            np.arange(options.clips) % (SECONDS // GROUP_S)
        )
        seconds: dict[str, list[float]] = {name: [] for name in forms}
        for start_s in [starts[0], *starts]:
            for name, form in forms.items():
                began = time.perf_counter()
                form(float(start_s))
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(several[1:]) for name, several in seconds.items()}
    one = medians["1 frame"]
    for name, median in medians.items():
        print(f"{name}: {1000 * median:.1f} ms, {median / one:.2f} times one frame")
    if options.out:
        found = {"milliseconds": {n: round(1000 * m, 2) for n, m in medians.items()}, "clips": options.clips}
        options.out.write_text(json.dumps(found | {"machine": machine(), "versions": versions()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
