"""Where in a picture something sounds, judged by exact boxes and beside controls (`localisation`).

A student is an encoder of pictures that leaves a map and one of sounds that leaves a vector. The score of a place is
their cosine, that of a clip the mean of its best places, and training tells a clip's own sound from those of other
classes. Sounds of classes are told apart, too: without that both sides learn slowly. Many such networks find what
stands out, whatever is heard; so the same student is asked with the sound of another clip, with silence, and with the
mean of all sounds, which is what it knows of pictures alone.

Source:   Mo and Morgado, *Localizing Visual Sounds the Easy Way*, ECCV 2022 (EZ-VSL), for student, loss, median, AP50
          and AUC; the code of SSL-Align (https://github.com/kaistmm/SSLalignment) for maps as large as the truth and
          for both things of a picture; Juanola et al., arXiv 2410.01020, for sounds of nothing that is seen.
Differs from the paper: networks from scratch and no second map of a pretrained one; a few best places count, not one;
          clips of one class are no counterexamples of each other; no choice is made on test clips, but the threshold of
          sounds of nothing is a quartile of their own scores, as published. Both things are asked by sounds of other
          clips.
Cost:     one student; of the whole two more, which learn from the boxes of its training clips.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, final

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.errors import InputError
from limbeck.evaluation._samples import ClipSamples
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures import _maps
from limbeck.evaluation.measures._contract import Column, Measure, trained
from limbeck.evaluation.measures._places import Places, maps_of, vectors, vectors_of
from limbeck.evaluation.measures._scenes import Asked, Scenes, nobody_stays
from limbeck.media import TRACKS, RawClip
from limbeck.modalities import Modality, Scale
from limbeck.networks import Grid

SOUND, PICTURE = TRACKS
CONTROLS, POINTED, NOTHING = "AP50 of controls:", "pointed right by controls:", "sounds of nothing seen:"
ASKED = ("another clip's sound", "silence", "the mean sound")
LEARNED = ("learned from boxes", "learned from boxes, unheard")
UNSEEN = ("silence", "noise", "off-screen")
_AT_ONCE = 256
_NOISES, _NOISE_LEVEL = 16, 0.05
"""Draws of white noise, and their root mean square."""
_KEEPS_PLACES = frozenset(["colour"])
"""Families of augmentation after which boxes are where they were."""
Look = Callable[[Tensor, Tensor], Tensor]
"""Maps, (clip, size, size), of the unit vectors of pictures and sounds."""


@final
class Localisation(Measure):
    """Maps of the cosine of picture and sound, trained by contrast, against the boxes of what is heard and seen.

    With an instance norm the background knows what is elsewhere, and little is found: take ``network.norm=layer``.

    Attributes:
        dim: Length of the vectors.
        temperature: Divides cosines before the softmax of the loss.
        best: Places whose mean score is that of a picture in training: the best ones.
        cells: Rows and columns of a map, at most; of a finer one the best place of each part counts.
    """

    dim: int = Field(64, ge=1)
    temperature: float = Field(0.1, gt=0)
    best: int = Field(4, ge=1)
    cells: int = Field(8, ge=1)

    @property
    def students(self) -> float:
        """One; the two of the whole that learn from boxes are not counted."""
        return 1.0

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        return [
            *(Column(f"{name} (%)") for name in ("AP50", "mean IoU", "AUC", "pointed right")),
            *(Column(f"{name} at the median (%)") for name in ("AP50", "mean IoU", "AUC")),
            Column("both of two (%)"),
            *(
                Column(f"{group} {way} (%)", "neither", group=group)
                for group in (CONTROLS, POINTED)
                for way in (*ASKED, *LEARNED)
            ),
            *(Column(f"{NOTHING} {kind} pIA (%)", "lower", group=NOTHING) for kind in UNSEEN),
            Column(f"{NOTHING} AP50 at their threshold (%)", group=NOTHING),
        ]

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Train one student and look where it finds what sounds; see `Measure.take`.

        Raises:
            InputError: Students do not see one picture and one sound, the network leaves no map, or nothing is known of
                what is where in the test clips.
        """
        sides = _Sides.of(subject)
        scenes, draw = Scenes.of(subject.test, sides.picture), generator(seed, "localisation")
        student, _ = trained(subject, subject.samples(subject.train), self._head(sides), seed=seed)
        see, hear = sides.names
        test, train = subject.samples(scenes.clips), subject.samples(subject.train)
        places, sounds = vectors(student, test, see), vectors(student, test, hear)
        mean = F.normalize(vectors(student, train, hear).mean(0, keepdim=True))
        silence, noise = (vectors_of(student, x, hear) for x in sides.nothing(draw))
        look = self._look(scenes)
        found = _Judged.of(look, places, sounds, scenes.right).numbers
        controls = (sounds[nobody_stays(len(sounds), draw)], silence.expand_as(sounds), mean.expand_as(sounds))
        for way, asked in zip(ASKED, controls, strict=True):
            found |= _Judged.of(look, places, asked, scenes.right).as_control(way)
        both = scenes.both(draw)
        if len(both.pictures):
            ious = _Judged.of(look, places, sounds, both).equal
            found["both of two (%)"] = _maps.success(ious.view(-1, 2).amin(1))
        pictures, unseen = scenes.unseen(draw)
        drawn = noise[torch.randint(len(noise), (len(places),), generator=draw)]
        nothing = {UNSEEN[0]: (places, silence.expand_as(sounds)), UNSEEN[1]: (places, drawn)}
        nothing |= {UNSEEN[2]: (places[pictures], sounds[unseen])} if len(pictures) else {}
        found |= _of_nothing(look, nothing, places, sounds, scenes.truths)
        if isinstance(subject.train, LabelledClips):
            found |= self._from_boxes(subject, sides, scenes, seed)
        return found

    def chance(self, test: LabelledClips) -> dict[str, float]:
        """A square in the middle, as large as the truth, and for the median one of half the picture."""
        scenes = Scenes.of(test, _of_track(test.modalities, PICTURE))
        size = scenes.truths.shape[-1]
        equal = _maps.centre(scenes.counts, size)
        middle = _maps.centre(torch.full_like(scenes.counts, size**2 // 2), size)
        ious, halves = (_maps.consensus_iou(mask, scenes.truths) for mask in (equal, middle))
        return _Judged(ious, halves, scenes.truths[:, size // 2, size // 2]).numbers

    def about(self, test: LabelledClips) -> str:
        scenes = Scenes.of(test, _of_track(test.modalities, PICTURE))
        part = scenes.counts / scenes.truths[0].numel()
        return (
            f"{len(scenes)} of {len(test)} test clips, in which something that is heard is seen; it takes "
            f"{100 * float(part.mean()):.1f} % of the picture. A map says as many of its highest places as the truth "
            "has, or, at the median, half of them. IoU: consensus IoU of what is said and the boxes; AP50 (in many "
            "tables cIoU): percent of clips whose IoU is 0.5 or more; AUC: area under that over thresholds; pointed "
            "right: percent whose highest place is in a box. At the "
            f"median no IoU can be 0.5 unless the truth takes a quarter of the picture, as in "
            f"{100 * float((part >= 0.25).double().mean()):.1f} % of the clips. Both of two: percent of pictures "
            "of several things of which two are found, each by a sound of its kind alone. Chance: a square in the "
            "middle, of as many places. Controls: the same student asked with something else than the clip's sound; "
            "the mean sound is that of its training samples, so that the picture alone tells. Learned from boxes: the "
            "same network with the boxes of all training clips, with and without hearing. pIA: percent of the "
            "picture that scores above the third quartile of the highest scores of all sounds of nothing that is seen."
        )

    def _head(self, sides: "_Sides", **how: Any) -> Any:
        where: dict[str, Any] = {"picture": sides.names[0], "sound": sides.names[1], "grid": sides.grid}
        return partial(Places, **where, dim=self.dim, temperature=self.temperature, best=self.best, **how)

    def _look(self, scenes: Scenes) -> Look:
        return partial(maps_of, size=scenes.truths.shape[-1], cells=self.cells)

    def _from_boxes(self, subject: Subject, sides: "_Sides", scenes: Scenes, seed: int) -> dict[str, float]:
        """AP50 of networks that learn from the boxes of the training clips, with and without hearing."""
        assert isinstance(subject.train, LabelledClips)
        train = Scenes.of(subject.train, sides.picture)
        samples = _WithTruths(train, subject.scales, sides.grid)
        augment = subject.protocol.augment
        kept = [family for family in augment.families if family in _KEEPS_PLACES] if augment else []
        protocol = subject.protocol.changed(augment={"families": kept} if kept else None)
        found: dict[str, float] = {}
        look = self._look(scenes)
        for way, hears in zip(LEARNED, (True, False), strict=True):
            head = self._head(sides, shown=True, hears=hears)
            student, _ = trained(subject, samples, head, seed=seed, protocol=protocol)
            places, sounds = (vectors(student, subject.samples(scenes.clips), name) for name in sides.names)
            found |= _Judged.of(look, places, sounds, scenes.right).as_control(way)
        return found


class _Judged(NamedTuple):
    """Of each question: IoU of a map as large as the truth, IoU of its upper half, whether its best place is right."""

    equal: Tensor
    median: Tensor
    pointed: Tensor

    @classmethod
    def of(cls, look: Look, places: Tensor, sounds: Tensor, asked: Asked) -> "_Judged":
        """Of each question that is `asked`, by unit vectors of pictures and of sounds, whose map is a `look`."""
        found = []
        for part in torch.split(torch.arange(len(asked.pictures)), _AT_ONCE):
            truths = asked.truths[part]
            maps = look(places[asked.pictures[part]], sounds[asked.sounds[part]])
            said = _maps.largest(maps, truths.flatten(1).sum(1)), _maps.half(maps)
            found.append((*(_maps.consensus_iou(each, truths) for each in said), _maps.pointed(maps, truths)))
        return cls(*(torch.cat(parts) for parts in zip(*found, strict=True)))

    @property
    def numbers(self) -> dict[str, float]:
        """By column."""
        found = {"pointed right (%)": 100 * float(self.pointed.double().mean())}
        for ious, of in ((self.equal, ""), (self.median, " at the median")):
            found[f"AP50{of} (%)"] = _maps.success(ious)
            found[f"mean IoU{of} (%)"] = 100 * float(ious.mean())
            found[f"AUC{of} (%)"] = _maps.success_area(ious)
        return found

    def as_control(self, way: str) -> dict[str, float]:
        """By column of a control."""
        found = self.numbers
        return {f"{CONTROLS} {way} (%)": found["AP50 (%)"], f"{POINTED} {way} (%)": found["pointed right (%)"]}


def _of_nothing(
    look: Look, nothing: Mapping[str, tuple[Tensor, Tensor]], places: Tensor, sounds: Tensor, truths: Tensor
) -> dict[str, float]:
    """What sounds of nothing that is seen light up, by column, and what is still found where these light up little."""
    maps = {kind: look(*vectors) for kind, vectors in nothing.items()}
    threshold = _maps.universal_threshold(torch.cat([each.flatten(1).amax(1) for each in maps.values()]))
    found = {f"{NOTHING} {kind} pIA (%)": _maps.part_above(each, threshold) for kind, each in maps.items()}
    said = look(places, sounds) > threshold
    return found | {f"{NOTHING} AP50 at their threshold (%)": _maps.success(_maps.consensus_iou(said, truths))}


class _Sides(NamedTuple):
    """What students see and hear: a modality of one picture, one of sound, and the map that a network leaves."""

    picture: Modality
    sound: Modality
    names: tuple[str, str]
    scale: Scale
    grid: Grid

    @classmethod
    def of(cls, subject: Subject) -> "_Sides":
        kinds = {name: subject.test.modalities[name] for name in subject.scales}
        picture, sound = (_of_track(kinds, track) for track in (PICTURE, SOUND))
        see, hear = (next(name for name, kind in kinds.items() if kind is side) for side in (picture, sound))
        shapes = {name: kind.shape for name, kind in kinds.items()}
        encoders = subject.network.build().encoders(shapes, generator=torch.Generator().manual_seed(0))
        if (grid := encoders[see].grid) is None:
            raise InputError(
                f"The network {subject.network.name} has no features of places, but of whole pictures, so that it "
                "cannot say where something is. Use convnet or alexnet."
            )
        return cls(picture, sound, (see, hear), subject.scales[hear], grid)

    def nothing(self, draw: torch.Generator) -> tuple[Tensor, Tensor]:
        """Silence, and several draws of white noise, as network input."""
        samples = self.sound.recipe.mel.samples
        waves = torch.randn(_NOISES, samples, generator=draw).numpy() * np.float32(_NOISE_LEVEL)
        made = [
            torch.stack([torch.from_numpy(self.sound.array(RawClip(wave, None))) for wave in some])
            for some in (np.zeros((1, samples), np.float32), waves)
        ]
        silence, noise = (self.sound.to_network(arrays, self.scale) for arrays in made)
        return silence, noise


def _of_track(kinds: Mapping[str, Modality], track: str) -> Modality:
    """The one of some modalities that is made of a track, and is no more than one frame."""
    found = [kind for kind in kinds.values() if kind.track == track]
    if len(kinds) != 2 or len(found) != 1 or len(found[0].shape) > 3:
        seen = ", ".join(kind.words for kind in found)
        raise InputError(
            f"Localisation asks one picture with one sound, but students see {', '.join(kinds)}"
            f"{f' ({seen})' if seen else ''}. Take two modalities, as in --modalities audio,image."
        )
    return found[0]


class _WithTruths(ClipSamples):
    """Clips whose labels are their class and how much of each place of a map is truth, see `boxed`."""

    def __init__(self, scenes: Scenes, scales: Mapping[str, Scale], grid: Grid) -> None:
        super().__init__(scenes.clips, scales)
        truths = F.adaptive_avg_pool2d(scenes.truths.float()[:, None], grid[1:]).flatten(1)
        self.labels = torch.cat([scenes.clips.labels[:, None].float(), truths], dim=1)
