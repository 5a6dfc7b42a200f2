"""Windows of whole recordings: the cutting by hand, the sound against reading it whole, bad files by the table."""

from __future__ import annotations

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.mutate import mutated_files

from limbeck.errors import InputError, MediaError
from limbeck.media import MelRecipe, read_sound, resample, sound_stretches, sound_windows, write_video, write_wav
from limbeck.media._sound import Piece
from limbeck.media.stream import _resampled, _whole, cut, joined, sound_pieces

RATE = 8000


def _tone(seconds: float, rate: int = RATE, hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def _windows(path: Path, window_s: float, hop_s: float | None = None, rate: int = RATE) -> list[tuple[float, float]]:
    found = sound_windows(path, sample_rate_hz=rate, window_s=window_s, hop_s=hop_s or window_s)
    return [(w.start_s, w.duration_s) for w in found]


@given(
    lengths=st.lists(st.integers(0, 40), max_size=8),
    window=st.integers(1, 30),
    hop=st.integers(1, 40),
)
def test_cutting_is_slicing(lengths: list[int], window: int, hop: int) -> None:
    whole = np.arange(sum(lengths), dtype=np.float32)
    pieces = np.split(whole, np.cumsum(lengths)[:-1]) if lengths else []
    made = list(cut(iter(pieces), window, hop))
    expected = []
    for start in range(0, len(whole), hop):
        part = whole[start : start + window]
        new = len(part) if start == 0 else min(len(part), start + len(part) - (start - hop + window))
        if len(part) == window or (new > 0 and (start == 0 or 10 * new >= window)):
            expected.append((start, part))
        if len(part) < window:
            break
    assert [start for start, _ in made] == [start for start, _ in expected]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(made, expected, strict=True))


@pytest.mark.parametrize(
    ("seconds", "window_s", "hop_s", "expected"),
    [
        (3.0, 10.0, 10.0, [(0.0, 3.0)]),
        (20.0, 10.0, 10.0, [(0.0, 10.0), (10.0, 10.0)]),
        (20.9, 10.0, 10.0, [(0.0, 10.0), (10.0, 10.0)]),
        (21.5, 10.0, 10.0, [(0.0, 10.0), (10.0, 10.0), (20.0, 1.5)]),
        (10.5, 4.0, 2.0, [(0.0, 4.0), (2.0, 4.0), (4.0, 4.0), (6.0, 4.0), (8.0, 2.5)]),
        (10.0, 2.0, 5.0, [(0.0, 2.0), (5.0, 2.0)]),
    ],
)
def test_starts_and_lengths(
    tmp_path: Path, seconds: float, window_s: float, hop_s: float, expected: list[tuple[float, float]]
) -> None:
    write_wav(tmp_path / "a.wav", _tone(seconds), RATE)
    assert _windows(tmp_path / "a.wav", window_s, hop_s) == expected


@pytest.mark.parametrize("ending", ["wav", "ogg", "flac", "mp3", "mp4"])
def test_windows_joined_are_the_sound_read_whole(tmp_path: Path, ending: str) -> None:
    import soundfile

    sound, path = _tone(6.3, 22050), tmp_path / f"a.{ending}"
    if ending == "mp4":
        write_video(path, [np.zeros((32, 32, 3), np.uint8)] * 63, fps=10, waveform=sound[None], sample_rate_hz=22050)
    else:
        soundfile.write(path, sound, 22050)
    joined = np.concatenate([w.samples for w in sound_windows(path, sample_rate_hz=16000, window_s=1.0, hop_s=1.0)])
    whole, _ = read_sound(path, recipe=MelRecipe(sample_rate_hz=16000, clip_seconds=7.0))
    assert abs(len(joined) / 16000 - 6.3) < 0.1
    np.testing.assert_allclose(joined, whole[: len(joined)], atol=2e-5)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44100, 16000), (8000, 48000), (22050, 22050), (11025, 8000)])
def test_resampling_in_pieces_is_resampling(from_hz: int, to_hz: int) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 30_011).astype(np.float32)
    pieces = np.split(sound, [10, 1034, 9000, 9001])
    made = np.concatenate(list(_resampled(iter(pieces), from_hz, to_hz)))
    expected = resample(sound, from_hz, to_hz)
    assert made.shape == expected.shape
    np.testing.assert_allclose(made, expected, atol=1e-5)


