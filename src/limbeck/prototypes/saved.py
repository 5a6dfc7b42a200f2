"""A classifier of sounds as a folder: prototypes, their encoder, the words, and the recordings behind them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Self, cast

import numpy as np
import safetensors.numpy
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from safetensors import SafetensorError

from limbeck import __version__, _files, hub
from limbeck._config import Config
from limbeck.encoders import AudioEmbeddings, Encoder, EncoderNote
from limbeck.errors import FingerprintError, InputError
from limbeck.prototypes import _card
from limbeck.prototypes._prompts import class_texts
from limbeck.prototypes.classifier import PrototypeClassifier
from limbeck.prototypes.confidence import Confidence
from limbeck.prototypes.probe import Evidence, Probe

FORMAT = "limbeck-sound-classifier-1"
CONFIG = "config.json"
_DATA = "data-*.safetensors"
_ARRAYS = ("prototypes", "mean", "scale", "levels", "prompt_weights")
"""Arrays of a `PrototypeClassifier` that are kept under their own names."""
_EXAMPLES = ("examples", "example_classes", "example_weights")
_PROBE = ("probe_coefficients", "probe_intercept")


class Piece(Config):
    """A recording, or a window of one, in seconds, that a prototype was made from.

    Attributes:
        path: The file, as it was given.
        sha256: Of the file's bytes, by which it is known again at another place; empty where they were not read.
        example: Whether a person gave it as an example of what it stands for.
    """

    path: str = ""
    start_s: float = Field(default=0.0, ge=0)
    duration_s: float = Field(default=0.0, ge=0)
    sha256: str = ""
    example: bool = False


class _Learned(Config):
    """What of a `PrototypeClassifier` are numbers and words; no threshold where nothing is rejected."""

    parameters: dict[str, Any] = Field(default_factory=dict)
    labels: tuple[str, ...] = Field(default=("",), min_length=1)
    space: Literal["joint", "features"] = "joint"
    neighbours: int = 1
    agreement: float = 0.5
    temperature: float = Field(default=1.0, gt=0)
    threshold: float | None = None
    probe_temperature: float | None = Field(default=None, gt=0)
    evidence: Evidence | None = None
    confidence: Confidence | None = None


class _Card(Config):
    """What ``config.json`` holds."""

    format: str = FORMAT
    version: str = __version__
    encoder: EncoderNote = EncoderNote()
    descriptions: dict[str, str] = Field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    window_s: float | None = None
    hop_s: float | None = None
    thresholds: dict[str, float] = Field(default_factory=dict)
    confidence: Confidence | None = None
    source: str = ""
    learned: _Learned = _Learned()
    pieces: tuple[Piece, ...] = ()
    data: str = Field(default="data.safetensors", pattern=r"^[\w-]+\.safetensors$")
    sha256: str = ""


@dataclass(frozen=True)
class SoundClassifier:
    """A `PrototypeClassifier` with all that is needed to use it elsewhere and to know where it comes from.

    Attributes:
        classifier: Learned from words. Positions in its `neighbours_` are places in `pieces`.
        encoder: Whose vectors it takes.
        pieces: The neighbours' recordings, each once.
        prompts: Sentences that the words were put in.
        descriptions: What was used instead of a label, for some labels or all.
        window_s: Length of the windows recordings were cut into, in seconds; None for whole recordings.
        hop_s: From the beginning of one window to the next, in seconds; None likewise.
        thresholds: Least score from 0 to 1 with which a sound is given a label, for some labels or none.
        confidence: How scores become probabilities by recordings with labels; see `calibration`.
        source: Where on the hub it was fetched from, ``owner/name@commit``; empty for one that was learned here.
    """

    classifier: PrototypeClassifier
    encoder: EncoderNote
    pieces: tuple[Piece, ...]
    prompts: tuple[str, ...]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    window_s: float | None = None
    hop_s: float | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    confidence: Confidence | None = None
    source: str = ""

    @classmethod
    def learn(
        cls,
        encoder: Encoder,
        labels: Sequence[str],
        pool: ArrayLike,
        features: ArrayLike | None,
        pieces: Sequence[Piece],
        *,
        prompts: Sequence[str] = (),
        descriptions: Mapping[str, str] | None = None,
        window_s: float | None = None,
        hop_s: float | None = None,
        classifier: PrototypeClassifier | None = None,
        examples: tuple[ArrayLike, Sequence[str], Sequence[Piece]] | None = None,
    ) -> Self:
        """Embed the words, learn from the pool, and keep of it the neighbours only.

        The `encoder` has embedded the `pool` in the joint space, (recording, dim), and, where `features` are to be
        compared, in its own, (recording, features_dim); `pieces` are what the rows are. No `prompts` means the
        encoder's own; for other words about the `labels` see `SoundClassifier`. A `classifier`, not learned yet, learns
        and keeps the pool. The `examples` are labelled recordings: vectors in the space that is compared in,
        (row, dim), a label each, and what they are. They stand for their labels beside the words' neighbours; a label
        that is none of the words stands for its examples alone. There may be no words, then.

        Raises:
            InputError: Something does not fit.
        """
        if len(pieces) != np.shape(pool)[0]:
            raise InputError(f"pieces must say what each of the {np.shape(pool)[0]} rows is; got {len(pieces)}.")
        used = tuple(prompts) or (encoder.prompt,)
        learner = PrototypeClassifier() if classifier is None else classifier
        behind: tuple[Piece, ...] = ()
        if labels or examples is None:
            text = np.stack([encoder.embed_text(row).numpy() for row in class_texts(labels, used, descriptions)])
            small, kept = learner.fit_from_text(pool, text, labels, features=features).pruned()
            behind = tuple(pieces[row] for row in kept.tolist())
            if examples is not None:
                small.with_examples(*examples[:2])
        else:
            space: Literal["joint", "features"] = "joint" if features is None else "features"
            small = learner.fit_from_examples(*examples[:2], pool if features is None else features, space=space)
        behind += () if examples is None else tuple(piece.model_copy(update={"example": True}) for piece in examples[2])
        made = cls(small, EncoderNote.of(encoder.id), behind, used, dict(descriptions or {}), window_s, hop_s)
        return made if examples is None else made.consider_probe({})

    @property
    def fingerprint(self) -> str:
        """A hash (16 hexadecimal digits) of the encoder, the words and all that was learned of them."""
        learned, arrays = _pack(self.classifier)
        content = hashlib.sha256(repr((self.encoder.id, learned.to_json())).encode())
        for name in sorted(arrays):
            content.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
            content.update(np.ascontiguousarray(arrays[name]).tobytes())
        return content.hexdigest()[:16]

    @property
    def calibration(self) -> Confidence | None:
        """How its scores become probabilities: by labels, else by corrections, else not at all.

        What labels told of the classifier before it was corrected does not hold any more.
        """
        told = self.confidence
        return told if told is not None and told.classifier == self.fingerprint else self.classifier.confidence_

    @property
    def labels(self) -> tuple[str, ...]:
        """The words, in the order they were given."""
        return tuple(self.classifier.classes_.tolist())

    def neighbours(self, label: str) -> list[tuple[int, Piece]]:
        """The recordings behind a word, most similar first, with their places for corrections."""
        return [(row, self.pieces[row]) for row in self.classifier.neighbours_[self.labels.index(label)].tolist()]

    @property
    def piece_vectors(self) -> NDArray[np.floating[Any]]:
        """What the recordings behind the words were embedded as, in the space that is compared in, (piece, dim)."""
        return self.classifier._pool

    def regrouped(self, words: Mapping[str, Sequence[str]]) -> Self:
        """The same with words renamed, joined or dropped: each new one stands for what some old ones did, together.

        Raises:
            InputError: A word is unknown, or none is left.
        """
        about = {
            new: ", ".join(self.descriptions.get(old, old) for old in olds)
            for new, olds in words.items()
            if olds and (tuple(olds) != (new,) or new in self.descriptions)
        }
        return replace(self, classifier=self.classifier.regrouped(words), descriptions=about)

    def with_recordings(self, vectors: ArrayLike, pieces: Sequence[Piece]) -> Self:
        """Hold further recordings, which stand for nothing yet: `vectors`, (row, dim), and what they are, `pieces`.

        Raises:
            InputError: A number does not fit.
        """
        self.classifier.with_recordings(vectors)
        return replace(self, pieces=(*self.pieces, *pieces))

    def consider_probe(
        self, accepted: Mapping[str, Iterable[int]], refused: Mapping[str, Iterable[int]] | None = None
    ) -> Self:
        """Name sounds by a linear probe if that is better for sure; see `PrototypeClassifier.consider_probe`.

        Places in `pieces` are `accepted` and `refused`, by label. Examples are accepted anyway.
        """
        shown = {
            label: [row for row, piece in self.neighbours(label) if piece.example] + list(accepted.get(label, ()))
            for label in self.labels
        }
        self.classifier.consider_probe(shown, refused, [piece.sha256 or piece.path for piece in self.pieces])
        return self

    def windows_differ(self, window_s: float, hop_s: float) -> bool:
        """Whether windows of `window_s` seconds every `hop_s` are others than those this was learned from."""
        return self.window_s is not None and (self.window_s, self.hop_s) != (window_s, hop_s)

    def check(self, encoder: Encoder) -> None:
        """Check that an encoder is the one this was learned with.

        Raises:
            FingerprintError: It is another, or has other weights.
        """
        if encoder.id != self.encoder.id:
            raise FingerprintError(
                f"This classifier was learned with {self.encoder.id}, and vectors of {encoder.id} cannot be compared "
                "with its prototypes. Use that encoder, or index and learn again with this one."
            )

    def vectors(self, sounds: AudioEmbeddings | Any) -> NDArray[np.float32]:
        """Of the two spaces the one this classifier compares in, float32, (sound, dim); also of a pool of an index."""
        return np.asarray(getattr(sounds, self.classifier.space_))

    def predict(self, embeddings: AudioEmbeddings) -> list[str]:
        """A word for each sound; ``""`` for none of these."""
        return cast(list[str], self.classifier.predict(self.vectors(embeddings)).tolist())

    def save(self, folder: str | Path) -> Path:
        """Write the classifier; returns the folder, which is made, or whose older classifier is replaced.

        A reader finds the old one or the new one, whenever the writer is stopped: ``config.json`` is replaced last and
        names the arrays' file, which is named after what is in it.
        """
        folder = Path(folder)
        learned, arrays = _pack(self.classifier)
        content = safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        sha256 = hashlib.sha256(content).hexdigest()
        data = f"data-{sha256[:16]}.safetensors"
        _files.write_bytes(folder / data, content)
        facts = {name: value for name, value in vars(self).items() if name != "classifier"}
        _files.write_record(folder / CONFIG, _Card(learned=learned, data=data, sha256=sha256, **facts).to_json())
        for old in folder.glob(_DATA):
            if old.name != data:
                old.unlink(missing_ok=True)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote. Runs no code from the folder.

        Raises:
            InputError: The folder is no classifier, or is damaged.
        """
        folder = Path(folder)
        if not (folder / CONFIG).is_file():
            raise InputError(
                f"{folder} is not a classifier of sounds: it has no {CONFIG}. Make one with: limbeck sounds learn."
            )
        try:
            data = _files.read_record(folder / CONFIG)
            if data.get("format") != FORMAT:
                raise InputError(f"this version reads the format {FORMAT!r}, but got {data.get('format')!r}")
            card = _Card.from_json(data)
            content = (folder / card.data).read_bytes()
            if hashlib.sha256(content).hexdigest() != card.sha256:
                raise InputError(f"{card.data} is not what {CONFIG} says it is")
            classifier = _unpack(card.learned, safetensors.numpy.load(content))
            if len(card.pieces) != len(classifier._pool):
                raise InputError(f"{len(card.pieces)} recordings are named, but vectors of others are there")
        except (InputError, KeyError, OSError, SafetensorError, TypeError, ValueError) as error:
            if _files.is_of_system(error):
                raise
            raise InputError(f"{folder} is damaged ({error}). Learn again with: limbeck sounds learn.") from error
        return cls(
            classifier,
            card.encoder,
            card.pieces,
            card.prompts,
            card.descriptions,
            card.window_s,
            card.hop_s,
            card.thresholds,
            card.confidence,
            card.source,
        )

    @classmethod
    def from_pretrained(
        cls,
        name: str,
        *,
        revision: str | None = None,
        token: str | None = None,
        offline: bool = False,
        max_bytes: int = hub.LARGEST,
        progress: bool = True,
    ) -> Self:
        """The classifier that somebody has put on the Hugging Face hub. Runs no code of theirs.

        Its `source` says which commit it is of. The encoder is not in it; whatever names sounds by it loads that.

        Args:
            name: Of the model repository, ``owner/name``.
            revision: A branch, a tag or a commit; the newest state by default.
            token: For what is private; that of this machine by default.
            offline: Take it from the hub's cache and never ask the network.
            max_bytes: What its files may take.
            progress: Let the hub's client draw its bars on standard error.

        Raises:
            HubError: There is no such classifier or revision, it is private, damaged or too large, or the hub cannot
                be reached.
            InputError: The name is none.
            MissingExtraError: The extra ``hub`` is not installed.
        """
        found = hub.fetch(
            name,
            "model",
            (CONFIG, _DATA),
            revision=revision,
            token=token,
            offline=offline,
            max_bytes=max_bytes,
            progress=progress,
        )
        return replace(found.read(cls.load), source=found.source)

    def push_to_hub(
        self,
        name: str,
        *,
        licence: str = "",
        results: Sequence[hub.Result] = (),
        recordings: bool = False,
        private: bool = False,
        token: str | None = None,
        dry_run: bool = False,
        progress: bool = True,
    ) -> hub.Upload:
        """Put the classifier on the Hugging Face hub, with a card, in one commit.

        Recordings behind the words become numbers: their paths and digests are left out.

        Args:
            name: Of the model repository, ``owner/name``; it is made if need be.
            licence: Under which it is passed on, as the hub writes it: ``"cc-by-4.0"``.
            results: How well it does, for the card.
            recordings: Name the files of the recordings, without their folders, and give their digests.
            private: Only its owner may see it.
            token: Proves who sends; that of this machine by default.
            dry_run: Say what would be sent, and ask nothing of the network.
            progress: Let the hub's client draw its bars on standard error.

        Raises:
            HubError: There is no token, it may not write there, or the hub cannot be reached.
            InputError: The name is none.
            MissingExtraError: The extra ``hub`` is not installed.
        """
        told = _card.shared(self, recordings=recordings)
        with TemporaryDirectory() as place:
            folder = told.save(place)
            _files.write_text(folder / "README.md", _card.card(told, name=name, licence=licence, results=results))
            return hub.push(
                folder,
                name,
                "model",
                message=f"Classifier of sounds {self.fingerprint}",
                remarks=_card.remarks(told, recordings=recordings),
                replaces=_DATA,
                private=private,
                token=token,
                dry_run=dry_run,
                progress=progress,
            )


