"""The hinge of the library: a distilled set, what a network can be trained on instead of the whole dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from limbeck import _files, storage
from limbeck.augment import Frequencies, Packing, mosaic
from limbeck.datasets import LabelledClips, Scale
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, log_mel, read_clip
from limbeck.networks import Architecture
from limbeck.storage import Coder, Payload, Storage, payload_bytes
from limbeck.storage.float32 import Float32

FORMAT = "limbeck-distilled-2"
SOFT = "soft_labels"
SOFT_SENTENCE = "soft: class probabilities of a network trained on the real clips, `soft_labels`"


@dataclass(frozen=True, repr=False)
class DistilledSet(TorchDataset[tuple[Tensor, Tensor, Tensor]]):
    """A few (log-mel, frame) pairs a class, with all that is needed to use them and to know where they come from.

    As a `torch.utils.data.Dataset` its items are training pairs: mosaics are cut into their cells and enlarged,
    so ``len(set)`` is ``pairs * mosaic ** 2`` (`augment.mosaic.count` of it).

    Attributes:
        audio: float32, (pair, 1, mel, frame), in network scale (see `scale`).
        image: float32, (pair, 3, height, width), in network scale.
        labels: int64, (pair,): index into `classes`, ascending.
        classes: Class names.
        mosaic: Cells a side: every stored pair holds ``mosaic ** 2`` small ones; or a grid for each modality.
        recipe: How recordings became arrays.
        scale: What turns decibels and pixels into network scale and back.
        provenance: Method and parameters, seed, fingerprint of the training clips, code, versions, cost: JSON-able.
        start: The same pairs before optimisation (audio, image), for before/after pictures; None if not kept.
        storage: How the numbers are kept.
        payload: What is kept: `audio` and `image` are what it decodes to. None for the float32 numbers themselves.
        soft_labels: Class probabilities of every training pair, float32, (item, class), to train on instead of
            `labels`; None where the class alone is kept.
    """

    audio: Tensor
    image: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    mosaic: Packing
    recipe: ClipRecipe
    scale: Scale
    provenance: dict[str, Any]
    start: tuple[Tensor, Tensor] | None = None
    storage: Storage = field(default_factory=Float32)
    payload: Payload | None = None
    soft_labels: Tensor | None = None

    def __post_init__(self) -> None:
        shapes = {"audio": (1, *self.recipe.mel.shape), "image": (3, self.recipe.image_size, self.recipe.image_size)}
        for name, shape in shapes.items():
            tensor: Tensor = getattr(self, name)
            if tensor.dtype != torch.float32 or tensor.shape != (len(self.labels), *shape):
                raise InputError(
                    f"{name} of a distilled set must be float32 {(len(self.labels), *shape)}, "
                    f"but {tensor.dtype} {tuple(tensor.shape)} came."
                )
        if self.payload is None and self.storage != Float32():
            raise InputError(f"A set stored as {self.storage.name!r} needs its payload; make it with `stored_as`.")
        soft = self.soft_labels
        if soft is not None and (soft.dtype != torch.float32 or soft.shape != (len(self), len(self.classes))):
            raise InputError(
                f"Soft labels of this set must be float32 {(len(self), len(self.classes))}, "
                f"but {soft.dtype} {tuple(soft.shape)} came."
            )

    @property
    def pairs(self) -> int:
        """Number of stored pairs."""
        return len(self.labels)

    @property
    def stored_bytes(self) -> int:
        """Bytes of what students are trained on: the payload and soft labels.

        Not counted: which class a pair is of (the order says it but for the number of each class), names and settings,
        and the start, which is only looked at.
        """
        return payload_bytes(self._tensors() | self._soft_tensors())

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

    def made_from(self, train: LabelledClips) -> bool:
        """Whether the set, with all its parts, was distilled from these training clips or from those of its classes.

        Args:
            train: Training clips of a dataset.
        """
        for part in self.parts:
            known = set(part["classes"]) <= set(train.classes)
            prints = {train.fingerprint} | ({train.only(part["classes"]).fingerprint} if known else set())
            if part.get("training_fingerprint") not in prints:
                return False
        return True

    @property
    def fingerprint(self) -> str:
        """Identifies what students are trained on, by what is stored: payload, labels, and what decoding depends on.

        Never by the decoded numbers: processors, and versions of decoders, may round them otherwise. How a set was
        made, and its start, are no part of it.
        """
        content = hashlib.sha256(json.dumps(self._decoded_by(), sort_keys=True).encode())
        for name, tensor in sorted((self._tensors() | self._soft_tensors() | {"labels": self.labels}).items()):
            content.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            content.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return content.hexdigest()[:16]

    def __repr__(self) -> str:
        return (
            f"<DistilledSet {self.provenance.get('method', 'of unknown origin')}: {self.pairs} pairs of "
            f"{len(self.classes)} classes, mosaic {mosaic.words(self.mosaic)}, so {len(self)} training pairs; "
            f"{self.storage.name}, {self.stored_bytes:,} bytes>"
        )

    @property
    def per_class(self) -> int:
        """Stored pairs of the class that has most (the literature's IPC)."""
        return int(torch.bincount(self.labels).max()) if self.pairs else 0

    def __len__(self) -> int:
        return self.pairs * mosaic.count(self.mosaic)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor, Tensor]:
        """Training pair number `item`: log-mel (1, mel, frame), frame (3, height, width), label ()."""
        cell, pair = divmod(range(len(self))[item], self.pairs)
        row = slice(pair, pair + 1)
        shares = mosaic.shares(self.mosaic)
        audio = mosaic.unpack(self.audio[row], shares.audio)[cell]
        image = mosaic.unpack(self.image[row], shares.image)[cell]
        return audio, image, self.labels[pair]

    def training_pairs(self) -> tuple[Tensor, Tensor, Tensor]:
        """All items at once: log-mel (item, 1, mel, frame), frames (item, 3, height, width), labels (item,)."""
        shares = mosaic.shares(self.mosaic)
        return (
            mosaic.unpack(self.audio, shares.audio),
            mosaic.unpack(self.image, shares.image),
            self.labels.repeat(mosaic.count(self.mosaic)),
        )

    def read(
        self, clip: str | Path, *, image: str | Path | None = None, start_seconds: float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """A recording of your own as what a network trained on this set expects.

        Args:
            clip: Any video, or a file of sound with `image` beside it.
            image: The picture, or a video of it, where it is another file.
            start_seconds: Where the clip begins, in seconds; it is as long as the recipe's, shorter ones are padded.

        Returns:
            Log-mel (1, mel, frame) and frame (3, height, width), float32, in network scale.

        Raises:
            MediaError: The file cannot be read there; says why.
        """
        raw = read_clip(Path(clip), Path(image or clip), start_s=start_seconds, recipe=self.recipe)
        audio = log_mel(torch.from_numpy(raw.waveform), self.recipe.mel)[None]
        return self.scale.audio(audio), self.scale.image(torch.from_numpy(raw.frame).permute(2, 0, 1).contiguous())

    def apart(self) -> DistilledSet:
        """The same training pairs with the room of a stored pair each: to look at where pairs share by frequencies."""
        audio, image, labels = self.training_pairs()
        order = torch.argsort(labels, stable=True)
        start = self.start and replace(self, audio=self.start[0], image=self.start[1]).training_pairs()[:2]
        return replace(
            self,
            audio=audio[order],
            image=image[order],
            labels=labels[order],
            mosaic=1,
            start=start and (start[0][order], start[1][order]),
            storage=Float32(),
            payload=None,
            soft_labels=None if self.soft_labels is None else self.soft_labels[order],
        )

    def stored_as(self, form: Coder) -> DistilledSet:
        """The same pairs in another form: what is left of them in it.

        Args:
            form: How they are to be kept. In the form they already have they stay as they are.

        Raises:
            InputError: The pairs share by frequencies, and the form is for pictures and decibels.
        """
        if form == self.storage:
            return self
        if isinstance(self.mosaic, Frequencies):
            raise InputError(
                f"Pairs that share by frequencies ({self.mosaic}) are kept as float32 numbers alone, but {form.name!r} "
                "was asked for, which rounds pixels and decibels. Leave the storage out, or use a mosaic of cells."
            )
        return self.with_payload(form, form.encode(self.audio, self.image, self.scale))

    def with_payload(self, form: Storage, payload: Payload) -> DistilledSet:
        """The same set with the pairs of a payload.

        Args:
            form: The payload's.
            payload: As many pairs as there are labels.
        """
        audio, image = form.decode(payload, self.scale, self.recipe)
        return replace(self, audio=audio, image=image, storage=form, payload=payload)

    @staticmethod
    def concat(parts: Sequence[DistilledSet], classes: Sequence[str]) -> DistilledSet:
        """Join sets that were distilled class by class.

        Args:
            parts: Sets of disjoint classes with equal mosaic, recipe, scale and storage, and without soft labels.
            classes: All class names in label order.

        Raises:
            InputError: Nothing came, the parts do not agree, or a class is missing or doubled.
        """
        if not parts:
            raise InputError("No distilled sets to join; give at least one.")
        first = parts[0]
        if any((p.mosaic, p.recipe, p.scale) != (first.mosaic, first.recipe, first.scale) for p in parts):
            raise InputError("The sets differ in mosaic, recipe or scale; distil every class with the same settings.")
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
        kept = len(starts) == len(parts)
        return replace(
            first,
            audio=torch.cat([p.audio for p in parts])[order],
            image=torch.cat([p.image for p in parts])[order],
            labels=labels[order],
            classes=tuple(classes),
            provenance={"parts": [p.provenance | {"classes": list(p.classes)} for p in parts]},
            start=(torch.cat([s[0] for s in starts])[order], torch.cat([s[1] for s in starts])[order])
            if kept
            else None,
            payload=first.storage.join([p._tensors() for p in parts], order) if first.payload is not None else None,
        )

    def save(self, folder: str | Path) -> Path:
        """Write ``config.json``, ``data.safetensors`` and the card ``README.md``; returns the folder.

        The config is written last: a folder without it is not yet a distilled set.
        """
        folder = Path(folder)
        tensors = {**self._tensors(), **self._soft_tensors(), "labels": self.labels}
        if self.start is not None:
            tensors |= {"start_audio": self.start[0], "start_image": self.start[1]}
        _files.write_tensors(folder / "data.safetensors", tensors)
        _files.write_text(folder / "README.md", self.card())
        _files.write_record(
            folder / "config.json",
            {
                "format": FORMAT,
                **self._decoded_by(),
                "provenance": self.provenance,
                "fingerprint": self.fingerprint,
            },
        )
        return folder

    @classmethod
    def load(cls, folder: str | Path | DistilledSet) -> DistilledSet:
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
            tensors, _ = _files.read_tensors(folder / "data.safetensors")
            if config["format"] != FORMAT:
                raise InputError(f"{folder} is of format {config['format']!r}; this version reads {FORMAT!r}.")
            recipe, scale = ClipRecipe.from_json(config["recipe"]), Scale.from_json(config["scale"])
            form = storage.load(config["storage"]["name"]).from_json(config["storage"]["settings"])
            labels, soft = tensors.pop("labels"), tensors.pop(SOFT, None)
            start = tensors.pop("start_audio", None), tensors.pop("start_image", None)
            audio, image = form.decode(tensors, scale, recipe)
            made = cls(
                audio=audio,
                image=image,
                labels=labels,
                classes=tuple(config["classes"]),
                mosaic=mosaic.from_json(config["mosaic"]),
                recipe=recipe,
                scale=scale,
                provenance=config["provenance"],
                start=None if start[0] is None or start[1] is None else (start[0], start[1]),
                storage=form,
                payload=None if form == Float32() else tensors,
                soft_labels=soft,
            )
            if made.fingerprint != config["fingerprint"]:
                raise InputError(
                    f"{folder} is damaged: its config.json and data.safetensors are of two sets. Bring back a copy of "
                    "both, or distil again."
                )
        except (KeyError, TypeError, OSError) as error:
            if _files.is_of_system(error):
                raise
            raise InputError(f"{folder} is damaged ({type(error).__name__}: {error}); distil again.") from error
        return made

    def summary(self) -> dict[str, Any]:
        """What the set is and how it was made, JSON-able."""
        return {
            "kind": "distilled set",
            "classes": list(self.classes),
            "pairs": self.pairs,
            "per_class": self.per_class,
            "mosaic": mosaic.to_json(self.mosaic),
            "training_pairs": len(self),
            "stored_bytes": self.stored_bytes,
            "storage": {"name": self.storage.name, **self.storage.to_json()},
            "labels": "hard" if self.soft_labels is None else "soft",
            "recipe": self.recipe.to_json(),
            "provenance": self.provenance,
        }

    def _decoded_by(self) -> dict[str, Any]:
        """All that makes training pairs of the stored tensors, JSON-able."""
        return {
            "classes": list(self.classes),
            "mosaic": mosaic.to_json(self.mosaic),
            "recipe": self.recipe.to_json(),
            "scale": self.scale.to_json(),
            "storage": {"name": self.storage.name, "settings": self.storage.to_json()},
        }

    def _tensors(self) -> dict[str, Tensor]:
        return {"audio": self.audio, "image": self.image} if self.payload is None else dict(self.payload)

    def _soft_tensors(self) -> dict[str, Tensor]:
        return {} if self.soft_labels is None else {SOFT: self.soft_labels}

    def card(self) -> str:
        """The dataset card: Markdown that says what this is, how it was made and how to use it."""
        lines = [
            "---",
            "tags: [dataset-distillation, audio-visual, limbeck]",
            "---",
            f"# Distilled audio-visual set: {len(self.classes)} classes, {self.per_class} pairs a class",
            "",
            f"- Stored pairs: {self.pairs}, mosaic {mosaic.words(self.mosaic)}, so {len(self)} training pairs",
            f"- Storage: {self.storage.name}, {self.stored_bytes:,} bytes",
            f"- Labels: {'hard: the class' if self.soft_labels is None else SOFT_SENTENCE}",
            f"- Log-mel: {self.audio.shape[2]} bands x {self.audio.shape[3]} frames of "
            f"{self.recipe.mel.clip_seconds} s at {self.recipe.mel.sample_rate_hz} Hz",
            f"- Frames: {self.recipe.image_size} x {self.recipe.image_size} RGB",
            f"- Classes: {', '.join(self.classes)}",
            "",
            "```python",
            "import limbeck",
            "pairs = limbeck.DistilledSet.load('.')",
            "audio, image, label = pairs[0]",
            "```",
            "",
            "## Provenance",
            "",
            "```json",
            json.dumps(self.provenance, indent=2, sort_keys=True),
            "```",
            "",
        ]
        return "\n".join(lines)
