"""How synthetic samples follow their gradient."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from limbeck._config import Config, Rates, rate_of
from limbeck.parameterisations import Tensors, modality_of


class SGD(Config):
    """Gradient descent with momentum.

    Attributes:
        lr: Step size in network scale, > 0: one, or one for each modality.
        momentum: 0 <= momentum < 1.
        loop: ``"joint"`` is the published loop: one optimiser over all classes stepped once per class, so that a
            class also coasts on its momentum during the steps of the others. ``"independent"`` gives every class
            its own step: the same however classes are split over machines.
    """

    kind: Literal["sgd"] = "sgd"
    lr: Rates = 0.2
    momentum: float = Field(0.5, ge=0, lt=1)
    loop: Literal["joint", "independent"] = "independent"

    def over(
        self, tensors: Tensors, spreads: Mapping[str, float], classes: int, places: Sequence[int] | None = None
    ) -> "JointSGD | TorchDescent":
        """An optimiser of tensors ordered by class, of those at some `places`, or all, of so many `classes`.

        `spreads` are not used.
        """
        rates = [rate_of(self.lr, modality_of(name)) for name in tensors]
        if self.loop == "joint":
            return JointSGD([*tensors.values()], rates, self.momentum, classes, places or range(classes))
        groups = [{"params": [t], "lr": lr} for t, lr in zip(tensors.values(), rates, strict=True)]
        return TorchDescent([*tensors.values()], torch.optim.SGD(groups, momentum=self.momentum))


class Adam(Config):
    """Adam with step sizes relative to the spread of the data.

    Attributes:
        lr: Step size in standard deviations of the real values in network scale, > 0: one, or one for each modality.
        beta1: Decay of the gradient's running mean.
        beta2: Decay of its running square.
    """

    kind: Literal["adam"] = "adam"
    lr: Rates = 0.1
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.99, ge=0, lt=1)

    def over(
        self, tensors: Tensors, spreads: Mapping[str, float], classes: int, places: Sequence[int] | None = None
    ) -> "TorchDescent":
        """An optimiser of tensors, by their `spreads`; classes, and their `places`, never meet in Adam."""
        modalities = {name: modality_of(name) for name in tensors}
        groups = [{"params": [tensors[n]], "lr": rate_of(self.lr, m) * spreads[m]} for n, m in modalities.items()]
        return TorchDescent([*tensors.values()], torch.optim.Adam(groups, betas=(self.beta1, self.beta2)))


Optimiser = Annotated[SGD | Adam, Field(discriminator="kind")]
Steps = Annotated[int, Field(ge=0, description="Optimisation steps, >= 0.")]


class TorchDescent:
    """A `torch.optim` optimiser over some tensors, with a step that can be saved and restored exactly."""

    def __init__(self, tensors: list[Tensor], optimiser: torch.optim.Optimizer) -> None:
        self._tensors, self._optimiser = tensors, optimiser

    def before(self) -> None:
        """Called before the gradient is taken: nothing to do."""

    def after(self, gradients: list[Tensor]) -> None:
        """Move the tensors by their gradients."""
        for tensor, gradient in zip(self._tensors, gradients, strict=True):
            tensor.grad = gradient
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on beside the tensors; see `buffers_of`."""
        return buffers_of(self._optimiser)

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up a saved state."""
        put_back(self._optimiser, state)


def buffers_of(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The buffers of an optimiser, by number of the weight and name of the buffer, as in ``0.momentum_buffer``."""
    rows = optimiser.state_dict()["state"]
    return {f"{i}.{name}": value for i, row in rows.items() for name, value in row.items() if value is not None}


def put_back(optimiser: torch.optim.Optimizer, buffers: Mapping[str, Tensor]) -> None:
    """Give an optimiser the buffers it had; see `buffers_of`."""
    weights = [w for group in optimiser.param_groups for w in group["params"]]
    whole = optimiser.state_dict()
    for key, value in buffers.items():
        number, _, name = key.partition(".")
        like = weights[int(number)].detach()
        # In the memory format of their weights, as they were: sums over other strides could round differently.
        own = torch.empty_like(like).copy_(value) if value.shape == like.shape else value
        whole["state"].setdefault(int(number), {})[name] = own
    optimiser.load_state_dict(whole)


class JointSGD:
    """The published loop in closed form: one SGD with momentum over all classes, stepped once per class.

    Within an iteration class c of C first coasts through c steps of the others, takes its own, and coasts through the
    C - 1 - c that follow; all classes' gradients can then be taken in one batch. Exact, not an approximation. Tensors
    are (class * rows, ...), of the classes at some `places` among all, and moved in place, each with its step size. Its
    methods are those of `TorchDescent`.
    """

    def __init__(
        self, tensors: list[Tensor], rates: list[float], momentum: float, classes: int, places: Sequence[int]
    ) -> None:
        self._tensors, self._rates, self._momentum = tensors, rates, momentum
        self._classes, self._places = classes, places
        self._buffers = [torch.zeros_like(t) for t in tensors]

    def before(self) -> None:
        """Coast through the steps of the classes that come earlier."""
        self._coast(self._places)

    def after(self, gradients: list[Tensor]) -> None:
        """Every class's own step, then the steps of the classes that come later."""
        with torch.no_grad():
            own = zip(self._tensors, self._buffers, self._rates, gradients, strict=True)
            for tensor, buffer, rate, gradient in own:
                buffer.mul_(self._momentum).add_(gradient)
                tensor.sub_(buffer, alpha=rate)
        self._coast([self._classes - 1 - c for c in self._places])

    def state(self) -> dict[str, Tensor]:
        """The momentum buffers."""
        return {str(i): b for i, b in enumerate(self._buffers)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Put the buffers back."""
        self._buffers = [state[str(i)].to(t.device) for i, t in enumerate(self._tensors)]

    def _coast(self, steps: Sequence[int]) -> None:
        mu = self._momentum
        way = torch.tensor([sum(mu**j for j in range(1, n + 1)) for n in steps], dtype=torch.float64)
        left = torch.tensor([mu**n for n in steps], dtype=torch.float64)
        with torch.no_grad():
            for tensor, buffer, rate in zip(self._tensors, self._buffers, self._rates, strict=True):
                rows = len(tensor) // len(self._places)
                shape = (-1, *[1] * (tensor.ndim - 1))
                tensor.sub_(buffer * (rate * way.repeat_interleave(rows)).to(tensor).view(shape))
                buffer.mul_(left.repeat_interleave(rows).to(tensor).view(shape))
