"""From where sound comes, measured in what was rendered or recorded, and how wrong that is.

Frames are 0.1 s long, weighted with a Hann window, without overlap. Only frames with at least a thousandth of the
energy of the loudest one count (30 dB); a frame of near silence has a direction, too, but it means nothing.

| measure | what it is |
|---|---|
| direction | of the active intensity (Re W* X, Re W* Y, Re W* Z), summed over 100 to 7000 Hz of a frame |
| error | great circle between the direction and the truth of the frame's middle, in degrees |
| error rate | share of frames whose error is above 20 degrees |
| localisation error, recall | of several sources, paired in each frame at the least error in all: mean error of the
|  | pairs, share of the true sources that have one (SELD's, without classes) |
| CC, AUC | of energy maps: Pearson's correlation with the true map; area under the curve of its true cells (Judd) |
| ITD error | mean size of the difference of delays between the ears, cross-correlated below 1.5 kHz, in microseconds |
| ILD error | mean size of the difference of levels between the ears above 1.5 kHz, in dB |

A mean over time of signed numbers would hide a way from left to right, which has none on average: errors are taken
frame by frame, and then averaged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError
from limbeck.spatial import ambisonics, directions

Array = npt.NDArray[np.float64]
Sound = npt.NDArray[np.floating[Any]]

FRAME_S = 0.1
BAND_HZ = (100.0, 7000.0)
GATE = 1e-3
"""Least energy of a frame that counts, by that of the loudest one."""
EAR_HZ = 1500.0
"""The ears go by delays below, by levels above."""
HIT_DEGREES = 20.0
_LONGEST_ITD_S = 1e-3
_STRONGEST = 4000


@dataclass(frozen=True)
class Heard:
    """Directions over time.

    Attributes:
        times: Middles of the frames, in seconds, (frame,).
        vectors: Towards the sound, (3, frame, band), of any length.
        energy: Of each, (frame, band).
    """

    times: Array
    vectors: Array
    energy: Array

    @property
    def counts(self) -> npt.NDArray[np.bool_]:
        """Frames that count, (frame,): loud enough, and from somewhere."""
        energy = self.energy.sum(axis=1)
        somewhere = np.linalg.norm(self.vectors.sum(axis=2), axis=0) > 1e-9 * np.maximum(energy, 1e-30)
        return np.asarray((energy >= GATE * energy.max(initial=0)) & (energy > 0) & somewhere)

    @property
    def directions(self) -> Array:
        """Unit vectors of the frames that count, (3, frame), over all bands."""
        whole = self.vectors.sum(axis=2)[:, self.counts]
        return np.asarray(whole / np.linalg.norm(whole, axis=0))

    def mean(self) -> tuple[float, float]:
        """Azimuth and elevation in degrees of the sum of all; NaN where nothing counts."""
        if not self.counts.any():
            return float("nan"), float("nan")
        azimuth, elevation = directions.angles(self.vectors.sum(axis=2)[:, self.counts].sum(axis=1))
        return float(azimuth), float(elevation)

    @classmethod
    def joined(cls, parts: Sequence["Heard"]) -> "Heard":
        """One after the other; `parts` have their times already."""
        return cls(
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.vectors for part in parts], axis=1),
            np.concatenate([part.energy for part in parts]),
        )


def intensity(
    sound: Sound, rate: int, *, start_s: float = 0.0, bands: Sequence[tuple[float, float]] | None = (BAND_HZ,)
) -> Heard:
    """Active intensity of an ambisonic sound per frame and band.

    Args:
        sound: AmbiX, (channel, sample); of higher orders the first one counts.
        rate: Samples a second, in Hz.
        start_s: Second of its first sample.
        bands: From and to, in Hz; None for every frequency of the spectrum within `BAND_HZ` by itself.

    Raises:
        InputError: The number of channels is of no order.
    """
    ambisonics.order_of(sound)
    times, spectra, frequency = _spectra(sound[:4], rate, start_s)
    w, y, z, x = spectra
    flow = np.stack([(w.conj() * axis).real for axis in (x, y, z)])
    energy = (np.abs(spectra) ** 2).sum(axis=0) / 2
    if bands is None:
        inside = _within(frequency, BAND_HZ)
        return Heard(times, flow[..., inside], energy[:, inside])
    edges = [_within(frequency, band) for band in bands]
    return Heard(
        times,
        np.stack([flow[..., inside].sum(axis=2) for inside in edges], axis=2),
        np.stack([energy[:, inside].sum(axis=1) for inside in edges], axis=1),
    )


def interaural(sound: Sound, rate: int, *, start_s: float = 0.0) -> tuple[Array, Array, Array, Array]:
    """Delay and level between two ears per frame.

    Args:
        sound: Left and right, (2, sample).
        rate: Samples a second, in Hz.
        start_s: Second of its first sample.

    Returns:
        Middles of the frames in seconds; ITD in seconds, + where the right ear hears later, which is from the left, by
        the peak of the cross-correlation below 1.5 kHz within a millisecond; ILD in dB above 1.5 kHz, + where the left
        ear hears more; energy. Each is (frame,).

    Raises:
        InputError: There are not two channels.
    """
    if sound.ndim != 2 or len(sound) != 2:
        raise InputError(f"Two ears have two channels, but a sound of shape {sound.shape} was given.")
    times, spectra, frequency = _spectra(sound, rate, start_s, padded=True)
    delay = delays(spectra, frequency, rate)
    levels = (np.abs(spectra[..., frequency > EAR_HZ]) ** 2).sum(axis=-1)
    level = 10 * np.log10((levels[0] + 1e-20) / (levels[1] + 1e-20))
    return times, delay, level, np.asarray((np.abs(spectra) ** 2).sum(axis=(0, 2)))


def delays(spectra: npt.NDArray[np.complexfloating[Any]], frequency: Array, rate: int) -> Array:
    """Seconds that the right ear hears later: the peak of the cross-correlation below 1.5 kHz within a millisecond.

    Args:
        spectra: Of left and right, (2, frame, frequency), padded to twice the length of a frame at least.
        frequency: In Hz, (frequency,).
        rate: Samples a second of the sound, in Hz.
    """
    left, right = spectra
    finer = 16
    count = 2 * (spectra.shape[-1] - 1) * finer
    low = 1 / (1 + (frequency / EAR_HZ) ** 16) * (frequency > 50)
    agreement = np.fft.irfft(left.conj() * right * low, count, axis=-1)
    most = int(_LONGEST_ITD_S * rate * finer)
    around = np.concatenate([agreement[:, -most:], agreement[:, : most + 1]], axis=1)
    return np.asarray((around.argmax(axis=1) - most) / (rate * finer))


def lateral(sound: Sound, rate: int, sides: Array, known: Array, *, start_s: float = 0.0) -> Heard:
    """Directions to the side by the delay between two ears, which is all that it tells; in front and level.

    Args:
        sound: Left and right, (2, sample).
        rate: Samples a second, in Hz.
        sides: Lateral angles in degrees, growing, of which a head's delays are known (`hrtf.Hrtf.sides`).
        known: These delays, in seconds, growing.
        start_s: Second of its first sample.
    """
    times, delay, _, energy = interaural(sound, rate, start_s=start_s)
    side = np.interp(delay, known, sides)
    return Heard(times, (directions.vectors(side) * energy)[..., None], energy[:, None])


def speakers(sound: Sound, rate: int, places: Sequence[tuple[float, float] | None], *, start_s: float = 0.0) -> Heard:
    """Active intensity in the middle of loudspeakers.

    Args:
        sound: What they play, (channel, sample).
        rate: Samples a second, in Hz.
        places: Azimuth and elevation of each, in degrees; None for one that has no place (the bass).
        start_s: Second of its first sample.
    """
    if len(sound) != len(places):
        raise InputError(f"There are {len(places)} loudspeakers, but the sound has {len(sound)} channels.")
    real = [number for number, place in enumerate(places) if place is not None]
    around, up = np.array([place for place in places if place is not None]).T
    return intensity(ambisonics.gains(around, up) @ sound[real], rate, start_s=start_s)


@dataclass(frozen=True)
class Peak:
    """A direction that sound comes from.

    Attributes:
        azimuth: Degrees, + to the left.
        elevation: Degrees, + up.
        share: Part of the energy within 15 degrees.
    """

    azimuth: float
    elevation: float
    share: float


def peaks(heard: Heard, *, most: int = 8, apart: float = 25.0, least: float = 0.05) -> list[Peak]:
    """Directions of several sources: peaks of the histogram of the directions of every frame and frequency.

    One vector for two sources lies between them, or at the louder one; in a histogram both are found. The 4,000
    strongest of them count.

    Args:
        heard: Of `intensity`, with ``bands=None``.
        most: So many peaks at most.
        apart: Least angle between two, in degrees.
        least: Least share of the energy of a peak.

    Returns:
        The peaks, the strongest one first.
    """
    length = np.linalg.norm(heard.vectors, axis=0)
    counts = (length > 0) & heard.counts[:, None]
    if not counts.any():
        return []
    unit = heard.vectors[:, counts] / length[counts]
    # A mix of sources in one place of the spectrum flows less than it sounds: it says little.
    weight = length[counts] ** 2 / np.maximum(heard.energy[counts], 1e-30)
    strongest = np.argsort(-weight, kind="stable")[:_STRONGEST]
    unit, weight = unit[:, strongest], weight[strongest]
    points = directions.sphere(1280)
    close = np.zeros(points.shape[1])
    for first in range(0, unit.shape[1], 4096):
        part = slice(first, first + 4096)
        close += np.exp(200 * (points.T @ unit[:, part] - 1)) @ weight[part]
    found: list[Peak] = []
    free = np.ones(len(close), bool)
    while free.any() and len(found) < most:
        at = points[:, np.where(free, close, -1).argmax()]
        # The middle of what is near is finer than the points are.
        for _ in range(3):
            middle = (unit * (weight * np.exp(200 * (at @ unit - 1)))).sum(axis=1)
            at = middle / np.linalg.norm(middle)
        share = float(weight[at @ unit > np.cos(np.radians(15))].sum() / weight.sum())
        blocked = directions.great_circle(points, at[:, None]) < apart
        new = (
            not found
            or min(
                float(directions.great_circle(directions.vectors(peak.azimuth, peak.elevation), at)) for peak in found
            )
            >= apart
        )
        if share >= least and new:
            azimuth, elevation = directions.angles(at)
            found.append(Peak(float(azimuth), float(elevation), share))
        elif not (free & blocked).any():
            break
        free &= ~blocked
    return sorted(found, key=lambda peak: -peak.share)


def energy_map(sound: Sound, points: Array) -> Array:
    """Root mean square of what cardioids aimed at `points` pick up, (point,).

    Args:
        sound: AmbiX, (channel, sample); of higher orders the first one counts.
        points: Unit vectors, (3, point), as of `directions.sphere`.
    """
    ambisonics.order_of(sound)
    heard = ambisonics.harmonics(points, 1).T @ sound[:4]
    return np.asarray(np.sqrt(np.mean(heard**2, axis=1)))


def map_correlation(found: Array, truth: Array) -> float:
    """CC: Pearson's correlation of the map `found` with the `truth`, both (point,); 0 where one of them is flat."""
    a, b = found - found.mean(), truth - truth.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0


