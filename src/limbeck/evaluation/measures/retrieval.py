"""Finding one modality of a clip by another among test clips: the image to a sound, and back (`retrieval`).

Source: the retrieval experiment of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024, whose code was not
    released. Loss: Khosla et al., *Supervised Contrastive Learning*, NeurIPS 2020, eq. 2, between modalities.

Differs from the paper: loss, size of the shared space and temperature are not known there and are stated here. Its
    galleries are small and count any clip of the class as found; here the whole test split and the very pair are told
    beside them, each with its chance.

Cost: one student a take; tests compare every clip with every other, in parts that fit in memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import combinations, permutations
from typing import ClassVar, Literal, final

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.errors import InputError
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, Measure, trained
from limbeck.evaluation.score import means_of
from limbeck.evaluation.train import predict
from limbeck.modalities import Batch, letters
from limbeck.networks import Head

CLASS, SMALL, PAIR, WITHIN = "class-level", "small gallery", "instance-level", "within a class"
NEAREST = (1, 5, 10)
QUERIES_AT_ONCE = 1024


@final
class Retrieval(Measure):
    """A projection of each modality into one space, trained with the encoders; ranks of what belongs to each test clip.

    Attributes:
        dim: Size of the shared space.
        temperature: Divides cosines before the softmax of the loss.
        positives: What a sample is drawn to in training: others of its class, or its own clip alone.
        gallery_per_class: Clips per class in the small galleries; a class with fewer sets the number for all.
        galleries: Small galleries drawn from the test clips, over which numbers are averaged.
        gallery: Clips in the gallery in which the very clip is looked for, drawn as often; all test clips by default.
    """

    needs_classes: ClassVar[bool] = False

    dim: int = Field(64, ge=1)
    temperature: float = Field(0.1, gt=0)
    positives: Literal["class", "pair"] = "class"
    gallery_per_class: int = Field(5, ge=1)
    galleries: int = Field(20, ge=1)
    gallery: int | None = Field(None, ge=2)

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        """All directions, as ``"A->V"``, of each of the four rules."""
        found = []
        for group in (CLASS, SMALL, PAIR, WITHIN):
            found.append(Column(f"{group} gallery (clips)", better="neither", digits=0, group=group))
            for direction in _directions(letters):
                start = f"{group} {direction}"
                found += [Column(f"{start} R@{k} (%)", group=group) for k in NEAREST]
                found.append(Column(f"{start} MedR", better="lower", group=group))
                if group == CLASS:
                    found.append(Column(f"{start} mAP (%)", group=group))
        return found

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Train one student, and look for every test clip's other half; see `Measure.take`."""
        if len(subject.scales) < 2:
            raise InputError(
                f"Retrieval finds one modality of a clip by another, but students see {', '.join(subject.scales)} "
                "alone. Give a set and clips of two modalities or more, or use another measure."
            )
        positives = self.positives if subject.train.targets.has_classes else "pair"
        head = partial(_Projections, dim=self.dim, temperature=self.temperature, positives=positives)
        student, _ = trained(subject, subject.samples(subject.train), head, seed=seed)
        places, labels = predict(student, subject.samples(subject.test)), subject.test.labels
        small, drawn = self._galleries(labels, seed), self._drawn(labels, seed)
        found = self._sizes(subject.test)
        for direction, (query, wanted) in _directions(subject.letters.values()).items():
            queries, gallery = places[query], places[wanted]
            by_class, by_pair, precision = _whole(queries, gallery, labels)
            if drawn:
                found |= means_of([_named(f"{PAIR} {direction}", _own(queries[i], gallery[i])) for i in drawn])
            else:
                found |= _named(f"{PAIR} {direction}", by_pair)
            if not subject.test.targets.has_classes:
                continue
            found |= _named(f"{CLASS} {direction}", by_class)
            found[f"{CLASS} {direction} mAP (%)"] = 100 * precision
            within = [
                _own(queries[i], gallery[i])
                for c in sorted(set(labels.tolist()))
                for i in [torch.nonzero(labels == c)[:, 0]]
            ]
            found |= _named(f"{WITHIN} {direction}", torch.cat(within))
            ranked = [first_ranks(queries[i] @ gallery[i].T, labels[i, None] == labels[i]) for i in small]
            found |= means_of([_named(f"{SMALL} {direction}", ranks) for ranks in ranked])
        return found

    def chance(self, test: LabelledClips) -> dict[str, float]:
        seen = [*letters(test.modalities).values()]
        counts = [n for n in test.per_class() if n]
        small = [self._each(test.labels)] * len(counts)
        found = self._sizes(test)
        told = {PAIR: by_chance(round(found[f"{PAIR} gallery (clips)"]), [1], [1])}
        if test.targets.has_classes:
            told[CLASS] = by_chance(len(test), counts, counts)
            told[SMALL] = by_chance(sum(small), small, small)
            told[WITHIN] = by_chance(counts, [1] * len(counts), counts)
        found |= {f"{g} {d} {name}": x for g, by in told.items() for d in _directions(seen) for name, x in by.items()}
        return {column.name: found[column.name] for column in self.columns(seen) if column.name in found}

    def about(self, test: LabelledClips) -> str:
        pairs = (
            f"{PAIR}: only the very clip is a hit, among {self._pairs(len(test))}. Chance: a random order of the same "
            "gallery under the same rule, exactly. In training a sample is drawn to "
            f"{'others of its class' if self.positives == 'class' else 'its own clip alone'}"
            f"{', one of a set without classes to its own clip' if self.positives == 'class' else ''}."
        )
        asks = (
            "Every test clip asks with one modality and ranks another one of all clips of the gallery by cosine; "
            "ties count against. R@k: percent of clips with a hit among the first k; MedR: median rank of the first "
            "hit. "
        )
        if not test.targets.has_classes:
            return asks + pairs
        counts = [n for n in test.per_class() if n]
        small = self._each(test.labels)
        return (
            f"{asks}{CLASS}: a hit is any clip of the same class, among all {len(test)} test clips ({min(counts)} to "
            f"{max(counts)} per class). {SMALL}: the same rule among {small * len(counts)} clips, {small} of each of "
            f"{len(counts)} classes, mean of {self.galleries} draws. {WITHIN}: the very clip among the test clips of "
            f"its class. {pairs}"
        )

    def _each(self, labels: Tensor) -> int:
        """Clips per class in a small gallery."""
        counts = torch.bincount(labels)
        return min(self.gallery_per_class, int(counts[counts > 0].min()))

    def _pairs(self, clips: int) -> int:
        """Clips in a gallery in which the very clip is looked for."""
        return min(self.gallery or clips, clips)

    def _sizes(self, test: LabelledClips) -> dict[str, float]:
        """Clips in each gallery, by column; within a class the mean over test clips."""
        sizes: dict[str, float] = {PAIR: self._pairs(len(test))}
        if test.targets.has_classes:
            counts = [n for n in test.per_class() if n]
            small = self._each(test.labels) * len(counts)
            sizes |= {CLASS: len(test), SMALL: small, WITHIN: sum(n * n for n in counts) / len(test)}
        return {f"{group} gallery (clips)": float(size) for group, size in sizes.items()}

    def _drawn(self, labels: Tensor, seed: int) -> list[Tensor]:
        """Positions of the clips in each gallery in which the very clip is looked for; empty if that is all clips."""
        if (size := self._pairs(len(labels))) == len(labels):
            return []
        sources = (generator(seed, "pairs", number) for number in range(self.galleries))
        return [torch.randperm(len(labels), generator=source)[:size] for source in sources]

    def _galleries(self, labels: Tensor, seed: int) -> list[Tensor]:
        """Positions of the clips in each small gallery, as many of each class."""
        each = self._each(labels)
        drawn = []
        for number in range(self.galleries):
            order = torch.randperm(len(labels), generator=generator(seed, "gallery", number))
            mixed = labels[order]
            drawn.append(torch.cat([order[mixed == c][:each] for c in sorted(set(labels.tolist()))]))
        return drawn


