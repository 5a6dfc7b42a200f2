"""Every recording through an encoder once, kept on disk: a run that was stopped goes on where it was.

Files are named by what is in them: encoder with its weights and code, kind of device, number format, the recordings'
bytes, and noise. So nothing stale is ever read, a moved archive is not embedded again, and recipes can share a folder.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from limbeck import _code, _files
from limbeck._runtime import derive_seed
from limbeck.datasets import Digests
from limbeck.datasets.sounds import Recording
from limbeck.encoders import Encoder
from limbeck.errors import MediaError
from limbeck.media import is_silent
from limbeck.media.stream import sound_pieces

Array = npt.NDArray[np.float32]
CHUNK = 64
"""Recordings in a file: what is lost at most when a run is stopped."""
BATCH, DECODERS = 32, 2
"""Pieces that an encoder is given at a time, and threads that decode."""


@dataclass(frozen=True)
class Embedded:
    """Recordings as vectors.

    Attributes:
        joint: Rows of length 1 in the space shared with text, float32, (recording, dim); zeros for rejected ones.
        features: In the encoder's own audio space, float32, (recording, features_dim); likewise.
        rejected: Why recordings cannot be used, by position.
        contents: SHA-256 of each recording's file; None where there is none.
    """

    joint: Array
    features: Array
    rejected: dict[int, str]
    contents: tuple[str | None, ...]


def embed(
    recordings: Sequence[Recording],
    encoder: Encoder,
    folder: Path,
    *,
    noise: "PinkNoise | None" = None,
    progress: Callable[[int, int], None] | None = None,
) -> Embedded:
    """Vectors of `recordings`, with `noise` mixed into them first, from disk where the `folder` has them.

    A recording longer than the encoder's window is cut into equal pieces that fit; its vectors are the pieces' means.
    The `progress` is told how many recordings are done, and how many there are.
    """
    joint = np.zeros((len(recordings), encoder.dim), dtype=np.float32)
    features = np.zeros((len(recordings), encoder.features_dim), dtype=np.float32)
    rejected: dict[int, str] = {}
    folder.mkdir(parents=True, exist_ok=True)
    contents = Digests.kept_in(folder).of(recording.path for recording in recordings)
    for start in range(0, len(recordings), CHUNK):
        chunk = recordings[start : start + CHUNK]
        rows = [(r.id, r.start_s, r.duration_s, content) for r, content in zip(chunk, contents[start:], strict=False)]
        key = _files.digest(encoder.id, encoder.arithmetic, _code.of(type(encoder)), repr(noise), rows)
        file = folder / f"{key}.safetensors"
        if not file.exists():
            _make(file, chunk, encoder, noise)
        kept, note = _files.read_tensors(file)
        joint[start : start + len(chunk)] = kept["joint"].numpy()
        features[start : start + len(chunk)] = kept["features"].numpy()
        rejected |= {start + int(i): why for i, why in note["rejected"].items()}
        if progress:
            progress(start + len(chunk), len(recordings))
    return Embedded(joint, features, rejected, tuple(contents))


def _make(file: Path, chunk: Sequence[Recording], encoder: Encoder, noise: "PinkNoise | None") -> None:
    def loaded(recording: Recording) -> Array | str:
        try:
            return load_audio(recording, encoder.sample_rate, noise)
        except MediaError as error:
            return str(error)

    with ThreadPoolExecutor(DECODERS) as pool:
        waveforms = list(pool.map(loaded, chunk))
    longest = round(encoder.window_s * encoder.sample_rate)
    owners: list[int] = []
    parts: list[torch.Tensor] = []
    for i, waveform in enumerate(waveforms):
        for piece in pieces(waveform, longest) if not isinstance(waveform, str) else []:
            owners.append(i)
            parts.append(torch.from_numpy(piece))
    found, belongs = encoder.embed_audio(parts, batch=BATCH), torch.tensor(owners, dtype=torch.long)

    def means(vectors: torch.Tensor) -> torch.Tensor:
        total = torch.zeros(len(chunk), vectors.shape[1]).index_add_(0, belongs, vectors.float())
        return total / torch.bincount(belongs, minlength=len(chunk)).clamp_min(1)[:, None]

    tensors = {"joint": torch.nn.functional.normalize(means(found.joint), dim=1), "features": means(found.features)}
    rejected = {str(i): why for i, why in enumerate(waveforms) if isinstance(why, str)}
    _files.write_tensors(file, tensors, {"encoder": encoder.id, "rejected": rejected})


@dataclass(frozen=True)
class PinkNoise:
    """Pink noise, as much power in each octave as outdoors, mixed into every recording `snr_db` below its power."""

    snr_db: float
    seed: int = 0

    def mixed(self, waveform: Array, name: str) -> Array:
        """A waveform, (sample,), with the noise that the recording's name draws, at the loudness it had."""
        noise = pink(len(waveform), derive_seed(self.seed, "noise", name))
        power = float(np.mean(np.square(waveform, dtype=np.float64)))
        both = waveform + noise * np.sqrt(power / 10 ** (self.snr_db / 10))
        return np.asarray(both / np.sqrt(1 + 10 ** (-self.snr_db / 10)), dtype=np.float32)


def pink(samples: int, seed: int) -> Array:
    """Noise whose power falls as one over frequency, of mean power 1: so many `samples`, drawn with `seed`.

    Example:
        >>> round(float(np.mean(pink(1000, 0) ** 2)), 3)
        1.0
    """
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    shaped = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), samples)
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)), dtype=np.float32)


def load_audio(recording: Recording, rate_hz: int, noise: PinkNoise | None = None) -> Array:
    """The waveform of a recording, mono float32, (sample,), at `rate_hz`, with `noise` where one is given."""
    length = recording.duration_s
    begin = round(recording.start_s * rate_hz)
    end = None if length is None else begin + round(length * rate_hz)
    parts, done = [], 0
    for piece in sound_pieces(recording.path, sample_rate_hz=rate_hz):
        parts.append(piece[max(0, begin - done) :])
        done += len(piece)
        if end is not None and done >= end:
            break
    whole = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    whole = whole if end is None else whole[: end - begin]
    if not len(whole):
        raise MediaError("beyond_end", f"{recording.id} has no sound from {recording.start_s} s on.")
    if is_silent(whole):
        raise MediaError("silent_audio", f"{recording.id} is silent (below -100 dBFS throughout).")
    return noise.mixed(whole, recording.id) if noise else np.asarray(whole, dtype=np.float32)


def pieces(waveform: Array, longest: int) -> list[Array]:
    """A waveform in as few pieces of equal length as are at most `longest` samples.

    Example:
        >>> [len(p) for p in pieces(np.zeros(25, dtype=np.float32), 10)]
        [9, 8, 8]
    """
    return list(np.array_split(waveform, max(1, -(-len(waveform) // longest))))
