"""What the contracts of all rooms have in common: the tests of all that is listed, toy clips, comparisons."""

import json
import pickle
import random
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from limbeck import _discover
from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.datasets import Annotation, LabelledClips
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe, RawClip
from limbeck.modalities import Separable, bound

RECIPE = ClipRecipe(
    mel=MelRecipe(sample_rate_hz=4000, clip_seconds=0.4, mels=16, fft_samples=200, hop_samples=100),
    image_size=16,
    frames=4,
    segments=2,
)
_LEFT, _RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


class ListedContract:
    """What everything that a room lists must do; `base` is the room's abstract class."""

    base: ClassVar[type[Listed]]

    def test_is_listed_under_its_name_with_a_sentence(self, name: str) -> None:
        assert _discover.name_of(_discover.load(self.base, name), self.base.room) == name
        assert _discover.summary(self.base.room, name).endswith(".")


class SettingsContract(ListedContract):
    """What everything must do besides that is made of settings."""

    def small(self, name: str) -> Any:
        """The thing of a `name`, at a size that runs in a blink."""
        return _discover.load(self.base, name)()

    def test_settings_survive_json_and_pickle_and_no_others_are_taken(self, name: str) -> None:
        kind = _discover.load(self.base, name)
        assert issubclass(kind, Config)
        for settings in (self.small(name), kind()):
            assert kind.from_json(json.loads(json.dumps(settings.to_json()))) == settings
            assert pickle.loads(pickle.dumps(settings)) == settings
        with pytest.raises(InputError, match="nosuchsetting"):
            kind.from_json({"nosuchsetting": 1})


def same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether tensors have the same names and the same bits."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def check_tensor(found: Tensor, *shape: int, dtype: torch.dtype = torch.float32) -> None:
    """Assert that a tensor is finite and on the CPU, with this shape and number format."""
    assert (tuple(found.shape), found.dtype, found.device.type) == (shape, dtype, "cpu")
    assert torch.isfinite(found).all()


def rng_states() -> tuple[Any, ...]:
    """States of the global generators, which nothing may draw from."""
    numpy_state: Any = np.random.get_state()  # noqa: NPY002 - the global generator is what is watched
    return torch.get_rng_state().tolist(), numpy_state[1].tolist(), numpy_state[2:], random.getstate()


def toy_clips(
    classes: int = 3,
    per_class: int = 12,
    *,
    seed: int = 0,
    recipe: ClipRecipe = RECIPE,
    modalities: Collection[str] = ("audio", "image"),
) -> LabelledClips:
    """Clips whose class shows as a bright band of log-mels and a tint of pictures, under noise drawn by `seed`.

    There are `per_class` of each of up to 10 `classes`; the `recipe` gives the shapes of the `modalities`. Sounds that
    can be taken apart have recordings. Each clip's thing is said to be heard and seen in the left half of its picture,
    beside a thing of another class that is seen.
    """
    source = torch.Generator().manual_seed(seed)
    labels = torch.arange(classes).repeat_interleave(per_class)
    arrays = {}
    for name, modality in bound({"audio", "image", *modalities}, recipe).items():
        shape = (len(labels), *modality.shape)
        if modality.dtype == torch.uint8:
            x = torch.randint(40, 160, shape, generator=source)
            for i, label in enumerate(labels.tolist()):
                x[i, ..., label % 3, :, :] += 60 + 10 * label
            arrays[name] = x.clamp(0, 255).to(torch.uint8)
        else:
            x, mels = torch.randn(shape, generator=source) * 10 - 60, modality.shape[-2]
            for i, label in enumerate(labels.tolist()):
                x[i, ..., label * mels // classes : (label + 1) * mels // classes, :] += 25
            arrays[name] = modality.prepared(x)
    kinds = bound(modalities, recipe)
    waves = [kind.play(arrays[name]) for name, kind in kinds.items() if isinstance(kind, Separable)]
    names, times = [f"class {c}" for c in "abcdefghij"[:classes]], len(recipe.times)
    things = [
        [Annotation(names[c], True, ((_LEFT,),) * times), Annotation(names[c - 1], False, ((_RIGHT,),) * times)]
        for c in labels.tolist()
    ]
    return LabelledClips.from_arrays(
        {name: arrays[name] for name in modalities},
        labels,
        names,
        recipe=recipe,
        name="toy",
        annotations=things,
        recordings=[RawClip(sound.numpy(), None) for sound in waves[0]] if waves and waves[0] is not None else (),
    )