@given(
    length=st.integers(1, 120), window=st.integers(1, 30), hop=st.integers(1, 40), most=st.integers(1, 60),
    silent=st.sets(st.integers(0, 20)), around=st.integers(0, 9),
)  # fmt: skip
def test_windows_joined_and_cut_again_are_the_windows(
    length: int, window: int, hop: int, most: int, silent: set[int], around: int
) -> None:
    sound = np.arange(length, dtype=np.float32)
    windows = [one for place, one in enumerate(cut(iter([sound]), window, hop)) if place not in silent]
    runs = list(joined(windows, most, around))
    again = [(start + first, run[first : first + count]) for start, run, places in runs for first, count in places]
    assert [start for start, _ in again] == [start for start, _ in windows]
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(again, windows, strict=True))
    for start, run, places in runs:
        assert np.array_equal(run, sound[start : start + len(run)])
        assert len(places) == 1 or len(run) - window - around < most
    for (start, run, places), (next_start, _, next_places) in pairwise(runs):
        end, begin = start + sum(places[-1]), next_start + next_places[0][0]
        goes_on = begin <= end
        assert start + len(run) - end == (min(around, begin + next_places[0][1] - end) if goes_on else 0)
        assert begin - next_start == (min(around, begin - start) if goes_on else 0)
    assert not runs or (runs[0][2][0][0], sum(runs[-1][2][-1])) == (0, len(runs[-1][1]))


@pytest.mark.parametrize(("window_s", "hop_s"), [(1.0, 0.25), (0.75, 0.5), (1.0, 1.0), (0.5, 1.0)])
def test_stretches_hold_the_windows_once_and_half_a_second_around(
    tmp_path: Path, window_s: float, hop_s: float
) -> None:
    silence = np.zeros(3 * RATE, np.float32)
    write_wav(tmp_path / "a.wav", np.concatenate([_tone(7.3), silence, _tone(2.6, hz=900.0)]), RATE)
    how = {"sample_rate_hz": RATE, "window_s": window_s, "hop_s": hop_s}
    windows = list(sound_windows(tmp_path / "a.wav", **how))  # type: ignore[arg-type]
    stretches = list(sound_stretches(tmp_path / "a.wav", **how, stretch_s=3.0))  # type: ignore[arg-type]
    assert [time for one in stretches for time in one.times_s()] == [(w.start_s, w.duration_s) for w in windows]
    cut_again = [one.samples[first : first + count] for one in stretches for first, count in one.windows]
    assert all(np.array_equal(a, w.samples) for a, w in zip(cut_again, windows, strict=True))
    assert max(len(one.samples) for one in stretches) <= (4.0 + window_s) * RATE
    if hop_s <= window_s:
        assert len(stretches) < len(windows) / 2


def test_silent_windows_are_left_out(tmp_path: Path) -> None:
    silence = np.zeros(3 * RATE, np.float32)
    write_wav(tmp_path / "a.wav", np.concatenate([_tone(2), silence, _tone(1.5)]), RATE)
    assert _windows(tmp_path / "a.wav", 1.0) == [(0.0, 1.0), (1.0, 1.0), (5.0, 1.0), (6.0, 0.5)]


@pytest.mark.parametrize("rate", [RATE, 44100])
def test_a_constant_level_is_silence(tmp_path: Path, rate: int) -> None:
    write_wav(tmp_path / "level.wav", np.full(3 * rate, 0.3, np.float32), rate)
    with pytest.raises(MediaError, match="silent_audio"):
        list(sound_windows(tmp_path / "level.wav", sample_rate_hz=RATE, window_s=1.0, hop_s=1.0))
    wave = np.full(3 * rate, 0.3, np.float32)
    wave[rate : 2 * rate] += 0.1 * np.sin(0.2 * np.arange(rate), dtype=np.float32)
    write_wav(tmp_path / "level.wav", wave, rate)
    found = [w.start_s for w in sound_windows(tmp_path / "level.wav", sample_rate_hz=RATE, window_s=1.0, hop_s=1.0)]
    assert 1.0 in found


def _silent(path: Path) -> None:
    write_wav(path, np.zeros(RATE, np.float32), RATE)


def _loud(path: Path) -> None:
    import soundfile

    soundfile.write(path, 32000 * _tone(1), RATE, subtype="FLOAT")


