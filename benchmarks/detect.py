"""A generated day of sound: event F1 by level, times against truth, memory, and speed against real time.

Real events of ESC-10 (fold 4) are put at known times into pink noise, 12 in an hour, in hours of 20, 10 and 0 dB: an
event's power over its length against the noise's. The classifier learns ten words from the other folds, without labels.
An event counts as found if one of its word overlaps it; its length is where its own level is within 30 dB of its peak.

    python benchmarks/detect.py --data esc10/ --weights weights/ --hours 24
    python benchmarks/detect.py --data esc10/ --weights weights/ --hours 3       # minutes: does it run?
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from limbeck import detections, sounds
from limbeck.encoders._litert import PatchNetwork
from limbeck.encoders.yamnet import BANDS, NETWORK, PATCH_FRAMES, PATCH_HOP_SAMPLES
from limbeck.engine import machine
from limbeck.evaluation.sounds.embeddings import pink
from limbeck.media import write_wav

RATE_HZ, HOUR_S, EVENTS_AN_HOUR, NOISE = 16000, 3600, 12, 0.005
LEVELS_DB = (20, 10, 0)
WINDOW_S, HOP_S, REJECT = 4.0, 2.0, 0.05

Truth = list[tuple[str, float, float]]


def clips(data: Path) -> list[tuple[str, str, np.ndarray]]:
    """Fold, word and sound of every clip, from where it rises to where it has died away."""
    found = []
    with open(data / "manifest.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            samples, rate = soundfile.read(data / row["path"], dtype="float32")
            heard = soxr.resample(samples, rate, RATE_HZ)
            blocks = np.sqrt(np.mean(heard[: len(heard) // 400 * 400].reshape(-1, 400) ** 2, axis=1))
            loud = np.flatnonzero(blocks > blocks.max() * 10 ** (-30 / 20))
            found.append((row["split"], row["label"], heard[loud[0] * 400 : (loud[-1] + 1) * 400]))
    return found


def hour(pool: list[tuple[str, np.ndarray]], level_db: float, seed: int) -> tuple[np.ndarray, Truth]:
    """An hour of noise with events, one in every five minutes, and what and when they are."""
    draw = np.random.default_rng(seed)
    # Five minutes of noise, from another place and with another sign each time: an hour's transform takes gigabytes.
    tile = NOISE * pink(HOUR_S * RATE_HZ // EVENTS_AN_HOUR, seed)
    turns = [np.roll(tile, draw.integers(len(tile))) * draw.choice([-1, 1]) for _ in range(EVENTS_AN_HOUR)]
    samples = np.concatenate(turns).astype(np.float32)
    truth: Truth = []
    for slot in range(EVENTS_AN_HOUR):
        label, clip = pool[draw.integers(len(pool))]
        start_s = slot * HOUR_S / EVENTS_AN_HOUR + draw.uniform(20, 280)
        first = round(start_s * RATE_HZ)
        scaled = clip * (NOISE * 10 ** (level_db / 20) / np.sqrt(np.mean(clip**2)))
        samples[first : first + len(clip)] += scaled
        truth.append((label, start_s, start_s + len(clip) / RATE_HZ))
    return np.clip(samples, -1, 1), truth


def made(folder: Path, data: Path, hours: int) -> dict[str, Truth]:
    """Write the pool of clips and the day; the truth of each recording."""
    every = clips(data)
    for number, (fold, label, clip) in enumerate(every):
        if fold != "fold4":
            (folder / "pool").mkdir(exist_ok=True)
            write_wav(folder / "pool" / f"{label.replace(' ', '_')}-{number}.wav", clip, RATE_HZ)
    truth = {}
    (folder / "archive").mkdir()
    for number in range(hours):
        level = LEVELS_DB[number % len(LEVELS_DB)]
        samples, events = hour([(label, clip) for fold, label, clip in every if fold == "fold4"], level, number)
        name = f"{level}dB_20240131_{number % 24:02}0000.wav"
        write_wav(folder / "archive" / name, samples.astype(np.float32), RATE_HZ)
        truth[name] = events
    return truth


def judged(truth: dict[str, Truth], out: Path) -> dict[str, Any]:
    """Precision, recall and F1 by level, and how far times are off, in seconds."""
    found: dict[str, Truth] = {name: [] for name in truth}
    with open(out / "events.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["path"]].append((row["label"], float(row["start_s"]), float(row["end_s"])))
    told: dict[str, Any] = {}
    off: list[float] = []
    for level in LEVELS_DB:
        right, given, there = 0, 0, 0
        for name in (name for name in truth if name.startswith(f"{level}dB")):
            left = list(found[name])
            given, there = given + len(left), there + len(truth[name])
            for label, start, end in truth[name]:
                hits = [one for one in left if one[0] == label and one[1] < end and one[2] > start]
                if hits:
                    right += 1
                    left.remove(hits[0])
                    off += [abs(hits[0][1] - start), abs(hits[0][2] - end)]
        if there:
            told[f"{level} dB"] = {
                "events": there,
                "given": given,
                "precision": round(right / max(1, given), 3),
                "recall": round(right / there, 3),
                "f1": round(2 * right / max(1, given + there), 3),
            }
    told["times off (s)"] = {
        "median": round(statistics.median(off), 3) if off else None,
        "within half a window": round(float(np.mean(np.array(off) <= WINDOW_S / 2)), 3) if off else None,
    }
    return told


def one(folder: Path, weights: Path, hours: int) -> dict[str, Any]:
    """Hear so many hours in a process of its own: seconds, with and without loading, and memory in MiB."""
    code = (
        "import json, sys, time; from limbeck import sounds; from limbeck.detections import EventSettings\n"
        "begun = time.perf_counter()\n"
        f"done = sounds.detect({str(folder / 'classifier')!r}, sorted(map(str, __import__('pathlib').Path("
        f"{str(folder / 'archive')!r}).iterdir()))[:{hours}], out={str(folder / f'out{hours}')!r}, window={WINDOW_S}, "
        f"hop={HOP_S}, weights={str(weights)!r}, offline=True)\n"
        "used = int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024\n"
        "print(json.dumps({'seconds': time.perf_counter() - begun, 'processor_seconds': time.process_time(), "
        "'heard_s': done.seconds, 'memory_mib': used}))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name: round(value, 1) for name, value in json.loads(ran.stdout.splitlines()[-1]).items()}


def network_alone(weights: Path) -> float:
    """How many times real time the network goes on one core, when each patch, one every 0.48 s, is heard once."""
    network = PatchNetwork((weights / NETWORK.name).read_bytes(), (PATCH_FRAMES, BANDS), copies=1)
    seen = np.random.default_rng(0).normal(-3, 2, (400, PATCH_FRAMES, BANDS)).astype(np.float32)
    seconds = []
    for _ in range(5):
        begun = time.process_time()
        network(seen)
        seconds.append(time.process_time() - begun)
    return len(seen) * PATCH_HOP_SAMPLES / RATE_HZ / statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of ESC-10 with manifest.csv")
    parser.add_argument("--weights", type=Path, required=True, help="folder of yamnet's weights")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--out", type=Path, help="a JSON file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = made(folder, asked.data, asked.hours)
        how: dict[str, Any] = {"weights": asked.weights, "offline": True}
        sounds.index(folder / "pool", out=folder / "index", encoder="yamnet", window=WINDOW_S, progress=False, **how)
        words = sorted({label for events in truth.values() for label, *_ in events})
        sounds.learn(folder / "index", words, out=folder / "classifier", reject=REJECT, **how)
        short, whole = one(folder, asked.weights, 1), one(folder, asked.weights, asked.hours)
        rows = {}
        for threshold in (0.5, 0.6, 0.7, 0.8):
            settings = detections.EventSettings(threshold=threshold)
            sounds.detect(
                folder / "classifier",
                sorted((folder / "archive").iterdir()),
                out=folder / f"out{asked.hours}",
                settings=settings,
                window=WINDOW_S,
                hop=HOP_S,
                **how,
            )
            rows[f"min-confidence {threshold:g}"] = judged(truth, folder / f"out{asked.hours}")
    result = {
        "hours": asked.hours,
        "an hour": short,
        "all": whole,
        "times real time, loading and all": round(whole["heard_s"] / whole["seconds"]),
        "times real time, beyond the first hour": round(
            (whole["heard_s"] - short["heard_s"]) / max(1e-9, whole["seconds"] - short["seconds"])
        ),
        "times real time of a core that embeds, beyond the first hour": round(
            (whole["heard_s"] - short["heard_s"]) / max(1e-9, whole["processor_seconds"] - short["processor_seconds"])
        ),
        "times real time of a core, the network alone": round(network_alone(asked.weights)),
        "found": rows,
        "machine": machine(),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
