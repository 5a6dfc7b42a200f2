"""Recordings to vectors: once, resumable, with noise, in pieces."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers.layouts import RATE_HZ, sound, tone

from limbeck.datasets.sounds import Recording
from limbeck.encoders import AudioEmbeddings, Encoder
from limbeck.errors import MediaError
from limbeck.evaluation.sounds import embeddings
from limbeck.evaluation.sounds.embeddings import PinkNoise, embed, load_audio, pieces, pink


class Counting(Encoder):
    """Loudness, length and zero crossings as a vector; counts the sounds it was given."""

    sample_rate = 8000
    window_s = 1.0
    checkpoints = ("only",)
    dim = features_dim = 3

    def __init__(self) -> None:
        self.given = 0

    @property
    def id(self) -> str:
        return "counting:only:0"

    @classmethod
    def _read(cls, *args: object) -> Counting:
        return cls()

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Counting:
        return cls()

    def _audio(self, waveforms: list[torch.Tensor]) -> AudioEmbeddings:
        self.given += len(waveforms)
        rows = [
            torch.stack([w.std(), torch.tensor(len(w) / 8000), (w.sign().diff() != 0).float().mean()])
            for w in waveforms
        ]
        return AudioEmbeddings(torch.nn.functional.normalize(torch.stack(rows), dim=1), torch.stack(rows))

    def _text(self, texts: list[str]) -> torch.Tensor:
        return torch.nn.functional.normalize(torch.ones(len(texts), 3), dim=1)


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    paths = [sound(tmp_path / "in" / f"{i}.wav", [tone(300 + 100 * i, 0.5 + 0.5 * (i % 4))]) for i in range(6)]
    return [Recording(id=p.name, path=p) for p in paths]


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "CHUNK", 2)


def test_what_is_on_disk_is_not_embedded_again(recordings: list[Recording], tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    done: list[int] = []
    one = embed(recordings, first, tmp_path / "e", progress=lambda n, total: done.append(n))
    other = embed(recordings, second, tmp_path / "e")
    assert (first.given > 0, second.given, done) == (True, 0, [2, 4, 6])
    assert np.array_equal(one.joint, other.joint)
    assert np.allclose(np.linalg.norm(one.joint, axis=1), 1)


def test_other_content_of_the_same_size_and_time_is_embedded_anew(recordings: list[Recording], tmp_path: Path) -> None:
    one = embed(recordings, Counting(), tmp_path / "e")
    times = os.stat(recordings[0].path)
    sound(recordings[0].path, [tone(1700, 0.5)])
    assert recordings[0].path.stat().st_size == times.st_size
    os.utime(recordings[0].path, ns=(times.st_atime_ns, times.st_mtime_ns))
    again = Counting()
    other = embed(recordings, again, tmp_path / "e")
    assert again.given > 0
    assert not np.array_equal(one.joint[0], other.joint[0])
    assert np.array_equal(one.joint[2:], other.joint[2:])


def test_a_touched_or_moved_file_is_not_embedded_again(recordings: list[Recording], tmp_path: Path) -> None:
    embed(recordings, Counting(), tmp_path / "e")
    os.utime(recordings[0].path)
    (tmp_path / "in").rename(tmp_path / "moved")
    moved = [Recording(id=r.id, path=tmp_path / "moved" / r.path.name) for r in recordings]
    again = Counting()
    embed(moved, again, tmp_path / "e")
    assert again.given == 0


def test_another_number_format_is_another_embedding(recordings: list[Recording], tmp_path: Path) -> None:
    embed(recordings, Counting(), tmp_path / "e")
    again = Counting()
    again.dtype = torch.bfloat16
    embed(recordings, again, tmp_path / "e")
    assert again.given > 0


def test_a_stopped_run_goes_on_where_it_was(recordings: list[Recording], tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(recordings, Counting(), tmp_path / "e", progress=stop)
    again, afresh = Counting(), Counting()
    resumed = embed(recordings, again, tmp_path / "e")
    assert np.array_equal(resumed.joint, embed(recordings, afresh, tmp_path / "other").joint)
    assert again.given < afresh.given


def test_changed_files_and_noise_are_embedded_anew(recordings: list[Recording], tmp_path: Path) -> None:
    before = embed(recordings, Counting(), tmp_path / "e")
    encoder = Counting()
    sound(recordings[0].path, [tone(1700, 0.5)])
    embed(recordings, encoder, tmp_path / "e")
    assert encoder.given == 2  # the recordings of one file on disk: half a second, and a second
    noisy = embed(recordings, Counting(), tmp_path / "e", noise=PinkNoise(0.0))
    assert not np.allclose(noisy.features, before.features, atol=1e-3)


def test_long_recordings_are_the_mean_of_equal_pieces(recordings: list[Recording], tmp_path: Path) -> None:
    encoder = Counting()
    long = recordings[3]
    found = embed([long], encoder, tmp_path / "e").features[0]
    waveform = torch.from_numpy(load_audio(long, 8000))
    halves = [torch.from_numpy(p) for p in pieces(waveform.numpy(), 8000)]
    assert [len(h) for h in halves] == [8000, 8000]
    assert np.allclose(found, encoder.embed_audio(halves).features.mean(0).numpy(), atol=1e-6)


def test_rotten_recordings_are_told_and_do_not_stop_the_rest(recordings: list[Recording], tmp_path: Path) -> None:
    bad = tmp_path / "in" / "bad.wav"
    bad.write_bytes(b"not a sound")
    with_bad = [recordings[0], Recording(id="bad.wav", path=bad), Recording(id="gone", path=bad.with_name("gone"))]
    for _ in range(2):
        found = embed(with_bad, Counting(), tmp_path / "e")
        assert sorted(found.rejected) == [1, 2]
        assert "not_media" in found.rejected[1]
        assert "missing_file" in found.rejected[2]
        assert not found.joint[1:].any()


def test_a_segment_is_heard_where_it_lies(tmp_path: Path) -> None:
    steps = [tone(400, 0.5, 0.1 * (i + 1)) for i in range(4)]
    path = sound(tmp_path / "steps.wav", steps)
    heard = load_audio(Recording(id="s", path=path, start_s=1.0, duration_s=0.5), RATE_HZ)
    assert len(heard) == RATE_HZ // 2
    assert np.allclose(heard, steps[2][: len(heard)], atol=2e-2)
    rest = load_audio(Recording(id="s", path=path, start_s=1.5), RATE_HZ)
    assert len(rest) == pytest.approx(RATE_HZ / 2, abs=4)
    with pytest.raises(MediaError, match=r"no sound from 9\.0 s on"):
        load_audio(Recording(id="s", path=path, start_s=9.0), RATE_HZ)


def test_a_recording_is_heard_to_its_end(tmp_path: Path) -> None:
    wave = tone(400, 32.0)
    wave[-RATE_HZ:] = 0
    path = sound(tmp_path / "long.wav", [wave])
    assert len(load_audio(Recording(id="r", path=path), RATE_HZ)) == len(wave)
    late = load_audio(Recording(id="r", path=path, start_s=30.5, duration_s=1.0), RATE_HZ)
    assert np.allclose(late, wave[round(30.5 * RATE_HZ) : round(31.5 * RATE_HZ)], atol=2e-2)
    with pytest.raises(MediaError, match="r is silent"):
        load_audio(Recording(id="r", path=path, start_s=31.1, duration_s=0.5), RATE_HZ)


def test_noise_has_its_level_and_keeps_the_loudness() -> None:
    clean = tone(440, 1.0)
    noisy = PinkNoise(10.0).mixed(clean, "a")
    assert np.mean(noisy**2) == pytest.approx(np.mean(clean**2), rel=0.05)
    scale = float(noisy @ clean / (clean @ clean))
    rest = noisy - scale * clean
    assert 10 * np.log10(np.mean((scale * clean) ** 2) / np.mean(rest**2)) == pytest.approx(10, abs=0.2)
    assert not np.array_equal(noisy, PinkNoise(10.0).mixed(clean, "b"))
    assert np.array_equal(noisy, PinkNoise(10.0).mixed(clean, "a"))


def test_pink_noise_has_as_much_power_in_each_octave() -> None:
    power = np.abs(np.fft.rfft(pink(2**16, 0))) ** 2
    octaves = [power[2**k : 2 ** (k + 1)].sum() for k in range(6, 14)]
    assert max(octaves) / min(octaves) < 1.5
