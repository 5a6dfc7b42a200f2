"""What the methods that match single clips share: real features, kept once; the loop; its random numbers."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from tests.helpers.clips import network_input, scales_of, toy_clips
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck import methods
from limbeck.methods import EncoderDraws, EncoderSource, RunContext, _encoders
from limbeck.methods._encoders import FeatureCache
from limbeck.methods._view import View

ENCODERS = {"network": {"options": {"width": 4}}, "bank": 2, "batch": 5}
NAMES = ("m3d", "ncfm", "mdm")


def make(name: str, **settings):
    base = {"steps": 4, "per_class": 2, "encoders": ENCODERS, "start": "random"}
    return methods.load(name).from_json({**base, **settings})


def draws_of(real, **changes):
    method = methods.load("dm").from_json({"encoders": ENCODERS | changes, "augment": None})
    return EncoderDraws(method, real, 3, RunContext())


def cache_of(real, bank, run):
    return FeatureCache("x", EncoderSource(bank=bank), View(real, scales_of(real, "raw"), run.runtime), 0, run)


def test_samples_are_the_clips_one_by_one_and_sound_stays_with_its_picture():
    real = toy_clips(per_class=7)
    draws, clips = draws_of(real, batch=None), network_input(real)
    drawn = draws.at(1)
    seen = draws.samples(drawn)
    for label in range(3):
        for row, clip in enumerate(real.of_class(label).tolist()):
            for modality, encoder in drawn.encoders.items():
                alone = encoder(clips[modality][clip : clip + 1])[0]
                torch.testing.assert_close(seen[modality][label][row].float(), alone, rtol=1e-3, atol=1e-3)


def test_samples_average_to_the_class_means_also_in_classes_smaller_than_the_batch():
    whole = toy_clips(per_class=9)
    real = whole.take(torch.cat([whole.of_class(0)[:3], whole.of_class(1), whole.of_class(2)]))
    draws = draws_of(real)
    samples, means = draws.samples(draws.at(0)), draws.means(draws.at(0))
    for modality in ("audio", "image"):
        assert [len(x) for x in samples[modality]] == [3, 5, 5]
        averages = torch.stack([x.float().mean(0) for x in samples[modality]])
        torch.testing.assert_close(averages, means[modality], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_bank_keeps_real_features_on_disk_in_half_precision_and_reuses_them(name, tmp_path, monkeypatch):
    real, method = toy_clips(), make(name)
    first = method.distill(real, run=RunContext(cache=tmp_path))
    files = sorted((tmp_path / "samples").rglob("*.safetensors"))
    assert [f.name for f in files] == ["0.safetensors", "1.safetensors"]
    numbers = 3 * 5 * sum(encoder.dim for encoder in draws_of(real).at(0).encoders.values())
    assert 2 * numbers <= files[0].stat().st_size < 2 * numbers + 500
    monkeypatch.setattr(View, "features", lambda *a: pytest.fail("computed again"))
    assert same_bits(first, method.distill(real, run=RunContext(cache=tmp_path)))


@pytest.mark.parametrize("name", [*NAMES, "dm"])
def test_nothing_depends_on_where_real_features_are_kept(name, tmp_path, monkeypatch):
    real, method = toy_clips(), make(name)
    memory = method.distill(real)
    disk = method.distill(real, run=RunContext(cache=tmp_path))
    monkeypatch.setattr(_encoders, "MEMORY_BYTES", 0)
    computed_each_time, read_each_time = method.distill(real), method.distill(real, run=RunContext(cache=tmp_path))
    assert all(same_bits(memory, other) for other in (disk, computed_each_time, read_each_time))


def test_what_fits_the_memory_is_kept_and_no_more(monkeypatch):
    real, calls = toy_clips(), []
    cache = cache_of(real, 3, RunContext())
    monkeypatch.setattr(_encoders, "MEMORY_BYTES", 2 * 4 * 10)

    def compute(number):
        calls.append(number)
        return {"x": torch.full((10,), float(number))}

    for _ in range(2):
        for number in range(3):
            assert cache.get(number, lambda n=number: compute(n))["x"][0] == number
    assert calls == [0, 1, 2, 2]


def test_two_at_work_on_one_cache_compute_nothing_twice(tmp_path):
    real, calls, found = toy_clips(), [], []

    def compute():
        calls.append(1)
        time.sleep(0.2)
        return {"x": torch.arange(3.0)}

    def run():
        found.append(cache_of(real, 1, RunContext(cache=tmp_path)).get(0, compute)["x"].tolist())

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [1]
    assert found == [[0.0, 1.0, 2.0]] * 3


@pytest.mark.parametrize("name", NAMES)
def test_classes_distilled_apart_and_joined_are_the_whole(name):
    real, method = toy_clips(), make(name, hold="mosaic:2")
    whole = method.distill(real, seed=1)
    parts = [method.distill(real.only([c]), seed=1) for c in reversed(real.classes)]
    joined = type(whole).concat(parts, real.classes)
    for modality, tensor in joined.tensors.items():
        torch.testing.assert_close(tensor, whole.tensors[modality], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_classes_do_not_change_the_result(name, monkeypatch):
    real, method = toy_clips(), make(name)
    whole = method.distill(real, seed=1)
    monkeypatch.setattr("limbeck.methods._steps.GRAPH_PIXELS", 1)
    apart = method.distill(real, seed=1)
    torch.testing.assert_close(apart.tensors["image"], whole.tensors["image"], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bank", [None, 2])
def test_stopped_in_the_middle_ends_with_the_same_bits(name, bank):
    real, method = toy_clips(), make(name, encoders={**ENCODERS, "bank": bank})
    assert same_bits(method.distill(real, seed=2), distil_in_two_goes(method, real, seed=2, stop_at=2))


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_goes_down(name):
    losses = []
    method = make(name, steps=15, start="noise", augment=None, encoders={**ENCODERS, "bank": 1, "batch": None})
    method.distill(toy_clips(), run=RunContext(on_step=lambda report: losses.append(report.loss)))
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_of_real_features_changes_next_to_nothing(name, monkeypatch):
    real, method = toy_clips(), make(name)
    half = method.distill(real)
    monkeypatch.setattr("limbeck.methods._encoders.KEPT", torch.float32)
    whole = method.distill(real)
    moved = (whole.tensors["image"] - whole.start["image"]).norm()
    assert (half.tensors["image"] - whole.tensors["image"]).norm() < 0.02 * moved
