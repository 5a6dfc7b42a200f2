"""Real clips as JPEG and Opus, as many as fit in the bytes of distilled pairs (`coded`).

The control that asks what the bytes of a distilled set are worth: real clips chosen by herding, the picture as a JPEG
file and the sound as Opus packets, stored whole and in any number, without optimisation and without mosaic. Students
train on what comes back: the picture decoded, the sound decoded, resampled and made a log-mel.

Source:   no paper: how recordings are kept everywhere (ITU-T T.81 for JPEG, RFC 6716 for Opus).
Differs from the paper: where recordings are out of reach (clips given as arrays, or files that are gone) the log-mel is
          kept as a grey WebP picture instead. Provenance says which.
Cost:     as the method that chooses, and some 20 ms to code a clip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Literal, Self, cast, final

import torch
from pydantic import Field, field_validator
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, InputError
from limbeck.methods._contract import Method, Passes, Work
from limbeck.methods._experts import Asked
from limbeck.methods._selection import Choose, Selection, distilled
from limbeck.methods._start import SHARED, NamedStart, Start
from limbeck.networks import Architecture
from limbeck.storage._files import Files
from limbeck.storage._pictures import common_beginning
from limbeck.storage.coded import Coded as Pictures
from limbeck.storage.recorded import Recorded

CHUNK = 16
SPARE = 1.5
LENGTHS = 8

Code = Callable[[Tensor], list[tuple[bytes, bytes]]]
"""Positions of clips to the bytes of each one's sound and picture."""


@final
class Coded(Method):
    """As many real clips a class as fit in the bytes of `per_class` pairs.

    Attributes:
        mosaic: 1: clips are stored whole.
        storage: The form of the `per_class` pairs whose bytes are filled; the clips have a form of their own.
        class_bytes: Bytes for the clips of a class instead; None for those of `per_class` pairs.
        chosen_by: Method that says which clips come first, as the `start` of optimised methods.
        network: Architecture of the encoders that method looks through.
        sound_codec: ``"opus"``, which needs the recordings; ``"webp"``, the log-mel as a picture; ``"auto"``, Opus
            where the recordings can be read.
        opus_bitrate: Bits a second, about.
        jpeg_quality: Of the frames, 1 (worst) to 100.
        webp_quality: Of the log-mels that are kept as pictures, 1 (worst) to 100.
    """

    mosaic: Literal[1] = 1
    class_bytes: int | None = Field(None, ge=1)
    chosen_by: NamedStart = Start(method="herding")
    network: Architecture = Architecture()
    sound_codec: Literal["auto", "opus", "webp"] = "auto"
    opus_bitrate: int = Field(12_000, ge=6_000, le=256_000)
    jpeg_quality: int = Field(50, ge=1, le=100)
    webp_quality: int = Field(50, ge=1, le=100)

    def asked_experts(self, seed: int) -> Asked:
        """Those that the choice of the clips asks; see `Method.asked_experts`."""
        return super().asked_experts(seed) | self._selection().asked_experts(seed)

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Those of the method that chooses; see `Method.passes`."""
        return self._selection().passes(per_class)

    @field_validator("chosen_by")
    @classmethod
    def _chooses(cls, start: Start) -> Start:
        if start.selection() is None:
            raise InputError("Noise cannot be coded; name a method that chooses real clips, as herding or random.")
        return start

    def within(self, budget: int, real: LabelledClips) -> Self:
        """The same method with as many bytes a class; see `Method.within`."""
        if budget < len(real.classes):
            raise BudgetError(f"{budget:,} bytes are less than one for each of the {len(real.classes)} classes.")
        return self.model_copy(update={"class_bytes": budget // len(real.classes)})

    def _make(self, real: LabelledClips, seed: int, work: Work) -> DistilledSet:
        real.require(self.per_class, f"{self.name} in the bytes of {self.per_class} pairs a class")
        form, code = self._coder(real)
        choose = cache(lambda count: self._selection()._choose(real, count, seed, work))
        room = self._room(real)
        classes = range(len(real.classes))
        codes = [self._fill(real, label, form, code, room, choose) for label in classes]
        clips = [len(part) for part in codes]
        payload = form.payload(clip for part in codes for clip in part)
        audio, image = form.decode(payload, self.scale(real), real.recipe)
        labels = torch.tensor(classes).repeat_interleave(torch.tensor(clips))
        made = distilled(self, real, audio, image, labels)
        told = {"coded": {"form": form.name, "clips": clips, "bytes_a_class": room}}
        return replace(made, storage=form, payload=payload, provenance=told)

    def _kept(self, made: DistilledSet) -> DistilledSet:
        return made

    def _selection(self) -> Selection:
        shared = {name: value for name, value in self.to_json().items() if name in SHARED}
        return cast("Selection", self.chosen_by.selection(shared))

    def stored_bytes(self, real: LabelledClips) -> tuple[int, bool]:
        """At most as many as the pairs that are filled take, or as it is told; see `Method.stored_bytes`."""
        return (len(real.classes) * self.class_bytes, True) if self.class_bytes else super().stored_bytes(real)

    def _room(self, real: LabelledClips) -> int:
        """Bytes for a class."""
        return self.stored_bytes(real)[0] // len(real.classes)

    def _coder(self, real: LabelledClips) -> tuple[Files, Code]:
        if self.sound_codec == "opus" or (self.sound_codec == "auto" and _has_recordings(real)):
            recorded = Recorded(picture_quality=self.jpeg_quality, opus_bitrate=self.opus_bitrate)
            return recorded, lambda index: [recorded.code(clip, real.recipe) for clip in real.originals(index)]
        form = Pictures(picture="jpeg", picture_quality=self.jpeg_quality, sound_quality=self.webp_quality)
        return form, lambda index: [
            (form.code_sound(sound), form.code_picture(frame))
            for sound, frame in zip(real.audio(index), real.frames(index), strict=True)
        ]

    def _fill(
        self,
        real: LabelledClips,
        label: int,
        form: Files,
        code: Code,
        room: int,
        choose: Callable[[int], Choose],
    ) -> list[tuple[bytes, bytes]]:
        """Clips of a class, coded, the most important first, until the next does not fit."""
        index = real.of_class(label)
        tried = code(index[:CHUNK])
        shared = common_beginning(tried[0][1], form.picture)
        beside = LENGTHS + self._label_bytes(real) - shared
        sizes = [len(sound) + len(picture) + beside for sound, picture in tried]
        left = room - math.ceil(shared / len(real.classes))
        most = min(len(index), math.ceil(SPARE * left * len(sizes) / sum(sizes)))
        kept: list[tuple[bytes, bytes]] = []
        order = choose(max(most, 1))(label)
        for sound, picture in (clip for chunk in torch.split(order, CHUNK) for clip in code(chunk)):
            left -= len(sound) + len(picture) + beside
            if left < 0:
                break
            kept.append((sound, picture))
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