def _directions(letters: Iterable[str]) -> dict[str, tuple[str, str]]:
    """What is asked with and what is ranked, by name."""
    return {f"{query}->{wanted}": (query, wanted) for query, wanted in permutations(letters, 2)}


def contrastive(one: Tensor, other: Tensor, labels: Tensor, temperature: float, positives: str) -> Tensor:
    """Symmetric cross-entropy between modalities in which several of a batch may be right, over samples and directions.

    Unit vectors of `one` and the `other` are (sample, dim); their cosines are divided by the `temperature` > 0. Of
    `labels`, classes, int64, (sample,), or probabilities of all of them, float32, (sample, class), follows how right
    two samples are for each other: as it is probable that they are of one class. By the `positives` ``"pair"`` only the
    very pair is right, by ``"class"`` all these.

    Example:
        >>> x = torch.eye(2)
        >>> round(float(contrastive(x, x, torch.tensor([0, 1]), 1.0, "class")), 4)  # log(1 + 1/e)
        0.3133
    """
    right = torch.eye(len(labels), device=one.device)
    if positives == "class":
        told = labels if labels.is_floating_point() else F.one_hot(labels).to(one.dtype)
        right = torch.maximum(right, told @ told.T)
    aims = right / right.sum(1, keepdim=True)
    alike = one @ other.T / temperature
    return (F.cross_entropy(alike, aims) + F.cross_entropy(alike.T, aims)) / 2


