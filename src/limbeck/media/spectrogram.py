"""Spectra and log-mel spectrograms in torch, and back to sound."""

import warnings
from functools import lru_cache

import torch

from limbeck._runtime import generator
from limbeck.errors import InputError
from limbeck.media.recipe import MelRecipe

_FLOOR_POWER = 1e-10
_FLOOR_DB = -100.0
_FLOOR_SLACK_DB = 1e-3
_MOMENTUM = 0.9
_MEL_STEPS = 50
_LOUDEST_DB = 100.0


def log_mel(waveform: torch.Tensor, recipe: MelRecipe) -> torch.Tensor:
    """Log-mel power spectrogram.

    Hann window (periodic), frames centred and padded by reflection, power, HTK mel filters without normalisation,
    `10 log10(max(power, 1e-10))`. Batched and differentiable; arithmetic in the waveform's number format.

    Args:
        waveform: float32 or float64, shape (..., sample), in [-1, 1], at the recipe's rate; any length
            above half an FFT.
        recipe: Rate, FFT, hop and number of bands.

    Returns:
        Same number format, shape (..., mel, frame), in dB re 1.0, from -100 upwards; frames are
        `sample // hop + 1`. Bands whose filter falls between two FFT bins are constant at -100 dB.

    Raises:
        InputError: The waveform is not floating point or too short.

    Example:
        >>> tone = torch.sin(2 * torch.pi * 1000 * torch.arange(11000) / 11000)
        >>> db = log_mel(tone, MelRecipe())
        >>> db.shape, int(db[:, 20].argmax())
        (torch.Size([128, 56]), 51)
    """
    if not waveform.is_floating_point():
        raise InputError(f"A waveform must be floating point in [-1, 1], but is {waveform.dtype}.")
    if waveform.shape[-1] <= recipe.fft_samples // 2:
        raise InputError(
            f"A waveform needs more than {recipe.fft_samples // 2} samples for an FFT of {recipe.fft_samples}, "
            f"but has {waveform.shape[-1]}."
        )
    power = _stft(waveform.reshape(-1, waveform.shape[-1]), recipe).abs().square()
    mel = _filters(recipe, waveform.dtype, waveform.device) @ power
    db = 10.0 * mel.clamp_min(_FLOOR_POWER).log10()
    return db.reshape(*waveform.shape[:-1], *db.shape[-2:])


def invert_log_mel(db: torch.Tensor, recipe: MelRecipe, *, iterations: int = 32, seed: int = 0) -> torch.Tensor:
    """A waveform whose log-mel is near the given one, for listening.

    Mel power becomes linear power by non-negative least squares (multiplicative updates of Lee and Seung, 2001),
    its root becomes sound by Griffin-Lim with momentum (Perraudin, Balazs and Soendergaard, 2013).

    Args:
        db: Log-mel, floating point, shape (..., mel, frame), dB re 1.0. Values outside of [-100, 100] are clipped.
        recipe: The recipe `db` was made with.
        iterations: Rounds of Griffin-Lim, >= 0; 32 are enough to recognise a sound.
        seed: Of the phases it starts from; the same seed gives the same sound.

    Returns:
        float32, shape (..., sample) with `recipe.samples` samples, peak at most 1 (louder sound is scaled down
        clip by clip), on the device of `db`.

    Raises:
        InputError: The shape is not (..., mel, frame) of the recipe.

    Example:
        >>> quiet = torch.full((2, 128, 56), -100.0)
        >>> invert_log_mel(quiet, MelRecipe(), iterations=1).shape
        torch.Size([2, 11000])
    """
    if db.ndim < 2 or tuple(db.shape[-2:]) != recipe.shape:
        raise InputError(f"A log-mel of this recipe has shape (..., {recipe.shape}), but came as {tuple(db.shape)}.")
    with torch.no_grad():
        flat = db.detach().float().reshape(-1, *recipe.shape).clamp(_FLOOR_DB, _LOUDEST_DB)
        audible = torch.where(flat > _FLOOR_DB + _FLOOR_SLACK_DB, 10 ** (flat / 10), 0.0)
        magnitude = _linear_power(audible, _filters(recipe, flat.dtype, flat.device)).sqrt()
        sound = _limited(_griffin_lim(magnitude, recipe, iterations, seed))
        return sound.reshape(*db.shape[:-2], recipe.samples)


def stft(waveform: torch.Tensor, recipe: MelRecipe) -> torch.Tensor:
    """Short-time Fourier transform by the window and hop of a recipe.

    Hann window (periodic), frames centred and padded by reflection, divided by half the window's sum: a sine of full
    scale has the magnitude 1.0 where its frequency is that of a bin. Batched and differentiable.

    Args:
        waveform: float32 or float64, (..., sample), in [-1, 1], at the recipe's rate; any length above half an FFT.
        recipe: Window and hop.

    Returns:
        Complex, (..., bin, frame), of `fft_samples // 2 + 1` bins and `sample // hop + 1` frames.

    Example:
        >>> sine = torch.sin(2 * torch.pi * torch.arange(11000) / 20)
        >>> found = stft(sine, MelRecipe()).abs()
        >>> found.shape, int(found[:, 20].argmax()), round(float(found.max()), 3)
        (torch.Size([201, 56]), 20, 1.0)
    """
    found = _stft(waveform.reshape(-1, waveform.shape[-1]), recipe) / (recipe.fft_samples / 4)
    return found.reshape(*waveform.shape[:-1], *found.shape[-2:])


