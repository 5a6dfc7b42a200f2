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
def test_load_dataset_reads_the_same_samples(
    tmp_path: Path, make_set: Callable[..., DistilledSet], seen: tuple[str, ...]
) -> None:
    import datasets

    made = make_set(seen=seen)
    out = HuggingFace(row_group=5).write(made, tmp_path / "out")
    loaded = datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))
    samples, labels = made.samples(), made.targets.labels
    arrays = loaded.with_format("torch", columns=[*seen, "label"])[:]
    for m in seen:
        assert torch.equal(arrays[m], samples[m])
    assert torch.equal(arrays["label"], labels)
    assert tuple(loaded.features["label"].names) == made.classes
    assert [c * made.rows + r for c, r in zip(loaded["cell"], loaded["row"], strict=True)] == list(range(len(made)))
    first, shown = loaded[7], made.arrays({m: x[7:8] for m, x in samples.items()})
    for m in seen:
        np.testing.assert_array_equal(np.asarray(first[f"{m}_image"]), made.modalities[m].show(shown[m])[0].numpy())
    assert ("audio_sound" in first) == ("audio" in seen)
    assert not [name for name in first if name.startswith(("audio", "image")) and name.partition("_")[0] not in seen]
    if "audio" in seen:
        waveform, rate = soundfile.read(io.BytesIO(first["audio_sound"]["bytes"]))
        assert (rate, waveform.shape) == (4000, (1000,))


def test_card_front_matter_survives_class_names(tmp_path: Path, make_set: Callable[..., DistilledSet]) -> None:
    from huggingface_hub import DatasetCard

    made = make_set()
    out = HuggingFace().write(made, tmp_path / "out")
    about = DatasetCard.load(out / "README.md").data.to_dict()
    label = next(f for f in about["dataset_info"]["features"] if f["name"] == "label")
    assert tuple(label["dtype"]["class_label"]["names"].values()) == made.classes
    assert about["configs"][0]["data_files"][0]["path"] == "data/train-*.parquet"
