"""Classifiers of sounds made audio-text encoders by the names of their classes (ConSE).

Source:   equation 5 of Norouzi et al., *Zero-Shot Learning by Convex Combination of Semantic Embeddings*, ICLR 2014
          (https://arxiv.org/abs/1312.5650).
Differs from the paper: the mean is brought to length 1; the classifier's probabilities need not sum to 1, which the
          length would take out anyway.
"""

import csv
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck._files import atomic, read_tensors, write_tensors
from limbeck.encoders._contract import AudioEmbeddings, Encoder
from limbeck.encoders._sentences import MINILM, Sentences
from limbeck.encoders._weights import Needed, OfficialFile, cache_folder, reading, weights_hash
from limbeck.errors import InputError

_MANY = 1000
"""So many names take a sentence encoder seconds, and their vectors are kept."""


class Network(Protocol):
    """A classifier of so many `classes`, which knows `dim` numbers of a sound before it tells them."""

    classes: int
    dim: int

    def weights(self) -> Mapping[str, Tensor]:
        """All that decides what it says, by name."""


N = TypeVar("N", bound=Network)


class WithClassNames(Encoder, ABC, Generic[N]):
    """A classifier of sounds, and a sentence encoder that reads its classes' names.

    Attributes:
        network_file: What the classifier's file is called, and where it is published.
        names_file: The same of the file that names its classes.
        classes: Names of the classes, in the network's order, as texts are compared with them.
    """

    network_file: ClassVar[OfficialFile]
    names_file: ClassVar[OfficialFile]

    def __init__(self, checkpoint: str, network: N, classes: Sequence[str], sentences: Sentences) -> None:
        if network.classes != len(classes):
            raise InputError(
                f"The network tells {network.classes} classes apart, but the class map names {len(classes)}. "
                f"{self.network_file.name} and {self.names_file.name} must be the published pair."
            )
        super().__init__(checkpoint, sentences.dim, network.dim, sentences.model.device)
        self.classes = tuple(classes)
        self._network, self._sentences = network, sentences

    @classmethod
    def _needed(cls, checkpoint: str, folder: Path | None) -> Sequence[Needed]:
        return [Needed(cls.network_file, folder), Needed(cls.names_file, folder), Needed.near(MINILM, folder)]

    @cached_property
    def id(self) -> str:
        """Name, checkpoint and a hash of both models, of the class names, and of how texts are read."""
        return self._id({**self._network.weights(), "names": self._letters()}, *self._reader())

    def class_scores(self, waveforms: Sequence[Tensor]) -> Tensor:
        """How likely each class is in each sound, float32, (sound, class), in [0, 1]; several may be.

        The `waveforms` are as for `embed_audio`.
        """
        return self._scored(waveforms)[0]

    @abstractmethod
    def _scored(self, waveforms: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Scores in [0, 1], (sound, class), and features, (sound, features_dim), of whole sounds."""

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        scores, features = self._scored(waveforms)
        return AudioEmbeddings(conse(scores, self._names), features)

    def _text(self, texts: Sequence[str]) -> Tensor:
        return self._sentences(texts)

    @cached_property
    def _names(self) -> Tensor:
        """Vectors of the names, (class, dim); of many they are kept in the cache, by all that decides them."""
        if len(self.classes) < _MANY:
            return self._sentences(self.classes)
        key = weights_hash({"names": self._letters()}, *self._reader())
        kept = cache_folder().parent / "names" / f"{key}.safetensors"
        with suppress(OSError, InputError):  # missing or damaged: they are made again
            return read_tensors(kept)[0]["names"]
        made = self._sentences(self.classes)
        with suppress(OSError):  # a cache that cannot be written only costs the seconds again
            write_tensors(kept, {"names": made})
        return made

    def _letters(self) -> Tensor:
        return torch.frombuffer(bytearray("\n".join(self.classes).encode()), dtype=torch.uint8)

    def _reader(self) -> tuple[dict[str, Tensor], str]:
        return self._sentences.model.state_dict(), self._sentences.settings()


def conse(scores: Tensor, names: Tensor, *, best: int = 10) -> Tensor:
    """Vectors of sounds in the space of their classes' names, rows of length 1, float32, (sound, dim).

    They are the mean of the `best` classes' names, (class, dim), weighted by `scores` >= 0, (sound, class); of a sound
    of which every score is 0, the mean of all names.

    Example:
        >>> conse(torch.tensor([[0.9, 0.3, 0.4]]), torch.eye(3), best=2)
        tensor([[0.9138, 0.0000, 0.4061]])
    """
    # A stable sort, because quantised scores tie often.
    weights, classes = scores.sort(dim=1, descending=True, stable=True)
    weights, classes = weights[:, :best], classes[:, :best]
    mixed = (weights[..., None] * names[classes]).sum(1)
    mixed[weights.sum(1) == 0] = names.mean(0)
    return F.normalize(mixed, dim=1)


def read_class_map(path: Path) -> list[str]:
    """The names of AudioSet's classes, in order, of a CSV file with a column ``display_name``.

    Raises:
        InputError: It is no such file.
    """
    with reading(path), open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or "display_name" not in rows[0]:
        raise InputError(f"{path} is no class map of AudioSet: expected was a CSV file with a column display_name.")
    return [row["display_name"] for row in rows]


def write_class_map(path: Path, names: Sequence[str]) -> None:
    """Write what `read_class_map` reads."""
    with atomic(path) as part, open(part, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["index", "display_name"], *enumerate(names)])
