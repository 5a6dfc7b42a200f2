"""What students know of the order of frames, and what one frame tells (`motion`).

A student is trained on the set and tested on clips as they are, with their frames in a drawn order, and with the frame
in the middle at all times. Another is trained and tested with that frame alone. A set that beats neither control
teaches no motion, however many frames it has. The segments of a sound count as frames.

Source:   Huang et al., *What Makes a Video a Video: Analyzing Temporal Information in Video Understanding Models and
          Datasets*, CVPR 2018, for the question; shuffled frames and one frame alone are its usual controls.
Differs from the paper: the frames are drawn without regard to what they show (there: made by a generator, or chosen by
          an oracle); every clip has an order of its own, of two frames the right one half of the time.
Cost:     two students.
"""

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Tensor

from limbeck._runtime import derive_seed, generator
from limbeck.datasets import LabelledClips
from limbeck.evaluation._samples import Samples
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, HeadName, Measure, accuracy, trained
from limbeck.modalities import Batch, looked_at
from limbeck.networks import Shape

AS_THEY_ARE, SHUFFLED, REPEATED = "frames as they are", "frames shuffled", "middle frame repeated"
ONE_FRAME = "trained on the middle frame"
WAYS = (AS_THEY_ARE, SHUFFLED, REPEATED, ONE_FRAME)


@final
class Motion(Measure):
    """Accuracy with frames as they are, in another order, and with one frame alone.

    Attributes:
        head: Name of the students' head.
    """

    head: HeadName = "ensemble"

    @property
    def students(self) -> float:
        """One for all of the tests, and one that sees the middle frame alone."""
        return 2.0

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        return [Column(f"{look} {way} (%)", group=look) for look in looked_at(letters) for way in WAYS]

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Percent right in each way, as ``"A+M frames shuffled (%)"``; both students start alike."""
        train, test = subject.samples(subject.train), subject.samples(subject.test)
        own = derive_seed(seed, "motion")
        student, _ = trained(subject, train, self.head, seed=own)
        still, _ = trained(subject, Ordered.middle(train), self.head, seed=own)
        found = {
            AS_THEY_ARE: accuracy(student, test),
            SHUFFLED: accuracy(student, Ordered.drawn(test, generator(seed, "frames"))),
            REPEATED: accuracy(student, Ordered.middle(test)),
            ONE_FRAME: accuracy(still, Ordered.middle(test)),
        }
        return {f"{look} {way} (%)": percent for way, by in found.items() for look, percent in by.items()}

    def chance(self, test: LabelledClips) -> dict[str, float]:
        letters = [modality.letter for modality in test.modalities.values()]
        return {column.name: 100 / len(test.classes) for column in self.columns(letters)}

    def about(self, test: LabelledClips) -> str:
        frames = [f"{n} of {name}" for name, kind in test.modalities.items() if (n := _frames(kind.shape)) > 1]
        told = f"Frames of a clip: {', '.join(frames)}." if frames else "No clip has several frames: no way differs."
        return (
            f"{len(test)} test clips of {len(test.classes)} classes. {told} Shuffled: each test clip's frames in an "
            "order of its own, drawn. Repeated: the frame in the middle at all times, in the test alone, or "
            "in training, too."
        )


class Ordered(Samples):
    """Samples with their frames in another order, int64, (sample, frame), by modality; a frame may come repeatedly."""

    def __init__(self, samples: Samples, order: Mapping[str, Tensor]) -> None:
        super().__init__(samples.targets, samples.modalities, samples.scales)
        self._samples, self._order = samples, order

    @classmethod
    def drawn(cls, samples: Samples, draw: torch.Generator) -> "Ordered":
        """The `samples` with their frames in orders that `draw` makes, one for each of them."""
        counts = {name: _frames(shape) for name, shape in samples.shapes.items()}
        return cls(samples, {m: torch.rand(len(samples), n, generator=draw).argsort(1) for m, n in counts.items()})

    @classmethod
    def middle(cls, samples: Samples) -> "Ordered":
        """Each sample's middle frame (of an even number, the later of two) in the place of all."""
        counts = {name: _frames(shape) for name, shape in samples.shapes.items()}
        return cls(samples, {m: torch.full((len(samples), n), n // 2) for m, n in counts.items()})

    @property
    def shapes(self) -> dict[str, Shape]:
        return self._samples.shapes

    def fetch(self, index: Tensor, device: torch.device) -> Batch:
        return {m: _ordered(x, self._order[m][index]) for m, x in self._samples.fetch(index, device).items()}


def _ordered(x: Tensor, order: Tensor) -> Tensor:
    frames = x.reshape(len(x), -1, *x.shape[-3:])
    return frames[torch.arange(len(x), device=x.device)[:, None], order.to(x.device)].view_as(x)


def _frames(shape: Shape) -> int:
    """Frames of a sample, 1 where it has no axis for them."""
    return torch.Size(shape[:-3]).numel()