def map_auc(found: Array, inside: npt.NDArray[np.bool_]) -> float:
    """AUC after Judd: how likely the map `found`, (point,), is higher at a point `inside` than at one outside.

    Ties count half. NaN where all points are inside, or none is.
    """
    from scipy.stats import rankdata

    count, others = int(inside.sum()), int((~inside).sum())
    if not count or not others:
        return float("nan")
    return float((rankdata(found)[inside].sum() - count * (count + 1) / 2) / (count * others))


def error_rate(errors: Array, threshold: float = HIT_DEGREES) -> float:
    """Share of the `errors`, in degrees, above a `threshold`; one that is NaN, as nothing was found, counts."""
    return float(np.mean(~(errors <= threshold))) if len(errors) else float("nan")


@dataclass(frozen=True)
class Localisation:
    """How well several sources were found.

    Attributes:
        error: Mean angle of the pairs in degrees; 180 if there is none.
        recall: Share of the true sources that were found, at whatever angle.
        hits: F-score of those found within 20 degrees.
    """

    error: float
    recall: float
    hits: float


def localisation(found: Sequence[Array], truth: Sequence[Array], *, threshold: float = HIT_DEGREES) -> Localisation:
    """Found against true sources, frame by frame, each assigned to one at the least angle in all (Hungarian).

    Args:
        found: Unit vectors of each frame, (3, sources).
        truth: Likewise.
        threshold: Largest angle of a hit, in degrees.
    """
    from scipy.optimize import linear_sum_assignment

    angles: list[Array] = []
    for a, b in zip(found, truth, strict=True):
        apart = directions.great_circle(a[:, :, None], b[:, None, :])
        angles.append(apart[linear_sum_assignment(apart)])
    pairs = np.concatenate([*angles, np.zeros(0)])
    there, told = sum(b.shape[1] for b in truth), sum(a.shape[1] for a in found)
    hits = int((pairs <= threshold).sum())
    return Localisation(
        float(pairs.mean()) if len(pairs) else 180.0,
        len(pairs) / there if there else float("nan"),
        2 * hits / (there + told) if there + told else float("nan"),
    )


