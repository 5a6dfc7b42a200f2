"""Taking one of two sounds out of their mixture, asked for by its picture or its class (`separation`).

A small U-Net learns on a set by mix-and-separate: the spectra of two samples of different classes are added, and it is
asked for either by what belongs to it. It is judged on mixtures of two real test clips, at equal levels.

Source:   Zhao et al., *The Sound of Pixels*, ECCV 2018, for the task, the network and the mask's weighted loss; Le Roux
          et al., *SDR - Half-Baked or Well Done?*, ICASSP 2019, for SI-SDR.
Differs from the paper: distilled spectra have no phases, so in training a difference of phases is drawn at every place
          (there: waveforms are added); test mixtures are of real waveforms, with their own phases. Masks are parts of
          the power, not binary; frequencies are not warped; both sounds are at equal levels. A picture asks by how
          probable each class is, which its encoder, the subject's and from scratch, learns beside the masks (there: by
          features of a network that knew ImageNet). SI-SDR is told beside BSS-eval's SDR.
Cost:     a network of `steps` steps. On spectra of (128, 64) and pictures of 32 pixels, one thread, 400 took 20 s.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from limbeck._runtime import derive_seed, generator
from limbeck.datasets import LabelledClips
from limbeck.errors import DivergedError, InputError, package
from limbeck.evaluation._samples import Samples
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, Measure
from limbeck.evaluation.measures._sources import at_one_level, drawn_pairs, ideal_masks, mixed_magnitudes, si_sdr
from limbeck.evaluation.measures._unet import Query, Separator, UNet, drawn
from limbeck.evaluation.train import EpochReport
from limbeck.modalities import Batch, Separable

SEPARATION, BOUNDS = "separation", "floors and ceilings"
IMPROVED, WRONG, NEARER = "SI-SDRi (dB)", "SI-SDRi, wrong query (dB)", "nearer to what was asked for (%)"
SDR, IDEAL_SDR, MIXTURE_SDR = "SDRi (dB)", "SDRi, ideal mask (dB)", "SDR of mixtures (dB)"
IDEAL, LOUDER, MIXTURE = (
    "SI-SDRi, ideal mask (dB)",
    "SI-SDRi, louder sound's ideal mask (dB)",
    "SI-SDR of mixtures (dB)",
)
USED, SILENT = "mixtures", "mixtures left out, silent"
SILENT_RMS = 1e-4
REPORTS = 10
_AT_ONCE = 16
Ratio = Callable[[Tensor, Tensor], Tensor]
Augment = Callable[[str, Tensor], Tensor]


@dataclass(frozen=True)
class Mixtures:
    """Pairs of test clips that are heard together.

    Attributes:
        pairs: Positions of the clips, int64 (mixture, 2).
        sources: Their waveforms at one level, float32 (mixture, 2, sample).
        silent: Mixtures that were left out because one of the two is silent.
    """

    pairs: Tensor
    sources: Tensor
    silent: int

    @classmethod
    def of(cls, test: LabelledClips, count: int) -> "Mixtures":
        """Some of `test` clips, `count` at most, the same for whatever is measured; recordings are decoded again."""
        pairs = drawn_pairs(test.labels, count, generator(0, "test mixtures"))
        clips, place = torch.unique(pairs, return_inverse=True)
        sounds = torch.stack([torch.from_numpy(raw.sound).float() for raw in test.originals(clips)])
        heard = (sounds.square().mean(1).sqrt() > SILENT_RMS)[place].all(1)
        if not heard.any():
            raise InputError("Every mixture of test clips has a silent sound; separation needs test clips with sounds.")
        return cls(pairs[heard], at_one_level(sounds, 1)[place[heard]], int((~heard).sum()))


@dataclass(frozen=True)
class Answer:
    """What came when one of two sounds was asked for.

    Attributes:
        asked: Position of the test clip that was asked for.
        other: Position of the other one.
        improvement_db: SI-SDR of the answer less that of the mixture.
        waveforms: The ``"mixture"``, the ``"truth"``, the ``"answer"``, and those of the ``"ideal"`` mask and of the
            ``"louder"`` sound's: float32 (sample,), at one level.
    """

    asked: int
    other: int
    improvement_db: float
    waveforms: Mapping[str, Tensor]


@final
class Separation(Measure):
    """A U-Net's masks of mixtures, trained on the set: improvement of SI-SDR of what was asked for, with its bounds.

    The protocol's augmentation changes pictures in training; spectra begin anywhere. Its other settings have no part.

    Attributes:
        query: What asks for a sound: its picture (or video), or its class.
        steps: Steps of training, however large the set.
        batch: Mixtures in a step.
        lr: Learning rate of the U-Net by Adam, which falls to 0 by a cosine.
        width: Channels of the U-Net's first layer.
        depth: How often it halves the spectrum.
        maps: Feature maps that a query weighs.
        mixtures: Mixtures of test clips, each of which is asked for both its sounds.
        sdr: Whether BSS-eval's SDR, with filters of 512 taps, is told, too (the extra ``separation``).
    """

    query: Literal["picture", "class"] = "picture"
    steps: int = Field(400, ge=1)
    batch: int = Field(8, ge=1)
    lr: float = Field(4e-3, gt=0)
    width: int = Field(8, ge=1)
    depth: int = Field(3, ge=1)
    maps: int = Field(16, ge=1)
    mixtures: int = Field(100, ge=1)
    sdr: bool = False

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        own = [IMPROVED, *([SDR] if self.sdr else []), NEARER]
        bounds = [IDEAL, LOUDER, MIXTURE, *([IDEAL_SDR, MIXTURE_SDR] if self.sdr else [])]
        return (
            *(Column(name, group=SEPARATION) for name in own),
            Column(WRONG, "neither", group=SEPARATION),
            *(Column(name, "neither", group=BOUNDS) for name in bounds),
            *(Column(name, "neither", digits=0, group=BOUNDS) for name in (USED, SILENT)),
        )

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Train one network, and ask it for both sounds of every mixture; see `Measure.take`."""
        sdr = package("separation", "torchmetrics.functional.audio").signal_distortion_ratio if self.sdr else None
        told: dict[str, list[Tensor]] = {}
        mixtures, answered = self._answered(subject, seed)
        for waves in answered:
            for name, values in _judged(waves, sdr).items():
                told.setdefault(name, []).append(values.double().flatten())
        sizes = {USED: float(len(mixtures.pairs)), SILENT: float(mixtures.silent)}
        return {name: float(torch.cat(values).mean()) for name, values in told.items()} | sizes

    def heard(self, subject: Subject, *, seed: int, count: int = 6) -> list[Answer]:
        """Train as `take` does on a `subject` by a `seed`, and give the answers for the first `count` mixtures."""
        mixtures, answered = self._answered(subject, seed)
        parts = [next(answered) for _ in range(-(-min(count, len(mixtures.pairs)) // _AT_ONCE))]
        waves = {name: torch.cat([part[name] for part in parts])[:count] for name in parts[0]}
        gains = _judged(waves, None)[IMPROVED]
        return [
            Answer(
                int(pair[side]), int(pair[1 - side]), float(gains[i, side]), {k: x[i, side] for k, x in waves.items()}
            )
            for i, pair in enumerate(mixtures.pairs[:count])
            for side in range(2)
        ]

    def chance(self, test: LabelledClips) -> dict[str, float]:
        return dict.fromkeys([IMPROVED, WRONG, *([SDR] if self.sdr else [])], 0.0) | {NEARER: 50.0}

    def about(self, test: LabelledClips) -> str:
        return (
            f"{self.mixtures} mixtures of two of {len(test)} test clips, of different classes, at equal levels; each "
            f"is asked for both sounds by {self.query}, and the answer is compared with the sound that was asked for, "
            "never with the better of the two. SI-SDRi: SI-SDR of the answer less that of the mixture; wrong query: of "
            "the answer to the other's query. "
            + ("SDRi: likewise by BSS-eval's SDR, filters of 512 taps. " if self.sdr else "")
            + "Chance: the mixture as it is, for either. Ideal mask: each sound's part of the power at every place, "
            "with the mixture's phases: about the most that a mask gives. Louder sound's: that mask of the sound with "
            f"the higher peak, for both queries. Mixtures with a sound below {SILENT_RMS:g} of full scale (root mean "
            "square) are left out, and counted."
        )

    def _sound(self, subject: Subject) -> tuple[str, Separable]:
        kinds = {name: subject.test.modalities[name] for name in subject.scales}
        for name, kind in kinds.items():
            if isinstance(kind, Separable):
                return name, kind
        raise InputError(
            f"Separation masks spectra, but students see {', '.join(kinds)} alone. Prepare the dataset with --modality "
            "spectrum,image, and distil that."
        )

    def _picture(self, samples: Samples) -> str:
        for name, kind in samples.modalities.items():
            if kind.track == "image":
                return name
        raise InputError(
            f"Sounds are asked for by their pictures, but students see {', '.join(samples.modalities)} alone. Ask by "
            "class (--set measure.query=class), or prepare pictures, too."
        )

    def _asked(self, samples: Samples, index: Tensor, seen: Batch, augment: Augment | None = None) -> Tensor:
        """What asks for the samples at `index`, as they are `seen`: pictures, (sample, ...), or classes, (sample,)."""
        if self.query == "class":
            return samples.targets.labels[index].to(next(iter(seen.values())).device)
        name = self._picture(samples)
        return augment(name, seen[name]) if augment else seen[name]

    def _built(self, subject: Subject, samples: Samples, seed: int) -> Separator:
        draw, classes = generator(seed, "separator"), len(samples.targets.classes)
        unet = drawn(lambda: UNet(width=self.width, depth=self.depth, maps=self.maps), draw)
        weights, encoder, to_classes = drawn(lambda: nn.Embedding(classes, self.maps), draw), None, None
        if self.query == "picture":
            shapes = {name: samples.shapes[name] for name in [self._picture(samples)]}
            (encoder,) = subject.network.build().encoders(shapes, generator=generator(seed, "encoders")).values()
            dim = encoder.dim
            to_classes = drawn(lambda: nn.Linear(dim, classes), draw)
        return Separator(unet, Query(weights, encoder, to_classes)).to(subject.runtime.device)

    def _trained(self, subject: Subject, samples: Samples, sound: str, seed: int) -> Separator:
        seed, device = derive_seed(seed, "separation"), subject.runtime.device
        separator = self._built(subject, samples, seed).train()
        optimiser = torch.optim.Adam(separator.parameters(), lr=self.lr, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.steps)
        order, phases, shifts, changes = (generator(seed, what) for what in ("order", "phases", "shifts", "augment"))
        kinds, scales = samples.modalities, samples.scales

        def augmented(name: str, x: Tensor) -> Tensor:
            augment = subject.protocol.augment
            if augment is None:
                return x
            return augment.apply(x, augment.draw(changes, len(x)), modality=kinds[name], scale=scales.get(name))

        every, done, total, started = max(1, self.steps // REPORTS), 0, 0.0, time.perf_counter()
        for step in range(1, self.steps + 1):
            if self.batch * step // len(samples) > self.batch * (step - 1) // len(samples):
                samples = samples.anew(derive_seed(seed, "samples", step))
            index = drawn_pairs(samples.targets.labels, self.batch, order).flatten()
            seen = samples.fetch(index, device)
            spectra = shifted(kinds[sound].from_network(seen[sound], scales[sound])[:, 0], shifts)
            apart = at_one_level(spectra, 2).view(self.batch, 2, *spectra.shape[1:])
            asked = self._asked(samples, index, seen, augmented)
            mixture = mixed_magnitudes(apart, phases)
            masks, classes = separator(mixture, asked.view(self.batch, 2, *asked.shape[1:]))
            loss = mask_loss(masks, apart, mixture)
            if classes is not None:
                loss = loss + F.cross_entropy(classes, samples.labels[index].to(device))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            done, total = done + 1, total + float(loss.detach())
            if done == every or step == self.steps:
                if not math.isfinite(total):
                    raise DivergedError(f"The loss of separation became {total} by step {step}. Lower measure.lr.")
                if subject.on_epoch:
                    reports, seconds = -(-self.steps // every), time.perf_counter() - started
                    subject.on_epoch(EpochReport(-(-step // every), reports, total / done, seconds))
                done, total, started = 0, 0.0, time.perf_counter()
        return separator.eval()

    def _answered(self, subject: Subject, seed: int) -> tuple[Mixtures, Iterator[dict[str, Tensor]]]:
        """Mixtures of test clips, and some at a time the waveforms, (mixture, 2, sample), that came of them."""
        sound, kind = self._sound(subject)
        train, test = subject.samples(subject.train), subject.samples(subject.test)
        for name, data in (("The training set", train), ("The test split", test)):
            if sum(map(bool, data.targets.per_class())) < 2:
                raise InputError(f"{name} has samples of one class only, but mixtures are of two.")
        mixtures = Mixtures.of(subject.test, self.mixtures)
        separator = self._trained(subject, train, sound, seed)

        def answered() -> Iterator[dict[str, Tensor]]:
            for index in torch.split(torch.arange(len(mixtures.pairs)), _AT_ONCE):
                clips = mixtures.pairs[index].flatten()
                asked = self._asked(test, clips, test.fetch(clips, subject.runtime.device))
                yield _unmixed(separator, kind, mixtures.sources[index], asked.view(len(index), 2, *asked.shape[1:]))

        return mixtures, answered()


@torch.inference_mode()
def _unmixed(separator: Separator, kind: Separable, sources: Tensor, asked: Tensor) -> dict[str, Tensor]:
    """Waveforms, (mixture, 2, sample), by the names of `Answer`, and those of the louder sound's ideal mask."""
    mixture = sources.sum(1)
    whole, parts = kind.transform(mixture), kind.transform(sources).abs()
    masks = separator(whole.abs().to(asked.device), asked)[0].sigmoid().cpu()
    ideal = ideal_masks(parts)
    peaks = parts.flatten(2).amax(2).argmax(1)
    louder = ideal[torch.arange(len(peaks)), peaks, None].expand_as(ideal)
    found = {
        name: kind.inverse(whole[:, None] * m)
        for name, m in {"answer": masks, "ideal": ideal, "louder": louder}.items()
    }
    return {"mixture": mixture[:, None].expand_as(sources), "truth": sources, **found}


def _judged(waves: Mapping[str, Tensor], sdr: Ratio | None) -> dict[str, Tensor]:
    """Columns of some mixtures, of the waveforms of `_unmixed`: a number for each sound, (mixture, 2)."""
    truth, answer = waves["truth"], waves["answer"]
    floor = si_sdr(waves["mixture"], truth)
    found = si_sdr(answer, truth)
    told = {
        IMPROVED: found - floor,
        NEARER: 100.0 * (found > si_sdr(answer, truth.flip(1))),
        WRONG: si_sdr(answer.flip(1), truth) - floor,
        IDEAL: si_sdr(waves["ideal"], truth) - floor,
        LOUDER: si_sdr(waves["louder"], truth) - floor,
        MIXTURE: floor,
    }
    if sdr:
        floor = sdr(waves["mixture"], truth)
        told |= {SDR: sdr(answer, truth) - floor, IDEAL_SDR: sdr(waves["ideal"], truth) - floor, MIXTURE_SDR: floor}
    return told


def shifted(magnitudes: Tensor, draw: torch.Generator) -> Tensor:
    """Spectra that begin at a frame each that `draw` chooses; what was before it comes at the end.

    The `magnitudes` are (sample, height, width).
    """
    by = torch.randint(magnitudes.shape[2], (len(magnitudes), 1), generator=draw)
    frames = (torch.arange(magnitudes.shape[2]) + by) % magnitudes.shape[2]
    return magnitudes.gather(2, frames.to(magnitudes.device)[:, None].expand_as(magnitudes))


def mask_loss(logits: Tensor, apart: Tensor, mixture: Tensor) -> Tensor:
    """Mean binary cross-entropy of masks, as `logits`, with the ideal ones of the sounds `apart`.

    Both are (pair, 2, height, width), the latter magnitudes.
    A place counts by ``log(1 + magnitude)`` of the `mixture`, (pair, height, width).
    """
    weight = mixture.log1p()[:, None].expand_as(logits)
    return F.binary_cross_entropy_with_logits(logits, ideal_masks(apart), weight=weight)
