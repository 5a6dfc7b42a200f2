from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from limbeck.distilled import DistilledSet
from limbeck.exports.huggingface import HuggingFace


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, no progress bars."""
    import huggingface_hub

    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()


@pytest.mark.usefixtures("offline")
def test_load_dataset_reads_the_same_pairs(tmp_path: Path, make_set: Callable[..., DistilledSet]) -> None:
    import datasets

    made = make_set()
    out = HuggingFace(row_group=5).write(made, tmp_path / "out")
    loaded = datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))
    audio, image, labels = made.training_pairs()
    arrays = loaded.with_format("torch", columns=["audio", "image", "label"])[:]
    assert torch.equal(arrays["audio"], audio)
    assert torch.equal(arrays["image"], image)
    assert torch.equal(arrays["label"], labels)
    assert tuple(loaded.features["label"].names) == made.classes
    assert [c * made.pairs + p for c, p in zip(loaded["cell"], loaded["pair"], strict=True)] == list(range(len(made)))
    first = loaded[7]
    np.testing.assert_array_equal(np.asarray(first["picture"]), made.scale.to_pixels(image[7]).permute(1, 2, 0).numpy())
    waveform, rate = soundfile.read(io.BytesIO(first["sound"]["bytes"]))
    assert (rate, waveform.shape) == (4000, (1000,))


def test_card_front_matter_survives_class_names(tmp_path: Path, make_set: Callable[..., DistilledSet]) -> None:
    from huggingface_hub import DatasetCard

    made = make_set()
    out = HuggingFace().write(made, tmp_path / "out")
    about = DatasetCard.load(out / "README.md").data.to_dict()
    label = next(f for f in about["dataset_info"]["features"] if f["name"] == "label")
    assert tuple(label["dtype"]["class_label"]["names"].values()) == made.classes
    assert about["configs"][0]["data_files"][0]["path"] == "data/train-*.parquet"
