"""Videos of several frames, and sounds in several segments, go through every verb, as they are typed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers import layouts

import limbeck
from limbeck import cli
from limbeck.datasets import Prepared
from limbeck.distilled import DistilledSet
from limbeck.media import write_video

NETWORK = ["--set", "network.name=convnet3d", "--set", "network.options.width=4"]
ENCODERS = [word.replace("network", "encoders.network") for word in NETWORK]
FEW = ["--steps", 2, "--set", "encoders.bank=1", *ENCODERS]
WAYS = {
    "dm": ["dm", "--hold", "keyframes:2", "--storage", "uint8", *FEW],
    "krr": ["krr", "--storage", "coded", *FEW],
    "herding": ["herding", "--hold", "mosaic:2", *NETWORK],
    "best": ["best", "--hold", "frequencies:3", *ENCODERS],
    "coded": ["coded", "--per-class", 2, *NETWORK],
}
Run = Callable[..., str]


def _video(path: Path, way: int, start: int) -> None:
    """A second of a bright bar that drifts, around the border, and of a tone that falls or rises."""
    frames = np.full((20, 32, 32, 3), 40, np.uint8)
    for t, frame in enumerate(frames):
        for column in range(4):
            frame[:, (start + way * t + column) % 32] = 220
    sound = np.concatenate([layouts.tone(800 + 300 * way * part, 0.25) for part in range(4)])
    write_video(path, frames, fps=20, waveform=sound[None], sample_rate_hz=layouts.RATE_HZ)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a class."""
    folder = tmp_path_factory.mktemp("videos")
    for way, name in ((-1, "left"), (1, "right")):
        for i in range(8):
            _video(folder / name / f"{i}.mp4", way, 5 * i)
    return folder


@pytest.fixture(scope="module")
def prepared(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four segments of sound beside five frames."""
    out = tmp_path_factory.mktemp("data") / "prepared"
    words = ["prepare", "folder", videos, "--modality", "segments,video", "--frames", 5, "--out", out]
    small = ["--image-size", 16, "--mels", 16, "--clip-seconds", 1.0, "--workers", 1, "--quiet"]
    with pytest.raises(SystemExit) as caught:
        cli.main([str(word) for word in (*words, *small)])
    assert not caught.value.code
    return out


def test_prepared_as_asked(prepared: Path, videos: Path, tmp_path: Path) -> None:
    clips = Prepared.open(prepared).clips()
    assert clips.shapes == {"segments": (4, 1, 16, 14), "video": (5, 3, 16, 16)}
    raw = clips.originals(torch.tensor([0]))[0]
    for name, modality in clips.modalities.items():
        assert torch.equal(torch.from_numpy(modality.array(raw)), clips.array(name, torch.tensor([0]))[0])
    given = limbeck.prepare(
        "folder", videos, out=tmp_path / "given", modality="image,video", workers=1, progress=False,
        recipe=clips.recipe.model_copy(update={"frames": (0.0, 0.5)}),
    )  # fmt: skip
    both = given.clips().arrays()
    assert given.recipe.times == (0.0, 0.5)
    assert torch.equal(both["video"][:, 1], both["image"])


@pytest.mark.parametrize("way", WAYS)
def test_from_videos_to_page_and_exports(way: str, prepared: Path, tmp_path: Path, typed: Run) -> None:
    method, *settings = WAYS[way]
    made = tmp_path / "set"
    typed("distill", prepared, "--method", method, *settings, "--device", "cpu", "--out", made, "--quiet")
    distilled = DistilledSet.load(made)
    assert {m: x.shape[1:] for m, x in distilled.samples().items()} == Prepared.open(prepared).clips().shapes
    tiny = ["--on", prepared, "--repeats", 1, "--epochs", 1, "--device", "cpu", "--quiet", "--json"]
    table = json.loads(typed("evaluate", made, *tiny, "--measure", "motion"))["table"]
    assert "S+M frames shuffled (%)" in {column["name"] for column in table["columns"]}
    typed("report", made, "--on", prepared, "--out", tmp_path / "page", "--quiet")
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert len(re.findall("data:image/", page)) >= len(distilled.labels) * 2
    assert "data:audio/" in page


def test_exports_come_back(prepared: Path, tmp_path: Path, typed: Run) -> None:
    method, *settings = WAYS["dm"]
    typed("distill", prepared, "--method", method, *settings, "--device", "cpu", "--out", tmp_path / "set", "--quiet")
    samples = DistilledSet.load(tmp_path / "set").samples()
    for form in ("folder", "webdataset", "huggingface"):
        typed("export", tmp_path / "set", "--to", form, "--out", tmp_path / form)
        typed("import", tmp_path / form, "--out", tmp_path / f"{form} again")
        back = DistilledSet.load(tmp_path / f"{form} again").samples()
        assert all(torch.equal(back[name], x) for name, x in samples.items())


@pytest.mark.data
def test_real_videos(test_data: Path, tmp_path: Path) -> None:
    """Frames of a real talker come in order, and none of them twice."""
    manifest = tmp_path / "clips.csv"
    lines = (test_data / "grid_digits" / "manifest.csv").read_text(encoding="utf-8").splitlines()
    manifest.write_text("\n".join([lines[0], *lines[1:40:2]]), encoding="utf-8")
    done = limbeck.prepare(
        "folder", manifest, out=tmp_path / "out", modality="audio,video", workers=1, progress=False,
        base=test_data / "grid_digits", test_fraction=0,
        recipe=limbeck.datasets.load("folder").recipe.model_copy(update={"frames": 4, "image_size": 32}),
    )  # fmt: skip
    video = done.clips().array("video").float()
    assert not done.rejected
    near, far = ((video[:, later] - video[:, 0]).square().mean() for later in (1, 3))
    assert 0 < near < far
