"""Learning classes one group after the other with a small memory of the earlier ones (`continual`).

Classes come in tasks. After each task a set is distilled from its clips alone and joins the memory. Two learners are
scored over all classes so far, without being told the task: one trained from scratch on the memory alone, and one
trained from scratch on the memory of earlier tasks together with the real clips of the new one.

Source:   GDumb: Prabhu, Torr and Dokania, ECCV 2020, the setting in which Zhao and Bilen, *Dataset Condensation with
          Distribution Matching*, WACV 2023, and others use distilled sets as memory. Forgetting: Chaudhry et al.,
          *Riemannian Walk for Incremental Learning*, ECCV 2018.
Differs from the paper: a memory holds as many samples of a class from its task to the end (there: a budget that all
          classes so far share). The second learner does not go on training the network it has, as replay does; it
          starts anew, so that the same protocol holds everywhere, and repeats memory samples until a class of the
          memory has about as many as a new one. The scales come from all training clips.
Cost:     a distillation a task, two students a task; for the whole one.
"""

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck._runtime import derive_seed, generator
from limbeck.datasets import LabelledClips, Targets
from limbeck.errors import InputError
from limbeck.evaluation._samples import Samples
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, HeadName, Measure, bytes_of, guesses, trained
from limbeck.modalities import Batch, label, together
from limbeck.networks import Shape

MEMORY, REPLAY = "memory alone", "with new clips"
BYTES = "memory (bytes)"
FORGETTING = "forgetting (points)"


def groups(classes: Sequence[str], tasks: int, seed: int) -> list[tuple[str, ...]]:
    """The names of `classes` drawn by a `seed` into `tasks` of as equal size as can be, the larger ones first."""
    if len(classes) < 2 * tasks:
        raise InputError(
            f"{tasks} tasks of two classes or more need {2 * tasks} classes, but the data has {len(classes)}. "
            f"Set `tasks` to {max(1, len(classes) // 2)} or fewer."
        )
    order = torch.randperm(len(classes), generator=generator(seed, "tasks"))
    return [tuple(classes[c] for c in part.tolist()) for part in torch.tensor_split(order, tasks)]


def forgetting(after: Tensor) -> float:
    """Mean over tasks but the last of how far their accuracy fell below the best it ever was, in points.

    Accuracies on a task after each step are percent, (step, task); a task is learnt at the step of its number, and what
    is said of it earlier does not count.

    Example:
        >>> forgetting(torch.tensor([[90.0, 0, 0], [60, 80, 0], [70, 50, 100]]))
        25.0
    """
    last = len(after) - 1
    return float(torch.stack([after[task:last, task].max() - after[last, task] for task in range(last)]).mean())


