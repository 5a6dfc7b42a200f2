"""What every method must do, whoever wrote it."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from limbeck import methods
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, InputError
from limbeck.methods import Method
from limbeck.parameterisations import parse
from limbeck.testing._shared import SettingsContract, check_tensor, rng_states, same, toy_clips

NETWORK = {"options": {"width": 8}}
CELLS = {"plain": 1, "mosaic:2": 4, "mosaic:3": 9, "mosaic:audio=1x6,image=2x3": 6, "frequencies:4": 4}


def packs(name: str) -> bool:
    """Whether it stores the number of rows asked for, held as asked; otherwise whole clips, as many as fit."""
    try:
        methods.load(name).from_json({"hold": "mosaic:2"})
    except InputError:
        return False
    return True


class MethodContract(SettingsContract):
    """What a method must do; its tests run at the size `small` gives it."""

    base = Method

    def small(self, name: str, **settings: Any) -> Method:
        """The method of a `name` at a size that runs in a blink, with other `settings`."""
        method = methods.load(name)
        known = method.model_fields
        training = {"training": {"epochs": 3, "batch": 16}}
        if "steps" in known:
            trained = known["encoders"].default.training is not None
            encoders = {"network": NETWORK, "bank": 2 if trained else None, "batch": 5, **(training if trained else {})}
            unrolled = {"student_steps": 3} if "student_steps" in known else {}
            settings = {"steps": 3, "encoders": encoders, **unrolled, **settings}
        elif "network" in known:
            trained = "training" in known and known["training"].default is not None
            settings = {"network": NETWORK, **(training if trained else {}), **settings}
        return method.from_json(settings)

    def test_names_its_source_and_where_it_differs(self, name: str) -> None:
        words = inspect.getdoc(inspect.getmodule(methods.load(name))) or ""
        assert "Source:" in words
        assert "Differs from the paper:" in words

    @pytest.mark.parametrize("hold", CELLS)
    def test_gives_the_rows_asked_for_in_class_order(self, name: str, hold: str) -> None:
        real = toy_clips(per_class=20)
        if not packs(name) and hold != "plain":
            with pytest.raises(InputError, match="hold"):
                self.small(name, per_class=2, hold=hold)
            return
        made = self.small(name, per_class=2, hold=hold).distill(real)
        if packs(name):
            assert made.labels.tolist() == [0, 0, 1, 1, 2, 2]
            assert (str(made.hold), made.hold.cells) == (hold, CELLS[hold])
        assert (made.labels.diff() >= 0).all()
        assert set(made.labels.tolist()) == {0, 1, 2}
        assert made.stored_bytes <= 6 * 4 * (16 * 17 + 3 * 16 * 16)
        assert made.classes == real.classes
        assert made.modalities == real.modalities
        assert len(made) == made.rows * made.hold.cells == len(made.targets)
        for modality, samples in made.samples().items():
            check_tensor(samples, len(made), *real.shapes[modality])

    @pytest.mark.parametrize("modality", ["audio", "image"])
    @pytest.mark.parametrize("hold", ["plain", "mosaic:2"])
    def test_takes_one_modality_or_says_that_it_needs_more(self, name: str, modality: str, hold: str) -> None:
        real = toy_clips().seen_by([modality])
        if not packs(name) and hold != "plain":
            return
        try:
            made = self.small(name, hold=hold).distill(real)
        except InputError as error:
            assert re.search(rf"{name} .*modalities of a clip, but this data has {modality}", str(error))  # noqa: PT017
            return
        assert set(made.tensors) == set(made.samples()) == {modality}
        assert torch.isfinite(made.tensors[modality]).all()

    def test_same_seed_same_bits_no_global_draws_and_the_real_clips_are_left_alone(self, name: str) -> None:
        real, method = toy_clips(), self.small(name, per_class=2)
        before = rng_states()
        first, second, other = method.distill(real, seed=3), method.distill(real, seed=3), method.distill(real, seed=4)
        assert rng_states() == before
        assert same(real.arrays(), toy_clips().arrays())
        assert same(first.samples(), second.samples())
        if len(first) < len(real):  # where all clips are kept, there is nothing to draw
            assert not any(torch.equal(x, other.samples()[m]) for m, x in first.samples().items())

    def test_makes_of_a_part_what_it_makes_of_the_whole_or_says_what_couples_classes(self, name: str) -> None:
        real = toy_clips()
        method = self.small(name, per_class=2).resolved_for(real)
        whole, part = method.distill(real, seed=3), method.distill(real.part(real.classes[1:]), seed=3)
        own = whole.labels > 0
        assert part.classes == real.classes[1:]
        for key, x in part.tensors.items():
            moved = 1.0 if whole.start is None else (whole.tensors[key] - whole.start[key]).abs().mean()
            differs = (x - whole.tensors[key][own]).abs().mean() > 1e-3 * moved  # beyond rounding
            if len(whole) < len(real):  # where all clips are kept, there is nothing to couple
                assert bool(differs) == bool(method.coupling), method.coupling

    def test_says_which_class_has_too_few_clips_before_it_starts(self, name: str) -> None:
        real = toy_clips(per_class=5).take(torch.arange(12))
        with pytest.raises(BudgetError, match="'class c' has 2"):
            self.small(name, per_class=3).distill(real)

    def test_packs_nothing_unless_asked_to(self, name: str) -> None:
        """Two methods run by their defaults differ in the method, and not in how many samples a student sees."""
        unasked = methods.load(name)().hold
        assert unasked == parse("plain") or not unasked.are_samples, "sharing by frequencies is a method of its own"

    def test_presets_are_valid(self, name: str) -> None:
        method = methods.load(name)
        for preset in method.presets:
            assert method.configured(preset, per_class=7).per_class == 7
        with pytest.raises(InputError, match="no preset 'nonsense'"):
            method.configured("nonsense")

    def test_saved_and_loaded_set_is_the_same(self, name: str, tmp_path: Path) -> None:
        hold = "mosaic:audio=1x4,image=2x2" if packs(name) else "plain"
        made = self.small(name, hold=hold).distill(toy_clips())
        back = DistilledSet.load(made.save(tmp_path))
        assert same(back.samples(), made.samples())
        assert back.tensors.keys() == made.tensors.keys()
        assert back.provenance == made.provenance
        assert back.scales == made.scales
        assert back.hold == made.hold
