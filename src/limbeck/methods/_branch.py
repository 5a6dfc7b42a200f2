"""One modality of a student by itself: what gradients and trajectories are taken of."""

from typing import Any, cast, final

import torch
from torch import Tensor, nn

from limbeck.networks import Student
from limbeck.networks.heads.ensemble import Ensemble


@final
class Branch(nn.Module):
    """The encoder and the classifier of one modality of a student with the `ensemble` head.

    Branches share no weight and no loss, so each can be trained, compared and differentiated on its own.
    It holds the student's own modules: what changes here changes there. `dtype` is the format of the encoder's
    convolutions, float32 or bfloat16; features and logits stay float32.
    """

    def __init__(self, student: Student, modality: str, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.encoder = student.encoders[modality]
        self.classifier = cast("Ensemble", student.head).classifiers[modality]
        self._dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (sample, class), of network input (sample, channel, height, width)."""
        with torch.autocast(x.device.type, self._dtype, enabled=self._dtype != torch.float32):
            features = self.encoder(x)
        logits: Tensor = self.classifier(features.to(torch.promote_types(features.dtype, torch.float32)))
        return logits

    def flat(self) -> Tensor:
        """A copy of all weights as one vector, (weight,), without graph."""
        return torch.cat([w.detach().flatten() for w in self.parameters()])

    def with_weights(self, flat: Tensor, x: Tensor) -> Tensor:
        """Logits as from `forward`, with weights from a vector ordered as by `flat`; differentiable in both."""
        named = dict(self.named_parameters())
        parts = torch.split(flat, [w.numel() for w in named.values()])
        weights = {name: part.view(w.shape) for (name, w), part in zip(named.items(), parts, strict=True)}
        logits: Any = torch.func.functional_call(self, weights, (x,))
        return torch.as_tensor(logits)
