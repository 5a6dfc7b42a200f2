"""Real clips as JPEG and Opus, as many as fit in the bytes of distilled rows (`coded`).

The control that asks what the bytes of a distilled set are worth: real clips chosen by herding, the picture as a JPEG
file and the sound as Opus packets, stored whole and in any number, without optimisation, one in a row. Students
train on what comes back: the picture decoded, the sound decoded, resampled and made a log-mel.

Source:   no paper: how recordings are kept everywhere (ITU-T T.81 for JPEG, RFC 6716 for Opus).
Differs from the paper: where recordings are out of reach (clips given as arrays, or files that are gone) the log-mel is
          kept as a grey WebP picture instead. Provenance says which.
Cost:     as the method that chooses, and some 20 ms to code a clip.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import ClassVar, Literal, NamedTuple, Self, final

import torch
from pydantic import Field, field_validator
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet, meanings_of
from limbeck.errors import BudgetError, InputError
from limbeck.methods._choose import ByClass
from limbeck.methods._contract import Method
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._start import Chosen, Start, selecting
from limbeck.networks import Architecture
from limbeck.parameterisations import Parameterisation, parse
from limbeck.storage import Payload, Storage
from limbeck.storage.coded import Coded as Pictures
from limbeck.storage.recorded import Recorded

CHUNK = 16
SPARE = 1.5
LENGTH = 4

Code = Mapping[str, bytes]
"""The bytes of a clip, by what they are of."""


class Coder(NamedTuple):
    """How clips become bytes: from positions of clips to the bytes of each, and to what is written of some.

    Every clip's bytes begin with as many as `shared` says, which are kept once.
    """

    form: Storage
    code: Callable[[Tensor], list[Code]]
    shared: Callable[[Code], int]
    payload: Callable[[Sequence[Code]], Payload]


@final
class Coded(Method):
    """As many real clips per class as fit in the bytes of `per_class` rows.

    Attributes:
        hold: Plain: clips are stored whole.
        storage: The form of the `per_class` rows whose bytes are filled; the clips have a form of their own.
        class_bytes: Bytes for the clips of a class instead; None for those of `per_class` rows.
        chosen_by: Method that says which clips come first, as the `start` of optimised methods.
        network: Architecture of the encoders that method looks through.
        sound_codec: ``"opus"``, which needs the recordings; ``"webp"``, the log-mel as a picture; ``"auto"``, Opus
            where the recordings can be read.
        opus_bitrate: Bits a second, about.
        jpeg_quality: Of the frames, 1 (worst) to 100.
        webp_quality: Of the log-mels that are kept as pictures, 1 (worst) to 100.
    """

    class_bytes: int | None = Field(None, ge=1)
    chosen_by: Chosen = Start(method="herding")
    network: Architecture = Architecture()
    sound_codec: Literal["auto", "opus", "webp"] = "auto"
    opus_bitrate: int = Field(12_000, ge=6_000, le=256_000)
    jpeg_quality: int = Field(50, ge=1, le=100)
    webp_quality: int = Field(50, ge=1, le=100)

    coupling: ClassVar[str] = ""

    @field_validator("hold")
    @classmethod
    def _whole(cls, hold: Parameterisation) -> Parameterisation:
        if hold != parse("plain"):
            raise ValueError(f"coded keeps clips whole, so they are held as plain, not {hold}")
        return hold

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Code the chosen clips until the bytes are full; see `Method.distill`."""
        run, scales = run or RunContext(), self.scales(real)
        real.require(self.per_class, f"{self.name} in the bytes of {self.per_class} rows per class")
        coder = self._coder(real)
        choose = cache(lambda count: selecting(self.chosen_by, self).choose(real, count, seed, run))
        room = self.stored_bytes(real.whole)[0] // len(real.whole.classes)
        codes = [self._fill(real, label, coder, room, choose) for label in range(len(real.classes))]
        clips = [len(part) for part in codes]
        payload = coder.payload([clip for part in codes for clip in part])
        about = {"coded": {"form": coder.form.name, "clips": clips, "bytes_per_class": room}}
        made = DistilledSet(
            tensors=coder.form.decode(payload, meanings_of(self.hold, real.modalities, scales)),
            labels=torch.arange(len(clips)).repeat_interleave(torch.tensor(clips)),
            classes=real.classes,
            hold=self.hold,
            modalities=real.modalities,
            scales=scales,
            provenance=self.provenance(real, seed) | about,
            storage=coder.form,
            payload=payload,
        )
        return replace(made, soft_labels=self.labels.of(made, real, seed=seed, run=run))

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Those of the method that chooses; see `Method.passes`."""
        return selecting(self.chosen_by, self).passes(per_class)

    def training_samples(self, per_class: Sequence[int]) -> int:
        """All clips: how many fit is known when they are coded; see `Method.training_samples`."""
        return sum(per_class)

    def within(self, budget: int, real: LabelledClips) -> Self:
        if budget < len(real.classes):
            raise BudgetError(f"{budget:,} bytes are less than one for each of the {len(real.classes)} classes.")
        return self.model_copy(update={"class_bytes": budget // len(real.classes)})

    def stored_bytes(self, real: LabelledClips) -> tuple[int, bool]:
        """At most as many as the rows that are filled take, or as the settings say; see `Method.stored_bytes`."""
        return (len(real.classes) * self.class_bytes, True) if self.class_bytes else super().stored_bytes(real)

    def _coder(self, real: LabelledClips) -> Coder:
        if self.sound_codec == "opus" or (self.sound_codec == "auto" and _has_recordings(real.whole)):
            recorded = Recorded(picture_quality=self.jpeg_quality, opus_bitrate=self.opus_bitrate)

            def tracks(index: Tensor) -> list[Code]:
                return [recorded.code(clip, real.modalities) for clip in real.originals(index)]

            return Coder(recorded, tracks, recorded.shared, recorded.payload)
        form = Pictures(picture="jpeg", picture_quality=self.jpeg_quality, sound_quality=self.webp_quality)

        def pictures(index: Tensor) -> list[Code]:
            arrays = real.arrays(index)
            return [{m: form.code(x[i]) for m, x in arrays.items()} for i in range(len(index))]

        return Coder(form, pictures, lambda clip: form.shared(clip, real.modalities), form.payload)

    def _fill(
        self, real: LabelledClips, label: int, coder: Coder, room: int, choose: Callable[[int], ByClass]
    ) -> list[Code]:
        """Clips of a class, coded, the most important first, until the next does not fit."""
        index = real.of_class(label)
        tried = coder.code(index[:CHUNK])
        shared = coder.shared(tried[0])
        beside = LENGTH * len(tried[0]) + self.label_bytes(real) - shared
        sizes = [sum(map(len, clip.values())) + beside for clip in tried]
        left = room - math.ceil(shared / len(real.whole.classes))
        most = min(len(index), math.ceil(SPARE * left * len(sizes) / sum(sizes)))
        kept: list[Code] = []
        order = choose(max(most, 1))(label)
        for clip in (clip for chunk in torch.split(order, CHUNK) for clip in coder.code(chunk)):
            left -= sum(map(len, clip.values())) + beside
            if left < 0:
                break
            kept.append(clip)
        if not kept:
            raise BudgetError(
                f"Not one clip of class {real.classes[label]!r} fits: the first takes {room - left:,} bytes, but a "
                f"class has {room:,}. Give more bytes, or lower opus_bitrate and jpeg_quality."
            )
        return kept


def _has_recordings(real: LabelledClips) -> bool:
    try:
        return bool(real.originals(torch.tensor([0])))
    except InputError:
        return False
