"""Students that say where in a picture something sounds: their heads, and what is asked of them."""

from collections.abc import Mapping
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck.evaluation._samples import Samples
from limbeck.evaluation.train import TEST_BATCH
from limbeck.modalities import Batch
from limbeck.networks import Grid, Head, Student, class_contrast, place_contrast


class Places(Head):
    """A linear map of each place of a picture, and one of a sound, into a space where what belongs together is near.

    Its `scores` are unit vectors and not probabilities: of each `picture` (dimension, row, column) by a map of its
    features, a `grid`, of each `sound` (dimension,). It learns by `contrasted`, or by truths where it is `shown` them.
    What does not hear (`hears`) has the same vector for every sound.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        classes: int,
        letters: Mapping[str, str],
        *,
        picture: str,
        sound: str,
        grid: Grid,
        dim: int,
        temperature: float,
        best: int,
        shown: bool = False,
        hears: bool = True,
        generator: torch.Generator,
    ) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        self.picture, self.sound, self.grid, self.hears = picture, sound, grid, hears
        # Without a bias, which would draw all clips to one place.
        self.see, self.hear = (_linear(length, dim, generator) for length in (grid[0], dims[sound]))
        self.bias = nn.Parameter(torch.zeros(()))
        contrast = partial(contrasted, temperature=temperature, best=best)
        self.learn = partial(boxed, temperature=temperature, bias=self.bias) if shown else contrast

    def side(self, name: str, features: Tensor) -> Tensor:
        """Unit vectors of the features of one side, the picture or the sound by its `name`."""
        if name == self.sound:
            return F.normalize(self.hear(features if self.hears else torch.ones_like(features)), dim=1)
        maps = features.view(-1, *self.grid).movedim(1, -1)
        return F.normalize(self.see(maps), dim=-1).movedim(-1, 1)

    def loss(self, features: Batch, labels: Tensor) -> Tensor:
        """Mean training loss, as it learns; the `labels` are classes, or those of `boxed`."""
        return self.learn(*(self.side(name, features[name]) for name in (self.picture, self.sound)), labels)

    def scores(self, features: Batch) -> dict[str, Tensor]:
        """Unit vectors, in the place of probabilities."""
        return self.logits(features)

    def logits(self, features: Batch) -> dict[str, Tensor]:
        """Unit vectors, in the place of logits."""
        return {self.letters[name]: self.side(name, features[name]) for name in (self.picture, self.sound)}


def contrasted(places: Tensor, sounds: Tensor, labels: Tensor, *, temperature: float, best: int) -> Tensor:
    """Contrast of pictures and sounds, and of sounds by class, added; of probabilities of classes the likeliest counts.

    Both are told apart at a `temperature`; so many places of a picture count as are `best`.
    """
    classes = labels.argmax(1) if labels.is_floating_point() else labels
    apart = class_contrast(sounds, classes, temperature=temperature)
    return place_contrast(places, sounds, classes, temperature=temperature, best=best) + apart


def boxed(places: Tensor, sounds: Tensor, labels: Tensor, *, temperature: float, bias: Tensor) -> Tensor:
    """Cross-entropy of each place's score and how much of it is truth; and contrast of sounds by class, added.

    The score is the cosine of `places` and `sounds` over the `temperature`, and a `bias`. The `labels` are the class
    and, of each place, from 0 to 1, how much is truth, float32, (sample, 1 + row x column).
    """
    scores = torch.einsum("ndrc,nd->nrc", places, sounds) / temperature + bias
    apart = class_contrast(sounds, labels[:, 0].long(), temperature=temperature)
    return F.binary_cross_entropy_with_logits(scores.flatten(1), labels[:, 1:]) + apart


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias=False, device="meta").to_empty(device="cpu")
    nn.init.normal_(layer.weight, std=inputs**-0.5, generator=generator)
    return layer


@torch.inference_mode()
def vectors(student: Student, samples: Samples, name: str) -> Tensor:
    """Unit vectors of one side of `samples` that a student of `Places` sees, the modality of a `name`, on the CPU."""
    device = next(student.parameters()).device
    batches = samples.batches(torch.arange(len(samples)), TEST_BATCH, device)
    return torch.cat([vectors_of(student, batch[name], name) for batch, _ in batches])


@torch.inference_mode()
def vectors_of(student: Student, x: Tensor, name: str) -> Tensor:
    """Likewise of network input `x`, all at once."""
    head = student.head
    assert isinstance(head, Places)
    return head.side(name, student.encoders[name](x.to(next(student.parameters()).device)).float()).cpu()


def maps_of(places: Tensor, sounds: Tensor, size: int, cells: int) -> Tensor:
    """The cosine of each place of a picture and a sound, (clip, size, size), between places as straight lines go.

    The vectors are (clip, dimension, row, column) and (clip, dimension), of length one. Of a map with more rows or
    columns than `cells` the best place of each of so many parts counts.
    """
    found = torch.einsum("ndrc,nd->nrc", places, sounds)[:, None]
    rows, columns = (min(side, cells) for side in found.shape[2:])
    coarse = F.adaptive_max_pool2d(found, (rows, columns))
    return F.interpolate(coarse, (size, size), mode="bilinear", align_corners=False)[:, 0]
