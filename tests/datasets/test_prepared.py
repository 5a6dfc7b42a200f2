"""Opening prepared datasets, sound and broken, and reading their rows."""

from __future__ import annotations

import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.helpers.generated import RECIPE, Generated

from limbeck import _files
from limbeck._locations import Location
from limbeck.datasets import Prepared, _plan, prepare
from limbeck.datasets._prepared import ShardStore, opened_shards, write_shard
from limbeck.errors import InputError
from limbeck.media import ClipRecipe
from limbeck.modalities import bound


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(_plan, "_SHARD_CLIPS", 10)
    return prepare(Generated(45, faults={5: "rotten"}), out=tmp_path / "out", recipe=RECIPE, workers=1).folder


def test_gathers_rows_in_any_order(folder: Path) -> None:
    tensors = [load_file(f) for f in sorted((folder / "shards").iterdir())]
    audio, frames = (torch.cat([t[name] for t in tensors]) for name in ("audio", "image"))
    store = Prepared.open(folder).store
    source = torch.Generator().manual_seed(0)
    for count in (0, 1, 7, 300):
        rows = torch.randint(0, 44, (count,), generator=source)
        assert torch.equal(store.read("audio", rows), audio[rows])
        assert torch.equal(store.read("image", rows), frames[rows])
    for rows in (torch.arange(44), torch.arange(43, -1, -1), torch.tensor([9, 10, 10, 9, 43])):
        assert torch.equal(store.read("image", rows), frames[rows])


@pytest.mark.parametrize("row", [-1, 44])
def test_rows_out_of_range_are_refused(folder: Path, row: int) -> None:
    with pytest.raises(IndexError, match=r"0\.\.43"):
        Prepared.open(folder).store.read("audio", torch.tensor([0, row]))


def test_store_may_be_shared(folder: Path) -> None:
    store = Prepared.open(folder).store
    again = pickle.loads(pickle.dumps(store))
    rows = [torch.randperm(44, generator=torch.Generator().manual_seed(s)) for s in range(16)]
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda r: again.read("image", r), rows))
    assert all(torch.equal(result, store.read("image", r)) for result, r in zip(results, rows, strict=True))


