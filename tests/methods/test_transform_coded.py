"""Real clips by transform coding: all of them where the bytes allow, within the bytes, near the originals."""

from __future__ import annotations

import pytest
import torch
from tests.helpers.clips import network_input

from limbeck import methods
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, InputError
from limbeck.methods import Method
from limbeck.testing import toy_clips

NETWORK = {"options": {"width": 4}}


def transform_coded(**settings) -> Method:
    return methods.load("transform_coded").from_json({"network": NETWORK, **settings})


def test_all_clips_are_kept_as_finely_as_the_bytes_allow():
    real = toy_clips(classes=3, per_class=6)
    lost, taken = [], []
    for room in (10_000, 20_000, 40_000):
        made = transform_coded(set_bytes=room, finest=0.05, coarsest=40.0, pictures=1.0).distill(real)
        assert len(made) == 18
        assert made.labels.tolist() == real.labels.tolist()
        assert made.stored_bytes <= room
        assert made.provenance["transform_coded"] == {
            "clips": [6] * 3,
            "step": made.storage.step["audio"],
            "bytes": room,
        }
        samples, real_samples = made.samples(), network_input(real)
        lost.append(sum((samples[m] - real_samples[m]).square().mean().item() for m in samples))
        taken.append(made.stored_bytes)
    assert lost == sorted(lost, reverse=True)
    assert taken == sorted(taken)
    assert taken[0] > 0.8 * 10_000, "a quarter of an octave of steps is all that may be left"


def test_fewer_clips_are_kept_rather_than_coarser_ones():
    real = toy_clips(classes=2, per_class=9)
    made = transform_coded(set_bytes=7_000, finest=0.2, coarsest=0.2, pictures=1.0).distill(real)
    counts = made.provenance["transform_coded"]["clips"]
    assert len({*counts}) == 1
    assert 1 <= counts[0] < 9
    assert 0.6 * 7_000 < made.stored_bytes <= 7_000
    herded = methods.load("herding").from_json({"network": NETWORK, "per_class": counts[0]}).distill(real)
    for name, x in made.samples().items():
        assert (x - herded.tensors[name]).square().mean() < 0.05, "they are those that herding chooses"


def test_where_samples_are_equal_more_fit_than_a_few_of_them_say():
    few = toy_clips(classes=2, per_class=8)
    often = torch.cat([few.of_class(label).repeat(25) for label in range(2)])
    arrays = {m: x[often] for m, x in few.arrays().items()}
    real = LabelledClips.from_arrays(arrays, few.labels[often], few.classes, recipe=few.recipe, name="often")
    settings = {"finest": 0.1, "coarsest": 0.1, "pictures": 1.0}
    roomy = transform_coded(set_bytes=10**6, **settings).distill(real)
    assert len(transform_coded(set_bytes=roomy.stored_bytes, **settings).distill(real)) == len(roomy) == 400


def test_rooms_are_those_of_rows_and_the_finest_step_is_enough(tmp_path):
    real = toy_clips()
    made = transform_coded(per_class=2, finest=1.0, coarsest=2.0).distill(real)
    rows = methods.load("random").from_json({"per_class": 2}).distill(real)
    assert made.provenance["transform_coded"]["bytes"] == rows.stored_bytes
    assert made.stored_bytes < rows.stored_bytes / 2
    assert made.storage.step == {"audio": 1.0, "image": 4.0}
    again = DistilledSet.load(made.save(tmp_path / "set"))
    assert again.fingerprint == made.fingerprint
    assert all(torch.equal(again.samples()[m], x) for m, x in made.samples().items())
    file = (tmp_path / "set" / "data.safetensors").stat().st_size
    assert file < made.stored_bytes + 2_000  # names, shapes and labels


def test_soft_labels_count():
    real = toy_clips(classes=3, per_class=4)
    hard = transform_coded(finest=0.1, pictures=1.0).distill(real)
    room = {"set_bytes": hard.stored_bytes + 50, "finest": 0.1, "pictures": 1.0}
    made = transform_coded(labels={"kind": "soft", "training": {"epochs": 1}}, **room).distill(real)
    assert made.soft_labels is not None
    assert made.stored_bytes <= hard.stored_bytes + 50
    assert made.storage.step["audio"] > hard.storage.step["audio"]


def test_what_does_not_fit_is_refused():
    real = toy_clips()
    with pytest.raises(BudgetError, match="Not one clip for each of the 3 classes fits in 50 bytes"):
        transform_coded(set_bytes=50).distill(real)
    with pytest.raises(InputError, match=r"the finest step, 5\.0, is larger than the coarsest, 1\.0"):
        transform_coded(finest=5.0)
    with pytest.raises(InputError, match="keeps clips whole, so they are held as plain, not mosaic:2"):
        transform_coded(hold="mosaic:2")
    with pytest.raises(InputError, match="Noise cannot be coded"):
        transform_coded(chosen_by="noise")
