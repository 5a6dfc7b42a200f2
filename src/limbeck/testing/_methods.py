"""What every method must do, whoever wrote it."""

from __future__ import annotations

import inspect
import random
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from limbeck import _discover, methods
from limbeck.augment import Frequencies
from limbeck.errors import BudgetError, InputError
from limbeck.methods import Method
from limbeck.testing._clips import toy_clips

NETWORK = {"options": {"width": 8}}


def packs(name: str) -> bool:
    """Whether it stores the number of pairs asked for, packed if asked to; otherwise whole clips, as many as fit."""
    annotation: Any = methods.load(name).model_fields["mosaic"].annotation
    return bool(annotation != Literal[1])


def rng_states() -> tuple[Any, ...]:
    numpy_state: Any = np.random.get_state()  # noqa: NPY002 - the global generator is what is watched
    return torch.get_rng_state().tolist(), numpy_state[1].tolist(), random.getstate()


class MethodContract:
    """What a method must do; its tests run at the size `small` gives it."""

    def small(self, name: str, **settings: Any) -> Method:
        """The method at a size that runs in a blink.

        Args:
            name: The method's.
            settings: What differs.
        """
        method = methods.load(name)
        known = method.model_fields
        if "steps" in known:
            trained = known["encoders"].default.training is not None
            training = {"training": {"epochs": 3, "batch": 16}} if trained else {}
            encoders = {"network": NETWORK, "bank": 2 if trained else None, "batch": 5, **training}
            settings = {"steps": 3, "encoders": encoders, **settings}
        elif "network" in known:
            trained = "training" in known and known["training"].default is not None
            training = {"training": {"epochs": 3, "batch": 16}} if trained else {}
            settings = {"network": NETWORK, **training, **settings}
        return method.from_json(settings)

    def test_names_its_source_and_where_it_differs(self, name: str) -> None:
        words = inspect.getdoc(inspect.getmodule(methods.load(name))) or ""
        assert _discover.summary(methods.ROOM, name).endswith(".")
        assert "Source:" in words
        assert "Differs from the paper:" in words

    def test_its_name_is_the_one_it_is_listed_under(self, name: str) -> None:
        assert methods.load(name)().name == name

    @pytest.mark.parametrize("mosaic", [1, 2, 3, "1x6,2x3"])
    def test_gives_the_pairs_asked_for_in_class_order(self, name: str, mosaic: int | str) -> None:
        real = toy_clips(per_class=20)
        if not packs(name) and mosaic != 1:
            with pytest.raises(InputError, match="mosaic"):
                self.small(name, per_class=2, mosaic=mosaic)
            return
        made = self.small(name, per_class=2, mosaic=mosaic).distill(real)
        if packs(name):
            assert made.labels.tolist() == [0, 0, 1, 1, 2, 2]
        assert (made.labels.diff() >= 0).all()
        assert set(made.labels.tolist()) == {0, 1, 2}
        assert made.stored_bytes <= 6 * 4 * (16 * 17 + 3 * 16 * 16)
        assert made.classes == real.classes
        assert len(made) == made.pairs * {1: 1, 2: 4, 3: 9, "1x6,2x3": 6}[mosaic]
        assert len(made) == len(made.training_pairs()[2])
        assert torch.isfinite(made.audio).all()
        assert torch.isfinite(made.image).all()

    def test_same_seed_same_bits_and_no_global_draws(self, name: str) -> None:
        real, method = toy_clips(), self.small(name, per_class=2)
        before = rng_states()
        first, second, other = method.distill(real, seed=3), method.distill(real, seed=3), method.distill(real, seed=4)
        assert rng_states() == before
        assert torch.equal(first.audio, second.audio)
        assert torch.equal(first.image, second.image)
        assert not torch.equal(first.audio, other.audio)

    def test_leaves_the_real_clips_alone(self, name: str) -> None:
        real = toy_clips()
        audio, frames = real.audio().clone(), real.frames().clone()
        self.small(name).distill(real)
        assert torch.equal(real.audio(), audio)
        assert torch.equal(real.frames(), frames)

    def test_says_which_class_has_too_few_clips_before_it_starts(self, name: str) -> None:
        real = toy_clips(per_class=5).take(torch.arange(12))
        with pytest.raises(BudgetError, match="'class c' has 2"):
            self.small(name, per_class=3).distill(real)

    def test_settings_come_back_from_json(self, name: str) -> None:
        method = self.small(name, per_class=2)
        assert type(method).from_json(method.to_json()) == method

    def test_refuses_settings_it_does_not_know(self, name: str) -> None:
        with pytest.raises(InputError, match="per_clas"):
            methods.load(name).from_json({"per_clas": 3})

    def test_packs_nothing_unless_asked_to(self, name: str) -> None:
        """Two methods run by their defaults differ in the method, and not in how many pairs a student sees."""
        unasked = methods.load(name)().mosaic
        assert unasked == 1 or isinstance(unasked, Frequencies), "sharing by frequencies is a method of its own"

    def test_presets_are_valid(self, name: str) -> None:
        method = methods.load(name)
        for preset in method.presets:
            assert method.configured(preset, per_class=7).per_class == 7
        with pytest.raises(InputError, match="no preset 'nonsense'"):
            method.configured("nonsense")

    def test_saved_and_loaded_set_is_the_same(self, name: str, tmp_path: Path) -> None:
        made = self.small(name, mosaic="1x4,2x2" if packs(name) else 1).distill(toy_clips())
        back = type(made).load(made.save(tmp_path))
        assert torch.equal(back.audio, made.audio)
        assert back.provenance == made.provenance
        assert back.scale == made.scale
        assert back.mosaic == made.mosaic
        assert torch.equal(back.training_pairs()[1], made.training_pairs()[1])
