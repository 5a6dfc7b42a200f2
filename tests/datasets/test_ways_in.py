"""Real videos give the same bits whichever way they come in."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.helpers import layouts

from limbeck.datasets import Prepared, prepare
from limbeck.media import ClipRecipe

CLASSES = ("one", "two")
RECIPE = ClipRecipe(image_size=32)


@pytest.fixture(scope="module")
def videos(test_data: Path) -> list[tuple[str, Path, str]]:
    """Class, file and split of some real videos of spoken digits."""
    root = test_data / "grid_digits"
    with (root / "manifest.csv").open(encoding="utf-8") as table:
        rows = [(row["label"], root / row["path"], row["split"]) for row in csv.DictReader(table)]
    return [
        row for label in CLASSES for split in ("train", "test") for row in rows if row[0] == label and row[2] == split
    ][::8]


def arrays(prepared: Prepared) -> dict[str, list[tuple[bytes, ...]]]:
    """The arrays of all clips by split and class, in any order."""
    found: dict[str, list[tuple[bytes, ...]]] = {}
    for split in prepared.splits:
        clips = prepared.clips(split)
        made = clips.arrays()
        for i, label in enumerate(clips.labels.tolist()):
            arrays = tuple(made[name][i].numpy().tobytes() for name in made)
            found.setdefault(f"{split}/{clips.classes[label]}", []).append(arrays)
    return {place: sorted(clips) for place, clips in found.items()}


def ways(root: Path, videos: list[tuple[str, Path, str]]) -> dict[str, tuple[Any, ...]]:
    """What `prepare` is given, each way."""
    splits = ("train", "test")
    cells: dict[str, list[dict[str, Any]]] = {split: [] for split in splits}
    members: dict[str, dict[str, bytes]] = {split: {} for split in splits}
    pairs: dict[str, list[tuple[Any, str]]] = {split: [] for split in splits}
    lines = [("path", "label", "split")]
    for number, (label, path, split) in enumerate(videos):
        content = path.read_bytes()
        cells[split].append({"video": {"bytes": content, "path": path.name}, "label": label})
        members[split] |= {f"{number:04d}.mp4": content, f"{number:04d}.txt": label.encode()}
        pairs[split].append((content if number % 2 else path, label))
        lines.append((str(path), label, split))
    for split in splits:
        features = {"video": {"_type": "Video"}, "label": {"_type": "Value", "dtype": "string"}}
        layouts.parquet(root / "hf" / f"{split}-0.parquet", cells[split], features)
        layouts.archive(root / "wds" / f"{split}-0.tar", members[split])
    layouts.table(root / "clips.csv", lines)
    return {
        "folder": ("folder", root / "clips.csv"),
        "huggingface": ("huggingface", root / "hf"),
        "webdataset": ("webdataset", root / "wds" / "*.tar"),
        "samples": (pairs,),
    }


@pytest.mark.data
def test_every_way_gives_the_same_bits(tmp_path: Path, videos: list[tuple[str, Path, str]]) -> None:
    made = {
        name: prepare(*given, out=tmp_path / "out" / name, recipe=RECIPE, workers=1, progress=False)
        for name, given in ways(tmp_path, videos).items()
    }
    assert {name: prepared.classes for name, prepared in made.items()} == dict.fromkeys(made, CLASSES)
    assert {name: tuple(prepared.modalities) for name, prepared in made.items()} == dict.fromkeys(
        made, ("audio", "image")
    )
    assert sum(map(len, arrays(made["folder"]).values())) == len(videos) > 8
    assert {name: arrays(prepared) == arrays(made["folder"]) for name, prepared in made.items()} == dict.fromkeys(
        made, True
    )
    for name in ("folder", "huggingface", "webdataset"):
        clips = made[name].clips()
        raw = clips.originals(torch.tensor([0]))[0]
        assert torch.equal(torch.from_numpy(clips.modalities["audio"].array(raw)), clips.array("audio")[0])


@pytest.mark.slow
@pytest.mark.data
def test_shards_are_distilled_as_they_are_typed(tmp_path: Path, videos: list[tuple[str, Path, str]]) -> None:
    ways(tmp_path, videos)

    def limbeck(*words: str) -> str:
        command = [sys.executable, "-m", "limbeck", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    limbeck("prepare", "webdataset", "wds/{train,test}-0.tar", "--out", "p", "--image-size", "32", "--workers", "1")
    limbeck("distill", "p", "--method", "coded", "--per-class", "1", "--out", "s")
    assert "webdataset" in limbeck("inspect", "p")
    assert "coded" in limbeck("inspect", "s")
