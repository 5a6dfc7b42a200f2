import json
import math

import numpy as np
import pytest

from limbeck.errors import InputError
from limbeck.evaluation import Protocol, Repeat, Score, Source
from limbeck.modalities import Scale
from limbeck.networks import Architecture

TRUTH = (0, 0, 1, 1)
GUESSES = ((0, 1, 1, 1), (0, 0, 0, 1), (1, 1, 0, 0))  # 3, 3 and 0 of 4 right


def _repeat(seed, guess):
    right = 100 * sum(a == b for a, b in zip(guess, TRUTH, strict=True)) / 4
    return Repeat(seed=seed, seconds=2.0, losses=(1.5, 0.5), values={"V": right}, predictions={"V": guess})


@pytest.fixture
def score():
    seen = ("audio", "image")
    clips = Source(
        kind="clips",
        name="toy",
        fingerprint="ab",
        modalities=seen,
        samples=4,
        rows=4,
        stored_bytes=40,
        storage="prepared",
    )
    return Score(
        measure="accuracy",
        settings={"head": "concat"},
        letters={"image": "V"},
        trained_on=Source(
            kind="distilled",
            name="dm",
            fingerprint="cd",
            modalities=seen,
            samples=12,
            rows=3,
            per_class=1,
            stored_bytes=96,
            storage="uint8",
            hold="mosaic:2",
        ),
        tested_on=clips,
        classes=("bell", "drip", "unheard"),
        truth=TRUTH,
        repeats=tuple(_repeat(i, g) for i, g in enumerate(GUESSES)),
        protocol=Protocol(epochs=2),
        network=Architecture(options={"width": 8}),
        scales={"image": Scale(mean=(0.0,), std=(1.0,))},
        seed=0,
        device="cpu",
    )


def test_summary_by_hand(score):
    """75, 75, 0: mean 50, squares of deviations 625 + 625 + 2500 = 3750, over 2 and over 3."""
    assert score.n == 3
    assert score.values == {"V": (75.0, 75.0, 0.0)}
    assert score.mean["V"] == pytest.approx(50)
    assert score.sd["V"] == pytest.approx(math.sqrt(1875))
    assert score.population_sd["V"] == pytest.approx(math.sqrt(1250))
    assert score.population_sd["V"] == pytest.approx(np.std([75, 75, 0]))
    assert score.seconds == 6.0


def test_confusion_by_hand(score):
    """Class 0: right 1 + 2 + 0 of 6; class 1: right 2 + 1 + 0 of 6; class 2 has no clips."""
    assert score.confusion["V"].tolist() == [[3, 3, 0], [3, 3, 0], [0, 0, 0]]
    assert score.per_class["V"][:2] == (50.0, 50.0)
    assert math.isnan(score.per_class["V"][2])


def test_json_round_trip_with_a_readable_summary(score):
    text = json.dumps(score.to_json(), allow_nan=False)
    assert Score.from_json(json.loads(text)) == score
    summary = json.loads(text)["summary"]
    assert summary["mean"] == {"V": 50.0}
    assert summary["per_class"]["V"] == [50.0, 50.0, None]
    assert (score.head, score.together, score.looked_at) == ("concat", "V", ("V",))
    assert score.title == "dm+mosaic 2 (concat, V)"


def test_one_repeat_has_no_spread(score):
    single = score.model_copy(update={"repeats": score.repeats[:1]})
    assert math.isnan(single.sd["V"])
    assert single.to_json()["summary"]["sd"] == {"V": None}


def test_the_key_names_the_question_and_nothing_else(score):
    alike = [
        {"repeats": ()},
        {"repeats": score.repeats[:1]},
        {"device": score.device + ":1"},
    ]
    assert {score.model_copy(update=same).key for same in alike} == {score.key}
    others = [
        {"trained_on": score.trained_on.model_copy(update={"fingerprint": "ef"})},
        {"tested_on": score.tested_on.model_copy(update={"fingerprint": "ef"})},
        {"protocol": score.protocol.model_copy(update={"dtype": "bfloat16"})},
        {"network": score.network.model_copy(update={"options": {"width": 3}})},
        {"scales": {"image": score.scales["image"].model_copy(update={"mean": (3.0,)})}},
        {"measure": "other"},
        {"settings": {"head": "other"}},
        {"letters": {"audio": "A"}},
        {"formats": ("bfloat16", "float32")},
        {"seed": score.seed + 1},
        {"device": "mps"},
    ]
    changed = [score.model_copy(update=other) for other in others]
    assert [one.differs(score) for one in changed] == [[name] for other in others for name in other]
    assert len({score.key, *(one.key for one in changed)}) == 1 + len(others)


def test_a_score_is_told_in_a_line(score):
    many = score.model_copy(update={"truth": score.truth * 500, "repeats": score.repeats * 20})
    assert len(repr(many)) < 220
    assert str(many.mean) in repr(many)


def test_damaged_json_is_refused(score):
    data = score.to_json()
    del data["truth"]
    with pytest.raises(InputError, match="truth"):
        Score.from_json(data)
