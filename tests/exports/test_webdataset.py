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
def test_webdataset_reads_the_same_samples(
    tmp_path: Path, make_set: Callable[..., DistilledSet], seen: tuple[str, ...]
) -> None:
    import webdataset

    made = make_set(seen=seen)
    out = WebDataset(per_shard=10).write(made, tmp_path / "out")
    shards = sorted(str(p) for p in (out / "shards").iterdir())
    assert len(shards) == 3  # 24 samples
    source = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode("rgb8")
    samples = list(source)
    source.close()
    del source
    gc.collect()  # webdataset leaves the last shard open
    arrays, labels = made.samples(), made.targets.labels
    shown = made.arrays(arrays)
    for m, kind in made.modalities.items():
        assert torch.equal(torch.stack([torch.from_numpy(s[f"{m}.npy"]) for s in samples]), arrays[m])
        pixels = kind.show(shown[m])
        colours = pixels if pixels.ndim == 4 else pixels[..., None].expand(-1, -1, -1, 3)
        assert torch.equal(torch.stack([torch.tensor(s[f"{m}.png"]) for s in samples]), colours)
    assert [s["cls"] for s in samples] == labels.tolist()
    assert [s["json"]["class"] for s in samples] == [made.classes[i] for i in labels]
    assert [s["json"]["cell"] * made.rows + s["json"]["row"] for s in samples] == list(range(len(made)))


def test_nothing_in_the_shards_is_a_pickle(
    tmp_path: Path, make_set: Callable[..., DistilledSet], seen: tuple[str, ...]
) -> None:
    out = WebDataset().write(make_set(seen=seen), tmp_path / "out")
    with tarfile.open(out / "shards" / "limbeck-000000.tar") as shard:
        suffixes = {m.name.split(".", 1)[1] for m in shard.getmembers()}
    of = {"audio": {"audio.npy", "audio.png", "audio.wav"}, "image": {"image.npy", "image.png"}}
    assert suffixes == {"cls", "json"}.union(*(of[m] for m in seen))