def test_resident_memory_does_not_grow_with_what_was_read(tmp_path: Path) -> None:
    recipe = ClipRecipe(image_size=224)
    modalities = bound(["audio", "image"], recipe)
    place = Location.of(tmp_path)
    for i in range(4):
        arrays = {"audio": np.zeros((1, 128, 56), np.float32), "image": np.full((3, 224, 224), i, np.uint8)}
        write_shard(place, i, modalities, {}, [arrays] * 250)
    store = ShardStore(tmp_path, tuple(opened_shards(place, modalities).values()), recipe, modalities)
    order = torch.randperm(1000, generator=torch.Generator().manual_seed(0))
    store.read("image", order[:50])
    before = _resident_mib()
    for batch in order.split(50):
        assert torch.equal(store.read("image", batch)[:, 0, 0, 0], batch // 250)
    assert _resident_mib() - before < 60, "171 MiB were read"


def test_selection_by_split(folder: Path) -> None:
    prepared = Prepared.open(folder)
    train, test = prepared.clips(), prepared.clips("test")
    assert len(train) + len(test) == 44
    assert train.fingerprint != test.fingerprint
    assert train.statistics == test.statistics == prepared.statistics
    assert test.ids[:3] == ("6", "7", "14")
    with pytest.raises(InputError, match="no split 'val'; it has: train, test"):
        prepared.clips("val")


def test_describes_itself(folder: Path) -> None:
    prepared = Prepared.open(folder)
    summary = json.loads(json.dumps(prepared.summary()))
    assert summary["counts"] == {"train": {"a": 18, "b": 16}, "test": {"a": 5, "b": 5}}
    assert summary["rejected"] == {"no_audio_track": 1}
    assert summary["rejected_clips"] == ["Clip 5 has no sound."]
    assert prepared.why_rejected(0) == [f"... and 1 more, in {folder / 'rejected.parquet'}."]
    assert prepared.rejected == [
        {
            "id": "5",
            "source": None,
            "label": "b",
            "split": "train",
            "reason": "no_audio_track",
            "detail": "Clip 5 has no sound.",
        }
    ]
    assert (prepared.name.rpartition(".")[2], prepared.description["licence"]) == ("Generated", "CC0")
    assert prepared.recipe == RECIPE
    assert summary["modalities"] == [*prepared.modalities] == ["audio", "image"]
    assert summary["units"]["image"]["dtype"] == "uint8"


def test_what_is_no_prepared_dataset_says_so(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="not a prepared dataset"):
        Prepared.open(tmp_path / "absent")
    (folder / "dataset.json").unlink()
    with pytest.raises(InputError, match="not finished; run the same limbeck prepare again"):
        Prepared.open(folder)


def test_damage_says_so(folder: Path) -> None:
    def refused(file: str, content: bytes | None, match: str) -> None:
        path = folder / file
        whole = path.read_bytes()
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=match):
            Prepared.open(folder)
        path.write_bytes(whole)

    shard = (folder / "shards/00001.safetensors").read_bytes()
    description = _files.read_record(folder / "dataset.json")

    def described(**changes: Any) -> bytes:
        _files.write_record(folder / "other.json", description | changes)
        return (folder / "other.json").read_bytes()

    refused("shards/00001.safetensors", None, "00001.safetensors is missing or damaged")
    refused("shards/00001.safetensors", shard[:-1], "bytes instead of")
    refused("shards/00001.safetensors", shard[:100], "header is cut off")
    refused("shards/00001.safetensors", b"", "is missing or damaged")
    refused("shards/00001.safetensors", b"\xff" * len(shard), "header is cut off")
    refused("clips.parquet", None, r"clips\.parquet is missing or damaged")
    refused("clips.parquet", b"PAR1", r"clips\.parquet is missing or damaged")
    refused("dataset.json", b"{", r"dataset\.json was damaged")
    refused("dataset.json", b"[]", r"dataset\.json was damaged")
    refused("dataset.json", json.dumps(description | {"name": "x"}).encode(), "its checksum does not fit")
    refused("dataset.json", described(format="limbeck-prepared-9"), "this version reads")
    refused("dataset.json", described(modalities=["audio", "smell"]), "without the package that adds a modality")
    refused("dataset.json", described(modalities=["audio"]), "bytes instead of")
    refused("dataset.json", described(shards=4), "lists 44 clips, but the shards hold 39")
    assert len(Prepared.open(folder).clips()) == 34


@pytest.mark.parametrize("file", ["dataset.json", "clips.parquet", "shards/00001.safetensors"])
def test_files_of_two_datasets_do_not_make_one(folder: Path, tmp_path: Path, file: str) -> None:
    """As a copy over another folder leaves them, where it is cut short: results are known by the fingerprint of one."""
    other = prepare(Generated(45, seed=1, faults={5: "rotten"}), out=tmp_path / "other", recipe=RECIPE, workers=1)
    assert other.fingerprint != Prepared.open(folder).fingerprint
    shutil.copy(other.folder / file, folder / file)
    with pytest.raises(InputError, match="not of one dataset"):
        Prepared.open(folder)


def test_a_shard_cut_while_in_use_is_told(folder: Path) -> None:
    store = Prepared.open(folder).store
    path = store.shards[0].file.path
    path.write_bytes(path.read_bytes()[:-1])
    rows = torch.arange(10)
    with pytest.raises(InputError, match="prepare the dataset again"):
        (store.read("image", rows), store.read("audio", rows))


def test_shards_of_another_shape_are_refused(folder: Path) -> None:
    larger = RECIPE.model_copy(update={"image_size": 20})
    with pytest.raises(InputError, match="its arrays of image are U8"):
        opened_shards(Location.of(folder), bound(["audio", "image"], larger))


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
