"""Real clips as JPEG and Opus: within the bytes, near the originals, and not the originals."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.helpers.clips import RECIPE, network_input, toy_clips
from tests.helpers.resume import same_bits
from tests.helpers.subjects import evaluated

import limbeck
from limbeck import methods
from limbeck.datasets import LabelledClips, Prepared, prepare
from limbeck.datasets.playground import Playground
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, InputError
from limbeck.evaluation import Protocol, Source, TensorSamples
from limbeck.methods import Method
from limbeck.networks import Architecture

NETWORK = {"options": {"width": 8}}
PAIR = 4 * (16 * 17 + 3 * 16 * 16)


def coded(**settings) -> Method:
    return methods.load("coded").from_json({"network": NETWORK, **settings})


@pytest.fixture(scope="module")
def recorded(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    out = tmp_path_factory.mktemp("coded") / "prepared"
    return prepare(Playground(videos, clips=60), out=out, recipe=RECIPE, workers=1)


@pytest.fixture(scope="module")
def photos(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> LabelledClips:
    """Some of the ESC-10 sounds with photos, at 32 pixels."""
    out = tmp_path_factory.mktemp("photos") / "prepared"
    options = {"sounds": "esc10/manifest.csv", "images": "photos", "mapping": "in_order", "test_sounds": "fold4"}
    options |= {"clips_per_class": 8, "sound_reuse": 20}
    made = limbeck.prepare("paired", test_data, out=out, image_size=32, workers=1, progress=False, **options)
    return made.clips()


def likeness(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])


def origin(made: DistilledSet, real: LabelledClips) -> torch.Tensor:
    """Which real clip each stored one was, told by its picture."""
    frames = network_input(real)["image"]
    gaps = torch.cdist(made.tensors["image"].flatten(1), frames.flatten(1)) + 1e6 * (
        made.labels[:, None] != real.labels
    )
    return gaps.argmin(1)


def test_opus_keeps_within_the_bytes_and_near_the_recordings(recorded: Prepared):
    real = recorded.clips()
    made = coded(class_bytes=3000, opus_bitrate=16_000, jpeg_quality=75).distill(real)
    assert made.storage.name == made.provenance["coded"]["form"] == "recorded"
    assert 0.4 * 30_000 < made.stored_bytes <= 30_000
    assert str(made.hold) == "plain"
    found = origin(made, real)
    assert len(found.unique()) == made.rows
    heard, was = made.arrays(made.samples())["audio"], real.array("audio", found)
    assert not torch.equal(heard, was)
    assert min(likeness(h, w) for h, w in zip(heard, was, strict=True)) > 0.7
    assert likeness(made.tensors["image"], network_input(real, found)["image"]) > 0.9


@pytest.mark.slow
@pytest.mark.data
def test_real_recordings(photos: LabelledClips):
    """Budget of one float32 pair a class: every clip is used up, or the bytes are."""
    made = coded(class_bytes=6_000).distill(photos)
    assert 0.7 * 60_000 < made.stored_bytes <= 60_000
    assert made.per_class >= 3
    found = origin(made, photos)
    heard = made.arrays(made.samples())["audio"]
    likenesses = [likeness(h, w) for h, w in zip(heard, photos.array("audio", found), strict=True)]
    assert torch.tensor(likenesses).median() > 0.9
    assert max(likenesses) < 1
    every = coded().distill(photos)
    assert every.provenance["coded"]["clips"] == [8] * 10
    assert every.stored_bytes <= 10 * 4 * (128 * 56 + 3 * 32 * 32)


@pytest.mark.slow
def test_more_bits_are_nearer(recorded: Prepared):
    real = recorded.clips()
    errors, clips = [], []
    for bitrate in (6_000, 64_000):
        made = coded(class_bytes=6000, opus_bitrate=bitrate).distill(real)
        heard = made.arrays(made.samples())["audio"]
        errors.append(float((heard - real.array("audio", origin(made, real))).abs().mean()))
        clips.append(made.rows)
    assert errors[1] < errors[0]
    assert clips[1] <= clips[0]


@pytest.mark.parametrize("form", ["float32", "uint8"])
def test_fills_the_bytes_of_the_pairs_it_is_compared_with(form):
    real = toy_clips(per_class=40)
    pair = {"float32": PAIR, "uint8": PAIR // 4 + 4}[form]
    made = coded(per_class=1, storage=form).distill(real)
    assert made.storage.name == "coded"
    assert made.provenance["coded"]["bytes_per_class"] == pair
    assert 0.7 * 3 * pair < made.stored_bytes <= 3 * pair


def test_classes_may_have_unequal_numbers():
    """A class whose pictures are harder to code gets fewer clips; all that reads a set copes."""
    real = toy_clips(per_class=40)
    frames = real.array("image")
    frames[real.labels == 0] = 128
    audio = real.array("audio")
    audio[real.labels == 0] = torch.linspace(-60, -20, 16)[:, None].expand(16, 17)
    audio += torch.randn(audio.shape, generator=torch.Generator().manual_seed(0)) * 1e-3
    uneven = LabelledClips.from_arrays({"audio": audio, "image": frames}, real.labels, real.classes, recipe=RECIPE)
    made = coded(class_bytes=2500).distill(uneven)
    counts = torch.bincount(made.labels)
    assert counts[0] > counts[1]
    assert (made.labels.diff() >= 0).all()
    assert made.per_class == counts.max()
    assert Source.of(made).per_class == counts.max()
    assert len(TensorSamples.of(made)) == made.rows == counts.sum()
    quick = {"network": Architecture(**NETWORK), "repeats": 1, "protocol": Protocol(epochs=1)}
    assert evaluated(made, uneven, **quick).trained_on.rows == made.rows


def test_clips_come_in_the_order_of_the_method_that_chooses():
    real = toy_clips(per_class=30)
    made = coded(class_bytes=2000, chosen_by="herding", jpeg_quality=95).distill(real, seed=5)
    count = int(torch.bincount(made.labels)[1])
    herded = methods.load("herding").from_json({"network": NETWORK, "per_class": count}).distill(real, seed=5)
    chosen = herded.arrays(herded.samples())["image"][herded.labels == 1]
    expected = [int(((real.array("image") - f).flatten(1) == 0).all(1).nonzero()[0]) for f in chosen]
    assert origin(made, real)[made.labels == 1].tolist() == expected


def test_saved_and_loaded_it_is_the_same(recorded: Prepared, tmp_path: Path):
    made = coded(class_bytes=2000).distill(recorded.clips())
    back = DistilledSet.load(made.save(tmp_path))
    assert same_bits(back, made)
    assert back.storage == made.storage
    assert back.stored_bytes == made.stored_bytes


def test_soft_labels_are_paid_for():
    real = toy_clips(per_class=40)
    soft = {"kind": "soft", "network": NETWORK, "training": {"epochs": 1, "batch": 32}}
    plain, made = coded(class_bytes=5000).distill(real), coded(class_bytes=5000, labels=soft).distill(real)
    assert made.rows < plain.rows
    assert made.stored_bytes <= 15_000
    assert made.soft_labels.shape == (made.rows, 3)


def test_bytes_are_shared_by_the_classes():
    real = toy_clips(per_class=40)
    made = limbeck.distill(real, "coded", bytes="9KB", network=NETWORK, device="cpu", progress=False)
    assert made.provenance["settings"]["class_bytes"] == 3000
    assert made.stored_bytes <= 9000


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hold": "mosaic:2"}, "held as plain, not mosaic:2"),
        ({"chosen_by": "noise"}, "Noise"),
        ({"opus_bitrate": 10}, "opus_bitrate"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, said):
    with pytest.raises(InputError, match=said):
        coded(**settings)


def test_opus_without_recordings_is_refused_and_too_few_bytes_too():
    with pytest.raises(InputError, match="recordings"):
        coded(sound_codec="opus").distill(toy_clips())
    with pytest.raises(BudgetError, match="Not one clip of class 'class a' fits: the first takes"):
        coded(class_bytes=100).distill(toy_clips())


@pytest.mark.parametrize("modality", ["audio", "image"])
def test_clips_of_one_modality_are_coded_without_the_other(modality, tmp_path):
    real = toy_clips(per_class=40).seen_by([modality])
    made = coded(class_bytes=1500).distill(real)
    assert set(made.tensors) == {modality}
    assert 0.5 * 4500 < made.stored_bytes <= 4500
    assert same_bits(DistilledSet.load(made.save(tmp_path)), made)


@pytest.mark.slow
def test_recordings_of_one_track_are_kept_without_the_other(recorded: Prepared):
    both, sounds = (
        coded(class_bytes=3000).distill(real) for real in (recorded.clips(), recorded.clips().seen_by(["audio"]))
    )
    assert sounds.storage.name == "recorded"
    assert set(sounds.tensors) == {"audio"}
    assert sounds.rows >= both.rows
    assert sounds.stored_bytes / sounds.rows < both.stored_bytes / both.rows
    assert sounds.stored_bytes <= 30_000
