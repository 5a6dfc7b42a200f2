"""What a set saves at equal accuracy: the real clips, bytes and training time that would do as well (`savings`).

The whole takes a learning curve: students trained on random subsets of a few clips per class, and on all. An increasing
curve through it says how many real clips per class give a set's accuracy, and so what the set saves.

Source:   none known in this form; a learning curve read backwards. Isotonic regression: scikit-learn.
Differs from the paper: there is none.
Cost:     a student a set; for the whole one a point of the curve.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, final

import numpy as np
import torch
from pydantic import Field

from limbeck._runtime import derive_seed, generator
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, HeadName, Measure, Values, accuracy, bytes_of, trained
from limbeck.modalities import label, together

ACCURACY, SECONDS, BYTES, CLIPS = "accuracy (%)", "student (s)", "bytes", "clips per class"
ALL = "all"


def clips_needed(reached: float, clips: Sequence[float], accuracies: Sequence[float]) -> float:
    """The smallest number of clips per class at which the learning curve comes up to an accuracy, `reached`, percent.

    The curve is the isotonic regression of `accuracies`, percent, of so many `clips` > 0, ascending, linear in the
    logarithm of the clips between them. What lies below its first point counts as the first, what lies above its last
    as the last.

    Example:
        >>> round(clips_needed(50, [1, 4, 16], [20, 40, 60]), 6)
        8.0
        >>> clips_needed(70, [1, 4, 16], [20, 40, 60])
        16.0
    """
    from sklearn.isotonic import IsotonicRegression

    x = np.log(clips)
    y = IsotonicRegression().fit_transform(x, accuracies)
    if (above := int(np.searchsorted(y, reached))) in (0, len(y)):
        return float(clips[0 if above == 0 else -1])
    part = (reached - y[above - 1]) / (y[above] - y[above - 1])
    return float(np.exp(x[above - 1] + part * (x[above] - x[above - 1])))


@final
class Savings(Measure):
    """Bytes and training time saved at equal accuracy.

    Attributes:
        head: Name of the students' head.
        clips: Clips per class of the learning curve's points; those that are more than the data has are left out, and
            all clips are the last point.
    """

    references: ClassVar[tuple[str, ...]] = ("whole",)

    head: HeadName = "ensemble"
    clips: tuple[int, ...] = Field((1, 2, 5, 10, 20, 50, 100, 200), min_length=1)

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        return (
            Column(f"{together(letters)} (%)"),
            Column("Real clips per class for it"),
            Column("Bytes saved (x)"),
            Column("Student time saved (x)"),
            Column("Student (s)", "lower", 2),
        )

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Accuracy, training seconds and bytes of a set; of the whole, for every point of the curve."""
        if isinstance(subject.train, DistilledSet):
            return self._point(subject, subject.train, seed)
        found: dict[str, float] = {}
        counts = [n for n in sorted(set(self.clips)) if n < max(subject.train.per_class())]
        for name, train in [*((str(n), _subset(subject.train, n, seed)) for n in counts), (ALL, subject.train)]:
            point = self._point(subject, train, seed) | {CLIPS: len(train) / len(train.classes)}
            found |= {f"{name}: {key}": value for key, value in point.items()}
        return found | {key: found[f"{ALL}: {key}"] for key in (ACCURACY, SECONDS, BYTES)}

    def show(self, values: Values, references: Mapping[str, Values], letters: Sequence[str]) -> dict[str, float]:
        shown = {f"{together(letters)} (%)": values[ACCURACY], "Student (s)": values[SECONDS]}
        if (curve := references.get("whole")) is None:
            return shown
        points = sorted((curve[key], key.removesuffix(CLIPS)) for key in curve if key.endswith(f": {CLIPS}"))
        clips = [n for n, _ in points]
        needed = clips_needed(values[ACCURACY], clips, [curve[point + ACCURACY] for _, point in points])
        seconds = float(np.interp(needed, clips, [curve[point + SECONDS] for _, point in points]))
        taken = curve[BYTES] * needed / curve[f"{ALL}: {CLIPS}"]
        return shown | {
            "Real clips per class for it": needed,
            "Bytes saved (x)": taken / values[BYTES],
            "Student time saved (x)": seconds / values[SECONDS],
        }

    def chance(self, test: LabelledClips) -> dict[str, float]:
        return {f"{label(test.modalities)} (%)": 100 / len(test.classes)}

    def about(self, test: LabelledClips) -> str:
        return (
            f"{len(test)} test clips of {len(test.classes)} classes. Real clips are random; the curve through them "
            "is made increasing (isotonic regression) and read on a logarithmic scale. A set as good as all clips or "
            "better counts as all of them, so that it saves at least what is said; one worse than the fewest clips of "
            "the curve counts as those, so that it saves at most that. Bytes: of a set what students are trained on as "
            "it is stored, of a real clip its prepared form, a float32 log-mel or an 8-bit frame, say (real clips, "
            "too, could be stored smaller). Time: training a student by the same protocol, without the "
            "distillation."
        )

    def _point(self, subject: Subject, train: DistilledSet | LabelledClips, seed: int) -> dict[str, float]:
        student, seconds = trained(subject, subject.samples(train), self.head, seed=derive_seed(seed, "savings"))
        reached = accuracy(student, subject.samples(subject.test))[subject.together]
        return {ACCURACY: reached, SECONDS: seconds, BYTES: bytes_of(train, subject)}


def _subset(clips: LabelledClips, per_class: int, seed: int) -> LabelledClips:
    """Random clips of every class; a smaller subset lies in a larger one."""
    chosen = []
    for number, name in enumerate(clips.classes):
        index = clips.of_class(number)
        chosen.append(index[torch.randperm(len(index), generator=generator(seed, "savings", name))[:per_class]])
    return clips.take(torch.cat(chosen).sort().values)