def istft(spectrum: torch.Tensor, recipe: MelRecipe) -> torch.Tensor:
    """The waveform of a short-time Fourier transform: `stft` undone.

    Args:
        spectrum: Complex, (..., bin, frame), as `stft` gives it, or changed.
        recipe: The recipe it was made with.

    Returns:
        (..., sample), `recipe.samples` of them, in the number format of the real part.

    Example:
        >>> noise = torch.rand(2, 11000, generator=torch.Generator().manual_seed(0)) - 0.5
        >>> bool((istft(stft(noise, MelRecipe()), MelRecipe()) - noise).abs().max() < 1e-5)
        True
    """
    found = _istft(spectrum.reshape(-1, *spectrum.shape[-2:]) * (recipe.fft_samples / 4), recipe)
    return found.reshape(*spectrum.shape[:-2], recipe.samples)


def invert_magnitude(
    magnitude: torch.Tensor, recipe: MelRecipe, *, iterations: int = 32, seed: int = 0
) -> torch.Tensor:
    """A waveform whose `stft` has nearly the given magnitudes, for listening; phases by Griffin-Lim with momentum.

    Args:
        magnitude: float32, (..., bin, frame), >= 0, as of `stft`.
        recipe: The recipe it was made with.
        iterations: Rounds of Griffin-Lim, >= 0.
        seed: Of the phases it starts from; the same seed gives the same sound.

    Returns:
        float32, (..., sample), peak at most 1 (louder sound is scaled down clip by clip).

    Example:
        >>> invert_magnitude(torch.zeros(2, 201, 56), MelRecipe(), iterations=1).shape
        torch.Size([2, 11000])
    """
    with torch.no_grad():
        flat = magnitude.detach().reshape(-1, *magnitude.shape[-2:]) * (recipe.fft_samples / 4)
        return _limited(_griffin_lim(flat, recipe, iterations, seed)).reshape(*magnitude.shape[:-2], recipe.samples)


def _limited(sound: torch.Tensor) -> torch.Tensor:
    return sound / sound.abs().amax(-1, keepdim=True).clamp_min(1.0)


def _linear_power(mel: torch.Tensor, filters: torch.Tensor) -> torch.Tensor:
    """Non-negative x of shape (clip, bin, frame) with `filters @ x` near `mel`."""
    tiny = torch.finfo(mel.dtype).tiny
    width = filters.sum(0, keepdim=True).T
    target = filters.T @ mel
    x = torch.where(width > 0, target, 0.0)
    gram = filters.T @ filters
    for _ in range(_MEL_STEPS):
        x = x * target / (gram @ x).clamp_min(tiny)
    return x


def _griffin_lim(magnitude: torch.Tensor, recipe: MelRecipe, iterations: int, seed: int) -> torch.Tensor:
    phase = torch.rand(magnitude.shape, generator=generator(seed, "griffin-lim")).to(magnitude.device)
    angles = torch.polar(torch.ones_like(magnitude), 2 * torch.pi * phase)
    previous = torch.zeros_like(angles)
    for _ in range(iterations):
        rebuilt = _stft(_istft(magnitude * angles, recipe), recipe)
        accelerated = rebuilt - _MOMENTUM / (1 + _MOMENTUM) * previous
        angles = accelerated / accelerated.abs().clamp_min(1e-16)
        previous = rebuilt
    return _istft(magnitude * angles, recipe)


def _stft(flat: torch.Tensor, recipe: MelRecipe) -> torch.Tensor:
    window = torch.hann_window(recipe.fft_samples, dtype=flat.dtype, device=flat.device)
    return torch.stft(flat, recipe.fft_samples, recipe.hop_samples, window=window, return_complex=True)


def _istft(spectrum: torch.Tensor, recipe: MelRecipe) -> torch.Tensor:
    window = torch.hann_window(recipe.fft_samples, dtype=spectrum.real.dtype, device=spectrum.device)
    return torch.istft(spectrum, recipe.fft_samples, recipe.hop_samples, window=window, length=recipe.samples)


@lru_cache(maxsize=16)
def _filters(recipe: MelRecipe, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """HTK mel filters, shape (mel, bin), made in float64."""
    import librosa
    import numpy as np

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters detected")
        bank = librosa.filters.mel(
            sr=recipe.sample_rate_hz,
            n_fft=recipe.fft_samples,
            n_mels=recipe.mels,
            htk=True,
            norm=None,
            dtype=np.float64,
        )
    return torch.from_numpy(bank).to(device=device, dtype=dtype)
