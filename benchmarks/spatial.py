"""Rendered scenes: errors of direction, delay, level and pitch; speed; memory of an hour.

    python benchmarks/spatial.py                        # directions, loudspeakers, pitch: a few minutes
    python benchmarks/spatial.py --speed --memory
    python benchmarks/spatial.py --head kemar.sofa      # delays between the ears of a measured head

Scenes are of one source of noise somewhere on the sphere, half of them on their way to somewhere else, dry. What is
rendered is measured as `limbeck spatial measure` does. Speed is that of ten moving sources for a minute, from opened
recordings to samples, by the clock and by the processor's time (of which two cores have two seconds a second); two runs
before, so that loops are compiled; the best of three.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from limbeck.engine import machine, versions
from limbeck.media import write_wav
from limbeck.spatial import Scene, Source, Waypoint, directions, measure, produce, render
from limbeck.spatial.hrtf import Hrtf, Measured, SphericalHead, woodworth
from limbeck.spatial.render import Stem

RATE = 48_000


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32) * 0.1


def random_source(random: np.random.Generator, seconds: float, *, moving: bool) -> Source:
    """A source somewhere, evenly over the sphere, 1 to 10 m away; moving, to 30 degrees at most a second beside."""
    azimuth, elevation = random.uniform(-180, 180), np.degrees(np.arcsin(random.uniform(-1, 1)))
    places = [Waypoint(azimuth=azimuth, elevation=elevation, distance=random.uniform(1, 10))]
    if moving:
        up = np.clip(elevation + random.uniform(-30, 30) * seconds, -90, 90)
        turned = azimuth + random.uniform(-30, 30) * seconds
        places.append(Waypoint(time=seconds, azimuth=turned, elevation=up, distance=random.uniform(1, 10)))
    return Source(words="noise", end=seconds, waypoints=tuple(places))


def rendered(scene: Scene, stems: list[Stem], to: render.Output) -> np.ndarray:
    return np.concatenate([block.mix for block in render.blocks(scene, stems, to)], axis=1)


def ambisonic_errors(scenes: int, seconds: float = 0.3) -> np.ndarray:
    """Median great-circle error of the frames of each scene, in degrees."""
    random, samples, errors = np.random.default_rng(0), noise(seconds), []
    for number in range(scenes):
        source = random_source(random, seconds, moving=bool(number % 2))
        scene = Scene(sources=(source,), duration=seconds, rate=RATE)
        sound = rendered(scene, [Stem.of(samples, RATE, source)], render.OUTPUTS["foa"])
        heard = measure.intensity(sound, RATE)
        truth = render.heard_from(scene, heard.times)[:, 0]
        there = heard.counts & np.isfinite(truth[0])
        errors.append(float(np.median(directions.great_circle(heard.vectors[..., 0][:, there], truth[:, there]))))
    return np.array(errors)


def binaural_errors(scenes: int, head: Hrtf, seconds: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors of the delay in seconds, whether the level is on the right side, and lateral angles, of each scene.

    A sphere should have its formula's delay; a measured head that of its own responses, in directions it was measured.
    """
    random, samples = np.random.default_rng(1), noise(seconds)
    errors, sides, laterals = [], [], []
    for _ in range(scenes):
        source = random_source(random, seconds, moving=False)
        place = source.waypoints[0]
        true = float(woodworth(place.azimuth, place.elevation))
        if isinstance(head, Measured):
            nearest = int(random.integers(head.vectors.shape[1]))
            around, up = (float(v) for v in directions.angles(head.vectors[:, nearest]))
            place = place.model_copy(update={"azimuth": around, "elevation": up, "distance": 2.0})
            source = source.model_copy(update={"waypoints": (place,)})
            own = np.stack(
                [np.convolve(samples, ear)[: len(samples)] for ear in at_rate(head.responses[nearest], head.rate)]
            )
            true = float(np.median(measure.interaural(own, RATE)[1]))
        scene = Scene(sources=(source,), duration=seconds, rate=RATE)
        sound = rendered(scene, [Stem.of(samples, RATE, source)], render.Binaural(head))
        _, delay, level, _ = measure.interaural(sound, RATE)
        lateral = float(directions.lateral(place.azimuth, place.elevation))
        errors.append(float(np.median(delay[1:-1])) - true)
        sides.append(np.sign(np.median(level[1:-1])) == np.sign(lateral))
        laterals.append(lateral)
    return np.array(errors), np.array(sides), np.array(laterals)


def at_rate(responses: np.ndarray, rate: int) -> np.ndarray:
    import soxr

    return np.asarray(soxr.resample(responses.T, rate, RATE).T)


