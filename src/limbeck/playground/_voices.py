"""What things sound like: modal bars and bells, plucked strings, chirps, drips, engines and bursts of noise.

A voice is a function ``(cast, sample_rate_hz, clip_s) -> waveform`` float32 (sample,): the dry sound of one thing over
the clip, of unit root mean square; it depends on the cast alone.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import numpy.typing as npt

from limbeck.playground.cast import Cast

Wave = npt.NDArray[np.float32]
Voice = Callable[[Cast, int, float], Wave]

_RING_S = 1.4


def _ring(cast: Cast, rate_hz: int, clip_s: float, *, ratios: tuple[float, ...], split: float, decay_s: float) -> Wave:
    rng = np.random.default_rng(cast.seed)
    t = np.arange(int(_RING_S * rate_hz)) / rate_hz
    one = np.zeros(len(t))
    for ratio in ratios:
        level = ratio ** (-1.0 / cast.brightness) * rng.uniform(0.6, 1.4)
        fade = np.exp(-t * (6.9 * ratio**0.7 / (decay_s * cast.decay)))
        for side in (-split, split):
            if (frequency := cast.pitch_hz * ratio * (1.0 + side)) < 0.48 * rate_hz:
                one += 0.5 * level * fade * np.sin(2 * np.pi * frequency * t)
    knock = rng.standard_normal(len(t)) * np.exp(-t / 0.004)
    return _repeat(cast, rate_hz, clip_s, one + 0.25 * knock, rng)


def _pluck(
    cast: Cast, rate_hz: int, clip_s: float, *, pluck_at: tuple[float, float], stiffness: float, decay_s: float
) -> Wave:
    """A stiff string plucked at a part of its length: the first of `pluck_at`, and as much of the second as detail."""
    at = pluck_at[0] + pluck_at[1] * cast.detail
    rng = np.random.default_rng(cast.seed)
    t = np.arange(int(_RING_S * rate_hz)) / rate_hz
    one = np.zeros(len(t))
    for n in range(1, 25):
        if (frequency := cast.pitch_hz * n * math.sqrt(1.0 + stiffness * n * n)) < 0.48 * rate_hz:
            level = math.sin(math.pi * n * at) / n ** (1.3 / cast.brightness)
            fade = np.exp(-t * (6.9 / (decay_s * cast.decay)) * (1.0 + 0.03 * n * n))
            one += level * fade * np.sin(2 * np.pi * frequency * t)
    return _repeat(cast, rate_hz, clip_s, one, rng)


def _sweeps(cast: Cast, rate_hz: int, clip_s: float, *, length_s: float, rise: float, attack: float) -> Wave:
    """Short tones whose frequency rises by the part `rise`; their level peaks at the part `attack` of their length."""
    rng = np.random.default_rng(cast.seed)
    length_s = length_s * math.sqrt(cast.decay)
    u = np.arange(int(2.5 * length_s * rate_hz)) / (length_s * rate_hz)
    frequency = cast.pitch_hz * (1.0 + rise * (u - 0.5))
    envelope = u * np.exp(1.0 - u / attack) / attack
    envelope *= np.clip((2.5 - u) / 0.3, 0.0, 1.0)
    angle = 2 * np.pi * np.cumsum(frequency) / rate_hz
    one = envelope * (np.sin(angle) + 0.12 * cast.brightness * np.sin(2 * angle))
    return _repeat(cast, rate_hz, clip_s, one, rng)


def _engine(cast: Cast, rate_hz: int, clip_s: float, *, half_orders: float, tilt: float, hiss: float) -> Wave:
    rng = np.random.default_rng(cast.seed)
    samples = round(clip_s * rate_hz)
    t = np.arange(samples) / rate_hz
    hunting = 1.0 + 0.03 * np.sin(2 * np.pi * (rng.uniform(0.5, 1.5) * t + rng.random()))
    angle = 2 * np.pi * np.cumsum(cast.pitch_hz * hunting) / rate_hz
    wave = np.zeros(samples)
    for order in range(1, 49):
        n = order / 2
        if cast.pitch_hz * n < min(0.45 * rate_hz, 4000.0):
            weight = 1.0 if order % 2 == 0 else half_orders
            formant = 1.0 + 1.5 * math.exp(-((math.log2(cast.pitch_hz * n / (6 * cast.pitch_hz)) / 0.7) ** 2))
            level = weight * formant * n ** (-tilt / cast.brightness) * rng.uniform(0.7, 1.3)
            wave += level * np.sin(n * angle + rng.uniform(0, 2 * np.pi))
    pumped = np.maximum(np.sin(angle), 0.0) ** 3
    noise = _band(rng, samples, rate_hz, centre_hz=18 * cast.pitch_hz, width_octaves=1.5)
    return _level(wave / wave.std() + hiss * cast.brightness * noise * (0.3 + 2 * pumped))


def _bursts(cast: Cast, rate_hz: int, clip_s: float, *, attack_s: float, decay_s: float, width: float) -> Wave:
    rng = np.random.default_rng(cast.seed)
    samples = round(clip_s * rate_hz)
    t = np.arange(samples) / rate_hz
    decay_s = decay_s * cast.decay
    envelope = np.zeros(samples)
    for onset in cast.onsets_s:
        after = np.maximum(t - onset, 0.0)
        envelope += rng.uniform(0.7, 1.3) * (1 - np.exp(-after / attack_s)) * np.exp(-after / decay_s)
    noise = _band(rng, samples, rate_hz, centre_hz=cast.pitch_hz, width_octaves=width * math.sqrt(cast.brightness))
    return _level(noise * envelope)


def _repeat(cast: Cast, rate_hz: int, clip_s: float, one: npt.NDArray[np.float64], rng: np.random.Generator) -> Wave:
    """The sound of one event at every onset of the clip, also the tail of those before it."""
    samples = round(clip_s * rate_hz)
    wave = np.zeros(samples)
    for onset in cast.onsets_s:
        force = rng.uniform(0.7, 1.3)
        start = round(onset * rate_hz)
        skip, end = max(-start, 0), min(start + len(one), samples)
        if start + skip < end:
            wave[start + skip : end] += force * one[skip : end - start]
    return _level(wave)


def _band(
    rng: np.random.Generator, samples: int, rate_hz: int, *, centre_hz: float, width_octaves: float
) -> npt.NDArray[np.float64]:
    """Noise of unit level whose spectrum is a bell over log frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / rate_hz), 1.0)
    spectrum *= np.exp(-0.5 * (np.log2(frequency / centre_hz) / (width_octaves / 2)) ** 2)
    noise = np.fft.irfft(spectrum, samples)
    return np.asarray(noise / max(float(noise.std()), 1e-9), np.float64)


