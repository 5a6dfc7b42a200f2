"""Folders and manifests of a user's own files."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import layouts

from limbeck import cli, distill
from limbeck.datasets import ClipRef, Prepared, prepare
from limbeck.datasets._listing import hold_out, shuffled
from limbeck.datasets.folder import Folder
from limbeck.errors import BudgetError, InputError, MediaError
from limbeck.media import ClipRecipe, MelRecipe, RawClip, write_video

RECIPE = ClipRecipe(image_size=16)


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def manifest(root: Path, text: str, name: str = "manifest.csv", encoding: str = "utf-8") -> Path:
    touch(root, *(f"{c}{i}.mp4" for c in "ab" for i in range(5)))
    path = root / name
    path.write_text(text, encoding=encoding)
    return path


def ids(clips: Sequence[ClipRef]) -> list[str]:
    return [c.id for c in clips]


def of(clips: Sequence[ClipRef], split: str) -> list[str]:
    return [c.id for c in clips if c.split == split]


def counts(clips: Sequence[ClipRef], split: str) -> dict[str, int]:
    return dict(Counter(c.label for c in clips if c.split == split))


class TestLayouts:
    def test_splits_of_classes(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/cat/1.mp4", "train/dog/1.mp4", "Test/cat/1.mp4", "val/dog/7.mp4", "train/dog/deep/2.mkv")
        clips = Folder(root=tmp_path).clips()
        assert [(c.id, c.label, c.split) for c in clips] == [
            ("Test/cat/1.mp4", "cat", "test"),
            ("train/cat/1.mp4", "cat", "train"),
            ("train/dog/1.mp4", "dog", "train"),
            ("train/dog/deep/2.mkv", "dog", "train"),
            ("val/dog/7.mp4", "dog", "val"),
        ]
        assert clips[0].audio == clips[0].image == tmp_path / "Test/cat/1.mp4"
        assert (clips[0].start_s, clips[0].length_s) == (0.0, None)

    def test_classes_only(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"{c}/{i}.avi" for c in ("cat", "dog") for i in range(10)))
        clips = Folder(root=tmp_path, test_fraction=0.3).clips()
        assert counts(clips, "test") == {"cat": 3, "dog": 3}
        assert counts(clips, "train") == {"cat": 7, "dog": 7}

    def test_a_class_may_be_called_train(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/1.mp4", "train/2.mp4", "bus/1.mp4", "bus/2.mp4")
        assert Folder(root=tmp_path).classes == ("bus", "train")

    def test_any_folder_can_be_the_test_split(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"fold{f}/{c}/1.mp4" for f in (1, 2, 3) for c in ("cat", "dog")))
        clips = Folder(root=tmp_path, test="fold3").clips()
        assert of(clips, "test") == ["fold3/cat/1.mp4", "fold3/dog/1.mp4"]
        assert len(of(clips, "train")) == 4

    @pytest.mark.parametrize(
        ("train", "test"),
        [("Training", "Testing"), ("TRAIN", "TEST"), ("train_set", "test-set"), ("TrainSplit", "testdata")],
    )
    def test_splits_by_their_usual_names(self, tmp_path: Path, train: str, test: str) -> None:
        touch(tmp_path, *(f"{s}/{c}/{i}.mp4" for s in (train, test) for c in ("cat", "dog") for i in (1, 2)))
        clips = Folder(root=tmp_path).clips()
        assert {c.label for c in clips} == {"cat", "dog"}
        assert {(c.id.partition("/")[0], c.split) for c in clips} == {(train, "train"), (test, "test")}

    def test_usual_names_in_a_manifest(self, tmp_path: Path) -> None:
        rows = "a1.mp4,a,Training\nb1.mp4,b,TRAINING\na2.mp4,a,testing\nb2.mp4,b,test_set\nb3.mp4,b,Val\n"
        clips = Folder(root=manifest(tmp_path, "path,label,split\n" + rows)).clips()
        assert sorted(Counter(c.split for c in clips).items()) == [("Val", 1), ("test", 2), ("train", 2)]

    def test_splits_below_classes(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"{c}/{s}/{i}.mp4" for s in ("train", "test") for c in ("cat", "dog") for i in range(5)))
        clips = Folder(root=tmp_path).clips()
        assert [(c.label, c.split) for c in clips] == [tuple(c.id.split("/")[:2]) for c in clips]

    def test_folders_that_may_be_splits_or_classes_are_asked_about(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"{f}/{c}/{i}.mp4" for f in ("one", "two", "six") for c in ("cat", "dog") for i in (1, 2)))
        told = r"one, six, two hold the same sub-folders \(cat, dog\).*layout=split/class, or layout=class"
        with pytest.raises(InputError, match=told):
            Folder(root=tmp_path).clips()
        with pytest.raises(InputError, match=told):
            prepare(Folder(root=tmp_path), out=tmp_path / "out", recipe=RECIPE)
        assert Folder(root=tmp_path, layout="class").classes == ("one", "six", "two")
        with pytest.raises(InputError, match=r"none is left for 'train'. Say with the option 'test'"):
            Folder(root=tmp_path, layout="split/class").clips()
        for layout in (None, "split/class"):
            clips = Folder(root=tmp_path, layout=layout, test="six").clips()
            assert {(c.label, c.split) for c in clips} == {(c, s) for s in ("train", "test") for c in ("cat", "dog")}
        with pytest.raises(InputError, match=r"'layout' must be one of class, split/class, class/split, but is 'top'"):
            Folder(root=tmp_path, layout="top").clips()  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "names",
        [
            [f"{c}/videos/{i}.mp4" for c in ("cat", "dog") for i in (1, 2)],
            [f"{c}/{v}/{i}.mp4" for c in ("cat", "dog") for v in ("near", "far") for i in (1, 2)] + ["cat/3.mp4"],
            [f"{c}/{c}{v}/{i}.mp4" for c in ("cat", "dog") for v in ("near", "far") for i in (1, 2)],
        ],
    )
    def test_folders_that_can_only_be_classes_are_not(self, tmp_path: Path, names: list[str]) -> None:
        touch(tmp_path, *names)
        assert Folder(root=tmp_path).classes == ("cat", "dog")

    def test_what_lies_beside_a_video_is_skipped(self, tmp_path: Path) -> None:
        for label in ("bell", "drip"):
            video = layouts.video(tmp_path / label / "0.mp4")
            layouts.picture(video.with_suffix(".png"), (9, 9, 9))
            layouts.sound(video.with_suffix(".wav"), [layouts.tone(500, 0.5)])
            layouts.picture(tmp_path / label / "1.png", (9, 9, 9))  # is no companion: tried, and told
        assert ids(Folder(root=tmp_path).clips()) == ["bell/0.mp4", "bell/1.png", "drip/0.mp4", "drip/1.png"]

    def test_folders_of_the_system_are_skipped(self, tmp_path: Path) -> None:
        touch(tmp_path, "cat/1.mp4", "cat/@eaDir/1.mp4/thumb.jpg", "dog/1.mp4", "__MACOSX/cat/._1.mp4")
        touch(tmp_path, "lost+found/x/1.mp4", "cat/Thumbs.db", "dog/.DS_Store", "dog/._1.mp4")
        assert ids(Folder(root=tmp_path).clips()) == ["cat/1.mp4", "dog/1.mp4"]

    def test_a_folder_may_be_linked_to_twice(self, tmp_path: Path) -> None:
        touch(tmp_path / "store", "cat/1.mp4", "dog/1.mp4")
        for split in ("train", "test"):
            (tmp_path / "root" / split).mkdir(parents=True)
            for label in ("cat", "dog"):
                (tmp_path / "root" / split / label).symlink_to(tmp_path / "store" / label)
        assert len(Folder(root=tmp_path / "root").clips()) == 4

    def test_names_that_are_not_text_are_listed_in_letters(self, tmp_path: Path) -> None:
        touch(tmp_path, "cat/1.mp4", "dog/1.mp4", f"dog/{os.fsdecode(bytes([0x63, 0xE9]))}.mp4")
        clips = Folder(root=tmp_path).clips()
        assert ids(clips) == ["cat/1.mp4", "dog/1.mp4", "dog/c\\udce9.mp4"]
        assert clips[-1].audio is not None
        assert clips[-1].audio.exists()

    def test_two_names_in_two_unicode_forms_are_told(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"cat/{unicodedata.normalize(form, 'café')}.mp4" for form in ("NFC", "NFD")), "dog/1.mp4")
        with pytest.raises(
            InputError, match=r"two files named cat/café\.mp4, whose names differ in their Unicode form"
        ):
            Folder(root=tmp_path).clips()

    def test_passes_over_what_is_not_media_and_tries_the_rest(self, tmp_path: Path) -> None:
        kept = ["cat/1.mp4", "cat/2.odd", "cat/desktop.mp4", "cat/none", "dog/1.WEBM"]
        touch(tmp_path, *kept, "README", "README.md", "cat/.hidden.mp4", "cat/1.json", ".cache/x/1.mp4", "dog/1.TXT")
        assert sorted(ids(Folder(root=tmp_path).clips())) == sorted(kept)

    def test_follows_links_but_not_in_circles(self, tmp_path: Path) -> None:
        touch(tmp_path / "store", "cat/1.mp4", "dog/1.mp4")
        root = tmp_path / "root"
        root.mkdir()
        (root / "cat").symlink_to(tmp_path / "store/cat")
        (root / "dog").symlink_to(tmp_path / "store/dog")
        (tmp_path / "store/cat/again").symlink_to(tmp_path / "store/cat")
        assert ids(Folder(root=root).clips()) == ["cat/1.mp4", "dog/1.mp4"]

    def test_ids_are_written_alike_on_all_machines(self, tmp_path: Path) -> None:
        decomposed = unicodedata.normalize("NFD", "café")
        touch(tmp_path, f"{decomposed}/1.mp4", "bar/1.mp4")
        clip = Folder(root=tmp_path).clips()[1]
        assert clip.id == unicodedata.normalize("NFC", "café/1.mp4")
        assert clip.audio is not None
        assert clip.audio.exists()

    @pytest.mark.parametrize(
        ("names", "options", "told"),
        [
            ([], {}, "holds no media files"),
            (["README.md"], {}, "holds no media files"),
            (["cat/1.mp4"], {}, "one class only, 'cat'"),
            (["cat/1.mp4", "dog/1.mp4", "stray.mp4"], {}, r"stray\.mp4 lies outside of a class folder \(1 such"),
            (["train/cat/1.mp4", "train/dog/1.mp4", "test/cat/1.mp4", "test/2.mp4"], {}, r"<split>/<class>/ was"),
            (["train/cat/1.mp4", "train/dog/1.mp4", "val/dog/1.mp4"], {}, r"'train' \(2\), 'val' \(1\).*'test'"),
            (["cat/1.mp4", "dog/1.mp4"], {"test": "fold4"}, "has none; leave 'test' out"),
            (["train/cat/1.mp4", "train/dog/1.mp4", "test/cat/1.mp4"], {"test": "fold4"}, "names .'fold4'., but"),
            (["cat/1.mp4", "dog/1.mp4"], {"where": "slot:a"}, "without one"),
            (["cat/1.mp4", "dog/1.mp4"], {"test_fraction": 1.0}, "between 0 and 1, but is 1.0"),
            (["cat/1.mp4", "dog/1.mp4"], {"seed": -1}, ">= 0, but -1"),
        ],
    )
    def test_mistakes_are_told(self, tmp_path: Path, names: list[str], options: dict[str, Any], told: str) -> None:
        touch(tmp_path, *names)
        with pytest.raises(InputError, match=told):
            Folder(root=tmp_path, **options).clips()


class TestManifest:
    def test_columns(self, tmp_path: Path) -> None:
        path = manifest(
            tmp_path,
            "path,label,split,start,end,sentence\n"
            "b1.mp4,dog,test,,,x\n"
            "a1.mp4,cat,train,10.5,12,x\n"
            "a1.mp4,cat,train,9,,x\n"
            "a2.mp4,cat,test,,3,x\n\n",
        )
        clips = Folder(root=path).clips()
        assert [(c.id, c.label, c.split, c.start_s, c.length_s) for c in clips] == [
            ("a1.mp4@9.000", "cat", "train", 9.0, None),
            ("a1.mp4@10.500-12.000", "cat", "train", 10.5, 1.5),
            ("a2.mp4@0.000-3.000", "cat", "test", 0.0, 3.0),
            ("b1.mp4", "dog", "test", 0.0, None),
        ]
        assert ids(Folder(root=tmp_path).clips()) == ids(clips)

    def test_the_order_of_rows_does_not_matter(self, tmp_path: Path) -> None:
        rows = [f"{c}{i}.mp4,{c}" for c in "ab" for i in range(5)]
        path = manifest(tmp_path, "\n".join(["path,label", *rows]))
        clips = Folder(root=path).clips()
        path.write_text("\n".join(["path,label", *reversed(rows)]))
        assert Folder(root=path).clips() == clips

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_as_spreadsheets_write_it(self, tmp_path: Path, encoding: str, separator: str) -> None:
        text = 'Path,Label,start_s,end_s\r\na1.mp4,"cat, grey",0.5,1\r\nb1.mp4,dög,,\r\n'
        if separator != ",":
            text = text.replace('"cat, grey"', "cat. grey").replace(",", separator).replace(". grey", ", grey")
        clips = Folder(root=manifest(tmp_path, text, encoding=encoding)).clips()
        assert [(c.label, c.start_s, c.length_s) for c in clips] == [("cat, grey", 0.5, 0.5), ("dög", 0.0, None)]

    def test_where_and_folds(self, tmp_path: Path) -> None:
        rows = [f"{c}{i}.mp4,{c}{slot},fold{i},{slot}" for c in "ab" for i in range(1, 5) for slot in "xy"]
        rows = [f"{r},{n}" for n, r in enumerate(rows)]
        path = manifest(tmp_path, "\n".join(["path,label,split,slot,start", *rows]))
        clips = Folder(root=path, where={"slot": "x"}, test=("fold4", "fold3")).clips()
        assert Folder(root=path, where="slot:x", test="fold3, fold4").clips() == clips
        assert {c.label for c in clips} == {"ax", "bx"}
        assert [i[:2] for i in of(clips, "test")] == ["a3", "a4", "b3", "b4"]
        assert len(of(clips, "train")) == 4

    def test_folds_may_be_numbers(self, tmp_path: Path) -> None:
        path = manifest(
            tmp_path, "path,label,split\n" + "".join(f"{c}{i}.mp4,{c},{i}\n" for c in "ab" for i in range(5))
        )
        assert of(Folder(root=path, test=4).clips(), "test") == ["a4.mp4", "b4.mp4"]
        assert len(of(Folder(root=path, test=(0, 4)).clips(), "test")) == 4

    def test_clips_of_one_file_stay_on_one_side(self, tmp_path: Path) -> None:
        rows = [f"{c}{i}.mp4,{label},{k}" for c in "ab" for i in range(5) for k, label in enumerate(("u", c, c))]
        clips = Folder(root=manifest(tmp_path, "\n".join(["path,label,start", *rows])), test_fraction=0.4).clips()
        files = {s: {i.partition("@")[0] for i in of(clips, s)} for s in ("train", "test")}
        assert not files["train"] & files["test"]
        assert counts(clips, "test") == {"a": 4, "b": 4, "u": 4}

    def test_base(self, tmp_path: Path) -> None:
        touch(tmp_path / "media", "a.mp4", "b.mp4")
        (tmp_path / "lists").mkdir()
        path = tmp_path / "lists" / "all.csv"
        path.write_text("path,label\na.mp4,a\nb.mp4,b\n")
        with pytest.raises(InputError, match=r"None of the files.*lists/a\.mp4.*'base'"):
            Folder(root=path).clips()
        clips = Folder(root=path, base=tmp_path / "media").clips()
        assert [c.audio for c in clips] == [tmp_path / "media/a.mp4", tmp_path / "media/b.mp4"]

    @pytest.mark.parametrize("written", ["NFC", "NFD"])
    def test_files_are_found_whatever_their_unicode_form(self, tmp_path: Path, written: str) -> None:
        form = {"NFC": "NFD", "NFD": "NFC"}[written]
        touch(tmp_path, unicodedata.normalize(form, "é/café.mp4"), "b1.mp4")
        text = unicodedata.normalize(written, "path,label\né/café.mp4,näher\nb1.mp4,b\n")
        path = tmp_path / "all.csv"
        path.write_text(text, encoding="utf-8")
        clip = Folder(root=path).clips()[1]
        assert (clip.id, clip.label) == ("é/café.mp4", "näher")
        assert clip.audio is not None
        assert clip.audio.exists()

    def test_absolute_paths_below_one_folder(self, tmp_path: Path) -> None:
        for place in ("here", "there"):
            touch(tmp_path / place / "videos", "x/a.mp4", "b.mp4")
        here, there = tmp_path / "here", tmp_path / "there"
        path = tmp_path / "all.csv"
        path.write_text(f"path,label\n{here}/videos/x/a.mp4,a\n{here}/videos/b.mp4,b\n")
        clips = Folder(root=path).clips()
        assert [(c.id, c.audio) for c in clips] == [
            ("b.mp4", here / "videos/b.mp4"),
            ("x/a.mp4", here / "videos/x/a.mp4"),
        ]
        assert ids(Folder(root=path, base=here).clips()) == ["videos/b.mp4", "videos/x/a.mp4"]
        moved = Folder(root=path, base=there / "videos").clips()
        assert [(c.id, c.audio) for c in moved] == [
            ("b.mp4", there / "videos/b.mp4"),
            ("x/a.mp4", there / "videos/x/a.mp4"),
        ]
        path.write_text("path,label\nC:\\data\\x\\a.mp4,a\nC:\\data\\b.mp4,b\n")
        assert ids(Folder(root=path, base=there / "videos").clips()) == ["b.mp4", "x/a.mp4"]

    def test_lost_files_are_listed(self, tmp_path: Path) -> None:
        path = manifest(tmp_path, "path,label\na1.mp4,a\nlost.mp4,b\n")
        assert ids(Folder(root=path).clips()) == ["a1.mp4", "lost.mp4"]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "is empty; a header"),
            ("path,label\n", "a header but no rows"),
            ("file,label\na,b\n", "lacks the column path; it has file, label"),
            ("file,class\na,b\n", "lacks the column path and label; it has file, class"),
            ("path,label,label\na,b,c\n", "column 'label' twice"),
            ("path,label\na1.mp4,a\nb1.mp4,b,c\n", "line 3: got 3 fields, but the header has 2"),
            ("path,label\na1.mp4,a\nb1.mp4\n", "line 3: got 1 fields"),
            ("path,label\na1.mp4,a\nb1.mp4,\n", "line 3: the label is empty"),
            ("path,label\na1.mp4,a\n,b\n", "line 3: a path below"),
            ("path,label\na1.mp4,a\n../b1.mp4,b\n", r"line 3: a path below.*'\.\./b1\.mp4' came.*absolute"),
            (
                "path,label\na1.mp4,a\n/b1.mp4,b\n",
                "line 3: '/b1.mp4' and 'a1.mp4' of .*line 2 have no folder in common",
            ),
            ("path,label\na1.mp4,a\nC:\\b1.mp4,b\n", "line 3: .* have no folder in common"),
            ("path,label\nD:/a1.mp4,a\nC:\\b1.mp4,b\n", "line 3: .* have no folder in common"),
            ("path,label\n/x/a1.mp4,a\n/x/../b1.mp4,b\n", "line 3: a path below"),
            ("path,label,start\na1.mp4,a,0\nb1.mp4,b,soon\n", "line 3, column start: seconds >= 0 .*'soon' came"),
            ("path,label,start\na1.mp4,a,0\nb1.mp4,b,-1\n", "line 3, column start: .*'-1' came"),
            ("path,label,end\na1.mp4,a,1\nb1.mp4,b,nan\n", "line 3, column end: .*'nan' came"),
            ("path,label,start,end\na1.mp4,a,0,1\nb1.mp4,b,2,2\n", "line 3: the clip ends at 2.0 s but starts at 2.0"),
            ("path,label\na1.mp4,a\nb1.mp4,b\na1.mp4,a\n", "line 4: a1.mp4 came before in line 2"),
            ("path,label\na1.mp4,a\nb1.mp4,b\n./a1.mp4,b\n", "line 4: a1.mp4 came before .*'a' and 'b'"),
            ("path,label,split\na1.mp4,a,train\nb1.mp4,b,\n", "1 clips .* have no split, while others"),
            ("path,label,split\na1.mp4,a,fold1\nb1.mp4,b,fold2\n", r"'fold1' \(1\), 'fold2' \(1\).*test='fold4'"),
            ("path,label\na1.mp4,a\na2.mp4,a\n", "one class only, 'a'"),
            ('path,label\n"a1.mp4,a\n', "cannot be read as a UTF-8 CSV"),
        ],
    )
    def test_mistakes_are_told_with_their_line(self, tmp_path: Path, text: str, told: str) -> None:
        with pytest.raises(InputError, match=told):
            Folder(root=manifest(tmp_path, text)).clips()

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"where": "colour:red"}, "names the column 'colour', but .* has path, label, slot"),
            ({"where": "slot:z"}, "slot = 'z'; the values there are x, y"),
            ({"where": "slot"}, "'name:name,name:name' was expected"),
            ({"test": "fold4"}, "has none; leave 'test' out"),
        ],
    )
    def test_options_that_do_not_fit(self, tmp_path: Path, options: dict[str, Any], told: str) -> None:
        path = manifest(tmp_path, "path,label,slot\na1.mp4,a,x\nb1.mp4,b,y\n")
        with pytest.raises(InputError, match=told):
            Folder(root=path, **options).clips()

    def test_not_text(self, tmp_path: Path) -> None:
        path = tmp_path / "clips.csv"
        path.write_bytes(b"path,label\n\xff\xfe,a\n")
        with pytest.raises(InputError, match="UTF-8"):
            Folder(root=path).clips()


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of five-second videos: two silent seconds, a quiet one, a loud one, a quiet one."""
    root = tmp_path_factory.mktemp("silent")
    for number, label in enumerate(("bell", "drip")):
        for i in range(2):
            parts = [layouts.tone(500 + 500 * s, 1.0, loud) for s, loud in enumerate((0.0, 0.0, 0.1, 0.4, 0.1))]
            frames = (np.full((32, 32, 3), layouts.level(f // 10), np.uint8) for f in range(50))
            wave = np.concatenate(parts)[None] * np.float32(1 - 0.1 * number - 0.05 * i)
            write_video(root / label / f"{i}.mp4", frames, fps=10, waveform=wave, sample_rate_hz=layouts.RATE_HZ)
    return root


class TestWindow:
    """Files that nobody says the times of."""

    def heard(self, raw: RawClip) -> tuple[int, int]:
        """The tone, and the second that the picture is of."""
        peak = int(np.argmax(np.abs(np.fft.rfft(raw.waveform[2000:9000])))) * 11000 / 7000
        return round(peak / 500) * 500, min(range(6), key=lambda s: abs(layouts.level(s) - float(raw.frame.mean())))

    def test_the_loudest_second_is_taken_and_told(self, silent: Path, tmp_path: Path) -> None:
        dataset = Folder(root=silent)
        raw = dataset.read(dataset.clips()[0], RECIPE)
        assert self.heard(raw) == (2000, 3)
        told = "longer than a clip: its loudest part is taken, 1 of 5 s, from 3.00 s; --set cut=true takes all of it"
        assert raw.repairs == (told,)
        prepared = prepare(dataset, out=tmp_path / "out", recipe=RECIPE, workers=1)
        assert prepared.rejected == []
        assert prepared.repairs == {told: 4}
        with pytest.raises(BudgetError, match="parts of longer files: prepare with --set cut=true"):
            distill(prepared, "random", per_class=2)
        again = prepared.clips().originals()
        assert [self.heard(r) for r in again] == [(2000, 3)] * len(again)

    def test_other_windows_and_pieces(self, silent: Path) -> None:
        middle, start = Folder(root=silent, window="middle"), Folder(root=silent, window="start")
        assert self.heard(middle.read(middle.clips()[0], RECIPE)) == (1500, 2)
        (refused,) = start.read_many(start.clips()[:1], RECIPE)
        assert isinstance(refused, MediaError)
        assert refused.reason == "silent_audio"
        cut = Folder(root=silent, cut=True)
        raws = cut.read_many(cut.clips()[:5], RECIPE)
        found = [r.reason if isinstance(r, MediaError) else self.heard(r) for r in raws]
        assert (found[0], found[2:]) == ("silent_audio", [(1500, 2), (2000, 3), (2500, 4)])
        with pytest.raises(InputError, match="loudest, middle, start, but is 'end'"):
            Folder(root=silent, window="end").clips()  # type: ignore[arg-type]

    def test_times_that_are_said_are_kept(self, silent: Path, tmp_path: Path) -> None:
        rows = ["bell/0.mp4,bell,2,3", "bell/1.mp4,bell,4,", "drip/0.mp4,drip,,", "drip/1.mp4,drip,2,"]
        table = tmp_path / "all.csv"
        table.write_text("\n".join(["path,label,start,end", *rows]), encoding="utf-8")
        dataset = Folder(root=table, base=silent)
        raws = dataset.read_many(dataset.clips(), RECIPE)
        found = [self.heard(r) for r in raws if isinstance(r, RawClip)]
        assert found == [(1500, 2), (2500, 4), (2000, 3), (1500, 2)]

    def test_a_picture_that_ends_before_the_sound_is_loudest(self, tmp_path: Path) -> None:
        """The second of the part that is shown is taken."""
        for label in ("bell", "drip"):
            parts = [layouts.tone(500 + 500 * s, 1.0, loud) for s, loud in enumerate((0.1, 0.2, 0.1, 0.1, 0.1, 0.8))]
            frames = (np.full((32, 32, 3), layouts.level(f // 10), np.uint8) for f in range(25))
            wave = np.concatenate(parts)[None]
            write_video(tmp_path / label / "0.mp4", frames, fps=10, waveform=wave, sample_rate_hz=layouts.RATE_HZ)
        dataset = Folder(root=tmp_path)
        assert self.heard(dataset.read(dataset.clips()[0], RECIPE)) == (1000, 1)

    def test_a_short_file_is_taken_whole(self, tmp_path: Path) -> None:
        for label in ("bell", "drip"):
            layouts.video(tmp_path / label / "0.mp4", seconds=1)
        dataset = Folder(root=tmp_path)
        raw = dataset.read(dataset.clips()[0], RECIPE)
        assert not any("longer than a clip" in told for told in raw.repairs)


class TestHeldOut:
    def test_is_the_same_on_every_machine(self, tmp_path: Path) -> None:
        """Numbers worked out once; they must never change, or published splits would."""
        touch(tmp_path, *(f"{c}/{i}.mp4" for c in ("cat", "dog") for i in range(5)))
        assert of(Folder(root=tmp_path).clips(), "test") == ["cat/4.mp4", "dog/0.mp4"]
        assert of(Folder(root=tmp_path, seed=1).clips(), "test") == ["cat/1.mp4", "dog/0.mp4"]

    def test_order_by_independent_arithmetic(self) -> None:
        import hashlib

        items = [f"{i}.mp4" for i in range(20)]
        expected = sorted(items, key=lambda i: hashlib.sha256(f"3\x1ftest\x1f{i}".encode()).hexdigest())
        assert shuffled(items, seed=3, path=("test",)) == expected

    def test_a_new_file_moves_at_most_one_other(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"{c}/{i}.mp4" for c in ("cat", "dog") for i in range(20)))
        before = set(of(Folder(root=tmp_path).clips(), "test"))
        touch(tmp_path, "cat/new.mp4")
        assert len(before ^ set(of(Folder(root=tmp_path).clips(), "test"))) <= 2

    @given(
        st.dictionaries(
            st.text("abcdef", min_size=1, max_size=4),
            st.dictionaries(st.sampled_from("xyz"), st.integers(1, 5), min_size=1),
            min_size=1,
        ),
        st.floats(0.01, 0.99),
        st.integers(0, 5),
    )
    def test_every_class_keeps_training_groups(
        self, groups: dict[str, dict[str, int]], fraction: float, seed: int
    ) -> None:
        tested = hold_out(groups, fraction=fraction, seed=seed)
        labels = {label for counts in groups.values() for label in counts}
        assert tested <= set(groups)
        for label in labels:
            holders = {g for g, counts in groups.items() if label in counts}
            assert holders - tested
        assert hold_out(dict(reversed(groups.items())), fraction=fraction, seed=seed) == tested

    @given(st.integers(2, 40), st.floats(0.05, 0.95))
    def test_single_class_files_are_counted_exactly(self, n: int, fraction: float) -> None:
        tested = hold_out({f"{c}{i}": {c: 1} for c in "ab" for i in range(n)}, fraction=fraction, seed=0)
        assert len(tested) == 2 * min(n - 1, max(1, round(fraction * n)))


@pytest.mark.parametrize("seed", range(4))
def test_files_that_cannot_be_read_are_not_held_out(tmp_path: Path, seed: int) -> None:
    for number, label in enumerate("ab"):
        for i in range(2):
            layouts.sound(tmp_path / "sounds" / label / f"{i}.wav", [layouts.tone(500 + 300 * number + 90 * i, 1.0)])
        (tmp_path / "sounds" / label / "empty.wav").touch()
        touch(tmp_path / "sounds" / label, "no_sound.wav")
    dataset = Folder(root=tmp_path / "sounds", seed=seed)
    prepared = prepare(dataset, out=tmp_path / "out", modality="audio", recipe=RECIPE, workers=1, progress=False)
    assert [prepared.clips(split).per_class() for split in prepared.splits] == [(1, 1), (1, 1)]
    assert {row["split"] for row in prepared.rejected} == {"train"}
    assert len(prepared.rejected) == 4


def test_that_half_of_a_class_is_held_out_is_explained(tmp_path: Path) -> None:
    for label, count in (("a", 2), ("b", 2), ("c", 3)):
        for i in range(count):
            layouts.sound(tmp_path / "sounds" / label / f"{i}.wav", [layouts.tone(300 + 97 * i + 31 * ord(label), 1.0)])
    recipe = ClipRecipe(mel=MelRecipe(clip_seconds=0.5))
    for place, options in (("whole", {}), ("cut", {"cut": True})):
        dataset = Folder(root=tmp_path / "sounds", **options)
        prepared = prepare(dataset, out=tmp_path / place, modality="audio", recipe=recipe, workers=1, progress=False)
        (told,) = prepared.warnings
        assert told.startswith("Half of 2 classes is held out to test on: there are two of each"), told
    assert prepared.notes == ("7 recordings became 14 clips of 0.5 s; nothing was left over.",)


class TestReading:
    def test_cuts_files_into_clips(self, tmp_path: Path) -> None:
        for number, label in enumerate(("bell", "drip")):
            for split in ("train", "test"):
                layouts.video(tmp_path / split / label / "0.mp4", number, seconds=3)
        touch(tmp_path, "train/bell/broken.mp4")
        dataset = Folder(root=tmp_path, cut=True)
        clips = [c for c in dataset.clips() if c.id.startswith("train/bell")]
        assert ids(clips) == [
            "train/bell/0.mp4@0.000-1.000",
            "train/bell/0.mp4@1.000-2.000",
            "train/bell/0.mp4@2.000-3.000",
            "train/bell/broken.mp4",
        ]
        brightness = [int(dataset.read(c, RECIPE).frame.mean()) for c in clips[:3]]
        assert np.abs(np.subtract(brightness, [layouts.level(s) for s in range(3)])).max() < 12

    def test_cuts_rows_into_clips(self, tmp_path: Path) -> None:
        text = "path,label,split,start,end\na1.mp4,a,train,2,4.6\nb1.mp4,b,test,0,0.7\n"
        recipe = ClipRecipe(mel=MelRecipe(clip_seconds=1.2))
        dataset = Folder(root=manifest(tmp_path, text), cut=True)
        assert ids(dataset.clips_for(recipe)) == ["a1.mp4@2.000-3.200", "a1.mp4@3.200-4.400", "b1.mp4@0.000-0.700"]
        assert dataset.notes(recipe) == (
            "1 recording became 2 clips of 1.2 s; rests of 0.2 s in all were left out. 1 recording shorter than that "
            "stayed whole.",
        )
        assert Folder(root=tmp_path).notes(recipe) == ()

    def test_the_command_says_what_it_cut(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Videos of your own, of many clips each, and no manifest: what README says, and what it says itself."""
        for number, label in enumerate(("bell", "drip")):
            layouts.video(tmp_path / "videos" / label / "long.mp4", number, seconds=7)
            layouts.video(tmp_path / "videos" / label / "short.mp4", number, seconds=2)
        words = ["prepare", "folder", tmp_path / "videos", "--clip-seconds", 3, "--set", "cut=true", "--image-size", 16]
        with pytest.raises(SystemExit) as caught:
            cli.main([str(word) for word in [*words, "--workers", 1, "--out", tmp_path / "prepared"]])
        told = capsys.readouterr().err
        assert not caught.value.code, told
        assert "2 recordings became 4 clips of 3 s; rests of 2.0 s in all were left out." in told
        assert "2 recordings shorter than that stayed whole." in told
        prepared = Prepared.open(tmp_path / "prepared")
        assert sum(len(prepared.clips(split)) for split in prepared.splits) == 6
        assert prepared.recipe.mel.clip_seconds == 3
        for split in prepared.splits:
            assert len({c.partition("@")[0] for c in prepared.clips(split).ids}) == 2, "a file stays on one side"


@pytest.mark.data
class TestRecordings:
    def test_grid_words(self, test_data: Path) -> None:
        root = test_data / "grid_av" / "manifest.csv"
        with root.open(newline="") as handle:
            rows = list(csv.DictReader(handle))
        assert len(Folder(root=root).clips()) == len(rows) == 264
        clips = Folder(root=root, where="slot:colour").clips()
        assert Counter(c.label for c in clips) == Counter(r["label"] for r in rows if r["slot"] == "colour")
        assert counts(clips, "test") == {"blue": 6, "green": 3}
        by_file = Folder(root=root).clips()
        files = {s: {i.partition("@")[0] for i in of(by_file, s)} for s in ("train", "test")}
        assert not files["train"] & files["test"]

    def test_grid_reads(self, test_data: Path) -> None:
        dataset = Folder(root=test_data / "grid_av", where="slot:adverb")
        for clip in dataset.clips()[::11]:
            raw = dataset.read(clip, RECIPE)
            assert raw.waveform.shape == (11000,)
            assert clip.length_s is not None
            spoken = raw.waveform[: int(clip.length_s * 11000)]
            assert np.abs(spoken).max() > 0.01
            assert 20 < raw.frame.mean() < 235


class TestWithoutClasses:
    def test_folders_mean_nothing_and_a_part_is_held_out(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"{place}/{i}.mp4" for i, place in enumerate(["a", "a/deeper", ".", "b", "train"] * 2)))
        found = Folder(root=tmp_path, unlabelled=True).clips()
        assert {clip.label for clip in found} == {"pairs"}
        assert (len(of(found, "train")), len(of(found, "test"))) == (8, 2)

    def test_a_manifest_needs_no_labels(self, tmp_path: Path) -> None:
        rows = "".join(f"a{i}.mp4,{'test' if i else 'train'}\n" for i in range(5))
        table = manifest(tmp_path, f"path,split\n{rows}")
        found = Folder(root=table, unlabelled=True).clips()
        assert [(clip.label, clip.split) for clip in found] == [("pairs", "train"), *[("pairs", "test")] * 4]
        with pytest.raises(InputError, match="lacks the column label"):
            Folder(root=table).clips()
