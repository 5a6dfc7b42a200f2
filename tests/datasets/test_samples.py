"""Samples that a program holds: torch datasets, sequences, arrays, splits of them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import wave
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import layouts
from tests.helpers.generated import contents
from torch.utils.data import ConcatDataset, Subset, TensorDataset

import limbeck
from limbeck.datasets import Prepared, Samples, prepare
from limbeck.errors import FingerprintError, InputError
from limbeck.media import ClipRecipe, MelRecipe

SMALL = ClipRecipe(
    mel=MelRecipe(sample_rate_hz=4000, clip_seconds=0.4, mels=16, fft_samples=200, hop_samples=100), image_size=16
)
RATE_HZ = 4000


def pixels(count: int = 20, size: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def waveforms(count: int = 20, seconds: float = 0.4) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.5, 0.5, (count, round(RATE_HZ * seconds))).astype(np.float32)


class Pairs(torch.utils.data.Dataset[Any]):
    """Pairs of a picture and a label; what is in `faults` happens in place of an item."""

    def __init__(self, count: int = 20, faults: dict[int, Any] | None = None) -> None:
        self.pixels, self.faults = pixels(count), faults or {}

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Any:
        fault = self.faults.get(index)
        if isinstance(fault, Exception):
            raise fault
        return (torch.from_numpy(self.pixels[index]).permute(2, 0, 1), index % 2) if fault is None else fault


def made(tmp_path: Path, source: Any, **options: Any) -> Prepared:
    return prepare(source, out=tmp_path / "out", progress=False, workers=1, **options)


def images(prepared: Prepared) -> dict[str, np.ndarray]:
    """Prepared pictures, (height, width, 3), by clip."""
    found = {}
    for split in prepared.splits:
        clips = prepared.clips(split)
        found |= dict(zip(clips.ids, clips.array("image").permute(0, 2, 3, 1).numpy(), strict=True))
    return found


def reasons(prepared: Prepared) -> dict[str, str]:
    return {row["id"]: row["reason"] for row in prepared.rejected}


FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "tensor": lambda x: torch.from_numpy(x).permute(2, 0, 1),
    "tensor, floats": lambda x: torch.from_numpy(x).permute(2, 0, 1).float() / 255,
    "array": lambda x: x,
    "array, channels first": lambda x: x.transpose(2, 0, 1),
    "array, floats": lambda x: (x / 255).astype(np.float32),
    "PIL": Image.fromarray,
    "bytes": lambda x: png(x),
    "Hugging Face": lambda x: {"bytes": png(x), "path": None},
}


def png(x: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(x).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_pictures_of_the_size_come_through_bit_by_bit(tmp_path: Path, form: str) -> None:
    x = pixels(12)
    prepared = made(tmp_path, [(FORMS[form](one), i % 3) for i, one in enumerate(x)], recipe=SMALL)
    assert tuple(prepared.modalities) == ("image",)
    assert prepared.rejected == []
    found = images(prepared)
    assert sorted(found) == [f"{i:06d}" for i in range(12)]
    assert all(np.array_equal(found[f"{i:06d}"], x[i]) for i in range(12))
    assert prepared.classes == ("0", "1", "2")
    assert prepared.clips("test").per_class() == (1, 1, 1)


def test_the_size_is_that_of_the_arrays(tmp_path: Path) -> None:
    assert made(tmp_path, Pairs()).recipe.image_size == 16


@pytest.mark.parametrize("form", ["array", "stereo", "soundfile", "int16", "(waveform, rate)", "decoded", "tensor"])
def test_waveforms_come_in_every_form(tmp_path: Path, form: str) -> None:
    x = waveforms(10)
    forms: dict[str, Callable[[np.ndarray], Any]] = {
        "array": lambda w: w,
        "stereo": lambda w: np.stack([w, w]),
        "soundfile": lambda w: np.stack([w, w], axis=1),
        "int16": lambda w: (w * 32768).round().astype(np.int16),
        "(waveform, rate)": lambda w: (torch.from_numpy(w)[None], RATE_HZ),
        "decoded": lambda w: {"array": w.tolist(), "sampling_rate": RATE_HZ},
        "tensor": lambda w: torch.from_numpy(w),
    }
    rate = {} if form in ("(waveform, rate)", "decoded") else {"rate_hz": RATE_HZ}
    prepared = made(tmp_path, [(forms[form](w), "ab"[i % 2]) for i, w in enumerate(x)], recipe=SMALL, **rate)
    assert tuple(prepared.modalities) == ("audio",)
    assert prepared.rejected == []
    plain = made(tmp_path / "plain", {"audio": x, "label": list("ab" * 5)}, recipe=SMALL, rate_hz=RATE_HZ)
    found, expected = prepared.clips().array("audio"), plain.clips().array("audio")
    assert torch.allclose(found, expected, atol=0.2)
    assert prepared.classes == ("a", "b")


def test_a_waveform_needs_a_rate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rate_hz"):
        made(tmp_path, {"audio": waveforms(), "label": [0, 1] * 10})


def test_of_a_long_waveform_a_window_is_taken(tmp_path: Path) -> None:
    x = waveforms(8, seconds=2.0) * 0.01
    x[:, 5000:6600] *= 50
    prepared = made(tmp_path, {"audio": x}, labels=[0, 1] * 4, rate_hz=RATE_HZ, recipe=SMALL)
    (told,) = prepared.repairs
    assert told == "longer than a clip: its loudest part is taken, 0.4 of 2 s, from 1.25 s"
    apart = made(tmp_path / "cut", {"audio": x[:, 5000:6600]}, labels=[0, 1] * 4, rate_hz=RATE_HZ, recipe=SMALL)
    apart_db, found_db = (p.clips().array("audio") for p in (apart, prepared))
    assert (found_db - apart_db).abs().median() < 1


def test_mappings_have_both_and_labels_of_words(tmp_path: Path) -> None:
    rows = [
        {"image": p, "audio": (w, RATE_HZ), "label": ("bell", "drip")[i % 2], "other": None}
        for i, (p, w) in enumerate(zip(pixels(), waveforms(), strict=True))
    ]
    prepared = made(tmp_path, rows, recipe=SMALL)
    assert tuple(prepared.modalities) == ("audio", "image")
    assert prepared.classes == ("bell", "drip")
    assert prepared.rejected == []
    beside = [{"path": "gone.wav", "audio": (w, RATE_HZ), "label": i % 2} for i, w in enumerate(waveforms())]
    assert made(tmp_path / "beside", beside, recipe=SMALL).rejected == []
    named = [{"pic": r["image"], "class": r["label"]} for r in rows]
    prepared = made(tmp_path / "named", named, image="pic", label="class", recipe=SMALL)
    assert tuple(prepared.modalities) == ("image",)


def test_videos_and_files_give_both_tracks(tmp_path: Path) -> None:
    video = layouts.video(tmp_path / "é.mp4", 1)
    tone = layouts.sound(tmp_path / "tone.wav", [layouts.tone(700, 0.5)])
    items = [(str(video), 0), (video, 1), (video.read_bytes(), 0), (video.read_bytes(), 1)]
    prepared = made(tmp_path, items, recipe=SMALL)
    assert tuple(prepared.modalities) == ("audio", "image")
    assert prepared.rejected == []
    assert torch.equal(prepared.clips().array("image")[0], prepared.clips().array("image")[1])
    prepared = made(tmp_path / "mixed", [{"audio": tone, "image": pixels()[i], "label": i % 2} for i in range(6)],
                    recipe=SMALL)  # fmt: skip
    assert len(prepared.clips()) == 4


@pytest.mark.parametrize("progress", [True, False])
def test_what_was_prepared_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], progress: bool) -> None:
    y: list[Any] = ["a", "b", "c"] * 4
    x = {
        "train": {"audio": waveforms(12, seconds=2.0), "label": [*y[:11], None]},
        "test": {"audio": waveforms(3), "label": [0, 1, 2]},
    }

    def told(again: bool) -> list[str]:
        prepare(x, out=tmp_path, progress=progress or again, workers=1, rate_hz=RATE_HZ, recipe=SMALL)
        return [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("Preparing", "Every"))]

    rejected = ["1 of 15 clips rejected:", "  train/000011: It has no label that is a whole number or a word."]
    warned = [f"Class {c!r} has no usable clip in {s!r}: the dataset lists none." for s, classes in (
        ("train", "012"), ("test", "abc")) for c in classes]  # fmt: skip
    repaired = "11 clips: longer than a clip: its loudest part is taken, 0.4 of 2 s, from "
    found = told(again=False)
    assert found[:-6] == rejected if not progress else (found[0], *found[1:3]) == (
        "6 classes, clips: 11 train, 3 test.", *rejected)  # fmt: skip
    assert found[-6:] == warned
    assert any(line.startswith(repaired) for line in found) is progress
    assert told(again=True)[0].startswith("Already done")
    prepare(x, out=tmp_path, progress=False, workers=1, rate_hz=RATE_HZ, recipe=SMALL)
    assert capsys.readouterr().err == "", "it was told when it was done"


def test_splits_are_kept(tmp_path: Path) -> None:
    prepared = made(tmp_path, {"train": Pairs(8), "test": Pairs(4)}, classes=["even", "odd"])
    assert {s: prepared.clips(s).per_class() for s in prepared.splits} == {"train": (4, 4), "test": (2, 2)}
    assert prepared.classes == ("even", "odd")
    assert any("The same image is in 'train' and 'test'" in told for told in prepared.warnings)
    x = {"train": {"image": pixels(8), "label": [0, 1] * 4}, "dev": {"image": pixels(4), "label": [0, 1] * 2}}
    with pytest.raises(InputError, match="none is left for 'test'"):
        made(tmp_path / "no", x)
    assert made(tmp_path / "yes", x, test="dev").splits == ("train", "test")


def test_a_part_of_every_class_is_held_out_by_the_seed(tmp_path: Path) -> None:
    refs = [Samples(Pairs(40), seed=seed, test_fraction=0.25).clips() for seed in (0, 0, 1)]
    assert refs[0] == refs[1] != refs[2]
    assert Counter(r.label for r in refs[0] if r.split == "test") == {"0": 5, "1": 5}


def test_unfit_items_are_rejected_with_their_reasons(tmp_path: Path) -> None:
    good = pixels()[0]
    faults: dict[int, Any] = {
        2: ValueError("rotten"),
        3: (good[:, :, :2], 1),
        4: (np.full((16, 16, 3), np.nan), 0),
        5: (good, 7),
        6: (good, None),
        7: (np.zeros((0, 16, 3), np.uint8), 1),
        8: (b"", 0),
        9: (b"no picture" * 9, 1),
        10: (tmp_path / "gone.png", 0),
        11: (good, -1),
        12: (good, 0, 1),
        13: None,
        14: (good.astype(np.float32), 0),
        15: (object(), 1),
        16: ("a" * 5000, 0),
    }
    faults[13] = ()
    prepared = made(tmp_path, Pairs(24, faults), classes="even,odd")
    assert reasons(prepared) == {
        "000002": "unreadable",
        "000003": "bad_shape",
        "000004": "not_finite",
        "000005": "bad_label",
        "000006": "no_label",
        "000007": "bad_shape",
        "000008": "empty_file",
        "000009": "not_media",
        "000010": "missing_file",
        "000011": "bad_label",
        "000012": "bad_item",
        "000013": "bad_item",
        "000014": "out_of_range",
        "000015": "bad_item",
        "000016": "undecodable",
    }
    assert sum(len(prepared.clips(s)) for s in prepared.splits) == 9
    assert any("rotten" in row["detail"] for row in prepared.rejected)


@pytest.mark.parametrize(
    ("source", "options", "told"),
    [
        (iter([1]), {}, "cannot be asked for its item"),
        (7, {}, "cannot be asked"),
        (b"bytes", {}, "cannot be asked"),
        (torch.utils.data.DataLoader(Pairs()), {}, "of a loader its dataset"),
        ([], {}, "there are none"),
        ([(np.zeros((16, 16, 3), np.uint8), 0)] * 4, {"labels": [0, 1]}, "2 labels for 4 items"),
        ({"image": pixels(4), "label": [0, 1]}, {}, "image has 4, label has 2"),
        ({"train": Pairs(), "test": Pairs()}, {"labels": [0]}, "mapping of the splits"),
        ([{"x": 1, "label": 0}], {}, "no 'audio' and no 'image', but 'x', 'label'"),
        (Pairs(), {"classes": ["a", "a"]}, "each class once"),
        (Pairs(), {"colour": 1}, "It takes: source.*rate_hz"),
        (Pairs(), {"window": "end"}, "window must be one of"),
        (Pairs(), {"test": "fold4"}, "'test' names the splits"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, source: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        made(tmp_path, source, **options)


class Drawn(Pairs):
    def __getitem__(self, index: int) -> Any:
        x, label = super().__getitem__(index)
        return (x if torch.rand(1) < 0 else torch.randint(0, 255, x.shape, dtype=torch.uint8)), label


def test_samples_that_are_drawn_at_random_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Take its random transforms off"):
        made(tmp_path, Drawn())


class Told(Pairs):
    """Counts how often items are read; has labels beside them."""

    def __init__(self, targets: list[Any]) -> None:
        super().__init__(len(targets))
        self.targets = targets
        self.read = 0
        self.classes = ["even", "odd"]

    def __getitem__(self, index: int) -> Any:
        self.read += 1
        return super().__getitem__(index)


def test_labels_beside_the_items_save_reading_them() -> None:
    told = Told([i % 2 for i in range(50)])
    samples = Samples(told)
    assert {r.label for r in samples.clips()} == {"even", "odd"}
    assert not samples.reads_every_item
    assert told.read < 10
    part = Samples(ConcatDataset([Subset(told, [0, 1, 3, 2]), told]))
    assert [r.label for r in part.clips()][:4] == ["0", "1", "1", "0"]
    assert told.read < 20


def test_labels_beside_the_items_that_are_others_are_not_believed() -> None:
    wrong = Told([1 - i % 2 for i in range(10)])
    assert [r.label for r in Samples(wrong).clips()][:2] == ["even", "odd"]
    assert wrong.read > 10


def test_tensors_side_by_side(tmp_path: Path) -> None:
    x = torch.from_numpy(pixels()).permute(0, 3, 1, 2)
    data = TensorDataset(x, torch.arange(20) % 2)
    prepared = made(tmp_path, data)
    assert np.array_equal(images(prepared)["000003"], pixels()[3])
    assert np.array_equal(images(made(tmp_path / "x", x, labels=torch.arange(20) % 2))["000003"], pixels()[3])


class Unpicklable(Pairs):
    def __init__(self) -> None:
        super().__init__()
        self.by = lambda index: index


def test_what_cannot_be_pickled_is_read_here_and_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = prepare(Unpicklable(), out=tmp_path / "here", workers=2)
    told = capsys.readouterr().err
    assert told.count("read in this process alone") == 1
    away = prepare(Pairs(), out=tmp_path / "away", workers=2)
    assert "this process alone" not in capsys.readouterr().err
    assert contents(tmp_path / "here" / "shards") == contents(tmp_path / "away" / "shards")
    assert here.fingerprint == away.fingerprint


def test_what_is_large_in_memory_is_read_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    large = np.zeros((20, 1100, 1100, 3), np.uint8) + np.arange(20, dtype=np.uint8)[:, None, None, None]
    prepare({"image": large, "label": [0, 1] * 10}, out=tmp_path / "out", image_size=16)
    assert "69 MiB in memory" in capsys.readouterr().err


def test_other_samples_are_noticed(tmp_path: Path) -> None:
    made(tmp_path, Pairs())
    assert made(tmp_path, Pairs()).rejected == []
    other = Pairs()
    other.pixels[7, 0, 0, 0] += 1
    with pytest.raises(FingerprintError, match="other clips of this dataset"):
        made(tmp_path, other)
    with pytest.raises(FingerprintError):
        made(tmp_path, Pairs(22))
    with pytest.raises(FingerprintError):
        made(tmp_path, Pairs(), classes=["a", "b"])


def test_recordings_in_memory_cannot_be_read_again(tmp_path: Path) -> None:
    prepared = made(tmp_path, Pairs())
    with pytest.raises(InputError, match="samples in memory"):
        prepared.clips().originals(torch.tensor([0]))


def test_samples_are_distilled_directly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    set_ = limbeck.distill(Pairs(), "random", per_class=2, out=tmp_path / "set")
    assert f"prepared into {tmp_path / 'set' / 'prepared'}" in capsys.readouterr().err
    assert set_.classes == ("0", "1")
    assert set_.recipe.image_size == 16
    assert Prepared.open(tmp_path / "set" / "prepared").splits == ("train", "test")
    assert limbeck.distill(Pairs(), "random", per_class=2, out=tmp_path / "set").fingerprint == set_.fingerprint
    assert "Already done" in capsys.readouterr().err
    again = limbeck.distill(Pairs(), "random", per_class=2)
    (place,) = (tmp_path / "cache" / "prepared").iterdir()
    assert str(place) in capsys.readouterr().err
    assert again.fingerprint == set_.fingerprint
    limbeck.distill(Pairs(), "random", per_class=2, progress=False)
    assert len([*(tmp_path / "cache" / "prepared").iterdir()]) == 1
    other = Pairs()
    other.pixels[0] ^= 1
    limbeck.distill(other, "random", per_class=2, progress=False)
    assert len([*(tmp_path / "cache" / "prepared").iterdir()]) == 2


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            lambda: {"sound": waveforms(), "labels": [0, 1] * 10},
            r"keys of the data are 'sound', 'labels'.*\"label\": labels",
        ),
        (
            lambda: (pixels(), np.arange(20) % 2),
            r"Two items came, of 20 rows each.*\"image\": pixels, \"label\": labels",
        ),
        (lambda: {"image": pixels(), "label": np.eye(2)[np.arange(20) % 2]}, r"of one-hot rows their argmax"),
    ],
)
def test_data_of_another_form_is_refused_with_the_one_to_give(tmp_path: Path, data: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        made(tmp_path, data())
    if "one-hot" in told:
        found = limbeck.inspect(tmp_path / "out")
        assert found["rejected"] == {"no_label": 20}
        assert len(found["rejected_clips"]) == 11


def test_places_are_not_taken_for_readers(tmp_path: Path) -> None:
    place = tmp_path / "videos"
    place.mkdir()
    (tmp_path / "a.parquet").touch()
    for given, reader in ((place, "folder"), (str(place), "folder"), (tmp_path / "a.parquet", "huggingface")):
        with pytest.raises(InputError, match=rf"limbeck\.prepare\('{reader}', '{given}', out=\.\.\.\)"):
            limbeck.prepare(given, out=tmp_path / "out")
    with pytest.raises(InputError, match=r"There is no 'foldr'.*folder"):
        limbeck.prepare("foldr", out=tmp_path / "out")
    with pytest.raises(InputError, match=r"but got a list\. Prepare the data first"):
        limbeck.evaluate(None, on=[(pixels()[0], 0)])  # type: ignore[arg-type]


GUARDED = """
import sys
from limbeck.datasets import prepare
from tests.datasets.test_samples import Pairs, SMALL
if __name__ == "__main__":
    class Mine(Pairs):
        pass
    prepare(Mine(), out=sys.argv[1], recipe=SMALL, workers=2)