def pitch_errors(count: int = 40) -> np.ndarray:
    """Relative errors of the pitch of a tone whose source goes straight away or comes near, at up to 60 m/s."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(4 * RATE) / RATE).astype(np.float32)
    errors = []
    for speed in np.linspace(-60, 60, count):
        way = (Waypoint(azimuth=0, distance=100), Waypoint(time=1.0, azimuth=0, distance=100 + speed))
        source = Source(words="tone", end=1.0, waypoints=way)
        scene = Scene(sources=(source,), duration=1.0, rate=RATE)
        sound = rendered(scene, [Stem.of(tone, RATE, source)], render.OUTPUTS["foa"])[0, RATE // 2 : -RATE // 20]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 2**22))
        errors.append(spectrum.argmax() * RATE / 2**22 / (1000 / (1 + speed / 343)) - 1)
    return np.array(errors)


def speaker_levels(name: str) -> np.ndarray:
    """Energies in dB, re their mean, of the channels of a source that goes all round, and over top and bottom."""
    levels = []
    for around, up in [(a, 0.0) for a in range(-180, 180, 3)] + [(0.0, e) for e in range(-90, 91, 3)]:
        response = render.output(name).response(np.array([float(around)]), np.array([float(up)]), RATE)
        levels.append(10 * np.log10(float(np.square(response.filters).sum())))
    return np.array(levels) - np.mean(levels)


def speed(seconds: float = 60.0, sources: int = 10) -> dict[str, tuple[float, float]]:
    """Seconds of scene a second and a processor's second, by output; and of opening the recordings."""
    random = np.random.default_rng(0)
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(sources):
            files.append(Path(folder) / f"{number}.wav")
            write_wav(files[-1], noise(5.0, number), RATE)
        own = [
            random_source(random, seconds, moving=True).model_copy(update={"recording": str(file)}) for file in files
        ]
        scene = Scene(sources=tuple(own), duration=seconds, rate=RATE)
        began = time.perf_counter(), time.process_time()
        with render.opened(scene) as stems:
            made["opening"] = seconds / (time.perf_counter() - began[0]), seconds / (time.process_time() - began[1])
            for name in ("foa", "binaural", "5.1", "stereo"):
                taken = []
                for _ in range(5):
                    began = time.perf_counter(), time.process_time()
                    for _block in render.blocks(scene, stems, render.output(name)):
                        pass
                    taken.append((time.perf_counter() - began[0], time.process_time() - began[1]))
                made[name] = tuple(seconds / min(own) for own in zip(*taken[2:], strict=True))
    return made


def memory(seconds: float) -> float:
    """Largest resident memory, in MB, of this process while it renders a scene so long to a file."""
    with tempfile.TemporaryDirectory() as folder:
        write_wav(Path(folder) / "noise.wav", noise(5.0)[: 5 * 16_000], 16_000)
        random = np.random.default_rng(0)
        own = tuple(
            random_source(random, seconds, moving=moving).model_copy(update={"recording": f"{folder}/noise.wav"})
            for moving in (False, True, True)
        )
        scene = Scene(sources=own, duration=seconds, rate=16_000)
        for _ in produce(scene, Path(folder), {"foa": render.OUTPUTS["foa"]}, forms=("flac",)):
            pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--head", type=Path)
    parser.add_argument("--memory-of", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.memory_of:
        print(memory(options.memory_of))
        return
    rows: dict[str, object] = {}
    if options.speed:
        rows["seconds a second, a processor's second"] = speed()
    if options.memory:
        own = [sys.executable, __file__, "--memory-of"]
        rows["MB"] = {
            f"{minutes:g} min": float(subprocess.check_output([*own, str(60 * minutes)], text=True))
            for minutes in (1, 10, 60)
        }
    if options.head:
        errors, sides, laterals = binaural_errors(options.scenes, Measured.load(options.head))
        rows["measured head"] = ears(errors, sides, laterals)
    if not (options.speed or options.memory or options.head):
        degrees = ambisonic_errors(options.scenes)
        rows["FOA, degrees"] = {"median": float(np.median(degrees)), "most": float(degrees.max())}
        rows["sphere"] = ears(*binaural_errors(options.scenes, SphericalHead()))
        pitch = np.abs(pitch_errors())
        rows["pitch"] = {"median": float(np.median(pitch)), "most": float(pitch.max())}
        rows["loudspeakers, dB"] = {
            name: float(np.abs(speaker_levels(name)).max()) for name in ("stereo", "5.1", "7.1.4")
        }
    for name, row in rows.items():
        print(name, row)
    if options.out:
        options.out.write_text(
            json.dumps({"machine": machine(), "versions": versions(), "rows": rows}, indent=1) + "\n"
        )


def ears(errors: np.ndarray, sides: np.ndarray, laterals: np.ndarray) -> dict[str, float]:
    """In words; levels of sources within a degree of the middle are on neither side."""
    return {
        "ITD error us, median": float(np.median(np.abs(errors)) * 1e6),
        "ITD error us, most": float(np.abs(errors).max() * 1e6),
        "share of levels on the right side": float(sides[np.abs(laterals) > 1].mean()),
    }


if __name__ == "__main__":
    main()
