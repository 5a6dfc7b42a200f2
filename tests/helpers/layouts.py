"""Miniatures of the datasets' official layouts, made of generated media: one function a dataset, named like it.

Each writes a few files below `root` and returns the options that its reader needs. The contract test finds them by
name. Videos say what they are: second by second the sound climbs by a step and the picture brightens by a step, so a
test can tell from a decoded clip which class and which second was read.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tests.helpers import cifar

from limbeck.media import write_video, write_wav

RATE_HZ = 22050
FPS = 10
STEP_HZ = 200
LEVELS = (60, 90, 120, 150, 180, 210)


def pitch_hz(class_number: int, second: int) -> float:
    """What a class's video plays in a second."""
    return 500 + 1400 * class_number + STEP_HZ * (second % len(LEVELS))


def level(second: int) -> int:
    """How bright a video is in a second, 0 to 255."""
    return LEVELS[second % len(LEVELS)]


def video(path: Path, class_number: int = 0, seconds: int = 2) -> Path:
    """A video of `seconds` whole seconds, 32 x 32, stereo."""
    sound = np.concatenate([tone(pitch_hz(class_number, s), 1.0) for s in range(seconds)])
    frames = (np.full((32, 32, 3), level(frame // FPS), dtype=np.uint8) for frame in range(seconds * FPS))
    write_video(path, frames, fps=FPS, waveform=np.stack([sound, sound]), sample_rate_hz=RATE_HZ)
    return path


def tone(frequency_hz: float, seconds: float, loudness: float = 0.3) -> np.ndarray:
    """A sine, float32."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (loudness * np.sin(2 * np.pi * frequency_hz * t)).astype(np.float32)


def sound(path: Path, parts: Iterable[np.ndarray]) -> Path:
    """A WAV file."""
    write_wav(path, np.concatenate(list(parts)), RATE_HZ)
    return path


def picture(path: Path, colour: Sequence[int]) -> Path:
    """A PNG of one colour, 32 x 32."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.broadcast_to(np.asarray(colour, dtype=np.uint8), (32, 32, 3))
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as out:
        stream = out.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def table(path: Path, rows: Iterable[Sequence[object]], header: Sequence[str] | None = None) -> Path:
    """A CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerows([header] if header else [])
        writer.writerows(rows)
    return path


def folder(root: Path) -> dict[str, Any]:
    for number, label in enumerate(("bell", "drip")):
        for i in range(2):
            video(root / "train" / label / f"{i}.mp4", number)
        video(root / "test" / label / "0.mp4", number)
    (root / "README.md").write_text("Not a video.", encoding="utf-8")
    return {"root": root}


def paired(root: Path) -> dict[str, Any]:
    for number, (label, colour) in enumerate({"bell": (200, 40, 40), "drip": (40, 40, 200)}.items()):
        for split, count in (("train", 3), ("test", 2)):
            for i in range(count):
                quiet, loud = tone(300, 1.5, 0.02), tone(pitch_hz(number, 0), 1.0)
                sound(root / "sounds" / split / label / f"{i}.wav", [quiet, loud, quiet])
                picture(root / "images" / split / label / f"{i}.png", colour)
    return {"root": root}


def av_digits(root: Path) -> dict[str, Any]:
    for digit in range(10):
        for speaker in ("ann", "bob"):
            for index in (0, 5, 6):
                sound(root / "recordings" / f"{digit}_{speaker}_{index}.wav", [tone(300 + 300 * digit, 0.4)])
    return {"root": root}


def ave(root: Path, train: int = 2) -> dict[str, Any]:
    """With `train` training clips a class: seconds of one video each."""
    lists = {
        "trainSet.txt": [("Church bell", "-aaaaaaaaaa", 0, train), ("Violin, fiddle", "bbbbbbbbbb_", 1, 1 + train)],
        "valSet.txt": [("Church bell", "cccccccccc0", 0, 1)],
        "testSet.txt": [("Church bell", "dddddddddd0", 2, 3), ("Violin, fiddle", "eeeeeeeeee0", 0, 2)],
    }
    classes = ("Church bell", "Violin, fiddle")
    (root / "AVE").mkdir(parents=True)
    everything = []
    for name, rows in lists.items():
        lines = [f"{label}&{vid}&good&{start}&{end}" for label, vid, start, end in rows]
        (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        everything += lines
        for label, vid, _, _ in rows:
            video(root / "AVE" / f"{vid}.mp4", classes.index(label), seconds=1 + train)
    header = "Category&VideoID&Quality&StartTime&EndTime"
    (root / "Annotations.txt").write_text("\n".join([header, *everything]) + "\n", encoding="utf-8")
    return {"root": root}


def vggsound(root: Path, train: int = 2) -> dict[str, Any]:
    return _vggsound(root, ["airplane", "child speech, kid speaking", "hail"], train)


def vggsound10k(root: Path, train: int = 2) -> dict[str, Any]:
    return _vggsound(root, ["playing piano", "child speech, kid speaking", "hail"], train)


def _vggsound(root: Path, labels: Sequence[str], train: int) -> dict[str, Any]:
    rows = []
    for number, label in enumerate(labels):
        for i, split in enumerate([*["train"] * train, "test"]):
            vid, start = f"-{number}{i:x}zzzzzzzz", 30 * i
            rows.append((vid, start, label, split))
            video(root / "videos" / f"{vid}_{start:06d}.mp4", number, seconds=6)
    table(root / "vggsound.csv", rows)
    return {"root": root}


def music21(root: Path, train: int = 3) -> dict[str, Any]:
    """With at least `train` training clips a class: seconds of its videos."""
    listed = {"banjo": ["-aaaaaaaaaa", "bbbbbbbbbb0"], "tuba": ["cccccccccc_", "dddddddddd0", "eeeeeeeeee0"]}
    for number, (label, ids) in enumerate(listed.items()):
        for vid in ids:
            video(root / "videos" / label / f"{vid}.mp4", number, seconds=train)
    text = json.dumps({"version": 2.0, "videos": listed})
    (root / "MUSIC21_solo_videos.json").write_text(text, encoding="utf-8")
    return {"root": root}


def playground(root: Path) -> dict[str, Any]:
    return {"root": root, "clips": 20, "size": 32, "test_fraction": 0.5, "workers": 1}


def spatial_playground(root: Path) -> dict[str, Any]:
    return {"root": root, "clips": 10, "size": 32, "silent": 0, "test_fraction": 0.5, "workers": 1}


def cifar10(root: Path) -> dict[str, Any]:
    return {"root": cifar.cifar10(root)[0]}


def cifar100(root: Path) -> dict[str, Any]:
    return {"root": cifar.cifar100(root)[0]}


def speech_commands(root: Path, words: Sequence[str] = ("yes", "no", "cat")) -> dict[str, Any]:
    """Four speakers say every word; one of them validates, one tests."""
    for number, word in enumerate(words):
        for speaker in ("0a7c2a8d", "1b4c9b89", "2aca1e72", "3b4f8f24"):
            sound(root / word / f"{speaker}_nohash_0.wav", [tone(pitch_hz(number, 0), 0.9)])
    for split, speaker in {"validation": "2aca1e72", "testing": "3b4f8f24"}.items():
        lines = "".join(f"{word}/{speaker}_nohash_0.wav\n" for word in words)
        (root / f"{split}_list.txt").write_text(lines, encoding="utf-8")
    sound(root / "_background_noise_" / "white_noise.wav", [tone(3000, 1.0)])
    (root / "README.md").write_text("## Speech Commands Data Set", encoding="utf-8")
    return {"root": root}


def esc50(root: Path) -> dict[str, Any]:
    from tests.helpers import sound_layouts  # which makes its sounds with this module

    return {"root": sound_layouts.esc50(root)}


def esc10(root: Path) -> dict[str, Any]:
    from tests.helpers import sound_layouts  # which makes its sounds with this module

    return {"root": sound_layouts.esc10(root)}


def urbansound8k(root: Path) -> dict[str, Any]:
    from tests.helpers import sound_layouts  # which makes its sounds with this module

    return {"root": sound_layouts.urbansound8k(root)}


def huggingface(root: Path) -> dict[str, Any]:
    """Parquet files of two splits, with the notes that Hugging Face leaves."""
    features = {"clip": {"_type": "Video"}, "label": {"_type": "ClassLabel", "names": ["high", "low"]}}
    for split in ("train", "test"):
        videos = [video(root / "videos" / f"{split}{i}.mp4", i % 2) for i in range(4)]
        rows = [
            {"clip": {"bytes": path.read_bytes(), "path": path.name}, "label": i % 2} for i, path in enumerate(videos)
        ]
        parquet(root / "data" / f"{split}-00000-of-00001.parquet", rows, features)
    return {"root": root / "data"}


def webdataset(root: Path) -> dict[str, Any]:
    """Shards of two splits, with labels as words."""
    for split in ("train", "test"):
        members: dict[str, bytes] = {}
        for i in range(4):
            clip = video(root / "videos" / f"{split}{i}.mp4", i % 2)
            members |= {f"{i:04d}.mp4": clip.read_bytes(), f"{i:04d}.cls": ("high", "low")[i % 2].encode()}
        archive(root / "shards" / f"{split}-000000.tar", members)
    return {"root": root / "shards"}


def parquet(path: Path, rows: Sequence[Mapping[str, Any]], features: Mapping[str, Any] | None = None) -> Path:
    """A Parquet file of rows, two in a group, with what Hugging Face notes of its `features`."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    table = pa.Table.from_pylist(list(rows))
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=2)
    return path


def archive(path: Path, members: Mapping[str, bytes]) -> Path:
    """A tar archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path
