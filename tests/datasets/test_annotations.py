"""What is known of things in clips: where they are in prepared pictures, on disk and in every selection."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from limbeck.datasets import Annotation, LabelledClips, Prepared, prepare
from limbeck.datasets.playground import Playground
from limbeck.datasets.spatial_playground import SpatialPlayground
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, fitted, fitted_box
from limbeck.testing import toy_clips

RECIPE = ClipRecipe.from_json({"image_size": 32, "mel": {"mels": 16}})


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> SpatialPlayground:
    root = tmp_path_factory.mktemp("scenes")
    return SpatialPlayground(root, clips=10, field_of_view=90, silent=2, size=32, test_fraction=0.5, workers=1)


@pytest.fixture(scope="module")
def prepared(scenes: SpatialPlayground, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(scenes, out=tmp_path_factory.mktemp("prepared") / "out", recipe=RECIPE, workers=1)


@pytest.mark.parametrize("fit", ["stretch", "crop", "letterbox"])
@pytest.mark.parametrize("size", [(64, 96), (90, 40), (33, 32)])
def test_a_box_is_where_its_picture_was_put(fit: str, size: tuple[int, int]) -> None:
    height, width = size
    recipe = ClipRecipe.from_json({"image_size": 32, "fit": fit})
    for left, top in itertools.product((0.1, 0.4), (0.0, 0.6)):
        box = (left, top, left + 0.4, top + 0.3)
        image = np.zeros((height, width, 3), np.uint8)
        columns, rows = (
            slice(round(box[0] * width), round(box[2] * width)),
            slice(*(round(e * height) for e in box[1::2])),
        )
        image[rows, columns] = 255
        found = fitted_box(
            (columns.start / width, rows.start / height, columns.stop / width, rows.stop / height),
            width,
            height,
            recipe,
        )
        down, along = np.nonzero(fitted(image, recipe).mean(axis=-1) > 127)
        assert found is not None
        seen = (along.min() / 32, down.min() / 32, (along.max() + 1) / 32, (down.max() + 1) / 32)
        assert found == pytest.approx(seen, abs=0.8 / 32)


def test_things_are_where_they_are_drawn(scenes: SpatialPlayground, prepared: Prepared) -> None:
    recipe = ClipRecipe.from_json(RECIPE.to_json() | {"times": (0.25, 0.5)})
    clip = next(c for c in scenes.clips() if c.split == "test")
    truth, things = scenes.truth(clip), scenes.annotations(clip, recipe)
    assert [(t.label, t.heard, t.seen) for t in things] == [
        (t["class"], t["sounds"], t["seen"]) for t in truth["things"]
    ]
    for thing, known in zip(things, truth["things"], strict=True):
        # 1.75 s and 2 s at 12 frames a second; pictures are squeezed, so that parts of them stay.
        for (box,), frame in zip(thing.boxes, (21, 24), strict=True):
            assert box == pytest.approx(known["boxes_xyxy"][frame])


def test_prepared_clips_know_their_things_in_every_selection(scenes: SpatialPlayground, prepared: Prepared) -> None:
    clips = prepared.clips("test")
    told = clips.annotations()
    assert len(told) == len(clips) == 5
    by_id = {clip.id: tuple(scenes.annotations(clip, prepared.recipe)) for clip in scenes.clips()}
    assert told == [by_id[id] for id in clips.ids]
    assert all(
        things[0].heard and things[0].label == clips.classes[c] for things, c in zip(told, clips.labels, strict=True)
    )
    picked = clips.take(torch.tensor([3, 0]))
    assert picked.annotations() == [told[3], told[0]]
    assert clips.annotations(torch.tensor([2])) == [told[2]]
    some = clips.only(clips.classes[3:1:-1])
    assert some.annotations() == clips.part(clips.classes[3:1:-1]).annotations() == [by_id[id] for id in some.ids]
    assert clips.seen_by(["image"]).annotations() == told


def test_they_lie_in_a_table_beside_the_clips(prepared: Prepared) -> None:
    assert prepared.description["annotations"] == 30
    file = prepared.folder / "annotations.parquet"
    before, content = prepared.fingerprint, file.read_bytes()
    file.unlink()
    try:
        with pytest.raises(InputError, match=r"nothing is known of what is where in these clips"):
            Prepared.open(prepared.folder).clips().annotations()
    finally:
        file.write_bytes(content)
    assert Prepared.open(prepared.folder).fingerprint == before


def test_the_playground_tells_what_is_heard_and_not_seen(tmp_path: Path) -> None:
    playground = Playground(tmp_path, clips=20, size=32, workers=1)
    for clip in playground.clips():
        main, *others = playground.annotations(clip, RECIPE)
        assert (main.label, main.heard, len(main.boxes)) == (clip.label, True, 1)
        assert [(o.heard, o.seen) for o in others] == [(True, False)] * (playground.truth(clip)["other"] is not None)


def test_data_that_tell_nothing_say_so() -> None:
    known = toy_clips(classes=2, per_class=1)
    plain = LabelledClips.from_arrays(known.arrays(), known.labels, known.classes, recipe=known.recipe)
    with pytest.raises(InputError, match="Nothing is known of what is where"):
        plain.annotations()


def test_arrays_may_bring_them() -> None:
    known = toy_clips(classes=2, per_class=1)
    arrays, labels = known.arrays(), known.labels
    plain = LabelledClips.from_arrays(arrays, labels, known.classes, recipe=known.recipe, name="toy")
    things = [[Annotation("class a", True, (((0.0, 0.0, 0.5, 0.5),),))], []]
    made = LabelledClips.from_arrays(arrays, labels, plain.classes, recipe=plain.recipe, name="toy", annotations=things)
    assert made.annotations() == [tuple(things[0]), ()]
    assert made.fingerprint != plain.fingerprint
    with pytest.raises(InputError, match="1 came with 2 clips"):
        LabelledClips.from_arrays(arrays, labels, plain.classes, recipe=plain.recipe, annotations=things[:1])