@final
class Continual(Measure):
    """Accuracy and forgetting of learners of growing classes that remember by a set's samples.

    Attributes:
        head: Name of the students' head.
        tasks: How many groups the classes come in, >= 2; each has at least two classes.
    """

    head: HeadName = "ensemble"
    tasks: int = Field(5, ge=2)

    @property
    def students(self) -> float:
        """Two a task, on what there is of the memory."""
        return self.tasks + 1.0

    @property
    def distils(self) -> bool:
        return True

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        found: list[Column] = []
        for name in (MEMORY, REPLAY):
            final, steps, forgotten = _headings(name, together(letters))
            found += [Column(final), Column(steps), Column(forgotten, "lower")]
        return *found, Column(BYTES, "lower", 0)

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Go through the tasks once; the numbers are the columns."""
        tasks = groups(subject.real.classes, self.tasks, seed)
        memory: list[tuple[Samples, int]] = []
        alone, together, stored, first = [], [], 0.0, 0
        for step, names in enumerate(tasks):
            clips = subject.real.only(names)
            kept = subject.again(clips)
            stored += bytes_of(kept, subject)
            new, old = (subject.samples(clips), first), list(memory)
            memory.append((subject.samples(kept), first))
            first += len(names)
            learn = partial(self._learn, subject, tasks=tasks[: step + 1], seed=derive_seed(seed, "continual", step))
            alone.append(learn(memory))
            # A memory that keeps all clips is what the second learner trains on as well.
            whole = isinstance(kept, LabelledClips)
            together.append(alone[-1] if whole else learn([*_repeated(old, new[0]), new]))
        found = {BYTES: stored}
        for name, steps in ((MEMORY, alone), (REPLAY, together)):
            found |= _told(name, steps, subject.together)
        return found

    def chance(self, test: LabelledClips) -> dict[str, float]:
        """What guessing among the classes so far comes to."""
        if len(test.classes) < 2 * self.tasks:
            return {}
        known = accumulate(len(names) for names in groups(test.classes, self.tasks, 0))
        steps = [(100 / n, torch.full((self.tasks,), 100 / n)) for n in known]
        key = label(test.modalities)
        return _told(MEMORY, steps, key) | _told(REPLAY, steps, key)

    def about(self, test: LabelledClips) -> str:
        return (
            f"{len(test.classes)} classes in {self.tasks} tasks drawn by the seed, {len(test)} test clips. Sets are "
            "distilled task by task and have not seen later classes. Memory alone: a student trained from scratch on "
            "the memory after every task (GDumb). With new clips: one trained from scratch on the memory of earlier "
            "tasks, repeated to balance classes, and on the real clips of the new task, which are gone afterwards. "
            "Students choose among all classes so far and are not told the task. Forgetting: best accuracy a task ever "
            "had less its last, mean over all tasks but the last; it grows by itself as there are more classes to "
            "choose from. The whole remembers every clip."
        )

    def _learn(
        self, subject: Subject, parts: Sequence[tuple[Samples, int]], *, tasks: Sequence[Sequence[str]], seed: int
    ) -> tuple[float, Tensor]:
        """Percent right over all classes so far, and on each task (0 before it came), of a fresh student."""
        classes = [name for names in tasks for name in names]
        student, _ = trained(subject, JoinedSamples(parts, classes), self.head, seed=seed)
        test = subject.test.only(classes)
        task_of = torch.arange(len(tasks)).repeat_interleave(torch.tensor([len(names) for names in tasks]))
        tested = task_of[test.labels]
        counts = torch.bincount(tested, minlength=len(tasks))
        if not counts.all():
            raise InputError(
                f"Every task is tested, but there are no test clips of {list(tasks[int(counts.argmin())])}."
            )
        right = (guesses(student, subject.samples(test))[subject.together] == test.labels).double()
        share = torch.bincount(tested, weights=right, minlength=len(tasks)) / counts
        return 100 * float(right.mean()), 100 * F.pad(share, (0, self.tasks - len(tasks)))


def _headings(name: str, key: str) -> tuple[str, str, str]:
    return f"{name}, final {key} (%)", f"{name}, mean over steps {key} (%)", f"{name}, {FORGETTING}"


def _told(name: str, steps: Sequence[tuple[float, Tensor]], key: str) -> dict[str, float]:
    over_all = [reached for reached, _ in steps]
    values = over_all[-1], sum(over_all) / len(over_all), forgetting(torch.stack([tasks for _, tasks in steps]))
    return dict(zip(_headings(name, key), values, strict=True))


def _repeated(memory: Sequence[tuple[Samples, int]], new: Samples) -> list[tuple[Samples, int]]:
    """The memory, each part as often as brings its classes nearest to the size of a new one."""
    wanted = len(new) / len(new.targets.classes)

    def times(part: Samples) -> int:
        return max(1, round(wanted * len(part.targets.classes) / len(part)))

    return [part for part in memory for _ in range(times(part[0]))]


class JoinedSamples(Samples):
    """Samples of several sets, one after the other, each with the number its first class has in the whole.

    If one of the sets has soft labels all get some, and a set's samples have none of the classes it does not know.
    """

    def __init__(self, parts: Sequence[tuple[Samples, int]], classes: Sequence[str]) -> None:
        self.parts = [samples for samples, _ in parts]
        self.ends = torch.tensor([len(samples) for samples in self.parts]).cumsum(0)
        labels = torch.cat([samples.targets.labels + first for samples, first in parts])
        soft = None
        if any(samples.targets.probabilities is not None for samples in self.parts):
            soft = torch.zeros(len(labels), len(classes))
            for (samples, first), end in zip(parts, self.ends.tolist(), strict=True):
                known = samples.targets.to_learn
                known = known if known.is_floating_point() else F.one_hot(known, len(samples.targets.classes))
                soft[end - len(samples) : end, first : first + known.shape[1]] = known
        one = self.parts[0]
        super().__init__(Targets(tuple(classes), labels, soft), one.modalities, one.scales)

    @property
    def shapes(self) -> dict[str, Shape]:
        return self.parts[0].shapes

    def fetch(self, index: Tensor, device: torch.device) -> Batch:
        found = {name: torch.empty(len(index), *shape, device=device) for name, shape in self.shapes.items()}
        part = torch.bucketize(index, self.ends, right=True)
        for number in sorted(set(part.tolist())):
            here = torch.nonzero(part == number).flatten()
            local = index[here] - (self.ends[number] - len(self.parts[number]))
            for name, x in self.parts[number].fetch(local, device).items():
                found[name][here.to(device)] = x
        return found