def _pack(classifier: PrototypeClassifier) -> tuple[_Learned, dict[str, NDArray[Any]]]:
    """Numbers and arrays of a classifier learned from words."""
    c = classifier
    numbers = _Learned(
        parameters={name: v.item() if isinstance(v, np.generic) else v for name, v in c.get_params().items()},
        labels=tuple(c.classes_.tolist()),
        space=c.space_,
        neighbours=c.neighbours_count_,
        agreement=c.agreement_,
        temperature=c.temperature_,
        threshold=c.threshold_ if np.isfinite(c.threshold_) else None,
        probe_temperature=c.probe_ and c.probe_.temperature,
        evidence=c.evidence_,
        confidence=c.confidence_,
    )
    probe = () if c.probe_ is None else (c.probe_.coefficients, c.probe_.intercept)
    return numbers, {
        **{name: getattr(c, f"{name}_") for name in _ARRAYS},
        "recordings": c._pool,
        "neighbours": np.concatenate(c.neighbours_),
        "neighbour_weights": np.concatenate(c.neighbour_weights_),
        "neighbours_per_class": np.array([len(own) for own in c.neighbours_]),
        **dict(zip(_EXAMPLES, c._examples, strict=True)),
        **dict(zip(_PROBE, probe, strict=False)),
    }


