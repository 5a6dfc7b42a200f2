"""A distilled set in every form: in memory and on disk the same, joined without loss, old ones still readable."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.helpers.clips import toy_clips

from limbeck import _files, methods, storage
from limbeck.datasets import prepare
from limbeck.datasets.folder import Folder
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe, write_video
from limbeck.storage import Coder, Form

CODERS = [name for name in storage.names() if issubclass(storage.load(name), Coder)]


def made(form: str = "float32", **settings) -> DistilledSet:
    return methods.load("random").from_json({"per_class": 2, "storage": form, **settings}).distill(toy_clips())


@pytest.mark.parametrize("form", CODERS)
def test_in_memory_it_is_what_is_on_disk(form, tmp_path):
    kept = made(form)
    back = DistilledSet.load(kept.save(tmp_path))
    assert torch.equal(back.audio, kept.audio)
    assert torch.equal(back.image, kept.image)
    assert back.storage == kept.storage
    assert back.storage.name == form
    assert back.stored_bytes == kept.stored_bytes
    assert f"Storage: {form}, {kept.stored_bytes:,} bytes" in kept.card()
    tensors = load_file(tmp_path / "data.safetensors")
    counted = sum(t.numel() * t.element_size() for name, t in tensors.items() if name != "labels")
    assert counted == kept.stored_bytes


def test_smaller_forms_are_smaller():
    sizes = [made(form).stored_bytes for form in ("float32", "uint8", "coded")]
    assert sizes[0] == 6 * 4 * (16 * 17 + 3 * 16 * 16)
    assert sizes[1] == sizes[0] // 4 + 6 * 4
    assert sizes[2] < sizes[1]


def test_the_start_is_not_counted():
    kept = made()
    assert replace(kept, start=(kept.audio, kept.image)).stored_bytes == kept.stored_bytes


@pytest.mark.parametrize("form", CODERS)
def test_classes_apart_join_without_being_coded_again(form):
    real = toy_clips()
    method = methods.load("random").from_json({"per_class": 2, "storage": form})
    parts = [method.distill(real.only([c])) for c in reversed(real.classes)]
    whole, joined = method.distill(real), DistilledSet.concat(parts, real.classes)
    assert torch.equal(joined.audio, whole.audio)
    assert torch.equal(joined.image, whole.image)
    assert joined.storage == whole.storage
    assert joined.stored_bytes <= sum(p.stored_bytes for p in parts)


def test_parts_in_different_forms_are_refused():
    real = toy_clips()
    parts = [
        methods.load("random").from_json({"storage": form}).distill(real.only([c]))
        for form, c in zip(CODERS, real.classes, strict=False)
    ]
    with pytest.raises(InputError, match="stored in different forms"):
        DistilledSet.concat(parts, real.classes)


def test_what_is_coded_is_not_coded_again():
    kept = made("coded")
    assert kept.stored_as(Form(name="coded").build()) is kept


@pytest.mark.parametrize("form", CODERS)
def test_its_identity_is_what_is_stored(form, tmp_path):
    kept = made(form)
    print_ = kept.fingerprint
    assert DistilledSet.load(kept.save(tmp_path)).fingerprint == print_
    assert replace(kept, audio=kept.audio + 1).fingerprint == print_ or form == "float32", "decoded, not stored"
    assert replace(kept, provenance={}, start=(kept.audio, kept.image)).fingerprint == print_
    others = [
        replace(kept, labels=kept.labels.flip(0)),
        replace(kept, classes=tuple(reversed(kept.classes))),
        replace(kept, mosaic=2),
        replace(kept, scale=kept.scale.model_copy(update={"mel_mean": (1.0,)})),
        replace(kept, recipe=kept.recipe.model_copy(update={"fit": "crop"})),
        replace(kept, soft_labels=torch.full((len(kept), 3), 1 / 3)),
        made(form, per_class=3),
        *(made(other) for other in CODERS if other != form),
    ]
    assert len({print_, *(other.fingerprint for other in others)}) == 1 + len(others)


def test_it_is_told_in_a_line():
    text = repr(made("uint8", mosaic=2))
    assert len(text) < 200
    assert all(word in text for word in ("random", "6 pairs", "3 classes", "2x2", "24 training pairs", "uint8"))


def test_a_damaged_set_is_a_sentence(tmp_path):
    made("coded").save(tmp_path)
    config = _files.read_record(tmp_path / "config.json")
    config["storage"]["settings"]["sound"] = "png"
    _files.write_record(tmp_path / "config.json", config)
    with pytest.raises(InputError, match="cannot be decoded"):
        DistilledSet.load(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "data.safetensors"])
def test_one_changed_digit_or_bit_is_noticed(tmp_path, name):
    made().save(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    digits = (
        [i for i, byte in enumerate(content) if chr(byte).isdigit()] if name == "config.json" else [len(content) - 1]
    )
    content[digits[-1]] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name} was damaged or changed"):
        DistilledSet.load(tmp_path)


@pytest.mark.parametrize("mosaic", [1, 2])
def test_files_of_two_sets_do_not_make_one(tmp_path, mosaic):
    """As a save over another set leaves them, where it is killed between its files, or as somebody copied them."""
    one = made(per_class=1)
    one.save(tmp_path / "one")
    replace(one, audio=one.audio + 1, mosaic=mosaic).save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "data.safetensors", tmp_path / "one")
    with pytest.raises(InputError, match="of two sets"):
        DistilledSet.load(tmp_path / "one")


def test_a_form_without_its_payload_is_refused():
    with pytest.raises(InputError, match="needs its payload"):
        replace(made(), storage=Form(name="uint8").build())


def test_soft_labels_must_fit():
    kept = made(mosaic=2)
    with pytest.raises(InputError, match=r"Soft labels of this set must be float32 \(24, 3\)"):
        replace(kept, soft_labels=torch.zeros(6, 3))


@pytest.mark.parametrize("form", CODERS)
def test_a_recording_is_read_as_the_set_was_prepared(form, tmp_path):
    """Every prepared clip, read from its file, is the very row that networks are tested on."""
    for label in ("low", "high"):
        for split in ("train", "test"):
            for i in range(2):
                path = tmp_path / "videos" / split / label / f"{i}.mp4"
                tone = 0.4 * np.sin(2 * np.pi * (300 if label == "low" else 900) * (1 + i) * np.arange(2 * 8000) / 8000)
                frames = [np.full((32, 32, 3), 30 * i + 5 * k, np.uint8) for k in range(20)]
                write_video(path, frames, fps=10, waveform=tone[None].astype(np.float32), sample_rate_hz=8000)
    recipe = ClipRecipe(mel=MelRecipe(sample_rate_hz=8000, mels=16), image_size=16)
    manifest = tmp_path / "videos" / "manifest.csv"
    rows = [
        f"{p.relative_to(manifest.parent)},{p.parent.name},{p.parent.parent.name},0.7,1.7" for p in _videos(tmp_path)
    ]
    manifest.write_text("path,label,split,start,end\n" + "\n".join(rows) + "\n")
    prepared = prepare(Folder(root=manifest), tmp_path / "prepared", recipe=recipe, workers=1)
    pairs = methods.load("random").from_json({"per_class": 1, "storage": form}).distill(prepared.clips("train"))
    tested = prepared.clips("test")
    for i, name in enumerate(prepared.ids("test")):
        log_mel, frame = pairs.read(tmp_path / "videos" / name.partition("@")[0], start_seconds=0.7)
        assert torch.equal(log_mel, pairs.scale.audio(tested.audio(torch.tensor([i])))[0])
        assert torch.equal(frame, pairs.scale.image(tested.frames(torch.tensor([i])))[0])
        assert (log_mel.shape, frame.shape) == (pairs[0][0].shape, pairs[0][1].shape)


def _videos(folder):
    return sorted(folder.rglob("*.mp4"))
