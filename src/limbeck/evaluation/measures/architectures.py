"""Accuracy of students of other architectures than the one a set was made with (`architectures`).

Source:   Zhao, Mopuri and Bilen, *Dataset Condensation with Gradient Matching*, ICLR 2021, table 2, since when every
          method is asked for it.
Differs from the paper: each modality has a network, all of them narrow, so that the table takes minutes on a
          laptop; no batch norm (see ``docs/networks.md``). All networks are trained by one protocol, the subject's. The
          published one makes 60 steps at one sample of each of ten classes, at which ResNet-18 has learnt nothing from
          any set, so it is lengthened to a least number of steps, with its drops of the learning rate in proportion.
Cost:     one student for each network. On 40 samples of (1, 64, 56) and (3, 32, 32), one thread, a step takes between
          0.04 s (ConvNet) and 0.1 s (ResNet-18).
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Self, final

from pydantic import Field, model_validator

from limbeck._runtime import derive_seed
from limbeck.datasets import LabelledClips
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, HeadName, Measure, Values, accuracy, trained
from limbeck.evaluation.protocol import Protocol
from limbeck.modalities import together
from limbeck.networks import Architecture


@final
class Architectures(Measure):
    """Accuracy of one student of each network.

    Attributes:
        head: Name of the students' head.
        networks: Architectures by the name they have in the table.
        least_steps: Steps every student takes at least, as the protocol's; the larger of the two counts.
        changes: What is different in the protocol of some networks, by their name, for instance
            ``{"transformer": {"lr": {"image": 1e-3}}}``; nothing by default.
    """

    head: HeadName = "ensemble"
    networks: dict[str, Architecture] = Field(
        {
            "ConvNet": Architecture(options={"width": 32}),
            "ConvNet, 4 blocks": Architecture(options={"width": 32, "depth": {"audio": 4, "image": 4}}),
            "ConvNet, group norm": Architecture(options={"width": 32, "norm": "group"}),
            "ResNet-18": Architecture(name="resnet18", options={"width": 8}),
            "VGG-11": Architecture(name="vgg11", options={"width": 16}),
            "AlexNet": Architecture(name="alexnet", options={"width": 32}),
            "transformer": Architecture(name="transformer", options={"width": 64, "depth": 3}),
        },
        min_length=1,
    )
    least_steps: int = Field(240, ge=0)
    changes: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_and_changes_fit(self) -> Self:
        for architecture in self.networks.values():
            architecture.build()
        if unknown := sorted(set(self.changes) - set(self.networks)):
            raise ValueError(f"changes are given for {unknown}, but the networks are {list(self.networks)}")
        for name in self.changes:
            self._protocol(name, Protocol())
        return self

    @property
    def students(self) -> float:
        return float(len(self.networks))

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        """Accuracy by all modalities together of each network, and the mean over those that are not the subject's."""
        return [Column(f"{name} (%)") for name in (*self.networks, "mean of others")]

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Train and test one student of each network; see `Measure.take`.

        Accuracy in percent is named "ResNet-18 A", "ResNet-18 V", "ResNet-18 A+V" and so on; "others A+V" is the mean
        over networks that are not the subject's, whatever their width.
        """
        samples, test = subject.samples(subject.train), subject.samples(subject.test)
        found: dict[str, float] = {}
        for name, architecture in self.networks.items():
            own, protocol = derive_seed(seed, "architecture", name), self._protocol(name, subject.protocol)
            student, _ = trained(subject, samples, self.head, seed=own, network=architecture, protocol=protocol)
            found |= {f"{name} {key}": percent for key, percent in accuracy(student, test).items()}
        others = [name for name, a in self.networks.items() if not same_but_width(a, subject.network)]
        key = subject.together
        return found | ({f"others {key}": fmean(found[f"{name} {key}"] for name in others)} if others else {})

    def show(self, values: Values, references: Mapping[str, Values], letters: Sequence[str]) -> dict[str, float]:
        key = together(letters)
        named = {f"{name} (%)": f"{name} {key}" for name in self.networks} | {"mean of others (%)": f"others {key}"}
        return {heading: values[name] for heading, name in named.items() if name in values}

    def chance(self, test: LabelledClips) -> dict[str, float]:
        return {column.name: 100 / len(test.classes) for column in self.columns(())}

    def about(self, test: LabelledClips) -> str:
        told = "; ".join(
            f"{name}: {' '.join([a.name, *(f'{k}={v}' for k, v in a.options.items())])}"
            for name, a in self.networks.items()
        )
        longer = f", with as many epochs as make at least {self.least_steps} steps" if self.least_steps else ""
        changed = "".join(
            f" {name} is trained with {', '.join(f'{k}={v}' for k, v in changes.items())}."
            for name, changes in self.changes.items()
        )
        return (
            f"Accuracy by all modalities together ({self.head}) of a student of each network, trained from scratch "
            f"by the same protocol{longer}, on {len(test)} test clips of {len(test.classes)} classes. {told}. The mean "
            "leaves out networks that differ in no more than width from the one the other tables are made with."
            f"{changed}"
        )

    def _protocol(self, name: str, protocol: Protocol) -> Protocol:
        changed = protocol.changed(**self.changes.get(name, {}))
        return changed.model_copy(update={"least_steps": max(changed.least_steps, self.least_steps)})


def same_but_width(one: Architecture, other: Architecture) -> bool:
    """Whether `one` architecture and the `other` are the same network with the same settings, `width` left aside.

    Example:
        >>> wide, narrow = Architecture(), Architecture(options={"width": 8})
        >>> same_but_width(wide, narrow), same_but_width(wide, Architecture(options={"norm": "group"}))
        (True, False)
    """
    first, second = ((a.name, a.build().model_dump(exclude={"width"})) for a in (one, other))
    return first == second
