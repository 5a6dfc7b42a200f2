"""What prepare promises: the same bytes however it went, and nothing a file does is fatal."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers.generated import RECIPE, Generated, contents

from limbeck import _files
from limbeck._locations import Location
from limbeck.datasets import ClipRef, Prepared, _plan, _prepare, _shards, _sources, prepare
from limbeck.errors import BusyError, FingerprintError, InputError, MediaError
from limbeck.media import ClipRecipe, RawClip, log_mel

ROOT = Path(__file__).parents[2]
SMALL_SHARDS = 10


@pytest.fixture(autouse=True)
def _several_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "_SHARD_CLIPS", SMALL_SHARDS)
    monkeypatch.setattr(_plan, "_UNIT_CLIPS", 3)


def test_arrays_are_those_of_the_reader(tmp_path: Path) -> None:
    dataset = Generated(24)
    prepared = prepare(dataset, out=tmp_path / "out", recipe=RECIPE, workers=2)
    assert prepared.splits == ("train", "test")
    assert prepared.classes == ("a", "b")
    for split in prepared.splits:
        clips, wanted = prepared.clips(split), [c for c in dataset.clips() if c.split == split]
        assert prepared.clips(split).ids == tuple(c.id for c in wanted)
        assert [clips.classes[i] for i in clips.labels] == [c.label for c in wanted]
        for i, ref in enumerate(wanted):
            raw = dataset.read(ref, RECIPE)
            audio = log_mel(torch.from_numpy(raw.sound), RECIPE.mel)[None]
            assert torch.equal(clips.array("audio", torch.tensor([i]))[0], audio)
            assert np.array_equal(clips.array("image", torch.tensor([i]))[0].permute(1, 2, 0).numpy(), raw.picture)


def test_statistics_are_those_of_the_training_clips(tmp_path: Path) -> None:
    clips = prepare(Generated(24), out=tmp_path / "out", recipe=RECIPE, workers=1).clips("train")
    arrays = {name: array.double() for name, array in clips.arrays().items()}
    for name, values, axes in (("audio", arrays["audio"], (0, 1, 3)), ("image", arrays["image"] / 255, (0, 2, 3))):
        found = clips.statistics[name]
        torch.testing.assert_close(torch.tensor(found.mean).double(), values.mean(axes), rtol=1e-6, atol=0)
        torch.testing.assert_close(torch.tensor(found.std).double(), values.std(axes, correction=0), rtol=1e-6, atol=0)


def test_bytes_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    for workers in (1, 3):
        prepare(Generated(45), out=tmp_path / str(workers), recipe=RECIPE, workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")
    assert sorted(contents(tmp_path / "1")) == [
        "clips.parquet",
        "dataset.json",
        "rejected.parquet",
        *(f"shards/{i:05d}.safetensors" for i in range(5)),
    ]


def test_shards_are_plain_safetensors(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    prepared = prepare(Generated(24), out=tmp_path / "out", recipe=RECIPE, workers=1)
    tensors = [load_file(f) for f in sorted((tmp_path / "out/shards").iterdir())]
    rows = torch.arange(24)
    assert torch.equal(torch.cat([t["audio"] for t in tensors]), prepared.store.read("audio", rows))
    assert torch.equal(torch.cat([t["image"] for t in tensors]), prepared.store.read("image", rows))


@pytest.mark.slow
def test_whatever_a_clip_does_the_others_are_prepared(tmp_path: Path) -> None:
    faults = {3: "rotten", 7: "error", 12: "crash", 16: "wrong_shape", 20: "hang", 21: "crash"}
    prepared = prepare(Generated(32, faults=faults), out=tmp_path / "bad", recipe=RECIPE, workers=2, timeout_s=3)
    assert {int(r["id"]): r["reason"] for r in prepared.rejected} == {
        3: "no_audio_track",
        7: "unreadable",
        12: "crashed",
        16: "unreadable",
        20: "timeout",
        21: "crashed",
    }
    assert prepared.rejected[0]["detail"] == "Clip 3 has no sound."
    assert "bug in a reader" in prepared.rejected[1]["detail"]
    kept = {int(i) for split in prepared.splits for i in prepared.clips(split).ids}
    assert kept == set(range(32)) - set(faults)
    good = prepare(Generated(32), out=tmp_path / "good", recipe=RECIPE, workers=2)
    assert torch.equal(
        prepared.store.read("audio", torch.arange(26)), good.store.read("audio", torch.tensor(sorted(kept)))
    )


def test_a_clip_that_crashes_once_is_kept(tmp_path: Path) -> None:
    """Such as when the machine ran out of memory for a moment."""
    once = prepare(Generated(12, crash_once=tmp_path / "mark"), out=tmp_path / "once", recipe=RECIPE, workers=1)
    assert (tmp_path / "mark").exists()
    assert once.rejected == []
    prepare(Generated(12), out=tmp_path / "never", recipe=RECIPE, workers=1)
    assert contents(tmp_path / "once") == contents(tmp_path / "never")


def test_a_finished_folder_is_returned_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(Generated(24), out=tmp_path / "out", recipe=RECIPE, workers=1)
    monkeypatch.setattr(_shards, "decoding_pool", None)
    again = prepare(Generated(24), out=tmp_path / "out", recipe=RECIPE)
    assert again.fingerprint == first.fingerprint


def test_missing_shards_are_made_again_without_touching_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    prepare(Generated(45), out=out, recipe=RECIPE, workers=1)
    whole = contents(out)
    for name in ("dataset.json", "clips.parquet", "shards/00001.safetensors", "shards/00004.safetensors"):
        (out / name).unlink()
    (out / "shards/.00001.safetensors.77.part").write_bytes(b"half")
    stamp = (out / "shards/00000.safetensors").stat().st_mtime_ns
    seen: list[tuple[int, int]] = []
    tell = nullcontext(lambda done, total: seen.append((done, total)))
    monkeypatch.setattr(_prepare, "bar", lambda title, *, show: tell)
    prepare(Generated(45), out=out, recipe=RECIPE, workers=1)
    assert contents(out) == whole
    assert (out / "shards/00000.safetensors").stat().st_mtime_ns == stamp
    assert seen[0] == (30, 45)
    assert seen[-1] == (45, 45)


@pytest.mark.parametrize("finished", [True, False])
def test_another_plan_is_refused(tmp_path: Path, finished: bool) -> None:
    out = tmp_path / "out"
    prepare(Generated(24), out=out, recipe=RECIPE, workers=1)
    if not finished:
        (out / "dataset.json").unlink()
    before = contents(out)
    with pytest.raises(FingerprintError, match="image_size 16, now 20"):
        prepare(Generated(24), out=out, recipe=RECIPE.model_copy(update={"image_size": 20}))
    with pytest.raises(FingerprintError, match="list of clips or its files have changed"):
        prepare(Generated(25), out=out, recipe=RECIPE)
    with pytest.raises(FingerprintError, match=r"holds the dataset '.*Generated', not 'other'"):
        prepare(_Named(24), out=out, recipe=RECIPE)
    assert contents(out) == before


def test_a_file_that_changed_since_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "sound.bin"
    file.write_bytes(b"12")
    prepare(_WithFile(file), out=tmp_path / "out", recipe=RECIPE, workers=1)
    file.write_bytes(b"123")
    with pytest.raises(FingerprintError, match="changed"):
        prepare(_WithFile(file), out=tmp_path / "out", recipe=RECIPE)


@pytest.mark.parametrize("finished", [True, False])
def test_a_file_replaced_by_one_of_equal_length_is_noticed(tmp_path: Path, finished: bool) -> None:
    """Content decides: other bytes are refused though length and time of writing are those of before."""
    file, out = tmp_path / "sound.bin", tmp_path / "out"
    file.write_bytes(b"12")
    stat = file.stat()
    prepare(_WithFile(file), out=out, recipe=RECIPE, workers=1)
    if not finished:
        (out / "dataset.json").unlink()
    before = contents(out)
    file.write_bytes(b"34")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(FingerprintError, match=r"1 changed since \(sound\.bin\)"):
        prepare(_WithFile(file), out=out, recipe=RECIPE, workers=1)
    assert contents(out) == before
    file.write_bytes(b"12")
    assert prepare(_WithFile(file), out=out, recipe=RECIPE, workers=1).rejected == []


def test_files_are_read_again_only_if_they_look_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, out = tmp_path / "sound.bin", tmp_path / "out"
    file.write_bytes(b"12")
    prepare(_WithFile(file), out=out, recipe=RECIPE, workers=1)
    read: list[Path] = []
    digest = _sources.sha256_of
    monkeypatch.setattr(_sources, "sha256_of", lambda path: read.append(path) or digest(path))
    prepare(_WithFile(file), out=out, recipe=RECIPE)
    assert read == []
    os.utime(file, (1, 1))
    prepare(_WithFile(file), out=out, recipe=RECIPE)
    prepare(_WithFile(file), out=out, recipe=RECIPE)
    assert read == [file]
    (out / _sources.MEMORY).write_bytes(b'["half a line')
    prepare(_WithFile(file), out=out, recipe=RECIPE)
    assert read == [file, file]


def test_a_file_that_changes_while_it_is_prepared_is_noticed_the_next_time(tmp_path: Path) -> None:
    file, out = tmp_path / "sound.bin", tmp_path / "out"
    file.write_bytes(b"12")
    plan = _plan.Plan.of(_WithFile(file), RECIPE, None)
    file.write_bytes(b"34")
    shard = plan.shard(0)
    shard.digests(plan.clips[0], _sources.Digests.kept_in(tmp_path))
    assert shard.digests(plan.clips[0], _sources.Digests.kept_in(tmp_path)) == [_sources.UNSTEADY]
    with pytest.raises(FingerprintError, match="1 changed"):
        plan.check_files([{"id": "0", "files": [_sources.UNSTEADY]}], Location.of(out))


def test_a_name_that_is_not_text_is_refused_and_nothing_else(tmp_path: Path) -> None:
    bad = tmp_path / os.fsdecode(b"caf\xe9.bin")
    for file in (tmp_path / "good.bin", bad):
        file.write_bytes(b"12")
    prepared = prepare(_Two(tmp_path / "good.bin", bad), out=tmp_path / "out", recipe=RECIPE, workers=1)
    assert [(r["id"], r["source"], r["reason"]) for r in prepared.rejected] == [
        (str(i), "caf\\udce9.bin", "bad_name") for i in (1, 3, 5)
    ]
    assert prepared.rejected[0]["detail"] == "The name caf\\udce9.bin is not UTF-8 text; rename the file."
    assert prepared.clips().ids == ("0", "2", "4")
    with pytest.raises(InputError, match=r"6 bad_name.*rename the file"):
        prepare(_WithFile(bad), out=tmp_path / "none", recipe=RECIPE, workers=1)


def test_the_folder_above_may_have_any_name(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9") / "good.bin"
    file.parent.mkdir()
    file.write_bytes(b"12")
    for _ in range(2):
        prepared = prepare(_WithFile(file), out=file.parent / "out", recipe=RECIPE, workers=1)
        assert prepared.rejected == []
        assert len(prepared.clips()) == 6


def test_nothing_written_names_this_machine(tmp_path: Path) -> None:
    trees = []
    for place in ("here", "there/deeper"):
        (tmp_path / place / "a").mkdir(parents=True)
        file = tmp_path / place / "a" / "sound.bin"
        file.write_bytes(b"12")
        prepared = prepare(
            _WithFile(file, faults={2: "rotten"}), out=tmp_path / place / "out", recipe=RECIPE, workers=1
        )
        trees.append(contents(tmp_path / place / "out"))
    assert trees[0] == trees[1]
    assert prepared.rejected[0]["detail"] == "sound.bin is rotten."
    assert prepared.rejected[0]["source"] == "sound.bin"


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with _files.exclusive(tmp_path / "out"), pytest.raises(BusyError, match="Another process"):
        prepare(Generated(24), out=tmp_path / "out", recipe=RECIPE)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match=r"other things \(thesis.tex\)"):
        prepare(Generated(24), out=tmp_path, recipe=RECIPE)
    with pytest.raises(InputError, match="is a file"):
        prepare(Generated(24), out=tmp_path / "thesis.tex", recipe=RECIPE)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_what_cannot_be_prepared_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="no split 'train', only: fit, test"):
        prepare(Generated(24, splits=("fit", "test")), out=out, recipe=RECIPE)
    with pytest.raises(InputError, match="lists no clips"):
        prepare(Generated(0), out=out, recipe=RECIPE)
    with pytest.raises(InputError, match="workers must be at least 1"):
        prepare(Generated(24), out=out, recipe=RECIPE, workers=0)
    assert not out.exists()


def test_when_no_training_clip_is_left(tmp_path: Path) -> None:
    dataset = Generated(8, faults=dict.fromkeys(range(6), "rotten"))
    with pytest.raises(InputError, match=r"6 of 8 clips were rejected \(6 no_audio_track\).*Clip 0 has no sound"):
        prepare(dataset, out=tmp_path / "out", recipe=RECIPE, workers=1)
    with pytest.raises(InputError, match="not finished"):
        Prepared.open(tmp_path / "out")


def test_a_class_without_usable_clips_is_told(tmp_path: Path) -> None:
    dataset = Generated(18, classes=("a", "b", "c"), faults={i: "rotten" for i in range(18) if i % 3 == 2})
    prepared = prepare(dataset, out=tmp_path / "out", recipe=RECIPE, workers=1)
    assert prepared.classes == ("a", "b", "c")
    assert "Class 'c' has no usable clip in 'train': all 5 were rejected." in prepared.warnings


def test_the_same_content_in_two_splits_or_classes_is_told(tmp_path: Path) -> None:
    prepared = prepare(_Repeating(24, period=6), out=tmp_path / "out", recipe=RECIPE, workers=1)
    assert prepared.warnings == (
        "The same audio is in 'train' and 'test' (24 clips, '0' and '6' among them): that is no test.",
    )
    assert prepared.summary()["warnings"] == list(prepared.warnings)
    prepared = prepare(_Repeating(24, period=13), out=tmp_path / "odd", recipe=RECIPE, workers=1)
    assert [w.partition(" (")[0] for w in prepared.warnings] == [
        "The same audio is in the classes 'a' and 'b'",
        "The same audio is in 'train' and 'test'",
    ]
    assert prepare(Generated(24), out=tmp_path / "all", recipe=RECIPE, workers=1).warnings == ()


def test_repairs_are_counted(tmp_path: Path) -> None:
    prepared = prepare(Generated(24), out=tmp_path / "out", recipe=RECIPE, workers=1)
    assert prepared.repairs == {"padded": 5}


def test_one_class_or_no_test_is_told(tmp_path: Path) -> None:
    one = prepare(Generated(12, classes=("a",)), out=tmp_path / "one", recipe=RECIPE, workers=1)
    assert "one class only, 'a'" in one.warnings[0]
    untested = prepare(Generated(6), out=tmp_path / "untested", recipe=RECIPE, workers=1)
    assert "no test clips" in untested.warnings[0]


def test_large_frames_make_small_shards() -> None:
    plan = _plan.Plan.of(Generated(24), ClipRecipe(image_size=4096), None)
    assert plan.shard_clips == 1


def test_clips_of_one_file_are_decoded_together_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "_SHARD_CLIPS", 256)
    monkeypatch.setattr(_plan, "FILE_CLIPS", 6)
    plan = _plan.Plan.of(_Seconds([1, 1, 2, 8, 1]), RECIPE, None)
    units = [u.positions for u in plan.shard(0).units()]
    assert units == [(0, 1), (2, 3), (4, 5, 6, 7, 8, 9), (10, 11, 12)]


@pytest.mark.slow
def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from limbeck.datasets import prepare\n"
        "from tests.helpers.generated import RECIPE, Generated\n"
        "print(len(prepare(Generated(12), out='out', recipe=RECIPE, workers=2).clips()))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.returncode) == ("10\n", 0), done.stderr


class _Named(Generated):
    @property
    def name(self) -> str:
        return "other"


class _WithFile(Generated):
    def __init__(self, file: Path, **options: object) -> None:
        super().__init__(6, **options)  # type: ignore[arg-type]
        self.file = file

    def clips(self) -> list[ClipRef]:
        return [replace(c, audio=self.file, image=self.file) for c in super().clips()]

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        if self.faults.get(int(clip.id)):
            raise MediaError("rotten", f"{clip.audio} is rotten.")
        return super().read(clip, recipe)


class _Two(_WithFile):
    def __init__(self, *files: Path) -> None:
        super().__init__(files[0])
        self.files = files

    def clips(self) -> list[ClipRef]:
        files = [self.files[i % 2] for i in range(self.count)]
        return [replace(c, audio=f, image=f) for c, f in zip(super().clips(), files, strict=True)]


class _Repeating(Generated):
    def __init__(self, clips: int, *, period: int) -> None:
        super().__init__(clips)
        self.period = period

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        return super().read(replace(clip, id=str(int(clip.id) % self.period)), recipe)


class _Seconds(Generated):
    def __init__(self, seconds: list[int]) -> None:
        super().__init__(sum(seconds))
        self.seconds = seconds

    def clips(self) -> list[ClipRef]:
        files = [Path(f"{i}.mp4") for i, n in enumerate(self.seconds) for _ in range(n)]
        return [replace(c, audio=f, image=f) for c, f in zip(super().clips(), files, strict=True)]
