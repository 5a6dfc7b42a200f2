"""Modalities bound to a recipe, and what tables call them together."""

from __future__ import annotations

import pytest

from limbeck.errors import InputError, UnknownNameError
from limbeck.media import ClipRecipe
from limbeck.modalities import bound, label

RECIPE = ClipRecipe(image_size=32)


def test_bound_ones_come_in_the_order_of_their_names_with_the_recipe() -> None:
    made = bound(["image", "audio"], RECIPE)
    assert list(made) == ["audio", "image"]
    assert {modality.recipe for modality in made.values()} == {RECIPE}


@pytest.mark.parametrize(("chosen", "what"), [([], "none"), (["audio", "audio"], "audio, audio")])
def test_each_must_be_named_once(chosen: list[str], what: str) -> None:
    with pytest.raises(InputError, match=rf"named once each.*got: {what}\.$"):
        bound(chosen, RECIPE)


def test_an_unknown_name_names_its_neighbour() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'audio'"):
        bound(["audios"], RECIPE)


@pytest.mark.parametrize(("chosen", "called"), [(["audio"], "A"), (["image"], "V"), (["image", "audio"], "A+V")])
def test_label_joins_letters(chosen: list[str], called: str) -> None:
    assert label(bound(chosen, RECIPE)) == called