def _mostly_nan(path: Path) -> None:
    import soundfile

    sound = _tone(3)
    sound[RATE:] = np.nan
    soundfile.write(path, sound, RATE, subtype="FLOAT")


def _no_samples(path: Path) -> None:
    with wave.open(str(path), "wb") as handle:
        handle.setparams((1, 2, RATE, 0, "NONE", ""))


def _picture(path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(path, format="PNG")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "missing_file"),
        (lambda path: path.mkdir(), "unreadable_file"),
        (lambda path: path.touch(), "empty_file"),
        (lambda path: path.write_text("no sound at all"), "not_media"),
        (_picture, "no_audio_track"),
        (_silent, "silent_audio"),
        (_loud, "absurd_loudness"),
        (_mostly_nan, "nan_audio"),
        (_no_samples, "beyond_end"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, make, reason: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.wav"
    make(path)
    with pytest.raises(MediaError) as error:
        _windows(path, 1.0)
    assert error.value.reason == reason
    assert str(path) in error.value.detail


def test_a_file_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", _tone(4), RATE)
    content = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "b.wav").write_bytes(content[: len(content) * 5 // 8])
    assert [start for start, _ in _windows(tmp_path / "b.wav", 1.0)] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 100, 200], 300),
        ([50, 150], 250),
        ([0, 150], 250),
        ([-50, 50], 150),
        ([500_000_000, 500_000_100], 200),
        ([0, 500_000_000, 100], 300),
        ([5000, 0, 100], 5300),
    ],
)
def test_clocks(monkeypatch: pytest.MonkeyPatch, stamps: list[int], expected: int) -> None:
    """Holes and late beginnings are filled; clocks that jump are not believed. 1000 samples a second, 100 a frame."""
    pieces = [Piece(at, np.full(100, 0.5, np.float32)) for at in stamps]
    monkeypatch.setattr("limbeck.media._sound.placed", lambda *_: (True, iter(pieces)))
    assert sum(len(p) for p in _whole(None, 1000)) == expected  # type: ignore[arg-type]


def test_pieces_are_all_of_a_recording_silence_and_all(tmp_path: Path) -> None:
    path, sound = tmp_path / "a.wav", np.concatenate([_tone(1.05), np.zeros(4 * RATE, np.float32), _tone(0.01)])
    write_wav(path, sound, RATE)
    heard = np.concatenate(list(sound_pieces(path, sample_rate_hz=RATE)))
    assert len(heard) == len(sound)
    assert np.allclose(heard, sound, atol=1e-3)


@pytest.mark.parametrize("wrong", [{"sample_rate_hz": 0}, {"window_s": 0.0}, {"hop_s": -1.0}, {"hop_s": float("nan")}])
def test_settings_that_make_no_sense(tmp_path: Path, wrong: dict[str, float]) -> None:
    settings = {"sample_rate_hz": RATE, "window_s": 1.0, "hop_s": 1.0} | wrong
    with pytest.raises(InputError, match="at least a sample long"):
        sound_windows(tmp_path / "a.wav", **settings)  # type: ignore[arg-type]


def test_rotten_files_are_read_or_refused(tmp_path: Path) -> None:
    refused = read = 0
    for path in mutated_files(tmp_path / "rotten", 90, seed=3):
        try:
            made = list(sound_windows(path, sample_rate_hz=RATE, window_s=0.5, hop_s=0.25))
        except MediaError:
            refused += 1
            continue
        read += 1
        assert all(np.isfinite(w.samples).all() and np.abs(w.samples).max() <= 1 for w in made)
    assert refused > 20
    assert read > 20


@pytest.mark.slow
def test_memory_is_flat_over_three_hours(tmp_path: Path) -> None:
    path, hours, rate = tmp_path / "long.wav", 3, 4000
    second = (128 + 100 * _tone(1, rate)).astype(np.uint8).tobytes()
    with wave.open(str(path), "wb") as handle:
        handle.setparams((1, 1, rate, hours * 3600 * rate, "NONE", ""))
        for _ in range(hours * 60):
            handle.writeframes(second * 60)
    sizes = [_resident() for _ in sound_windows(path, sample_rate_hz=RATE, window_s=10.0, hop_s=10.0)]
    assert len(sizes) == hours * 360
    assert max(sizes) - sizes[10] < 8 * 2**20


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
