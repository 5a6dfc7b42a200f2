"""Videos leave as MP4 with their sound, and frame by frame, whatever the form."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from limbeck import exports
from limbeck.distilled import DistilledSet
from limbeck.media import ClipRecipe, MelRecipe
from limbeck.modalities import Scale, bound
from limbeck.modalities.image import PUBLISHED
from limbeck.parameterisations import parse

FRAMES, SECONDS, RATE = 4, 0.5, 4000
Files = tuple[bytes, list[bytes]]


def films(size: int = 33, *, seen: tuple[str, ...] = ("audio", "video"), hold: str = "plain") -> DistilledSet:
    """Two classes of grey frames, each brighter than the one before, and a noise."""
    held = parse(hold)
    mel = MelRecipe(sample_rate_hz=RATE, clip_seconds=SECONDS, mels=16, fft_samples=256, hop_samples=64)
    kinds = bound(seen, ClipRecipe(image_size=size, mel=mel, frames=FRAMES, segments=2))
    grey = (
        (40 + 50 * torch.arange(FRAMES))
        .view(1, -1, 1, 1, 1)
        .expand(4 * held.cells, *kinds["video"].shape)
        .to(torch.uint8)
    )
    noise = {
        name: torch.randn(4 * held.cells, *kind.shape, generator=torch.Generator().manual_seed(1))
        for name, kind in kinds.items()
    }
    samples = noise | {"video": kinds["video"].to_network(grey, PUBLISHED)}
    return DistilledSet(
        tensors=held.start(samples, kinds), labels=torch.arange(4) // 2, classes=("a", "b"), hold=held,
        modalities=kinds, provenance={},
        scales={name: PUBLISHED if name == "video" else Scale(mean=(-30.0,), std=(12.0,)) for name in kinds},
    )  # fmt: skip


def of_folder(out: Path) -> Files:
    with open(out / "metadata.csv", encoding="utf-8", newline="") as handle:
        row = next(csv.DictReader(handle))
    names = [row[f"video_frame_{i}"] for i in range(FRAMES)]
    return (out / row["video_film"]).read_bytes(), [(out / name).read_bytes() for name in names]


def of_huggingface(out: Path) -> Files:
    datasets = pytest.importorskip("datasets")
    rows = datasets.load_dataset(str(out), split="train", cache_dir=str(out.parent / "cache"))
    images = rows.cast_column("video_frames", datasets.Sequence(datasets.Image(decode=False)))[0]["video_frames"]
    return rows[0]["video_film"]["bytes"], [image["bytes"] for image in images]


def of_webdataset(out: Path) -> Files:
    with tarfile.open(next((out / "shards").glob("*.tar"))) as tar:
        found = {m.name.partition(".")[2]: tar.extractfile(m).read() for m in tar if m.name.startswith("00000000.")}  # type: ignore[union-attr]
    return found["video.mp4"], [found[f"video.{i}.png"] for i in range(FRAMES)]


READ: dict[str, Callable[[Path], Files]] = {
    "folder": of_folder,
    "huggingface": of_huggingface,
    "webdataset": of_webdataset,
}


def decoded(film: bytes) -> tuple[npt.NDArray[np.uint8], float, float]:
    """Frames, seconds of the picture, seconds of the sound (0 where there is none)."""
    with av.open(io.BytesIO(film)) as file:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])
        picture = float(file.streams.video[0].duration * file.streams.video[0].time_base)
        tracks = file.streams.audio
        return frames, picture, float(tracks[0].duration * tracks[0].time_base) if tracks else 0.0


@pytest.mark.parametrize("form", exports.names())
@pytest.mark.parametrize("seen", [("audio", "video"), ("segments", "video"), ("video",)], ids="+".join)
def test_a_video_lasts_as_long_as_its_clip_and_is_heard(form: str, seen: tuple[str, ...], tmp_path: Path) -> None:
    made = films(seen=seen)
    film, pictures = READ[form](exports.load(form)().write(made, tmp_path / "out"))
    frames, picture_s, sound_s = decoded(film)
    assert frames.shape == (FRAMES, 34, 34, 3)  # one more than 33: sides are even in H.264
    assert picture_s == pytest.approx(SECONDS, abs=0.001)
    assert sound_s == pytest.approx(SECONDS if len(seen) > 1 else 0, abs=0.15)  # AAC pads its blocks
    arrays = made.arrays({name: x[:1] for name, x in made.samples().items()})
    for i in range(FRAMES):
        with Image.open(io.BytesIO(pictures[i])) as image:
            np.testing.assert_array_equal(np.asarray(image), arrays["video"][0, i].permute(1, 2, 0).numpy())
        np.testing.assert_allclose(frames[i].mean(), 40 + 50 * i, atol=4)


@pytest.mark.parametrize("hold", ["mosaic:2", "keyframes:2"])
def test_what_rows_share_or_leave_out_comes_out_in_full(hold: str, tmp_path: Path) -> None:
    made = films(hold=hold) if hold == "keyframes:2" else films(size=8, hold=hold)
    film, pictures = of_folder(exports.load("folder")().write(made, tmp_path / "out"))
    assert (len(decoded(film)[0]), len(pictures)) == (FRAMES, FRAMES)


def test_pictures_and_sounds_make_no_films(tmp_path: Path) -> None:
    made = films(seen=("audio", "video")).seen_by(["audio"])
    out = exports.load("folder")().write(made, tmp_path / "out")
    assert not [path for path in out.rglob("*") if path.suffix == ".mp4"]