def _unpack(numbers: _Learned, arrays: Mapping[str, NDArray[Any]]) -> PrototypeClassifier:
    """The classifier that `_pack` was given, without the pool; refused if numbers and arrays do not fit."""
    c = PrototypeClassifier(**numbers.parameters)
    c.classes_, c.multi_label_ = np.asarray(numbers.labels), False
    c.space_, c.neighbours_count_ = numbers.space, numbers.neighbours
    c.agreement_, c.temperature_ = numbers.agreement, numbers.temperature
    c.threshold_ = -np.inf if numbers.threshold is None else numbers.threshold
    for name in _ARRAYS:
        setattr(c, f"{name}_", arrays[name])
    c.n_features_in_ = len(c.mean_)
    c._pool, c._words = arrays["recordings"], None
    ends = np.cumsum(arrays["neighbours_per_class"])[:-1]
    c.neighbours_ = np.split(arrays["neighbours"], ends)
    c.neighbour_weights_ = np.split(arrays["neighbour_weights"], ends)
    c._examples = arrays["examples"], arrays["example_classes"], arrays["example_weights"]
    labels, dim = len(numbers.labels), c.n_features_in_
    c.evidence_, c.probe_ = numbers.evidence, None
    c._confidence, c._cases = numbers.confidence, None
    if numbers.probe_temperature is not None:
        coefficients, intercept = (arrays[name] for name in _PROBE)
        c.probe_ = Probe(coefficients, intercept, numbers.probe_temperature)
        if coefficients.shape != (labels, dim) or intercept.shape != (labels,):
            raise InputError(f"a probe of {labels} labels in {dim} dimensions was expected, but got another")
    fits = c.prototypes_.shape == (labels, dim) and c._pool.shape[1:] == (dim,) and len(c.neighbours_) == labels
    fits = fits and len({len(part) for part in c._examples}) == 1
    if not fits or arrays["neighbours"].max(initial=-1) >= len(c._pool):
        raise InputError(f"arrays of {labels} labels in {dim} dimensions were expected, but got others")
    return c