class _Projections(Head):
    """A linear map of each modality into the shared space; `scores` are the places there, not probabilities."""

    def __init__(
        self,
        dims: Mapping[str, int],
        classes: int,
        letters: Mapping[str, str],
        *,
        dim: int,
        temperature: float,
        positives: Literal["class", "pair"],
        generator: torch.Generator,
    ) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        # Without a bias, which would draw all clips to one place.
        maps = {name: nn.Linear(n, dim, bias=False, device="meta").to_empty(device="cpu") for name, n in dims.items()}
        for layer in maps.values():
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5, generator=generator)
        self.projections = nn.ModuleDict(maps)
        self.temperature, self.positives = temperature, positives

    def loss(self, features: Batch, labels: Tensor) -> Tensor:
        """Mean over pairs of modalities; see `contrastive`."""
        pairs = combinations(self.logits(features).values(), 2)
        losses = [contrastive(one, other, labels, self.temperature, self.positives) for one, other in pairs]
        return torch.stack(losses).mean()

    def scores(self, features: Batch) -> dict[str, Tensor]:
        """Unit vectors, (sample, dim), by letter."""
        return self.logits(features)

    def logits(self, features: Batch) -> dict[str, Tensor]:
        """Unit vectors, in the place of logits."""
        return {self.letters[name]: F.normalize(project(features[name])) for name, project in self.projections.items()}


def _whole(queries: Tensor, gallery: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, float]:
    """Ranks by class and by pair, and mean average precision by class, with all clips as the gallery."""
    from sklearn.metrics import label_ranking_average_precision_score

    by_class, by_pair, precision = [], [], 0.0
    for part in torch.split(torch.arange(len(labels)), QUERIES_AT_ONCE):
        alike = queries[part] @ gallery.T
        same = labels[part, None] == labels
        by_class.append(first_ranks(alike, same))
        by_pair.append(first_ranks(alike, part[:, None] == torch.arange(len(labels))))
        precision += len(part) * float(label_ranking_average_precision_score(same.numpy(), alike.numpy()))
    return torch.cat(by_class), torch.cat(by_pair), precision / len(labels)


def _own(queries: Tensor, gallery: Tensor) -> Tensor:
    """Rank of each query's own item, int64, (query,)."""
    return first_ranks(queries @ gallery.T, torch.eye(len(queries), dtype=torch.bool))


def _named(start: str, ranks: Tensor) -> dict[str, float]:
    """Recalls in percent and the median rank, by column."""
    recalls = {f"{start} R@{k} (%)": 100 * float((ranks <= k).double().mean()) for k in NEAREST}
    return recalls | {f"{start} MedR": float(np.median(ranks.numpy()))}


def first_ranks(alike: Tensor, relevant: Tensor) -> Tensor:
    """Rank of each query's first relevant item, from 1, int64, (query,), by how near items are, (query, item).

    Irrelevant items that tie with it come before it. Each query has a relevant item.

    Example:
        >>> alike = torch.tensor([[0.9, 0.5, 0.5, 0.1]])
        >>> int(first_ranks(alike, torch.tensor([[True, False, False, True]])))
        1
        >>> int(first_ranks(alike, torch.tensor([[False, True, False, True]])))
        3
    """
    best = alike.masked_fill(~relevant, -torch.inf).amax(1, keepdim=True)
    return 1 + ((alike >= best) & ~relevant).sum(1)


def by_chance(items: int | Sequence[int], relevant: Sequence[int], queries: Sequence[int]) -> dict[str, float]:
    """Recall at 1, 5 and 10, median rank of the first hit and mean average precision of a random order, exactly.

    Each kind of query has its number of relevant items, and of queries, and may have its own of `items`. One with m
    relevant items among N has no hit among the first k with probability C(N - m, k) / C(N, k); the expected average
    precision follows from the expected number of hits before each. The median is that of the ranks of all queries
    together.

    Example:
        >>> told = by_chance(50, [5], [50])
        >>> round(told["R@1 (%)"], 1), round(told["R@5 (%)"], 1), told["MedR"]
        (10.0, 42.3, 7.0)
    """
    from scipy.stats import hypergeom

    sizes = [items] * len(relevant) if isinstance(items, int) else items
    hit = np.arange(max(sizes) + 1)
    within = np.average(
        [1 - hypergeom.pmf(0, n, m, np.minimum(hit, n)) for n, m in zip(sizes, relevant, strict=True)],
        axis=0,
        weights=np.asarray(queries, float),
    )
    found = {f"R@{k} (%)": 100 * float(within[min(k, max(sizes))]) for k in NEAREST}
    found["MedR"] = float(np.searchsorted(within, 0.5 - 1e-12))
    precision = []
    for n, m in zip(sizes, relevant, strict=True):
        harmonic, together = float(np.sum(1 / np.arange(1, n + 1))), (m - 1) / max(n - 1, 1)
        precision.append((together * n + (1 - together) * harmonic) / n)
    found["mAP (%)"] = 100 * float(np.average(precision, weights=queries))
    return found
