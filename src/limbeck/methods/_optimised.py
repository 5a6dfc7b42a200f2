"""What the helpers of optimised methods ask of a method: settings of the loop, and of the encoders it looks through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.methods._descent import Optimiser
from limbeck.modalities import Scale
from limbeck.parameterisations import Parameterisation

if TYPE_CHECKING:
    from limbeck.methods._encoders import EncoderSource
    from limbeck.methods._start import Start


@runtime_checkable
class Optimised(Protocol):
    """A `Method` that moves samples, step by step, and so has these settings, which mean the same everywhere."""

    @property
    def steps(self) -> int:
        """Optimisation steps, >= 0."""

    @property
    def start(self) -> Start:
        """What is held before the first step: ``noise``, or the name of a method that chooses real clips.

        That name may come with settings, as in ``{"method": "kmedoids", "settings": {"training": {}}}``.
        """

    @property
    def encoders(self) -> EncoderSource:
        """Where encoders come from."""

    @property
    def augment(self) -> SiameseAugment | None:
        """Augmentation shared by real and synthetic samples; None for none."""

    @property
    def optimiser(self) -> Optimiser:
        """How samples follow the gradient."""

    @property
    def name(self) -> str:
        """As of every method."""

    @property
    def per_class(self) -> int:
        """As of every method."""

    @property
    def hold(self) -> Parameterisation:
        """As of every method."""

    def scales(self, real: LabelledClips) -> dict[str, Scale]:
        """See `Method.scales`."""

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON-able data."""
