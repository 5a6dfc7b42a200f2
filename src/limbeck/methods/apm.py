"""Linear projectors between sound and picture features matched, in closed form (`apm`).

What pairs teach is how one modality follows from the other. Of frozen features that is a ridge regression: a matrix
that projects the features of sounds to those of their pictures, and another for the way back. Samples are moved until
the projectors fitted on them are those fitted on the real clips. Classes play no part but in the start.

With x, y the features of a pair's modalities, less the mean of the real ones and divided by their length, per draw of
the encoders and for both directions

    W = least  mean over pairs of |x W - y|^2 + ridge |W|^2
    loss = |W_real - W_synthetic|^2 / |W_real|^2,  added over the directions

The larger the ridge, the nearer W is to the cross-covariance, which `covmatch` matches; a small one parts what is
heard together with something from what it is heard with.

Source:   "Analytic Projector Matching", multimodal dataset distillation, ICML 2026
          (https://openreview.net/forum?id=Fxz0aaGSNY): parameters of least-squares projectors of real and synthetic
          pairs matched, in place of trajectories of projectors in training.
Differs from the paper: encoders are random (a bank of them), where the paper's are pretrained. Its code could not be
          had: rows of length one, the ridge, and equal parts of both directions are choices made here. There is no
          ``faithful`` preset.
Cost:     as `dm`, and two linear systems a step. The real projectors are solved once for each network of the bank.
"""

from typing import ClassVar, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._ridge import ridge_predictions, unit_rows
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps, two_modalities


@final
class APM(Method):
    """Match the projectors from each of two modalities' features to the other's.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        ridge: Penalty on a projector's squared numbers beside the mean squared error of features of length 1, > 0.
    """

    ridge: float = Field(0.01, gt=0)
    steps: Steps = 200
    start: NamedStart = Start(method="kmedoids")
    encoders: EncoderSource = EncoderSource(bank=20, batch=None)
    augment: SiameseAugment | None = None
    optimiser: Optimiser = Adam(lr=0.01)

    coupling: ClassVar[str] = "the projectors are those of the pairs of all classes together"

    def check(self, real: LabelledClips) -> None:
        two_modalities(real, self.name)
        super().check(real)

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Match projectors, step by step, all pairs at once; see `Method.distill`.

        Raises:
            InputError: There are not two modalities.
        """
        run = run or RunContext()
        names = two_modalities(real, self.name)
        held = started(self, real, seed, run)
        draws, solved = EncoderDraws(self, real, seed, run), dict[int, tuple[Tensor, Tensor]]()
        for step in steps(held, self, run):
            drawn, block = draws.at(step.number), held.all()
            seen, features = draws.samples(drawn), draws.features(drawn, block)
            (a, s), (b, t) = (unit_rows(seen[m], features[m]) for m in names)
            aims = solved.get(drawn.number) or projectors(a, b, self.ridge)
            if self.encoders.bank:
                solved[drawn.number] = aims
            gaps = [
                (made - aim).square().sum() / aim.square().sum().clamp_min(torch.finfo(aim.dtype).tiny)
                for aim, made in zip(aims, projectors(s, t, self.ridge), strict=True)
            ]
            step.descend(torch.stack(gaps).sum(), block)
        return finished(self, real, held.tensors, seed, run, held.start)


def projectors(one: Tensor, other: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Linear maps between rows of two modalities, there and back, (dim of one, dim of the other) and the reverse.

    Rows of `one` and of the `other`, (pair, dim), belong together. Each map W is least in the mean of ``|x W - y|^2``
    over the pairs, and `ridge` > 0 times ``|W|^2``.

    Example:
        >>> x = torch.tensor([[1.0], [-1.0]])
        >>> [round(float(w), 3) for w in projectors(x, 2 * x, ridge=1.0)]
        [1.0, 0.4]
    """

    def fitted(x: Tensor, y: Tensor) -> Tensor:
        return ridge_predictions(x, y, torch.eye(x.shape[1]).to(x), ridge * len(x))

    return fitted(one, other), fitted(other, one)