def mean_error(found: Array, truth: Array) -> float:
    """Mean size of the difference of what was `found`, as delays or levels of frames, from the `truth`.

    Of a way from left to right the difference of the means would be nothing, however wrong every frame is.
    """
    return float(np.mean(np.abs(found - truth)))


def controls(truth: Array, *, seed: int = 0) -> Mapping[str, Array]:
    """What would be found without listening, each unit vectors like the truth, to stand beside every number.

    Args:
        truth: True directions, unit vectors, (3, source, frame); NaN where a source is silent.
        seed: Of the random directions.

    Returns:
        ``front``, always in front; ``random``, anywhere on the sphere; ``mono``, nothing at all (NaN); ``mean``, each
        source's mean direction; ``swapped``, each one where the next one is, where there are several; ``oracle``.
    """
    normal = np.random.default_rng(seed).standard_normal(truth.shape)
    mean = np.nansum(truth, axis=2, keepdims=True)
    length = np.linalg.norm(mean, axis=0)
    front = np.broadcast_to(directions.vectors(0.0)[:, None, None], truth.shape)
    made = {
        "front": front,
        "random": normal / np.linalg.norm(normal, axis=0),
        "mono": np.full(truth.shape, np.nan),
        "mean": np.broadcast_to(np.where(length > 1e-9, mean / np.maximum(length, 1e-9), front[..., :1]), truth.shape),
        "oracle": truth,
    }
    return made if truth.shape[1] == 1 else made | {"swapped": np.roll(truth, 1, axis=1)}


def _spectra(sound: Sound, rate: int, start_s: float, *, padded: bool = False) -> tuple[Array, Any, Array]:
    """Middles of frames, spectra (channel, frame, frequency), and frequencies."""
    length = round(FRAME_S * rate)
    count = max(1, sound.shape[1] // length)
    whole = np.zeros((len(sound), count * length))
    kept = min(count * length, sound.shape[1])
    whole[:, :kept] = sound[:, :kept]
    frames = whole.reshape(len(sound), count, length) * np.hanning(length + 2)[1:-1]
    size = 1 << (2 * length - 1).bit_length() if padded else length
    return (
        start_s + (np.arange(count) + 0.5) * length / rate,
        np.fft.rfft(frames, size, axis=-1),
        np.asarray(np.fft.rfftfreq(size, 1 / rate), np.float64),
    )


def _within(frequency: Array, band: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return (frequency >= band[0]) & (frequency <= band[1])