def coloured_noise(rng: np.random.Generator, samples: int, rate_hz: int, slope: float) -> Wave:
    """Steady noise of unit level whose power falls as frequency to the power -`slope` (0 white, 1 pink, 2 brown)."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / rate_hz), 40.0)
    return _level(np.fft.irfft(spectrum * frequency ** (-slope / 2), samples))


def _level(wave: npt.NDArray[np.float64]) -> Wave:
    """Unit root mean square over the clip."""
    return np.asarray(wave / max(math.sqrt(float(np.mean(wave**2))), 1e-6), np.float32)


def total(waves: Iterable[Wave]) -> Wave:
    """Sum of waveforms, taken in their order."""
    return np.asarray(np.sum(np.stack(list(waves)), axis=0, dtype=np.float32), np.float32)


metal_bar = partial(_ring, ratios=(1.0, 2.756, 5.404, 8.933), split=0.0, decay_s=0.55)
"""A struck bar, free at both ends: partials at 1, 2.756, 5.404, 8.933 (Euler and Bernoulli's beam)."""
hand_bell = partial(_ring, ratios=(1.0, 3.0, 5.2, 7.6), split=0.005, decay_s=0.75)
"""A struck hand bell: prime and twelfth in tune, each partial a beating pair, as no casting is round."""
zither = partial(_pluck, pluck_at=(0.13, 0.12), stiffness=2.5e-4, decay_s=0.75)
"""A string plucked near its end: bright, stiff enough to be a little out of tune above."""
harp = partial(_pluck, pluck_at=(0.18, 0.2), stiffness=0.5e-4, decay_s=0.9)
"""A string plucked nearer its middle: rounder and longer."""
bird = partial(_sweeps, length_s=0.05, rise=0.42, attack=0.22)
"""Chirps: a tone that sweeps upwards under a smooth envelope."""
drip = partial(_sweeps, length_s=0.055, rise=0.38, attack=0.12)
"""Drops: the ring of the bubble each leaves, higher as it nears the surface (Minnaert's resonance)."""
outboard = partial(_engine, half_orders=0.2, tilt=0.85, hiss=0.45)
"""A two-stroke over water: strong firing, its noise pumped through the exhaust."""
car = partial(_engine, half_orders=0.4, tilt=0.95, hiss=0.35)
"""A four-stroke: half orders between the harmonics of the firing rate."""
steam = partial(_bursts, attack_s=0.014, decay_s=0.05, width=1.05)
"""Puffs: bursts of wide noise that die away slowly."""
maraca = partial(_bursts, attack_s=0.018, decay_s=0.04, width=0.85)
"""Shakes: the seeds gather and hit the shell, a short burst of noise."""
