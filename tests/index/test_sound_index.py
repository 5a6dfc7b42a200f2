"""The index kept up to date, searched and pooled, against embedding everything anew and looking at everything."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Sequence
from dataclasses import astuple
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers.failing_disk import failing
from tests.helpers.recordings import RATE_HZ, recording, recordings
from tests.helpers.spectral_encoder import SpectralEncoder
from torch import Tensor

from limbeck.encoders import AudioEmbeddings, EncoderNote
from limbeck.errors import InputError, MediaError
from limbeck.index import SoundIndex, Update, _store, _update
from limbeck.index._scan import File, Refused
from limbeck.media import sound_windows, write_wav


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recordings(tmp_path / "recordings", 8)
    return tmp_path / "recordings"


@pytest.fixture
def encoder() -> SpectralEncoder:
    return SpectralEncoder()


@pytest.fixture
def index(tmp_path: Path, folder: Path, encoder: SpectralEncoder) -> SoundIndex:
    made = SoundIndex.create(tmp_path / "index", encoder)
    made.update([folder], encoder, workers=1)
    return made


def _counts(update: Update) -> dict[str, int]:
    return {name: value for name, value in vars(update).items() if value and name != "rejected"}


def _check(index: SoundIndex, paths: list[Path], *, window_s: float = 2.0, hop_s: float = 2.0) -> None:
    """The index holds just what embedding every window by itself gives."""
    pool, encoder = index.pool(), SpectralEncoder()
    row = 0
    for path in sorted(paths):
        for window in sound_windows(path, sample_rate_hz=RATE_HZ, window_s=window_s, hop_s=hop_s):
            made = encoder.embed_audio([torch.from_numpy(window.samples)])
            assert (pool.path[row], pool.start_s[row], pool.duration_s[row]) == (
                path,
                window.start_s,
                window.duration_s,
            )
            np.testing.assert_allclose(pool.joint[row], made.joint[0], atol=1e-3)
            np.testing.assert_allclose(pool.features[row], made.features[0], rtol=1e-3)
            row += 1
    assert row == len(pool) == len(index)


def test_it_holds_what_embedding_gives(index: SoundIndex, folder: Path, encoder: SpectralEncoder) -> None:
    _check(index, list(folder.iterdir()))
    assert index.encoder == EncoderNote(name="spectral", checkpoint="tiny", id=encoder.id)
    assert index.files() == sorted(folder.iterdir())


def test_windows_may_overlap(tmp_path: Path, folder: Path, encoder: SpectralEncoder) -> None:
    index = SoundIndex.create(tmp_path / "other", encoder, window_s=1.5, hop_s=0.5)
    index.update([folder], encoder, batch=3, workers=2)
    _check(index, list(folder.iterdir()), window_s=1.5, hop_s=0.5)


def test_the_order_of_updates_batches_and_workers_does_not_matter(
    tmp_path: Path, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    other = SoundIndex.create(tmp_path / "other", encoder)
    paths = sorted(folder.iterdir())
    for few in (paths[5:], paths[2:4], paths):
        other.update(few, encoder, batch=2, workers=2)
    a, b = index.pool(), other.pool()
    assert a.path == b.path
    np.testing.assert_array_equal(a.start_s, b.start_s)
    np.testing.assert_allclose(a.joint, b.joint, atol=1e-3)


def test_only_what_changed_is_embedded(index: SoundIndex, folder: Path, encoder: SpectralEncoder) -> None:
    def update() -> tuple[dict[str, int], int]:
        before = encoder.heard
        done = index.update([folder], encoder, workers=1)
        _check(index, [p for p in folder.rglob("*") if p.is_file()])
        return _counts(done), encoder.heard - before

    assert update() == ({"unchanged": 8}, 0)
    recording(folder / "new" / "it's new.wav", 3.0, 100)
    assert update() == ({"added": 1, "unchanged": 8}, 2)
    recording(folder / "001.wav", 9.0, 101)
    assert update() == ({"changed": 1, "unchanged": 8}, 5)
    recording(folder / "001.wav", 1.0, 102)
    assert update() == ({"changed": 1, "unchanged": 8}, 1)
    os.utime(folder / "002.wav", ns=(1, 1))
    assert update() == ({"unchanged": 9}, 0)
    (folder / "003.wav").unlink()
    assert update() == ({"removed": 1, "unchanged": 8}, 0)
    (folder / "004.wav").rename(folder / "new" / "moved.wav")
    assert update() == ({"moved": 1, "unchanged": 7}, 0)
    shutil.copy(folder / "005.wav", folder / "copy.wav")
    assert update() == ({"added": 1, "unchanged": 8}, 0)


def test_a_name_given_on_to_another_content(index: SoundIndex, folder: Path, encoder: SpectralEncoder) -> None:
    (folder / "000.wav").rename(folder / "zzz.wav")
    recording(folder / "000.wav", 5.0, 200)
    (folder / "006.wav").rename(folder / "tmp.wav")
    (folder / "007.wav").rename(folder / "006.wav")
    (folder / "tmp.wav").rename(folder / "007.wav")
    done = index.update([folder], encoder, workers=1)
    assert (done.changed, done.removed, done.unchanged) == (3, 0, 5)
    assert done.added + done.moved == 1
    _check(index, list(folder.iterdir()))


def test_contents_that_left_before_they_were_asked_for_are_decoded(
    monkeypatch: pytest.MonkeyPatch, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    monkeypatch.setattr(_update, "_COMMIT_S", 0.0)
    (folder / "000.wav").rename(folder / "zzz.wav")
    recording(folder / "000.wav", 5.0, 200)
    assert index.update([folder], encoder, workers=1).changed == 1
    _check(index, list(folder.iterdir()))


def test_a_folder_that_moved_whole(index: SoundIndex, folder: Path, encoder: SpectralEncoder) -> None:
    heard, there = encoder.heard, folder.parent / "there"
    folder.rename(there)
    assert _counts(index.update([there], encoder, workers=1)) == {"moved": 8}
    assert encoder.heard == heard
    _check(index, list(there.iterdir()))


def test_folders_come_one_by_one_and_do_not_push_each_other_out(
    tmp_path: Path, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    more = [recording(tmp_path / "more" / f"{seed}.wav", 2.5, seed) for seed in (300, 301)]
    index.update([tmp_path / "more"], encoder, workers=1)
    assert index.files() == sorted([*folder.iterdir(), *more])
    assert _counts(index.update([folder.parent / "recordings" / "000.wav"], encoder)) == {"unchanged": 1}
    with pytest.raises(InputError, match="does not exist"):
        index.update([tmp_path / "mroe"], encoder)
    (folder / "000.wav").unlink()
    assert _counts(index.update([folder / "000.wav"], encoder)) == {"removed": 1}


def test_a_recording_that_rots_leaves_and_comes_back(index: SoundIndex, folder: Path, encoder: SpectralEncoder) -> None:
    path = folder / "000.wav"
    good = path.read_bytes()
    path.write_bytes(b"no sound")
    assert index.update([folder], encoder, workers=1).rejected == [(path, "not_media")]
    assert path not in index.files()
    assert index.update([folder], encoder, workers=1).rejected == [(path, "not_media")]
    path.write_bytes(good)
    done = index.update([folder], encoder, workers=1)
    assert (done.added, done.rejected, index.rejected()) == (1, [], [])
    path.write_bytes(b"no sound")
    index.update([folder], encoder, workers=1)
    path.unlink()
    assert index.update([folder], encoder, workers=1).rejected == index.rejected() == []


def test_silence_and_names_that_are_no_text_are_told(index: SoundIndex, folder: Path, encoder: SpectralEncoder) -> None:
    write_wav(folder / "silent.wav", np.zeros(RATE_HZ, np.float32), RATE_HZ)
    shutil.copy(folder / "000.wav", os.fsencode(folder) + b"/na\xefve.wav")
    done = index.update([folder], encoder, workers=1)
    assert sorted(reason for _, reason in done.rejected) == ["bad_name", "silent_audio"]
    assert sorted(reason for _, reason, _ in index.rejected()) == ["bad_name", "silent_audio"]
    assert _counts(index.update([folder], encoder, workers=1)) == {"unchanged": 8}


def test_a_folder_that_cannot_be_listed_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    (folder / "dark").mkdir()
    for name in ("001.wav", "002.wav"):
        (folder / name).rename(folder / "dark" / name)
    index.update([folder], encoder, workers=1)
    with monkeypatch.context() as patch:
        failing(patch, folder / "dark", folder / "003.wav")
        shutil.copy(folder / "dark" / "001.wav", folder / "copy.wav")
        (folder / "000.wav").unlink()
        for done in ({"added": 1, "removed": 1, "unchanged": 4}, {"unchanged": 5}):
            update = index.update([folder], encoder, workers=1)
            assert _counts(update) == done
            assert update.rejected == [(folder / "003.wav", "unreadable_file"), (folder / "dark", "unreadable_folder")]
            assert [(path, reason) for path, reason, _ in index.rejected()] == update.rejected
    assert _counts(index.update([folder], encoder, workers=1)) == {"unchanged": 8}
    assert index.rejected() == []
    shutil.rmtree(folder / "dark")
    assert _counts(index.update([folder], encoder, workers=1)) == {"removed": 2, "unchanged": 6}


def test_an_unlisted_folder_is_no_file_that_was_known(
    monkeypatch: pytest.MonkeyPatch, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    with monkeypatch.context() as patch:
        failing(patch, folder)
        assert index.update([folder], encoder).rejected == [(folder, "unreadable_folder")]
    folder.rename(folder.parent / "away")
    with pytest.raises(InputError, match="does not exist"):
        index.update([folder], encoder)
    assert len(index.files()) == 8


@pytest.mark.parametrize("reason", ["unreadable_file", "crashed", "timeout"])
def test_vectors_stay_while_a_recording_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, index: SoundIndex, folder: Path, encoder: SpectralEncoder, reason: str
) -> None:
    path = folder / "000.wav"
    os.utime(path, ns=(1, 1))
    with monkeypatch.context() as patch:
        patch.setattr(_update, "prefetch", lambda files, *_, **__: _refusing(files, reason))
        for _ in range(2):
            assert index.update([folder], encoder).rejected == [(path, reason)]
            assert len(index.files()) == 8
    assert _counts(index.update([folder], encoder, workers=1)) == {"unchanged": 8}
    assert index.rejected() == []


def _refusing(files: Sequence[File], reason: str) -> Generator[tuple[File, Refused], None, None]:
    for file in files:
        yield file, Refused(file, reason, "The disk is slow today.")


def test_an_index_among_its_recordings_does_not_index_itself(
    monkeypatch: pytest.MonkeyPatch, folder: Path, encoder: SpectralEncoder
) -> None:
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    index = SoundIndex.create("../index", encoder)
    for counts in ({"added": 8}, {"unchanged": 8}):
        done = index.update([folder], encoder, workers=1)
        assert (_counts(done), done.rejected) == (counts, [])


def test_the_list_of_rejected_is_written_when_it_changes(
    monkeypatch: pytest.MonkeyPatch, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    versions = Path(str(index._store.place), "rejected.lance", "_versions")
    shutil.copy(folder / "000.wav", os.fsencode(folder) + b"/na\xefve.wav")
    index.update([folder], encoder, workers=1)
    written = sorted(versions.glob("*.manifest"))
    assert index.update([folder], encoder, workers=1).rejected[0][1] == "bad_name"
    assert sorted(versions.glob("*.manifest")) == written
    monkeypatch.setattr(_store, "_READERS_MAY_NEED", timedelta(milliseconds=1))
    (folder / "001.wav").write_bytes(b"no sound")
    index.update([folder], encoder, workers=1)
    assert len(list(versions.glob("*.manifest"))) == 1
    assert len(index.rejected()) == 2


class _Overflowing(SpectralEncoder):
    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        made = super()._audio(waveforms)
        loud = torch.tensor([bool(w.abs().max() > 0.9) for w in waveforms])
        return AudioEmbeddings(made.joint, torch.where(loud[:, None], 1e6, made.features))


def test_vectors_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    encoder = _Overflowing()
    (tmp_path / "a").mkdir()
    write_wav(tmp_path / "a" / "quiet.wav", np.resize(np.float32([0.5, -0.5]), RATE_HZ), RATE_HZ)
    write_wav(tmp_path / "a" / "loud.wav", np.resize(np.float32([0.95, -0.95]), RATE_HZ), RATE_HZ)
    index = SoundIndex.create(tmp_path / "index", encoder)
    assert index.update([tmp_path / "a"], encoder).rejected == [(tmp_path / "a" / "loud.wav", "bad_embedding")]
    assert index.files() == [tmp_path / "a" / "quiet.wav"]


def test_another_encoder_is_refused(tmp_path: Path, index: SoundIndex, folder: Path) -> None:
    with pytest.raises(InputError, match="vectors of two encoders cannot be compared"):
        index.update([folder], SpectralEncoder(seed=1))
    with pytest.raises(InputError, match=r"takes 2 s as a whole"):
        SoundIndex.create(tmp_path / "other", SpectralEncoder(), window_s=3.0)


def test_places_that_are_taken_or_empty(tmp_path: Path, index: SoundIndex, folder: Path) -> None:
    with pytest.raises(InputError, match="holds an index already"):
        SoundIndex.create(tmp_path / "index", SpectralEncoder())
    with pytest.raises(InputError, match=r"holds other things \(000.wav"):
        SoundIndex.create(folder, SpectralEncoder())
    with pytest.raises(InputError, match="holds no index of sounds"):
        SoundIndex.open(folder)
    assert not SoundIndex.exists(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    for place in (folder / "000.wav", folder / "000.wav" / "index"):
        with pytest.raises(InputError, match="is a file or lies below one"):
            SoundIndex.create(place, SpectralEncoder())
    for verb in (SoundIndex.exists, SoundIndex.open, lambda place: SoundIndex.create(place, SpectralEncoder())):
        (tmp_path / "two\nlines").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=r"LanceDB cannot keep an index at .*two.nlines"):
            verb(tmp_path / "two\nlines")


@pytest.mark.parametrize("inside", ["", "_versions", "_transactions"])
def test_a_table_that_was_not_made_to_its_end_is_no_index(
    tmp_path: Path, encoder: SpectralEncoder, folder: Path, inside: str
) -> None:
    for name in ("rejected.lance", "windows.lance"):
        (tmp_path / "index" / name / inside).mkdir(parents=True)
    assert not SoundIndex.exists(tmp_path / "index")
    with pytest.raises(InputError, match="holds no index"):
        SoundIndex.open(tmp_path / "index")
    index = SoundIndex.create(tmp_path / "index", encoder)
    assert index.update([folder], encoder, workers=1).added == 8


@pytest.mark.parametrize("note", [b"{", b'{"format": 1, "encoder": "a:b:c", "dim": 3}', b"[]"])
def test_an_index_of_another_version_is_refused(tmp_path: Path, note: bytes) -> None:
    import lancedb
    import pyarrow as pa

    schema = pa.schema([("root", pa.string())], metadata={b"limbeck": note})
    lancedb.connect(str(tmp_path)).create_table("windows", schema=schema)
    with pytest.raises(InputError, match=r"made by another version of Limbeck, or is damaged\. Make it anew"):
        SoundIndex.open(tmp_path)


def test_other_content_of_the_same_size_and_time_is_a_change(
    index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    """As copying tools leave it that keep times, and recorders that write files of one length."""
    path = folder / "000.wav"
    before, times = path.read_bytes(), path.stat()
    path.write_bytes(before[:44] + before[44:][::-1])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert _counts(index.update([folder], encoder, workers=1)) == {"changed": 1, "unchanged": 7}
    _check(index, list(folder.iterdir()))


def test_where_a_recording_lies_now(tmp_path: Path, index: SoundIndex, folder: Path) -> None:
    file = index.recordings()[0]
    assert file.located() == folder / "000.wav"
    os.utime(file.place)
    assert file.located() == folder / "000.wav", "the same bytes"
    folder.rename(tmp_path / "moved")
    with pytest.raises(MediaError, match=r"000\.wav is no longer there\. \(missing_file\)"):
        file.located()
    (tmp_path / "disk").mkdir()
    (tmp_path / "moved").rename(tmp_path / "disk" / folder.name)
    for root in (tmp_path / "disk" / folder.name, tmp_path / "disk"):
        assert file.located(root) == tmp_path / "disk" / folder.name / "000.wav"
    (tmp_path / "disk" / folder.name / "000.wav").write_bytes(b"other")
    with pytest.raises(MediaError, match="is not what was indexed"):
        file.located(tmp_path / "disk")


@pytest.mark.parametrize("column", ["joint", "features", "start_s", "path", "sha256", "mtime_ns"])
def test_a_row_that_was_changed_is_refused(
    index: SoundIndex, folder: Path, encoder: SpectralEncoder, column: str
) -> None:
    """Lance itself keeps no checksums: written here as a flipped bit on the disk would be read."""
    import lancedb
    import pyarrow as pa

    database = lancedb.connect(str(index._store.place))
    rows = database.open_table("windows").to_arrow().combine_chunks()
    values = rows[column].to_pylist()
    at = len(values) // 2
    if isinstance(values[at], list):
        values[at] = [*values[at][:-1], np.nextafter(np.float16(values[at][-1]), np.float16(9))]
    else:
        values[at] = f"{values[at]}x" if isinstance(values[at], str) else values[at] + 1
    changed = pa.array(values, rows.schema.field(column).type)
    rows = rows.set_column(rows.schema.get_field_index(column), rows.schema.field(column), changed)
    database.create_table("windows", data=rows, mode="overwrite")
    opened = SoundIndex.open(index._store.place)
    with pytest.raises(InputError, match="is damaged: rows of it are not what was written"):
        opened.pool()
    if column not in ("joint", "features"):
        with pytest.raises(InputError, match="is damaged"):
            opened.update([folder], encoder, workers=1)
    if column != "features":
        with pytest.raises(InputError, match="is damaged"):
            opened.search(np.ones((1, encoder.dim)), top=len(rows))


@pytest.mark.parametrize("column", ["path", "size", "mtime_ns", "reason", "detail"])
def test_a_refusal_that_was_changed_is_refused(
    index: SoundIndex, folder: Path, encoder: SpectralEncoder, column: str
) -> None:
    """By it a mended recording would be passed over as still rotten, or another be told as rotten."""
    import lancedb
    import pyarrow as pa

    (folder / "rotten.wav").write_bytes(b"no sound")
    index.update([folder], encoder, workers=1)
    database = lancedb.connect(str(index._store.place))
    rows = database.open_table("rejected").to_arrow().combine_chunks()
    (value,) = rows[column].to_pylist()
    changed = pa.array([f"{value}x" if isinstance(value, str) else value + 1], rows.schema.field(column).type)
    place = rows.schema.get_field_index(column)
    database.create_table("rejected", data=rows.set_column(place, rows.schema.field(column), changed), mode="overwrite")
    opened = SoundIndex.open(index._store.place)
    with pytest.raises(InputError, match="is damaged: rows of it are not what was written"):
        opened.rejected()
    with pytest.raises(InputError, match="is damaged"):
        opened.update([folder], encoder, workers=1)


@pytest.mark.parametrize("pattern", ["windows.lance/_versions/*.manifest", "windows.lance/data/*.lance"])
def test_damaged_files_are_refused_in_a_sentence(index: SoundIndex, pattern: str) -> None:
    place = Path(index._store.place)
    file = max(place.glob(pattern), key=lambda path: path.stat().st_mtime_ns)
    content = file.read_bytes()
    for damaged in (content[: len(content) // 2], bytes(len(content)), content[:-40] + bytes(40), b"", b"nonsense" * 9):
        file.write_bytes(damaged)
        with pytest.raises(
            InputError, match=r"(index|table) in .*(cannot be used|damaged|holds no index|not written by Limbeck)"
        ):
            SoundIndex.open(place).pool()
        assert SoundIndex.exists(place), "and no other is made over it"
    file.write_bytes(content)
    assert len(SoundIndex.open(place).pool()) == len(index)


def test_an_address_of_lancedb_is_as_good_as_a_folder(
    tmp_path: Path, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    address = f"file://{tmp_path}/elsewhere"
    other = SoundIndex.create(address, encoder)
    other.update([folder], encoder, workers=1)
    np.testing.assert_allclose(SoundIndex.open(address).pool().joint, index.pool().joint, atol=1e-3)


def test_searching_is_sorting_by_cosine(index: SoundIndex) -> None:
    pool = index.pool()
    queries = np.random.default_rng(0).normal(size=(5, 16))
    cosine = queries @ pool.joint.T / np.linalg.norm(queries, axis=1, keepdims=True)
    for hits, row in zip(index.search(queries, top=4), cosine, strict=True):
        best = np.argsort(-row)[:4]
        assert [(h.path, h.start_s) for h in hits] == [(pool.path[i], pool.start_s[i]) for i in best]
        np.testing.assert_allclose([h.similarity for h in hits], row[best], atol=2e-3)
    assert [len(hits) for hits in index.search(queries, top=1000)] == [len(pool)] * 5
    assert index.search(np.zeros((0, 16))) == []


def test_batches_do_not_change_a_search(monkeypatch: pytest.MonkeyPatch, index: SoundIndex) -> None:
    queries = np.random.default_rng(0).normal(size=(5, 16))
    expected = index.search(queries, top=6)
    monkeypatch.setattr(_store, "_BATCH_ROWS", 3)
    assert [[astuple(h)[:3] for h in hits] for hits in index.search(queries, top=6)] == [
        [astuple(h)[:3] for h in hits] for hits in expected
    ]


@pytest.mark.parametrize(
    ("vectors", "sentence"),
    [
        (np.ones(16), r"\(query, 16\) were expected, but got \(16,\)"),
        (np.ones((2, 15)), r"\(query, 16\) were expected"),
        (np.zeros((1, 16)), "finite and not 0"),
        (np.full((1, 16), np.nan), "finite and not 0"),
    ],
)
def test_searches_that_make_no_sense(index: SoundIndex, vectors: np.ndarray, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        index.search(vectors)


def test_a_blend_is_a_sum_of_parts_by_how_they_tell_windows_apart(
    monkeypatch: pytest.MonkeyPatch, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    joint = index.pool().joint
    wanted, unwanted = joint[:2], joint[-1:]
    score = (
        sum((joint @ v) / (joint @ v).std() for v in wanted) / 2
        - 0.5 * (joint @ unwanted[0]) / (joint @ unwanted[0]).std()
    )
    query = index.blend(7 * wanted, unwanted)
    assert query.shape == (1, 16)
    assert np.corrcoef(joint @ query[0], score)[0, 1] > 0.9999
    np.testing.assert_allclose(index.blend(3 * joint[:1]), joint[:1], rtol=1e-6)
    exact = index.search(query, top=4, exact=True)
    monkeypatch.setattr(_store, "APPROXIMATE_FROM", 10)
    index.update([folder], encoder)
    assert [h.path for h in index.search(query, top=4)[0]] == [h.path for h in exact[0]]
    for nothing, sentence in ((joint[:0], "at least one wanted"), (np.zeros((1, 16)), "not 0 throughout")):
        with pytest.raises(InputError, match=sentence):
            index.blend(nothing)


def test_an_empty_index(tmp_path: Path, encoder: SpectralEncoder) -> None:
    index = SoundIndex.create(tmp_path / "index", encoder)
    (tmp_path / "empty").mkdir()
    assert _counts(index.update([tmp_path / "empty"], encoder)) == {}
    assert index.search(np.ones((2, 16))) == [[], []]
    assert index.pool().joint.shape == (0, 16)
    assert index.pool().features.shape == (0, 24)


def test_a_pool_of_some_recordings(index: SoundIndex, folder: Path) -> None:
    wanted = [folder / "003.wav", folder / "001.wav"]
    some, whole = index.pool(wanted), index.pool()
    rows = [i for i, path in enumerate(whole.path) if path in wanted]
    np.testing.assert_array_equal(some.joint, whole.joint[rows])
    np.testing.assert_array_equal(some.features, whole.features[rows])
    assert some.path == [whole.path[i] for i in rows]
    np.testing.assert_allclose(np.linalg.norm(some.joint, axis=1), 1, atol=1e-6)
    with pytest.raises(InputError, match=r"nothing.wav is not in the index"):
        index.pool([folder / "nothing.wav"])


def test_a_description_is_json(index: SoundIndex) -> None:
    told = json.loads(json.dumps(index.describe()))
    assert (told["recordings"], told["windows"], told["rejected"]) == (8, len(index), 0)
    assert told["search"].startswith("exact")


def test_above_a_size_searches_go_by_an_approximate_index(
    monkeypatch: pytest.MonkeyPatch, index: SoundIndex, folder: Path, encoder: SpectralEncoder
) -> None:
    queries = index.pool().joint[:5]
    expected = index.search(queries, top=3)
    monkeypatch.setattr(_store, "APPROXIMATE_FROM", 10)
    index.update([folder], encoder)
    assert index.describe()["search"].startswith("approximate: IvfRq")
    assert [[astuple(h)[:3] for h in hits] for hits in index.search(queries, top=3)] == [
        [astuple(h)[:3] for h in hits] for hits in expected
    ]
    assert [len(hits) for hits in index.search(queries[:1], top=3)] == [3]
    assert [len(hits) for hits in index.search(np.tile(queries, (30, 1)), top=2)] == [2] * 150
    recording(folder / "new.wav", 1.0, 500)
    index.update([folder], encoder, workers=1)
    hits = index.search(index.pool([folder / "new.wav"]).joint, top=1)
    assert hits[0][0].path == folder / "new.wav"


def test_many_small_commits_are_joined(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path, encoder: SpectralEncoder
) -> None:
    monkeypatch.setattr(_update, "_COMMIT_S", 0.0)
    monkeypatch.setattr(_store, "_SMALL_PIECES", 3)
    index = SoundIndex.create(tmp_path / "other", encoder)
    index.update([folder], encoder, workers=1)
    assert len(list((tmp_path / "other" / "windows.lance" / "data").iterdir())) > 3
    assert index._store._table.stats()["fragment_stats"]["num_fragments"] == 1
    _check(index, list(folder.iterdir()))
