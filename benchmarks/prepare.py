"""Time to prepare a dataset of the AVE layout, against starting ffmpeg twice for every second of video.

The published way: for every second of an event one ffmpeg process cuts the sound to a WAV file (two channels, 11 kHz)
and one extracts frames at 8 a second, squeezed to 224 x 224, as JPEG files; then Python reads the WAV file and the
fourth frame and makes the log-mel, one clip after the other. Written here in our own words, with ffmpeg seeking before
it opens (the faster order). Both work on the same generated videos, in turns; medians over the rounds.

    python benchmarks/prepare.py                   # some ten minutes on two cores
    python benchmarks/prepare.py --small           # seconds: does it run?
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from limbeck.datasets import Prepared, load, prepare
from limbeck.engine import machine, versions
from limbeck.media import ClipRecipe, log_mel, write_video

RECIPE = ClipRecipe()
FPS = 25
RATE_HZ = 44100


@dataclass(frozen=True)
class Sizes:
    """What is prepared.

    Attributes:
        videos: Videos a round.
        seconds: Length of each; every second is a clip.
        height: Of the source, in pixels.
        width: Of the source, in pixels.
        rounds: Rounds, each with videos of its own.
    """

    videos: int
    seconds: int
    height: int
    width: int
    rounds: int


PUBLISHED = Sizes(videos=16, seconds=10, height=360, width=640, rounds=5)
SMALL = Sizes(videos=2, seconds=3, height=240, width=320, rounds=1)


def generate(root: Path, sizes: Sizes, seed: int) -> Path:
    """A dataset in AVE's layout: moving shapes over a moving, noisy ground, with tones and noise."""
    (root / "AVE").mkdir(parents=True)
    lines = ["Category&VideoID&Quality&StartTime&EndTime"]
    for i in range(sizes.videos):
        draw = np.random.default_rng([seed, i])
        at = np.arange(sizes.seconds * RATE_HZ) / RATE_HZ
        tone = 0.3 * np.sin(2 * np.pi * draw.uniform(100, 4000) * at) * np.sin(draw.uniform(1, 9) * at)
        sound = np.stack([tone, tone]) + draw.normal(0, 0.05, (2, at.size))
        write_video(
            root / "AVE" / f"{i:03d}.mp4",
            _frames(sizes, draw),
            fps=FPS,
            waveform=sound.astype(np.float32),
            sample_rate_hz=RATE_HZ,
        )
        lines.append(f"{'bell' if i % 2 else 'drum'}&{i:03d}&good&0&{sizes.seconds}")
    (root / "trainSet.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "testSet.txt").write_text(lines[0] + "\n", encoding="utf-8")
    return root


def _frames(sizes: Sizes, draw: np.random.Generator) -> Iterator[npt.NDArray[np.uint8]]:
    y, x = np.mgrid[: sizes.height, : sizes.width]
    ground = draw.integers(0, 60, (sizes.height, sizes.width, 3))
    speed, phase = draw.uniform(1, 6, 2), draw.uniform(0, 6, 2)
    for i in range(sizes.seconds * FPS):
        frame = np.roll(ground, int(i * speed[0]), axis=1) + np.stack([x, y, x + y], -1) * 100 // sizes.width
        centre = sizes.width * (0.5 + 0.4 * np.sin(i / 15 + phase[0])), sizes.height * (0.5 + 0.4 * np.cos(i / 9))
        frame[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 < (sizes.height / 8) ** 2] = 250
        yield np.clip(frame + draw.integers(-6, 7, frame.shape), 0, 255).astype(np.uint8)


def published_way(root: Path, work: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Log-mels (clip, 1, mel, frame) and frames (clip, 3, height, width) in the order of the lists."""
    import soundfile
    from PIL import Image

    sounds, pictures = [], []
    for line in (root / "trainSet.txt").read_text(encoding="utf-8").splitlines()[1:]:
        _, video, _, start, end = line.split("&")
        for second in range(int(start), int(end)):
            folder = work / f"{video}_{second:02d}"
            folder.mkdir(parents=True)
            source = ["-ss", str(second), "-t", "1", "-i", str(root / "AVE" / f"{video}.mp4")]
            _ffmpeg(*source, "-vn", "-ac", "2", "-ar", str(RECIPE.mel.sample_rate_hz), str(folder / "sound.wav"))
            _ffmpeg(*source, "-an", "-vf", "fps=8,scale=224:224", str(folder / "%02d.jpg"))
    for folder in sorted(work.iterdir()):
        wave, _ = soundfile.read(folder / "sound.wav", dtype="float32", always_2d=True)
        mono = np.zeros(RECIPE.mel.samples, np.float32)
        kept = wave.mean(1)[: mono.size]
        mono[: kept.size] = kept
        sounds.append(log_mel(torch.from_numpy(mono), RECIPE.mel)[None].numpy())
        with Image.open(folder / "04.jpg") as picture:
            pictures.append(np.asarray(picture.convert("RGB")).transpose(2, 0, 1))
    arrays = np.stack(sounds), np.stack(pictures)
    np.savez(work / "arrays.npz", audio=arrays[0], frames=arrays[1])
    return arrays


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)


def ours(root: Path, out: Path, workers: int | None) -> Prepared:
    """The same through `limbeck prepare`."""
    return prepare(load("ave")(root=root), out=out, recipe=RECIPE, workers=workers)  # type: ignore[call-arg]


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds of each way in each round, how far their arrays are apart, and machine facts."""
    if shutil.which("ffmpeg") is None:
        raise SystemExit("The published way needs the program ffmpeg; install it first.")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        begun = time.perf_counter()
        ours(generate(here / "warm", SMALL, seed=0), here / "warm-out", None)
        start_up = time.perf_counter() - begun
        rounds = [_round(here / str(i), sizes, seed=1 + i) for i in range(sizes.rounds)]
    clips = sizes.videos * sizes.seconds
    return {
        "machine": machine(),
        "versions": versions(),
        "platform": platform.platform(),
        "ffmpeg": subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2],
        "sizes": vars(sizes),
        "clips_a_round": clips,
        "warm_up_seconds": start_up,
        "rounds": rounds,
        "ways": {name: _way(name, rounds, clips) for name in ("published", "ours", "ours, one worker")},
    }


def _round(here: Path, sizes: Sizes, seed: int) -> dict[str, float]:
    root = generate(here / "AVE_Dataset", sizes, seed)
    timed: dict[str, float] = {}
    ways = {
        "published": lambda: published_way(root, here / "work"),
        "ours": lambda: ours(root, here / "out", None),
        "ours, one worker": lambda: ours(root, here / "out-1", 1),
    }
    results: dict[str, Any] = {}
    for name in list(ways) if seed % 2 else reversed(ways):
        begun = time.perf_counter()
        results[name] = ways[name]()
        timed[name] = time.perf_counter() - begun
    clips, (sound, pictures) = results["ours"].clips("train"), results["published"]
    order = np.argsort([clip.split("/")[1] for clip in results["ours"].ids("train")])
    timed["mean difference of log-mels, dB"] = float(np.abs(clips.array("audio").numpy()[order] - sound).mean())
    timed["mean difference of pixels, 0-255"] = float(
        np.abs(clips.array("image").numpy()[order] - pictures.astype(float)).mean()
    )
    return timed


def _way(name: str, rounds: list[dict[str, float]], clips: int) -> dict[str, float]:
    seconds = statistics.median(r[name] for r in rounds)
    return {
        "seconds": seconds,
        "fastest": min(r[name] for r in rounds),
        "slowest": max(r[name] for r in rounds),
        "clips_a_second": clips / seconds,
        "ratio": statistics.median(r["published"] / r[name] for r in rounds),
    }


def markdown(result: dict[str, Any]) -> str:
    """The result as a page."""
    facts, sizes = result["machine"], result["sizes"]
    far = {k: statistics.median(r[k] for r in result["rounds"]) for k in result["rounds"][0] if "difference" in k}
    lines = [
        "# Preparing a dataset",
        "",
        f"{sizes['videos']} videos a round of {sizes['seconds']} s, {sizes['width']} x {sizes['height']} at {FPS} "
        f"frames a second (H.264, AAC), one clip a second: {result['clips_a_round']} clips to 128 x 56 log-mel "
        "and 224 x 224 frames. "
        f"Medians of {sizes['rounds']} rounds, ways in turns.",
        "",
        f"Machine: {facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}; "
        f"ffmpeg {result['ffmpeg']}, PyAV {result['versions']['av']}, torch {result['versions']['torch']}.",
        "",
        "| way | s (range) | clips a second | ratio |",
        "|---|---|---|---|",
        *(
            f"| {name} | {w['seconds']:.2f} ({w['fastest']:.2f} to {w['slowest']:.2f}) | {w['clips_a_second']:.1f} "
            f"| {w['ratio']:.1f} |"
            for name, w in result["ways"].items()
        ),
        "",
        "Both make the same clips up to JPEG, scaler, resampler and a sixteenth of a second: "
        + ", ".join(f"{name}: {value:.2f}" for name, value in far.items())
        + ". Starting the workers, once a process, is not in the times.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="small sizes: seconds instead of minutes")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
    given = parser.parse_args()
    result = measure(SMALL if given.small else PUBLISHED)
    given.out.mkdir(parents=True, exist_ok=True)
    stem = "prepare-small" if given.small else "prepare"
    (given.out / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (given.out / f"{stem}.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
