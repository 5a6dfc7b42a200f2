"""The measure of localisation: its numbers by hand, its questions, and that it tells hearing from seeing."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from limbeck.augment.siamese import SiameseAugment
from limbeck.datasets import Annotation, LabelledClips
from limbeck.errors import InputError
from limbeck.evaluation import Protocol, Subject, measures
from limbeck.evaluation.measures import _maps
from limbeck.evaluation.measures._places import maps_of
from limbeck.evaluation.measures._scenes import Scenes, nobody_stays
from limbeck.evaluation.measures.localisation import CONTROLS, NOTHING, _Judged
from limbeck.media import ClipRecipe, MelRecipe
from limbeck.networks import Architecture
from limbeck.testing import toy_clips

SIZE, CLASSES = 32, 4
MEL = MelRecipe(sample_rate_hz=4000, clip_seconds=0.4, mels=16, fft_samples=200, hop_samples=100)
RECIPE = ClipRecipe(image_size=SIZE, mel=MEL)
COLOURS = torch.tensor([[220, 30, 30], [30, 220, 30], [30, 30, 220], [220, 220, 30]], dtype=torch.uint8)


def scenes(per_class: int, seed: int) -> LabelledClips:
    """Two squares of different colours somewhere, one of which is heard: its colour is its sound's band of log-mels."""
    draw, labels = torch.Generator().manual_seed(seed), torch.arange(CLASSES).repeat_interleave(per_class)
    image = torch.randint(100, 130, (len(labels), 3, SIZE, SIZE), generator=draw, dtype=torch.uint8)
    audio = torch.randn(len(labels), 1, *MEL.shape, generator=draw) * 4 - 80
    things = []
    names = [f"class {c}" for c in "abcd"]
    for i, label in enumerate(labels.tolist()):
        audio[i, :, 4 * label : 4 * label + 4] += 50
        other = (label + 1 + int(torch.randint(CLASSES - 1, (), generator=draw))) % CLASSES
        corners = torch.randperm(4, generator=draw).tolist()
        told = []
        for heard, kind, corner in ((True, label, corners[0]), (False, other, corners[1])):
            x, y = (int(v) for v in torch.randint(0, 5, (2,), generator=draw))
            x, y = x + 16 * (corner % 2), y + 16 * (corner // 2)
            image[i, :, y : y + 12, x : x + 12] = COLOURS[kind][:, None, None]
            box = (x / SIZE, y / SIZE, (x + 12) / SIZE, (y + 12) / SIZE)
            told.append(Annotation(names[kind], heard, ((box,),)))
        things.append(told)
    arrays = {"audio": audio, "image": image}
    return LabelledClips.from_arrays(arrays, labels, names, recipe=RECIPE, annotations=things)


def subject(train: LabelledClips, test: LabelledClips, **options: object) -> Subject:
    network = Architecture(options={"width": 16, "depth": {"audio": 2, "image": 2}, "norm": "layer", **options})
    protocol = Protocol(epochs=24, lr=4e-3, augment=SiameseAugment(families=("crop", "colour")))
    return Subject.of(train, test, network=network, protocol=protocol)


def test_a_student_that_hears_and_sees_all_is_right_and_a_deaf_one_finds_half() -> None:
    clips = scenes(10, 0)
    asked, draw = Scenes.of(clips, clips.modalities["image"]), torch.Generator().manual_seed(0)
    places = torch.zeros(len(clips), CLASSES + 1, SIZE, SIZE)
    places[:, -1] = 1  # what is nothing
    sounds = torch.eye(CLASSES + 1)[clips.labels]
    look = partial(maps_of, size=SIZE, cells=SIZE)
    for i, things in enumerate(asked.things):
        for thing in things:
            inside = _maps.drawn(thing.boxes[0], SIZE)
            places[i, :, inside] = torch.eye(CLASSES + 1)[clips.classes.index(thing.label)][:, None]
    perfect = _Judged.of(look, places, sounds, asked.right).numbers
    assert all(perfect[f"{name} (%)"] == 100 for name in ("AP50", "mean IoU", "AUC", "pointed right"))
    assert (_Judged.of(look, places, sounds, asked.both(draw)).equal == 1).all()
    deaf = _Judged.of(look, places, -torch.eye(CLASSES + 1)[[CLASSES] * len(clips)], asked.right)
    # Both things score alike, and of two equal squares in a map as large as one nothing is chosen: IoU is a half.
    assert deaf.equal.tolist() == [0.5] * len(clips)


@pytest.mark.slow
def test_what_is_heard_is_found_and_controls_fall() -> None:
    found = measures.load("localisation")().take(subject(scenes(40, 0), scenes(15, 1)), seed=0)
    assert found["AP50 (%)"] > 80
    assert found["both of two (%)"] > 70
    for way in ("another clip's sound", "silence", "the mean sound", "learned from boxes, unheard"):
        assert found[f"{CONTROLS} {way} (%)"] < found["AP50 (%)"] - 20, way
    assert found[f"{CONTROLS} learned from boxes (%)"] > 80
    assert found[f"{NOTHING} off-screen pIA (%)"] < 20
    # A square of 12 of 32 pixels a side is a seventh of the picture, half of which is said.
    assert found["AP50 at the median (%)"] == 0


def test_numbers_by_hand() -> None:
    truth = _maps.drawn([(0.0, 0.0, 0.5, 0.5)], 4)[None]
    maps = torch.tensor([[[9.0, 8.0, 0.0, 0.0], [7.0, 1.0, 6.0, 0.0], [0.0] * 4, [0.0] * 4]])
    equal = _maps.consensus_iou(_maps.largest(maps, torch.tensor([4])), truth)
    assert equal.tolist() == [3 / 5]  # three of four, and one beside
    assert int(_maps.half(-maps - torch.arange(16.0).view(1, 4, 4) / 100).sum()) == 8
    assert int(_maps.half(torch.zeros(1, 4, 4)).sum()) == 16  # all tie
    assert _maps.success(torch.tensor([0.5, 0.49, 0.6, 0.0])) == 50
    # Success is 1 up to 0.3 and 0 from 0.35 on.
    assert _maps.success_area(torch.tensor([0.3])) == pytest.approx(100 * (0.3 + 0.05 / 2))
    assert _maps.success_area(torch.tensor([1.0])) == pytest.approx(100)
    assert _maps.consensus_iou(_maps.centre(torch.tensor([4]), 4), truth).tolist() == [1 / 7]
    assert _maps.part_above(maps, 6.5) == pytest.approx(300 / 16)
    assert _maps.universal_threshold(torch.tensor([4.0, 1.0, 2.0, 3.0])) == pytest.approx(3.25)


def test_area_under_success_is_that_of_the_published_code() -> None:
    """As in `Evaluator.finalize_AUC` of EZ-VSL, which uses scikit-learn; there AP50 and the thresholds are these."""
    from sklearn.metrics import auc

    ious = np.random.default_rng(0).random(200)
    x = [0.05 * i for i in range(21)]
    results = [np.sum(ious >= 0.05 * i) / len(ious) for i in range(21)]
    assert _maps.success_area(torch.from_numpy(ious)) == pytest.approx(100 * auc(x, results))


def test_maps_are_cosines_at_places() -> None:
    places = torch.zeros(1, 2, 2, 2)
    places[0, 0] = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    found = maps_of(places, torch.tensor([[1.0, 0.0]]), 8, 2)
    assert found.shape == (1, 8, 8)
    assert found[0, 0, 0] == 1
    assert found[0, -1, -1] == -1
    assert found[0, 0].tolist() == sorted(found[0, 0].tolist(), reverse=True)
    assert (maps_of(places, torch.tensor([[1.0, 0.0]]), 8, 1) == 1).all()  # its best place


def test_questions_are_of_what_they_say() -> None:
    clips = scenes(6, 0)
    asked, draw = Scenes.of(clips, clips.modalities["image"]), torch.Generator().manual_seed(0)
    heard = [things[0].label for things in asked.things]
    shown = [{thing.label for thing in things} for things in asked.things]
    pictures, sounds = asked.unseen(draw)
    assert pictures.tolist() == [*range(len(clips))]
    assert all(heard[j] not in shown[i] for i, j in zip(pictures.tolist(), sounds.tolist(), strict=True))
    both = asked.both(draw)
    assert both.pictures.tolist() == [i for i in range(len(clips)) for _ in range(2)]
    for question, (i, j) in enumerate(zip(both.pictures.tolist(), both.sounds.tolist(), strict=True)):
        thing = asked.things[i][question % 2]
        assert heard[j] == thing.label
        assert thing.heard == (i == j)
        assert torch.equal(both.truths[question], _maps.drawn(thing.boxes[0], SIZE))
    assert (asked.counts == 144).all()
    assert not (nobody_stays(9, draw) == torch.arange(9)).any()


def test_what_is_out_of_the_picture_is_left_out_and_told() -> None:
    clips = scenes(3, 0)
    told = [list(things) for things in clips.annotations()]
    told[0][0] = Annotation(told[0][0].label, True, ((),))
    arrays = clips.arrays()
    some = LabelledClips.from_arrays(arrays, clips.labels, clips.classes, recipe=RECIPE, annotations=told)
    assert len(Scenes.of(some, some.modalities["image"])) == len(clips) - 1
    assert measures.load("localisation")().about(some).startswith("11 of 12 test clips")
    silent = [[Annotation(t.label, False, t.boxes) for t in things] for things in told]
    none = LabelledClips.from_arrays(arrays, clips.labels, clips.classes, recipe=RECIPE, annotations=silent)
    with pytest.raises(InputError, match="In none of the clips is something seen that is heard"):
        Scenes.of(none, none.modalities["image"])


def test_the_middle_is_what_chance_says() -> None:
    clips = toy_clips(2, 3)  # what is heard is the left half
    chance = measures.load("localisation")().chance(clips)
    side = round(128**0.5)
    left = side * (8 - (16 - side) // 2)
    assert chance["mean IoU (%)"] == pytest.approx(100 * left / (128 + side**2 - left))
    assert chance["AP50 (%)"] == 0


def test_what_cannot_be_asked_is_refused() -> None:
    measure, clips = measures.load("localisation")(), scenes(3, 0)
    alone = subject(clips.seen_by(["image"]), clips.seen_by(["image"]))
    with pytest.raises(InputError, match=r"asks one picture with one sound, but students see image"):
        measure.take(alone, seed=0)
    whole = Subject.of(clips, clips, network=Architecture(name="resnet18", options={"width": 4}))
    with pytest.raises(InputError, match=r"resnet18 has no features of places.*convnet"):
        measure.take(whole, seed=0)
