"""The hinge of the library: a distilled set, what a network can be trained on instead of the whole dataset."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from limbeck import _files, hub, storage
from limbeck.datasets import LabelledClips, Targets
from limbeck.distilled import _card
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, encode, read_clip
from limbeck.modalities import Batch, Modality, Scale, bound, only
from limbeck.networks import Architecture
from limbeck.parameterisations import Parameterisation, Tensors, modality_of, parse
from limbeck.storage import (
    Coder,
    Meaning,
    Meanings,
    Payload,
    Storage,
    payload_bytes,
    read_soft_labels,
    soft_labels_payload,
)
from limbeck.storage.float32 import Float32

__all__ = ["FORMAT", "SOFT", "START", "DistilledSet", "meanings_of"]

FORMAT = "limbeck-distilled-4"
ROWS = "rows_of_classes"
SOFT = "soft_labels"
START = "start."
_FILES = ("config.json", "data.safetensors")


@dataclass(frozen=True, repr=False)
class DistilledSet(TorchDataset[tuple[Batch, Tensor]]):
    """A few synthetic samples per class, with all that is needed to use them and to know where they come from.

    As a `torch.utils.data.Dataset` its items are samples as networks see them: what `hold` decodes the tensors to.

    Attributes:
        tensors: What is stored, as it is after storage, float32; rows in the order of classes.
        labels: int64, (row,): index into `classes`, ascending.
        classes: Class names.
        hold: How tensors become samples.
        modalities: What the samples are, by name.
        scales: What turns decibels and pixels into network scale and back, by modality.
        provenance: Method and parameters, seed, fingerprint of the training clips, code, versions, cost: JSON-able.
        start: The same tensors before optimisation, for before/after pictures; None if not kept.
        storage: How the tensors are kept.
        payload: What is kept: `tensors` are what it decodes to. None for the float32 numbers themselves.
        soft_labels: Class probabilities of every sample, float32, (sample, class), to train on instead of `labels`;
            None where the class alone is kept.
    """

    tensors: Tensors
    labels: Tensor
    classes: tuple[str, ...]
    hold: Parameterisation
    modalities: Mapping[str, Modality]
    scales: Mapping[str, Scale]
    provenance: dict[str, Any]
    start: Tensors | None = None
    storage: Storage = field(default_factory=Float32)
    payload: Payload | None = None
    soft_labels: Tensor | None = None

    def __post_init__(self) -> None:
        of = {modality_of(name) for name in self.tensors}
        if not of or of != {*self.modalities} or of != {*self.scales}:
            raise InputError(
                f"A distilled set has tensors and a scale of each modality, but got modalities {[*self.modalities]}, "
                f"tensors {[*self.tensors]} and scales {[*self.scales]}."
            )
        for name, tensor in self.tensors.items():
            if tensor.dtype != torch.float32:
                raise InputError(f"Tensors of a distilled set are float32, but {name} is {tensor.dtype}.")
            shape = (self.rows, *self.hold.shape_of(self.modalities[name])) if self.hold.are_samples else tensor.shape
            if tensor.shape != shape:
                raise InputError(f"{name} of this set must be {tuple(shape)}, but got {tuple(tensor.shape)}.")
        if self.payload is None and self.storage != Float32():
            raise InputError(f"A set stored as {self.storage.name!r} needs its payload; make it with `stored_as`.")
        self.targets  # noqa: B018 - checks labels and soft labels

    def __repr__(self) -> str:
        return (
            f"<DistilledSet {self.provenance.get('method', 'of unknown origin')}: {len(self)} samples "
            f"({', '.join(self.modalities)}) of {len(self.classes)} classes in {self.rows} rows, held as {self.hold}; "
            f"{self.storage.name}, {self.stored_bytes:,} bytes>"
        )

    @property
    def rows(self) -> int:
        """Number of stored rows, each of which stands for `hold.cells` samples."""
        return len(self.labels)

    @property
    def recipe(self) -> ClipRecipe:
        """How recordings were decoded."""
        return next(iter(self.modalities.values())).recipe

    @property
    def per_class(self) -> int:
        """Stored rows of the class that has most (the literature's IPC)."""
        return int(torch.bincount(self.labels).max()) if self.rows else 0

    @property
    def targets(self) -> Targets:
        """What is to be learnt of each sample, in the order of `samples`."""
        return Targets(self.classes, self.labels.repeat(self.hold.cells), self.soft_labels)

    @property
    def stored_bytes(self) -> int:
        """Bytes of what students are trained on: the payload and soft labels.

        Not counted: which class a row is of (the order says it but for the number of each class), names and settings,
        and the start, which is only looked at.
        """
        return payload_bytes(self._trained_on())

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the method that made the set; empty where it does not say them."""
        return dict(self.provenance.get("settings", {}))

    @property
    def network(self) -> Architecture:
        """The architecture the set was distilled with; the default one where its settings name none."""
        return Architecture.of_settings(self.settings)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Provenance of every part that the set was joined from, with its classes; of one made whole, its own."""
        return list(self.provenance.get("parts", [self.provenance | {"classes": list(self.classes)}]))

    @property
    def sees_labels(self) -> bool:
        """Whether networks trained on the real labels helped to make the set, or any part that it was joined from."""
        return any(part.get("sees_labels", False) for part in self.parts)

    @property
    def fingerprint(self) -> str:
        """Identifies what students are trained on, by what is stored: payload, labels, and what decoding depends on.

        Never by the decoded numbers: processors, and versions of decoders, may round them otherwise. How a set was
        made, and its start, are no part of it.
        """
        content = hashlib.sha256(json.dumps(self._decoded_by(), sort_keys=True).encode())
        for name, tensor in sorted((self._trained_on() | {"labels": self.labels}).items()):
            content.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            content.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return content.hexdigest()[:16]

    def __len__(self) -> int:
        return self.rows * self.hold.cells

    def __getitem__(self, item: int) -> tuple[Batch, Tensor]:
        """Sample number `item` by modality, each (..., channel, height, width) in network scale, and its label, ()."""
        cell, row = divmod(range(len(self))[item], self.rows)
        samples = self.hold.decode(self.hold.rows(self.tensors, slice(row, row + 1)), self.modalities)
        return {name: x[cell] for name, x in samples.items()}, self.labels[row]

    def samples(self) -> Batch:
        """All samples by modality, each (sample, ..., channel, height, width), cell-major; see `targets`."""
        return self.hold.decode(self.tensors, self.modalities)

    def arrays(self, samples: Batch) -> Batch:
        """Samples in network scale as arrays in decibels and pixels, as they are prepared."""
        return {name: self.modalities[name].from_network(x, self.scales[name]) for name, x in samples.items()}

    def read(self, audio: str | Path, *, image: str | Path | None = None, start_seconds: float = 0.0) -> Batch:
        """A recording of your own as what a network trained on this set expects.

        Args:
            audio: Any video, or a file of sound with `image` beside it; of a set without sound, the picture.
            image: The picture, or a video of it, where it is another file.
            start_seconds: Where the clip begins, in seconds; it is as long as the recipe's, shorter ones are padded.

        Returns:
            Arrays by modality, (..., channel, height, width), float32, in network scale.

        Raises:
            MediaError: The file cannot be read there; says why.
        """
        raw = read_clip(Path(audio), Path(image or audio), start_s=start_seconds, recipe=self.recipe)
        return {
            name: modality.to_network(torch.from_numpy(modality.array(raw)), self.scales[name])
            for name, modality in self.modalities.items()
        }

    def seen_by(self, names: Sequence[str]) -> "DistilledSet":
        """The same set with some of its modalities, as float32.

        Raises:
            InputError: One is named that the set does not have.
        """
        modalities = only(self.modalities, names, "This set has")
        if len(modalities) == len(self.modalities):
            return self

        def kept(tensors: Tensors) -> Tensors:
            return {name: t for name, t in tensors.items() if modality_of(name) in names}

        return replace(
            self,
            tensors=kept(self.tensors),
            modalities=modalities,
            scales={name: self.scales[name] for name in modalities},
            start=self.start and kept(self.start),
            storage=Float32(),
            payload=None,
        )

    def unpacked(self) -> "DistilledSet":
        """The same samples with a row each: to look at where rows are no samples."""
        order = torch.argsort(self.targets.labels, stable=True)

        def rows(tensors: Tensors) -> Tensors:
            return {name: x[order] for name, x in self.hold.decode(tensors, self.modalities).items()}

        return replace(
            self,
            tensors=rows(self.tensors),
            labels=self.targets.labels[order],
            hold=parse("plain"),
            start=self.start and rows(self.start),
            storage=Float32(),
            payload=None,
            soft_labels=None if self.soft_labels is None else self.soft_labels[order],
        )

    def drawn(self, per_class: int, *, seed: int = 0) -> "DistilledSet":
        """The same model with `per_class` >= 1 other samples of every class, drawn by a `seed` >= 0.

        Raises:
            InputError: The set is no model but holds its samples, or its rows cannot have so many, or it has soft
                labels, which are those of the samples it has.
        """
        if self.soft_labels is not None:
            raise InputError("This set has soft labels, which are those of the samples it has; none can be drawn.")
        hold = self.hold.drawn(max(1, per_class // max(1, self.per_class)), seed=seed)
        if per_class < 1 or per_class % max(1, self.per_class):
            raise InputError(
                f"A class has {self.per_class} rows, of which equally many samples are drawn, so their number is a "
                f"multiple of that and 1 or more, but got {per_class}."
            )
        return replace(self, hold=hold, provenance=self.provenance | {"drawn": str(hold)})

    def stored_as(self, form: Coder) -> "DistilledSet":
        """The same set in another `form`: what is left of it in it. In the form they have, tensors stay as they are.

        Raises:
            InputError: The form is for samples, and the tensors are none.
        """
        if form == self.storage:
            return self
        meanings = meanings_of(self.hold, self.modalities, self.scales)
        payload = form.encode(self.tensors, meanings)
        return replace(self, tensors=form.decode(payload, meanings), storage=form, payload=payload)

    def made_from(self, clips: LabelledClips) -> bool:
        """Whether it was made from these training `clips`, or from those of its classes; of parts, every one.

        The clips have all their modalities or those of the set.
        """
        seen = [clips]
        if {*self.modalities} < {*clips.modalities}:
            seen.append(clips.seen_by([*self.modalities]))
        for part in self.parts:
            known = set(part["classes"]) <= set(clips.classes)
            alike = [
                *seen,
                *(some.as_pairs() for some in seen),
                *(some.only(part["classes"]) for some in seen if known),
            ]
            prints = {one.fingerprint for one in alike}
            if part.get("training_fingerprint") not in prints:
                return False
        return True

    @staticmethod
    def concat(parts: "Sequence[DistilledSet]", classes: Sequence[str]) -> "DistilledSet":
        """Join sets that were distilled class by class.

        Args:
            parts: Sets of disjoint classes, held, scaled and stored alike, and without soft labels.
            classes: All class names in label order.

        Raises:
            InputError: Nothing came, the parts do not agree, or a class is missing or doubled.
        """
        if not parts:
            raise InputError("No distilled sets to join; give at least one.")
        first = parts[0]
        if any((p.hold, p.modalities, p.scales) != (first.hold, first.modalities, first.scales) for p in parts):
            raise InputError("The sets differ in how they are held, in recipe or in scale; distil every class alike.")
        if any(p.storage != first.storage for p in parts):
            raise InputError("The sets are stored in different forms; bring them into one with `stored_as`.")
        if any(p.soft_labels is not None for p in parts):
            raise InputError("Soft labels of a part know its classes alone; distil all together, or with hard labels.")
        if sorted(c for p in parts for c in p.classes) != sorted(classes):
            raise InputError(
                f"The sets hold classes {[p.classes for p in parts]}; together they must hold {list(classes)} once."
            )
        labels = torch.cat([torch.tensor([classes.index(p.classes[i]) for i in p.labels.tolist()]) for p in parts])
        order = torch.argsort(labels, stable=True)
        starts = [p.start for p in parts if p.start is not None]

        def joined(every: Sequence[Tensors]) -> Tensors:
            return {name: torch.cat([tensors[name] for tensors in every])[order] for name in every[0]}

        return replace(
            first,
            tensors=joined([p.tensors for p in parts]),
            labels=labels[order],
            classes=tuple(classes),
            provenance={"parts": [p.provenance | {"classes": list(p.classes)} for p in parts]},
            start=joined(starts) if len(starts) == len(parts) else None,
            payload=None if first.payload is None else first.storage.join([p._trained_on() for p in parts], order),
        )

    def save(self, folder: str | Path) -> Path:
        """Write ``config.json``, ``data.safetensors`` and the card ``README.md``; returns the folder.

        The config is written last: a folder without it is not yet a distilled set.
        """
        folder = Path(folder)
        starts = {START + name: tensor for name, tensor in (self.start or {}).items()}
        counts = torch.bincount(self.labels, minlength=len(self.classes)).int()  # rows are in the order of classes
        _files.write_tensors(folder / "data.safetensors", self._trained_on() | {ROWS: counts} | starts)
        _files.write_text(folder / "README.md", self.card())
        about = {"provenance": self.provenance, "fingerprint": self.fingerprint}
        _files.write_record(folder / "config.json", {"format": FORMAT, **self._decoded_by(), **about})
        return folder

    @classmethod
    def load(cls, folder: "str | Path | DistilledSet") -> "DistilledSet":
        """Read a set written by `save`. Runs no code from the folder. One that is loaded already is given back.

        Raises:
            InputError: The folder is not a distilled set, or is damaged.
        """
        if isinstance(folder, DistilledSet):
            return folder
        folder = Path(folder)
        if not (folder / "config.json").exists():
            raise InputError(f"{folder} is not a distilled set: it has no config.json. Make one with: limbeck distill.")
        try:
            config = _files.read_record(folder / "config.json")
            if config["format"] != FORMAT:
                raise InputError(f"{folder} is of format {config['format']!r}; this version reads {FORMAT!r}.")
            tensors, _ = _files.read_tensors(folder / "data.safetensors")
            modalities = bound(config["scales"], ClipRecipe.from_json(config["recipe"]))
            scales = {name: Scale.from_json(config["scales"][name]) for name in modalities}
            hold = parse(str(config["hold"]))
            form = storage.load(config["storage"]["name"]).from_json(config["storage"]["settings"])
            counts, soft = tensors.pop(ROWS), read_soft_labels(tensors, len(config["classes"]))
            tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(SOFT)}
            start = {name.removeprefix(START): tensors.pop(name) for name in [*tensors] if name.startswith(START)}
            decoded = form.decode(tensors, meanings_of(hold, modalities, scales))
            if int(counts.sum()) not in {len(tensor) for tensor in decoded.values()}:
                raise InputError(f"{folder} is damaged: its classes have another number of rows. Distil again.")
            made = cls(
                tensors=decoded,
                labels=torch.arange(len(counts)).repeat_interleave(counts),
                classes=tuple(config["classes"]),
                hold=hold,
                modalities=modalities,
                scales=scales,
                provenance=config["provenance"],
                start=start or None,
                storage=form,
                payload=None if form == Float32() else tensors,
                soft_labels=soft,
            )
            if made.fingerprint != config["fingerprint"]:
                raise InputError(
                    f"{folder} is damaged: its config.json and data.safetensors are of two sets. Bring back a copy of "
                    "both, or distil again."
                )
        except (KeyError, TypeError, OSError, RuntimeError) as error:
            if _files.is_of_system(error):
                raise
            raise InputError(f"{folder} is damaged ({type(error).__name__}: {error}); distil again.") from error
        return made

    def card(self) -> str:
        """The README of a saved set: what it is, how it was made, how to use it."""
        return _card.card(self)

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
    ) -> "DistilledSet":
        """The set that somebody has put on the Hugging Face hub. Runs no code of theirs.

        ``provenance["hub"]`` says which commit it is of: ``owner/name@commit``.

        Args:
            name: Of the dataset repository, ``owner/name``.
            revision: A branch, a tag or a commit; the newest state by default.
            token: For what is private; that of this machine by default.
            offline: Take it from the hub's cache and never ask the network.
            max_bytes: What its files may take.
            progress: Let the hub's client draw its bars on standard error.

        Raises:
            HubError: There is no such set or revision, it is private, damaged or too large, or the hub cannot be
                reached.
            InputError: The name is none.
            MissingExtraError: The extra ``hub`` is not installed.
        """
        found = hub.fetch(
            name,
            "dataset",
            _FILES,
            revision=revision,
            token=token,
            offline=offline,
            max_bytes=max_bytes,
            progress=progress,
        )
        made = found.read(cls.load)
        return replace(made, provenance=made.provenance | {"hub": found.source})

    def push_to_hub(
        self,
        name: str,
        *,
        licence: str = "",
        results: Sequence[hub.Result] = (),
        private: bool = False,
        token: str | None = None,
        dry_run: bool = False,
        progress: bool = True,
    ) -> hub.Upload:
        """Put the set on the Hugging Face hub, with a card and pictures, in one commit.

        What the set was before optimisation is left out, and so are paths of this machine.

        Args:
            name: Of the dataset repository, ``owner/name``; it is made if need be.
            licence: Under which it is passed on, as the hub writes it: ``"cc-by-4.0"``.
            results: How well networks do that were trained on it, for the card.
            private: Only its owner may see it.
            token: Proves who sends; that of this machine by default.
            dry_run: Say what would be sent, and ask nothing of the network.
            progress: Let the hub's client draw its bars on standard error.

        Raises:
            HubError: There is no token, it may not write there, or the hub cannot be reached.
            InputError: The name is none, or the set has no samples.
            MissingExtraError: The extra ``hub`` is not installed.
        """
        if not self.rows:
            raise InputError("This distilled set holds no samples, so there is nothing to share; distil again.")
        encode.require_pillow("hub")
        shared = replace(self, start=None, provenance=hub.without_paths(self.provenance))
        with TemporaryDirectory() as place:
            folder, sheets = shared.save(place), _card.sheets(shared)
            for file, content in sheets.items():
                _files.write_bytes(folder / file, content)
            text = _card.card(shared, name=name, licence=licence, results=results, sheets=[*sheets])
            _files.write_text(folder / "README.md", text)
            return hub.push(
                folder,
                name,
                "dataset",
                message=f"Distilled set {self.fingerprint}",
                remarks=_card.remarks(shared),
                private=private,
                token=token,
                dry_run=dry_run,
                progress=progress,
            )

    def summary(self) -> dict[str, Any]:
        """What the set is and how it was made, JSON-able."""
        return {
            "kind": "distilled set",
            "classes": list(self.classes),
            "modalities": list(self.modalities),
            "sizes": {name: kind.words for name, kind in self.modalities.items()},
            "rows": self.rows,
            "per_class": self.per_class,
            "hold": str(self.hold),
            "samples": len(self),
            "stored_bytes": self.stored_bytes,
            "storage": {"name": self.storage.name, **self.storage.to_json()},
            "labels": "hard" if self.soft_labels is None else "soft",
            "recipe": self.recipe.to_json(),
            "provenance": self.provenance,
        }

    def _decoded_by(self) -> dict[str, Any]:
        """What decoding the payload depends on, JSON-able."""
        return {
            "classes": list(self.classes),
            "hold": str(self.hold),
            "recipe": self.recipe.to_json(),
            "scales": {name: scale.to_json() for name, scale in self.scales.items()},
            "storage": {"name": self.storage.name, "settings": self.storage.to_json()},
        }

    def _trained_on(self) -> dict[str, Tensor]:
        """What is kept of samples, and soft labels."""
        kept = self.tensors if self.payload is None else self.payload
        return {**kept, **({} if self.soft_labels is None else soft_labels_payload(self.soft_labels))}


def meanings_of(hold: Parameterisation, modalities: Mapping[str, Modality], scales: Mapping[str, Scale]) -> Meanings:
    """What makes tensors of a `hold` decibels and pixels, by `modalities` and `scales`; empty if no samples."""
    return {name: Meaning(m, scales[name]) for name, m in modalities.items()} if hold.are_samples else {}
