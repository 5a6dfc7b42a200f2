from __future__ import annotations

import gc
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from limbeck.distilled import DistilledSet
from limbeck.exports.webdataset import WebDataset


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_webdataset_reads_the_same_pairs(tmp_path: Path, make_set: Callable[..., DistilledSet]) -> None:
    import webdataset

    made = make_set()
    out = WebDataset(per_shard=10).write(made, tmp_path / "out")
    shards = sorted(str(p) for p in (out / "shards").iterdir())
    assert len(shards) == 3  # 24 pairs
    source = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode("rgb8")
    samples = list(source)
    source.close()
    del source
    gc.collect()  # webdataset leaves the last shard open
    audio, image, labels = made.training_pairs()
    assert torch.equal(torch.stack([torch.from_numpy(s["audio.npy"]) for s in samples]), audio)
    assert torch.equal(torch.stack([torch.from_numpy(s["image.npy"]) for s in samples]), image)
    assert [s["cls"] for s in samples] == labels.tolist()
    assert [s["json"]["class"] for s in samples] == [made.classes[i] for i in labels]
    assert [s["json"]["cell"] * made.pairs + s["json"]["pair"] for s in samples] == list(range(len(made)))
    pixels = made.scale.to_pixels(image).permute(0, 2, 3, 1)
    assert torch.equal(torch.stack([torch.tensor(s["png"]) for s in samples]), pixels)


def test_nothing_in_the_shards_is_a_pickle(tmp_path: Path, make_set: Callable[..., DistilledSet]) -> None:
    out = WebDataset().write(make_set(), tmp_path / "out")
    with tarfile.open(out / "shards" / "limbeck-000000.tar") as shard:
        suffixes = {m.name.split(".", 1)[1] for m in shard.getmembers()}
    assert suffixes == {"audio.npy", "image.npy", "cls", "json", "png"}
