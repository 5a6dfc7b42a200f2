"""What every encoder is: a frozen pretrained model whose preprocessing cannot be separated from it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor

from limbeck._config import Config
from limbeck._discover import Listed, name_of
from limbeck.encoders._weights import Needed, copied, located, say_once, weights_hash
from limbeck.errors import InputError, UnknownNameError

LOUDEST = 16.0
"""Samples beyond are no sound of full scale 1, 24 dB over: whole numbers of 16 bits, mostly."""


@dataclass(frozen=True)
class AudioEmbeddings:
    """Vectors of some sounds in two spaces.

    Attributes:
        joint: Rows of length 1 in the space shared with text, float32, (sound, dim).
        features: What the audio network knew before it was projected into that space, float32, (sound, features_dim).
            Richer: good for telling sounds apart, but no text lives there.
    """

    joint: Tensor
    features: Tensor


class EncoderNote(Config):
    """Which encoder vectors come from: its name, one of its checkpoints (None for its first), `Encoder.id`."""

    name: str = ""
    checkpoint: str | None = None
    id: str = ""

    @classmethod
    def of(cls, id: str) -> Self:
        """The note on the encoder of an `Encoder.id`: name, checkpoint and hash with colons between."""
        name, _, rest = id.partition(":")
        return cls(name=name, checkpoint=rest.rpartition(":")[0], id=id)


class Encoder(Listed, ABC):
    """Sounds and texts to vectors that can be compared. One module of the room defines one.

    Instances are made by `pretrained` or `tiny`, never by the constructor. They are frozen and on one device. The
    class's docstring says what a folder of weights holds.

    Attributes:
        sample_rate: Of the waveforms it takes, in Hz.
        window_s: Longest piece of sound embedded as a whole, in seconds; longer recordings are cut into windows.
        dim: Length of a vector in the joint space.
        features_dim: Length of a vector in the audio network's own space.
        prompt: The text of a class, with ``{label}`` where its name goes.
        checkpoints: Names of the checkpoints that can be asked for; the first is the default.
        licence: A sentence on what the licence of the weights asks for, said at their first use; empty where users
            need not know.
        revision: Of the code around the weights; raised whenever the same weights give other vectors than before.
        dtype: Number format of the heavy products over sounds.
        checkpoint: Which weights these are.
    """

    room: ClassVar[str] = "limbeck.encoders"

    sample_rate: ClassVar[int]
    window_s: ClassVar[float]
    prompt: ClassVar[str] = "This is a sound of {label}"
    checkpoints: ClassVar[tuple[str, ...]]
    licence: ClassVar[str] = ""
    revision: ClassVar[int] = 1
    dtype: torch.dtype = torch.float32
    checkpoint: str
    dim: int
    features_dim: int
    _device: torch.device | str = "cpu"

    def __init__(self, checkpoint: str, dim: int, features_dim: int, device: torch.device | str = "cpu") -> None:
        self.checkpoint, self.dim, self.features_dim = checkpoint, dim, features_dim
        self._device = device

    @property
    @abstractmethod
    def id(self) -> str:
        """Name, checkpoint and a hash of all that decides the vectors: never compare those of different ids."""

    @property
    def arithmetic(self) -> str:
        """What the vectors' rounding, and only that, depends on beside the `id`: kind of device and number format."""
        return f"{torch.device(self._device).type} {str(self.dtype).removeprefix('torch.')}"

    @classmethod
    def pretrained(
        cls,
        checkpoint: str | None = None,
        *,
        folder: Path | str | None = None,
        device: torch.device | str = "cpu",
        offline: bool = False,
    ) -> Self:
        """The model with its published weights.

        Args:
            checkpoint: One of `checkpoints`; None means the first.
            folder: Where the weights lie already; None means the cache, filled from the official address.
            device: Where it runs.
            offline: Never ask the network.

        Raises:
            InputError: The folder is no path, the device no device, or the files do not make this model.
            MissingExtraError: A package that the model needs is not installed.
            MissingWeightsError: Weights are not there and cannot be had; the message names all that are missing, where
                each was looked for, and how to get it.
            UnknownNameError: No such checkpoint.
        """
        name = cls._checkpoint(checkpoint)
        if not isinstance(folder, Path | str | None):
            raise InputError(f"The folder of weights must be a path, but got {folder!r}.")
        try:
            place = torch.device(device)
        except (RuntimeError, TypeError) as error:
            raise InputError(f"A device such as 'cpu' or 'cuda' was expected, but got {device!r}.") from error
        needed = cls._needed(name, None if folder is None else Path(folder))
        chosen = "" if name == cls.checkpoints[0] else f" --checkpoint {name}"
        advice = (
            "A machine with network puts all of them into a folder with: limbeck sounds weights "
            f"{name_of(cls, cls.room)}{chosen} --to FOLDER"
        )
        found = located(*needed, offline=offline, advice=advice)
        if cls.licence:
            say_once(cls.licence)
        return cls._read(name, found, place)

    @classmethod
    def fetch(cls, folder: Path | str, checkpoint: str | None = None, *, offline: bool = False) -> list[Path]:
        """Put all that a checkpoint needs, texts' models too, into a `folder` that `pretrained` takes; the files.

        They come from the cache, or else from their official addresses; what lies in the folder already is left as it
        is. `offline` never asks the network.

        Raises:
            MissingWeightsError: Something cannot be had; the message names every missing file.
            UnknownNameError: No such checkpoint.
        """
        return copied(*cls._needed(cls._checkpoint(checkpoint), Path(folder)), offline=offline)

    @classmethod
    def _checkpoint(cls, name: str | None) -> str:
        if name is not None and name not in cls.checkpoints:
            raise UnknownNameError(f"There is no checkpoint {name!r}. Known names: {', '.join(cls.checkpoints)}.")
        return name or cls.checkpoints[0]

    @classmethod
    def _needed(cls, checkpoint: str, folder: Path | None) -> Sequence[Needed]:
        """What a checkpoint needs, from a folder or the cache; refused if a package to read it with is missing."""
        return ()

    @classmethod
    @abstractmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        """The model from where what was needed lies: a file, or the folder of several."""

    @classmethod
    @abstractmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """The same code with a few random weights drawn by `seed`, for tests: it runs anywhere and means nothing."""

    def embed_audio(self, waveforms: Sequence[Tensor], *, batch: int = 32) -> AudioEmbeddings:
        """Vectors of sounds.

        Args:
            waveforms: Mono float32 in [-1, 1] at `sample_rate`, (sample,) each, of any lengths above 0; beyond
                `window_s` it is up to the encoder what is used, so cut before.
            batch: Sounds at a time; the vectors do not depend on it beyond rounding.

        Raises:
            InputError: A waveform is not one-dimensional, empty, not finite, or not in [-1, 1] by far.
        """
        _check_batch(batch)
        for i, waveform in enumerate(waveforms):
            _check_waveform(i, waveform)
        if not (parts := [self._audio(waveforms[i : i + batch]) for i in range(0, len(waveforms), batch)]):
            return AudioEmbeddings(torch.zeros(0, self.dim), torch.zeros(0, self.features_dim))
        return AudioEmbeddings(torch.cat([p.joint for p in parts]), torch.cat([p.features for p in parts]))

    def embed_windows(
        self,
        waveforms: Sequence[Tensor],
        windows: Sequence[Sequence[tuple[int, int]]],
        *,
        begins: Sequence[int] | None = None,
        batch: int = 32,
    ) -> AudioEmbeddings:
        """Vectors of windows cut from longer sounds: a row for each window, sound by sound.

        An encoder that hears in steps of its own, as `yamnet` does, hears each step once, whatever windows it is in;
        its class says how vectors then differ from those of the windows by themselves. Others do not differ.

        Args:
            waveforms: As for `embed_audio`, but of any lengths.
            windows: For each of them the first sample and the number of samples, above 0, of each window.
            begins: Number in the recording, from 0, of the first sample of each waveform, so that its steps are the
                same however it is cut; 0 by default.
            batch: Windows at a time.

        Raises:
            InputError: A waveform does not fit, as for `embed_audio`, or a window is not inside of its waveform.
        """
        _check_batch(batch)
        starts = [0] * len(waveforms) if begins is None else begins
        for i, (waveform, own, start) in enumerate(zip(waveforms, windows, starts, strict=True)):
            _check_waveform(i, waveform)
            if start < 0:
                raise InputError(f"Waveform {i} must begin with sample 0 of its recording or later, but got {start}.")
            for first, count in own:
                if not (first >= 0 < count and first + count <= len(waveform)):
                    raise InputError(
                        f"A window of waveform {i} has samples {first} to {first + count}, but there are 0 to "
                        f"{len(waveform)}."
                    )
        return self._windows(waveforms, windows, starts, batch)

    def embed_text(self, texts: Sequence[str], *, batch: int = 256) -> Tensor:
        """Vectors of texts, rows of length 1 in the joint space, float32, (text, dim).

        Args:
            texts: Any sentences; of long ones the model reads the beginning.
            batch: Texts at a time.

        Raises:
            InputError: These are no texts, not in UTF-8, or one text that is not in a list.
        """
        _check_batch(batch)
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise InputError(f"A list of texts was expected, but got {texts!r}. Put one text in a list of its own.")
        for text in texts:
            try:
                text.encode()
            except UnicodeEncodeError as error:  # bytes of a command line that are no UTF-8
                raise InputError(f"{text!r} is no text in UTF-8. Write it again.") from error
        parts = [self._text(texts[i : i + batch]) for i in range(0, len(texts), batch)]
        return torch.cat(parts) if parts else torch.zeros(0, self.dim)

    def _id(self, *decisive: Mapping[str, Tensor] | str) -> str:
        """The `id` from weights and settings; `revision` goes in here, for every encoder."""
        return f"{self.name}:{self.checkpoint}:{weights_hash(*decisive, f'revision {self.revision}')}"

    @abstractmethod
    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        """One batch of checked waveforms, on the CPU in and out."""

    def _windows(
        self,
        waveforms: Sequence[Tensor],
        windows: Sequence[Sequence[tuple[int, int]]],
        begins: Sequence[int],
        batch: int,
    ) -> AudioEmbeddings:
        """Checked windows, each by itself unless an encoder has a shorter way."""
        cut = [
            waveform[first : first + count]
            for waveform, own in zip(waveforms, windows, strict=True)
            for first, count in own
        ]
        return self.embed_audio(cut, batch=batch)

    @abstractmethod
    def _text(self, texts: Sequence[str]) -> Tensor:
        """One batch of texts."""


def _check_batch(batch: int) -> None:
    if not isinstance(batch, int) or batch < 1:
        raise InputError(f"batch must be a whole number of at least 1, but got {batch!r}.")


def _check_waveform(place: int, waveform: Tensor) -> None:
    if not isinstance(waveform, Tensor) or not waveform.is_floating_point():
        kind = str(waveform.dtype) if isinstance(waveform, Tensor) else type(waveform).__name__
        raise InputError(
            f"Waveform {place} must be a tensor of float32 numbers in [-1, 1], but got {kind}. Arrays become tensors "
            "by torch.from_numpy, whole numbers of 16 bits are divided by 32768."
        )
    if waveform.ndim != 1 or not len(waveform):
        raise InputError(f"Waveform {place} must be of shape (sample,) and not empty; got {tuple(waveform.shape)}.")
    if not bool(torch.isfinite(waveform).all()):
        raise InputError(f"Waveform {place} has samples that are NaN or infinite. Decode it with limbeck.media.")
    if (peak := float(waveform.detach().abs().max())) > LOUDEST:
        raise InputError(
            f"Waveform {place} reaches {peak:.6g}, but samples in [-1, 1] were expected. Whole "
            "numbers of 16 bits are divided by 32768."
        )