"""


@pytest.mark.slow
def test_a_class_inside_of_the_guard_is_read_here_and_that_is_told(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(GUARDED)
    ran = subprocess.run(
        [sys.executable, script, tmp_path / "out"], cwd=Path(__file__).parents[2], capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert "Mine is defined inside of if __name__ == '__main__' in mine.py; define it outside" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(Prepared.open(tmp_path / "out").clips()) == 16


KILLED = """
import sys, time
from pathlib import Path
from limbeck.datasets import _plan, prepare
from tests.datasets.test_samples import Pairs, SMALL
class Slow(Pairs):
    def __getitem__(self, index):
        time.sleep(0.02)
        return super().__getitem__(index)
_plan._SHARD_CLIPS, _plan._UNIT_CLIPS = 8, 2
if __name__ == "__main__":
    print("begun", flush=True)
    prepare(Slow(80), labels=[i % 2 for i in range(80)], out=Path(sys.argv[1]), recipe=SMALL, workers=1)
"""


@pytest.mark.slow
def test_killed_it_goes_on(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    begun = subprocess.Popen([sys.executable, str(script), str(tmp_path / "out")], env=environment, cwd=root)
    shards = tmp_path / "out" / "shards"
    while begun.poll() is None and len(list(shards.glob("*.safetensors"))) < 2:
        time.sleep(0.01)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    assert not (tmp_path / "out" / "dataset.json").exists()
    left = {path.name: path.stat().st_mtime_ns for path in shards.glob("0*.safetensors")}
    assert left
    for place in ("out", "whole"):
        subprocess.run([sys.executable, str(script), str(tmp_path / place)], env=environment, cwd=root, check=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert all((shards / name).stat().st_mtime_ns == stamp for name, stamp in left.items())


class Deadly(Pairs):
    """Ends the process that asks for item 5; item 6 never comes."""

    def __getitem__(self, index: int) -> Any:
        if index == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        if index == 6:
            time.sleep(1000)
        return super().__getitem__(index)


def test_items_that_kill_or_hang_cost_themselves_alone(tmp_path: Path) -> None:
    labels = [i % 2 for i in range(20)]
    prepared = made(tmp_path, Deadly(), labels=labels, recipe=SMALL, timeout_s=2.0)
    assert reasons(prepared) == {"000005": "crashed", "000006": "timeout"}


@pytest.mark.slow
@pytest.mark.parametrize("is_file", [True, False])
def test_a_class_in_a_script_without_guard_is_read_here(tmp_path: Path, is_file: bool) -> None:
    code = "\n".join(
        [
            "import limbeck, numpy as np, sys",
            "class Mine:",
            "    def __len__(self): return 12",
            "    def __getitem__(self, i): return np.full((16, 16, 3), i, np.uint8), i % 2",
            "print(len(limbeck.prepare(Mine(), out='out', workers=2).clips()))",
        ]
    )
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    command = [sys.executable, *(["mine.py"] if is_file else ["-"])]
    done = subprocess.run(command, cwd=tmp_path, input=code, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("10\n", 0), done.stderr
    assert "in this process alone" in done.stderr


def test_arrays_of_several_frames_are_videos(tmp_path: Path) -> None:
    x = np.stack([np.stack([frame] * 3 + [frame[::-1]] * 3) for frame in pixels(8)])
    prepared = made(tmp_path, {"image": x, "label": [0, 1] * 4}, modality="video", recipe=SMALL.model_copy(
        update={"frames": 2}))  # fmt: skip
    assert prepared.rejected == []
    clips = prepared.clips()
    video = clips.array("video")[0].permute(0, 2, 3, 1).numpy()
    number = int(clips.ids[0])
    assert np.array_equal(video[0], pixels()[number])
    assert np.array_equal(video[1], pixels()[number][::-1])


VIDEO_FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "array": lambda x: x,
    "tensor, (time, channel, height, width)": lambda x: torch.from_numpy(x).permute(0, 3, 1, 2),
    "tensor, (channel, time, height, width)": lambda x: torch.from_numpy(x).permute(3, 0, 1, 2).float() / 255,
    "list of PIL": lambda x: [Image.fromarray(frame) for frame in x],
    "grey": lambda x: x[..., 0],
    "grey, (time, height, width, 1)": lambda x: x[..., :1],
    "grey tensor, (time, 1, height, width)": lambda x: torch.from_numpy(x[:, None, ..., 0].copy()),
}


@pytest.mark.parametrize("form", VIDEO_FORMS)
def test_videos_come_in_every_form(tmp_path: Path, form: str) -> None:
    x = np.random.default_rng(2).integers(0, 256, (6, 5, 16, 16, 3), dtype=np.uint8)
    items = [{"video": VIDEO_FORMS[form](one), "label": i % 2} for i, one in enumerate(x)]
    prepared = made(tmp_path, items, modality="video", recipe=SMALL.model_copy(update={"frames": 5}))
    assert prepared.rejected == []
    clips = prepared.clips()
    video = clips.array("video")[0].permute(0, 2, 3, 1).numpy()
    expected = x[int(clips.ids[0])]
    assert np.array_equal(video, np.stack([expected[..., 0]] * 3, -1) if "grey" in form else expected)


def test_videos_whose_axes_may_be_either_are_refused_with_a_way_out(tmp_path: Path) -> None:
    x = torch.zeros(8, 3, 4, 16, 16, dtype=torch.uint8)
    x[:, :, 1] = 50
    for source in ([(one, i % 2) for i, one in enumerate(x)], {"video": x, "label": [0, 1] * 4}):
        with pytest.raises(InputError, match=r"Give it as \(time, height, width, channel\)"):
            made(tmp_path / "either", source, modality="video")
    last = made(tmp_path / "last", {"video": x.permute(0, 2, 3, 4, 1), "label": [0, 1] * 4}, modality="video",
                recipe=SMALL.model_copy(update={"frames": 4}))  # fmt: skip
    assert last.clips().array("video")[0].float().mean((1, 2, 3)).tolist() == [0, 50, 0, 0]


def test_wav_bytes_are_sounds(tmp_path: Path) -> None:
    def wav(samples: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as out:
            out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            out.writeframes((samples * 32767).astype("<i2").tobytes())
        return buffer.getvalue()

    prepared = made(tmp_path, [(wav(w), i % 2) for i, w in enumerate(waveforms(8))], recipe=SMALL)
    assert tuple(prepared.modalities) == ("audio",)
    assert prepared.rejected == []
