"""Models of classes: means and directions against another library, within the bytes, and samples without end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from tests.helpers.clips import network_input

from limbeck import methods
from limbeck.datasets import Targets
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, InputError
from limbeck.evaluation import TensorSamples
from limbeck.methods import Method
from limbeck.testing import toy_clips


def generator(**settings) -> Method:
    return methods.load("generator").from_json({"finest": 0.01, "coarsest": 5.0, **settings})


def test_samples_have_the_mean_and_the_principal_components_of_the_clips():
    real = toy_clips(classes=2, per_class=9)
    made = generator(set_bytes=10**6, samples=2000, directions=3).distill(real)
    for m, x in network_input(real).items():
        drawn = made.samples()[m].reshape(2000, 2, -1)
        for label in range(2):
            clips = x[real.labels == label].flatten(1).numpy()
            theirs = PCA(n_components=3).fit(clips)
            ours = PCA(n_components=3).fit(drawn[:, label].numpy())
            scale = np.sqrt(theirs.explained_variance_.sum())
            assert np.linalg.norm(ours.mean_ - theirs.mean_) < 0.15 * scale
            np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=0.15)
            across = np.linalg.svd(ours.components_ @ theirs.components_.T, compute_uv=False)
            assert across.min() > 0.95, "they span the same directions"


def test_models_are_as_fine_and_as_large_as_the_bytes_allow():
    real, taken, steps = toy_clips(classes=2, per_class=9), [], []
    for room in (3_000, 6_000, 12_000):
        made = generator(set_bytes=room).distill(real)
        about = made.provenance["generator"]
        assert about["directions"] == {"audio": 8, "image": 8}
        assert made.stored_bytes <= room
        taken.append(made.stored_bytes)
        steps.append(about["step"])
    assert taken == sorted(taken)
    assert steps == sorted(steps, reverse=True)
    few = generator(set_bytes=3_000, coarsest=0.05).distill(real).provenance["generator"]
    assert few["directions"]["audio"] < 8, "fewer directions rather than coarser ones"


def test_any_number_is_drawn_and_students_see_others_in_every_epoch(tmp_path):
    made = generator(samples=4).distill(toy_clips(classes=2, per_class=6), seed=5)
    model = DistilledSet.load(made.save(tmp_path / "set"))
    assert torch.equal(model.samples()["image"], made.samples()["image"])
    many = model.drawn(30, seed=1)
    assert len(many) == 60
    assert torch.bincount(many.targets.labels).tolist() == [30, 30]
    assert many.stored_bytes == model.stored_bytes
    assert not torch.equal(many.samples()["audio"][:8], model.drawn(30, seed=2).samples()["audio"][:8])
    epochs = [TensorSamples.of(model)]
    epochs += [epochs[0].anew(seed) for seed in (1, 2, 1)]
    seen = [epoch.fetch(torch.arange(8), torch.device("cpu"))["image"] for epoch in epochs]
    assert torch.equal(seen[1], seen[3])
    assert len({x.sum().item() for x in seen}) == 3
    assert [len(epoch) for epoch in epochs] == [8] * 4


def test_samples_that_are_kept_stay_in_every_epoch():
    made = methods.load("random").from_json({}).distill(toy_clips())
    samples = TensorSamples.of(made)
    assert samples.anew(3) is samples
    targets = Targets(made.classes, made.labels)
    assert (kept := TensorSamples(made.samples(), targets, made.modalities)).anew(1) is kept


def test_what_cannot_be_is_refused():
    real = toy_clips()
    with pytest.raises(BudgetError, match="A mean and one direction for each of the 3 classes take more than 90 bytes"):
        generator(set_bytes=90).distill(real)
    with pytest.raises(InputError, match="labels are hard"):
        generator(labels="soft")
    with pytest.raises(InputError, match="hold stays plain, but got mosaic:2"):
        generator(hold="mosaic:2")
    with pytest.raises(InputError, match=r"the finest step, 9\.0, is larger than the coarsest"):
        generator(finest=9.0)
    kept = methods.load("random").from_json({}).distill(real)
    with pytest.raises(InputError, match="drawn from a model, as generator, but plain holds 1 in a row"):
        kept.drawn(5)
    two = methods.load("random").from_json({"per_class": 2}).distill(real)
    with pytest.raises(InputError, match="drawn from a model"):
        two.drawn(5)
    with pytest.raises(InputError, match="multiple of that and 1 or more, but got 0"):
        generator().distill(real).drawn(0)
