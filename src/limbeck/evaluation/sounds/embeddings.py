"""Every recording through an encoder once, kept on disk: a run that was stopped goes on where it was.

Files are named by what is in them: encoder with its weights and code, kind of device, number format, the recordings'
bytes, and noise. So nothing stale is ever read, a moved archive is not embedded again, and recipes can share a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from limbeck import _code, _files
from limbeck.datasets import Digests
from limbeck.datasets.sounds import Recording
from limbeck.encoders import Encoder
from limbeck.errors import MediaError
from limbeck.evaluation.sounds._fold import Array
from limbeck.evaluation.sounds._load_audio import PinkNoise, load_audio, pieces

CHUNK = 64
"""Recordings in a file: what is lost at most when a run is stopped."""

Progress = Callable[[int, int], None]
"""Called with recordings done and in all."""


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
    noise: PinkNoise | None = None,
    batch: int = 32,
    workers: int = 2,
    progress: Progress | None = None,
) -> Embedded:
    """Vectors of recordings, from disk where they have been made before.

    A recording longer than the encoder's window is cut into equal pieces that fit; its vectors are the pieces' means.

    Args:
        recordings: What to embed.
        encoder: With what.
        folder: Where vectors are kept.
        noise: Mixed into the recordings first.
        batch: Pieces at a time.
        workers: Threads that decode.
        progress: Told after each file.
    """
    joint = np.zeros((len(recordings), encoder.dim), dtype=np.float32)
    features = np.zeros((len(recordings), encoder.features_dim), dtype=np.float32)
    rejected: dict[int, str] = {}
    contents = digests(recordings, folder)
    for start in range(0, len(recordings), CHUNK):
        chunk = recordings[start : start + CHUNK]
        file = folder / f"{_key(chunk, contents[start : start + CHUNK], encoder, noise)}.safetensors"
        if not file.exists():
            _make(file, chunk, encoder, noise, batch, workers)
        kept, note = _files.read_tensors(file)
        joint[start : start + len(chunk)] = kept["joint"].numpy()
        features[start : start + len(chunk)] = kept["features"].numpy()
        rejected |= {start + int(i): why for i, why in note["rejected"].items()}
        if progress:
            progress(start + len(chunk), len(recordings))
    return Embedded(joint, features, rejected, tuple(contents))


def digests(recordings: Sequence[Recording], folder: Path) -> list[str | None]:
    """SHA-256 of each recording's file; None where there is none.

    The `folder` keeps what was found of `recordings`, so that a file that was not touched is read once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return Digests.kept_in(folder).of(recording.path for recording in recordings)


def _key(chunk: Sequence[Recording], contents: Sequence[str | None], encoder: Encoder, noise: PinkNoise | None) -> str:
    rows = [(r.id, r.start_s, r.duration_s, content) for r, content in zip(chunk, contents, strict=True)]
    return _files.digest(encoder.id, encoder.arithmetic, _code.of(type(encoder)), repr(noise), rows)


def _make(
    file: Path, chunk: Sequence[Recording], encoder: Encoder, noise: PinkNoise | None, batch: int, workers: int
) -> None:
    def loaded(recording: Recording) -> Array | str:
        try:
            return load_audio(recording, encoder.sample_rate, noise)
        except MediaError as error:
            return str(error)

    with ThreadPoolExecutor(workers) as pool:
        waveforms = list(pool.map(loaded, chunk))
    longest = round(encoder.window_s * encoder.sample_rate)
    owners: list[int] = []
    parts: list[torch.Tensor] = []
    for i, waveform in enumerate(waveforms):
        for piece in pieces(waveform, longest) if not isinstance(waveform, str) else []:
            owners.append(i)
            parts.append(torch.from_numpy(piece))
    found = encoder.embed_audio(parts, batch=batch)
    belongs = torch.tensor(owners, dtype=torch.long)
    joint = torch.nn.functional.normalize(_means(found.joint, belongs, len(chunk)), dim=1)
    rejected = {str(i): why for i, why in enumerate(waveforms) if isinstance(why, str)}
    tensors = {"joint": joint, "features": _means(found.features, belongs, len(chunk))}
    _files.write_tensors(file, tensors, {"encoder": encoder.id, "rejected": rejected})


def _means(vectors: torch.Tensor, owners: torch.Tensor, count: int) -> torch.Tensor:
    total = torch.zeros(count, vectors.shape[1]).index_add_(0, owners, vectors.float())
    return total / torch.bincount(owners, minlength=count).clamp_min(1)[:, None]
