"""A distilled set in every form and of any modalities: in memory and on disk the same, joined without loss."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader

from limbeck import _files, methods, storage
from limbeck.datasets import prepare
from limbeck.datasets.folder import Folder
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe, write_video
from limbeck.parameterisations import parse
from limbeck.storage import Coder, Form
from limbeck.testing import toy_clips

CODERS = [name for name in storage.names() if issubclass(storage.load(name), Coder)]
SEEN = [("audio", "image"), ("audio",), ("image",)]


def made(form: str = "float32", *, seen: Sequence[str] = ("audio", "image"), **settings: object) -> DistilledSet:
    method = methods.load("random").from_json({"per_class": 2, "storage": form, **settings})
    return method.distill(toy_clips().seen_by(seen))


def soft(kept: DistilledSet) -> DistilledSet:
    draw = torch.Generator().manual_seed(0)
    return replace(kept, soft_labels=torch.rand(len(kept), len(kept.classes), generator=draw).softmax(1))


def moved(kept: DistilledSet) -> dict[str, torch.Tensor]:
    return {name: x + 1 for name, x in kept.tensors.items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("seen", SEEN, ids="+".join)
@pytest.mark.parametrize("form", CODERS)
def test_in_memory_it_is_what_is_on_disk(form: str, seen: tuple[str, ...], tmp_path: Path) -> None:
    kept = soft(made(form, seen=seen))
    back = DistilledSet.load(kept.save(tmp_path))
    assert same(back.tensors, kept.tensors)
    assert back.modalities == kept.modalities
    assert list(back.modalities) == list(seen)
    assert back.scales == kept.scales
    assert back.storage == kept.storage
    assert back.storage.name == form
    assert back.stored_bytes == kept.stored_bytes
    assert back.soft_labels is not None
    assert torch.equal(back.targets.to_learn, kept.targets.to_learn)
    assert f"Storage: {form}, {kept.stored_bytes:,} bytes" in kept.card()
    tensors = load_file(tmp_path / "data.safetensors")
    counted = sum(t.numel() * t.element_size() for name, t in tensors.items() if name != "rows_of_classes")
    assert counted == kept.stored_bytes


@pytest.mark.parametrize("hold", ["plain", "mosaic:2", "frequencies:2"])
def test_modalities_keep_their_order_however_often_it_is_read(hold: str, tmp_path: Path) -> None:
    kept = made(hold=hold)
    kept = replace(kept, start=moved(kept))
    kept.save(tmp_path)
    for _ in range(20):
        back = DistilledSet.load(tmp_path)
        assert back.start is not None
        for found in (back.tensors, back.start, back.samples(), back[0][0], back.modalities, back.scales):
            assert list(found) == ["audio", "image"]


def test_smaller_forms_are_smaller() -> None:
    sizes = [made(form).stored_bytes for form in ("float32", "uint8", "coded")]
    assert sizes[0] == 6 * 4 * (16 * 17 + 3 * 16 * 16)
    assert sizes[1] == sizes[0] // 4 + 6 * 4
    assert sizes[2] < sizes[1]


def test_bytes_are_those_of_the_modalities_that_are_there() -> None:
    alone = {name: made(seen=[name]).stored_bytes for name in ("audio", "image")}
    assert alone == {"audio": 6 * 4 * 16 * 17, "image": 6 * 4 * 3 * 16 * 16}
    assert sum(alone.values()) == made().stored_bytes


def test_the_start_is_not_counted() -> None:
    kept = made()
    assert replace(kept, start=kept.tensors).stored_bytes == kept.stored_bytes


def test_soft_labels_are_counted() -> None:
    kept = made()
    assert soft(kept).stored_bytes == kept.stored_bytes + 4 * 6 * 3


@pytest.mark.parametrize("seen", SEEN, ids="+".join)
def test_items_come_in_a_data_loader(seen: tuple[str, ...]) -> None:
    kept = made(seen=seen, hold="mosaic:2")
    samples, targets = kept.samples(), kept.targets
    batches = list(DataLoader(kept, batch_size=10))
    assert [len(labels) for _, labels in batches] == [10, 10, 4]
    assert torch.equal(torch.cat([labels for _, labels in batches]), targets.labels)
    for name in seen:
        torch.testing.assert_close(torch.cat([batch[name] for batch, _ in batches]), samples[name])
    batch, label = kept[-1]
    assert list(batch) == list(seen)
    assert int(label) == int(targets.labels[-1])
    assert batch[seen[0]].shape == kept.modalities[seen[0]].shape
    with pytest.raises(IndexError):
        kept[len(kept)]


@pytest.mark.parametrize("seen", SEEN, ids="+".join)
@pytest.mark.parametrize("form", CODERS)
def test_what_is_seen_of_it_is_a_set_of_its_own(form: str, seen: tuple[str, ...], tmp_path: Path) -> None:
    kept = soft(replace(made(form, hold="mosaic:2"), start=moved(made(hold="mosaic:2"))))
    some = kept.seen_by(seen)
    samples = kept.samples()
    assert same(some.samples(), {name: samples[name] for name in seen})
    assert some.targets.to_learn.equal(kept.targets.to_learn)
    assert some.start is not None
    assert [*some.start] == [*some.scales] == [*some.modalities] == list(seen)
    assert (some is kept) == (len(seen) == 2)
    assert (some.fingerprint == kept.fingerprint) == (len(seen) == 2)
    assert same(DistilledSet.load(some.save(tmp_path)).tensors, some.tensors)


def test_what_is_not_there_cannot_be_seen() -> None:
    with pytest.raises(InputError, match="This set has audio, but got: image"):
        made(seen=["audio"]).seen_by(["image"])
    with pytest.raises(InputError, match="This set has audio, image, but got: none"):
        made().seen_by([])


@pytest.mark.parametrize("seen", SEEN, ids="+".join)
def test_its_card_tells_what_it_is_of(seen: tuple[str, ...]) -> None:
    text = made(seen=seen, hold="mosaic:2").card()
    assert f"tags: {json.dumps(['dataset-distillation', *seen, 'limbeck'])}" in text
    assert "- Samples: 24 in 6 rows, held as mosaic:2" in text
    shapes = {"audio": "audio 1 x 16 x 17", "image": "image 3 x 16 x 16"}
    assert f"- Modalities: {', '.join(shapes[name] for name in seen)}" in text
    assert "- Labels: hard: the class" in text
    for other in {*shapes} - {*seen}:
        assert other not in text
    assert "- Labels: soft: class probabilities" in soft(made(seen=seen)).card()


@pytest.mark.parametrize("form", CODERS)
def test_classes_apart_join_without_being_coded_again(form: str) -> None:
    real = toy_clips()
    method = methods.load("random").from_json({"per_class": 2, "storage": form})
    parts = [method.distill(real.only([c])) for c in reversed(real.classes)]
    whole, joined = method.distill(real), DistilledSet.concat(parts, real.classes)
    assert same(joined.tensors, whole.tensors)
    assert joined.storage == whole.storage
    assert joined.stored_bytes <= sum(p.stored_bytes for p in parts)


def test_parts_that_do_not_go_together_are_refused() -> None:
    real = toy_clips()
    parts = [
        methods.load("random").from_json({"storage": form}).distill(real.only([c]))
        for form, c in zip(CODERS, real.classes, strict=False)
    ]
    with pytest.raises(InputError, match="stored in different forms"):
        DistilledSet.concat(parts, real.classes)
    plain = [methods.load("random")().distill(real.only([c])) for c in real.classes]
    with pytest.raises(InputError, match="differ in how they are held, in recipe or in scale"):
        DistilledSet.concat([plain[0], plain[1], plain[2].seen_by(["audio"])], real.classes)
    with pytest.raises(InputError, match="differ in how they are held, in recipe or in scale"):
        DistilledSet.concat([plain[0], plain[1], replace(plain[2], hold=parse("mosaic:2"))], real.classes)
    with pytest.raises(InputError, match="Soft labels of a part know its classes alone"):
        DistilledSet.concat([plain[0], plain[1], soft(plain[2])], real.classes)
    with pytest.raises(InputError, match="together they must hold"):
        DistilledSet.concat(plain[:2], real.classes)


def test_what_is_coded_is_not_coded_again() -> None:
    kept = made("coded")
    assert kept.stored_as(Form(name="coded").build()) is kept


@pytest.mark.parametrize("form", CODERS)
def test_its_identity_is_what_is_stored(form: str, tmp_path: Path) -> None:
    kept = made(form)
    print_ = kept.fingerprint
    assert DistilledSet.load(kept.save(tmp_path)).fingerprint == print_
    changed = replace(kept, tensors=moved(kept))
    assert changed.fingerprint == print_ or form == "float32", "decoded, not stored"
    assert replace(kept, provenance={}, start=kept.tensors).fingerprint == print_
    other_recipe = kept.recipe.model_copy(update={"fit": "crop"})
    others = [
        replace(kept, labels=kept.labels.flip(0)),
        replace(kept, classes=tuple(reversed(kept.classes))),
        replace(kept, hold=parse("mosaic:2")),
        replace(kept, scales=kept.scales | {"audio": kept.scales["audio"].model_copy(update={"mean": (1.0,)})}),
        replace(kept, modalities={name: type(m)(other_recipe) for name, m in kept.modalities.items()}),
        soft(kept),
        kept.seen_by(["audio"]),
        kept.seen_by(["image"]),
        made(form, per_class=3),
        *(made(other) for other in CODERS if other != form),
    ]
    assert len({print_, *(other.fingerprint for other in others)}) == 1 + len(others)


def test_it_is_told_in_a_line() -> None:
    text = repr(made("uint8", hold="mosaic:2"))
    assert len(text) < 200
    assert all(
        word in text for word in ("random", "6 rows", "3 classes", "mosaic:2", "24 samples", "(audio, image)", "uint8")
    )


@pytest.mark.parametrize("seen", SEEN, ids="+".join)
def test_its_summary_is_json_and_says_what_it_is_of(seen: tuple[str, ...]) -> None:
    kept = made("uint8", seen=seen, hold="mosaic:2")
    told = json.loads(json.dumps(kept.summary()))
    assert told["modalities"] == list(seen)
    assert (told["rows"], told["samples"], told["per_class"], told["hold"]) == (6, 24, 2, "mosaic:2")
    assert (told["storage"]["name"], told["stored_bytes"], told["labels"]) == ("uint8", kept.stored_bytes, "hard")
    assert soft(kept).summary()["labels"] == "soft"


def test_it_says_by_what_it_was_made() -> None:
    kept = made()
    settings = {"network": {"name": "vgg11"}}
    other = replace(kept, provenance={"settings": settings, "sees_labels": True})
    assert (kept.network.name, kept.sees_labels, len(kept.parts)) == ("convnet", False, 1)
    assert (other.network.name, other.sees_labels, other.settings) == ("vgg11", True, settings)
    real = toy_clips()
    parts = [methods.load("random")().distill(real.only([c])) for c in real.classes]
    marked = [replace(part, provenance=part.provenance | {"sees_labels": i == 1}) for i, part in enumerate(parts)]
    joined = DistilledSet.concat(marked, real.classes)
    assert [part["classes"] for part in joined.parts] == [[c] for c in real.classes]
    assert joined.sees_labels
    assert not DistilledSet.concat(parts, real.classes).sees_labels
    assert joined.made_from(real)
    assert not joined.made_from(toy_clips(seed=1))
    assert not joined.made_from(real.seen_by(["audio"]))
    assert joined.seen_by(["audio"]).made_from(real)


@pytest.mark.parametrize("name", ["audio", "image"])
def test_a_set_of_one_modality_was_made_from_clips_that_have_more(name: str) -> None:
    real = toy_clips()
    kept = methods.load("random")().distill(real.seen_by([name]))
    assert kept.made_from(real)
    assert kept.made_from(real.seen_by([name]))
    assert not kept.made_from(toy_clips(seed=1))
    (other,) = {"audio", "image"} - {name}
    assert not kept.made_from(real.seen_by([other]))
    part = methods.load("random")().distill(real.seen_by([name]).only(real.classes[:2]))
    assert part.made_from(real)


def test_a_set_that_is_loaded_is_given_back() -> None:
    kept = made()
    assert DistilledSet.load(kept) is kept


def test_a_damaged_set_is_a_sentence(tmp_path: Path) -> None:
    made("coded").save(tmp_path)
    config = _files.read_record(tmp_path / "config.json")
    config["storage"]["settings"]["sound"] = "png"
    _files.write_record(tmp_path / "config.json", config)
    with pytest.raises(InputError, match="cannot be decoded"):
        DistilledSet.load(tmp_path)


DAMAGES = {
    "scales": {},
    "hold": 3,
    "classes": [],
    "storage": {"name": "float32"},
    "recipe": [],
    "rows_of_classes": None,
}


@pytest.mark.parametrize("seen", SEEN, ids="+".join)
@pytest.mark.parametrize("part", DAMAGES)
def test_a_part_that_is_missing_or_wrong_is_a_sentence(part: str, seen: tuple[str, ...], tmp_path: Path) -> None:
    made(seen=seen).save(tmp_path)
    config = _files.read_record(tmp_path / "config.json")
    if part == "rows_of_classes":
        tensors = load_file(tmp_path / "data.safetensors")
        del tensors["rows_of_classes"]
        _files.write_tensors(tmp_path / "data.safetensors", tensors)
    for broken in ({key: value for key, value in config.items() if key != part}, config | {part: DAMAGES[part]}):
        _files.write_record(tmp_path / "config.json", broken)
        with pytest.raises(InputError):
            DistilledSet.load(tmp_path)


@pytest.mark.parametrize("taken", ["audio", "image"])
def test_a_modality_that_is_gone_from_one_file_is_noticed(taken: str, tmp_path: Path) -> None:
    made().save(tmp_path)
    tensors = load_file(tmp_path / "data.safetensors")
    _files.write_tensors(tmp_path / "data.safetensors", {k: t for k, t in tensors.items() if k != taken})
    with pytest.raises(InputError):
        DistilledSet.load(tmp_path)
    _files.write_tensors(tmp_path / "data.safetensors", tensors)
    config = _files.read_record(tmp_path / "config.json")
    del config["scales"][taken]
    _files.write_record(tmp_path / "config.json", config)
    with pytest.raises(InputError):
        DistilledSet.load(tmp_path)


def test_an_older_format_is_named(tmp_path: Path) -> None:
    made().save(tmp_path)
    config = _files.read_record(tmp_path / "config.json")
    for told in ("limbeck-distilled-2", "limbeck-distilled-5"):
        _files.write_record(tmp_path / "config.json", config | {"format": told})
        with pytest.raises(InputError, match=f"of format '{told}'; this version reads 'limbeck-distilled-4'"):
            DistilledSet.load(tmp_path)


def test_a_modality_nobody_knows_is_named(tmp_path: Path) -> None:
    made(seen=["audio"]).save(tmp_path)
    config = _files.read_record(tmp_path / "config.json")
    config["scales"] = {"odour": config["scales"]["audio"]}
    _files.write_record(tmp_path / "config.json", config)
    with pytest.raises(InputError, match=r"There is no 'odour' in limbeck\.modalities"):
        DistilledSet.load(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "data.safetensors"])
def test_one_changed_digit_or_bit_is_noticed(tmp_path: Path, name: str) -> None:
    made().save(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    digits = (
        [i for i, byte in enumerate(content) if chr(byte).isdigit()] if name == "config.json" else [len(content) - 1]
    )
    content[digits[-1]] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name} was damaged or changed"):
        DistilledSet.load(tmp_path)


@pytest.mark.parametrize("hold", ["plain", "mosaic:2"])
def test_files_of_two_sets_do_not_make_one(tmp_path: Path, hold: str) -> None:
    """As a save over another set leaves them, where it is killed between its files, or as somebody copied them."""
    one = made(per_class=1)
    one.save(tmp_path / "one")
    replace(one, tensors=moved(one), hold=parse(hold)).save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "data.safetensors", tmp_path / "one")
    with pytest.raises(InputError, match="of two sets"):
        DistilledSet.load(tmp_path / "one")


def test_a_form_without_its_payload_is_refused() -> None:
    with pytest.raises(InputError, match="needs its payload"):
        replace(made(), storage=Form(name="uint8").build())


def test_tensors_that_do_not_fit_are_refused() -> None:
    kept = made()
    with pytest.raises(InputError, match=r"image of this set must be \(6, 3, 16, 16\), but got \(6, 3, 16, 15\)"):
        replace(kept, tensors=kept.tensors | {"image": kept.tensors["image"][..., 1:]})
    with pytest.raises(InputError, match=r"audio of this set must be \(6, 1, 16, 17\), but got \(5, 1, 16, 17\)"):
        replace(kept, tensors=kept.tensors | {"audio": kept.tensors["audio"][1:]})
    with pytest.raises(InputError, match=r"float32, but audio is torch\.float64"):
        replace(kept, tensors=kept.tensors | {"audio": kept.tensors["audio"].double()})
    for part in (
        {"tensors": kept.tensors | {"echo": kept.tensors["audio"]}},
        {"tensors": {"audio": kept.tensors["audio"]}},
        {"scales": {"audio": kept.scales["audio"]}},
        {"modalities": {"audio": kept.modalities["audio"]}},
        {"tensors": {}, "scales": {}},
    ):
        with pytest.raises(InputError, match="has tensors and a scale of each modality, but got"):
            replace(kept, **part)


def test_soft_labels_must_fit() -> None:
    kept = made(hold="mosaic:2")
    with pytest.raises(InputError, match=r"Soft labels must be float32 \(24, 3\)"):
        replace(kept, soft_labels=torch.zeros(6, 3))


def test_rows_come_apart_with_their_own_soft_labels() -> None:
    kept = soft(replace(made(hold="mosaic:2"), start=moved(made(hold="mosaic:2"))))
    apart = kept.unpacked()
    assert apart.hold == parse("plain")
    assert len(apart) == apart.rows == len(kept)
    assert (apart.labels.diff() >= 0).all()
    whole = kept.samples()
    order = torch.argsort(kept.targets.labels, stable=True)
    assert same(apart.tensors, {name: x[order] for name, x in whole.items()})
    assert apart.soft_labels is not None
    assert kept.soft_labels is not None
    assert torch.equal(apart.soft_labels, kept.soft_labels[order])
    assert apart.start is not None
    assert {name: len(x) for name, x in apart.start.items()} == {"audio": 24, "image": 24}


def recipe() -> ClipRecipe:
    return ClipRecipe(mel=MelRecipe(sample_rate_hz=8000, mels=16), image_size=16)


def videos(folder: Path) -> list[Path]:
    for label in ("low", "high"):
        for split in ("train", "test"):
            for i in range(2):
                tone = 0.4 * np.sin(2 * np.pi * (300 if label == "low" else 900) * (1 + i) * np.arange(2 * 8000) / 8000)
                frames = [np.full((32, 32, 3), 30 * i + 5 * k, np.uint8) for k in range(20)]
                write_video(
                    folder / split / label / f"{i}.mp4", frames, fps=10, waveform=tone[None].astype(np.float32),
                    sample_rate_hz=8000,
                )  # fmt: skip
    return sorted(folder.rglob("*.mp4"))


@pytest.mark.parametrize("seen", SEEN, ids="+".join)
@pytest.mark.parametrize("form", CODERS)
def test_a_recording_is_read_as_the_set_was_prepared(form: str, seen: tuple[str, ...], tmp_path: Path) -> None:
    """Every prepared clip, read from its file, is the very row that networks are tested on."""
    manifest = tmp_path / "videos" / "manifest.csv"
    rows = [
        f"{p.relative_to(manifest.parent)},{p.parent.name},{p.parent.parent.name},0.7,1.7"
        for p in videos(tmp_path / "videos")
    ]
    manifest.write_text("path,label,split,start,end\n" + "\n".join(rows) + "\n")
    prepared = prepare(Folder(root=manifest), out=tmp_path / "prepared", recipe=recipe(), workers=1)
    method = methods.load("random").from_json({"per_class": 1, "storage": form})
    kept = method.distill(prepared.clips("train").seen_by(seen))
    tested = prepared.clips("test").seen_by(seen)
    for i, name in enumerate(tested.ids):
        read = kept.read(tmp_path / "videos" / name.partition("@")[0], start_seconds=0.7)
        assert list(read) == list(seen)
        for modality, x in read.items():
            real = tested.array(modality, torch.tensor([i]))
            assert torch.equal(x, kept.modalities[modality].to_network(real, kept.scales[modality])[0])
            assert x.shape == kept[0][0][modality].shape
