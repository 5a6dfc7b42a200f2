"""Ogg Vorbis changes its block size at transients, and the frame between two sizes carries a late stamp."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from limbeck.media import MelRecipe
from limbeck.media.decode import read_sound

RATE = 44100


@pytest.fixture(scope="module")
def clicks(tmp_path_factory):
    """Quiet noise with sharp knocks at random moments: the encoder switches blocks at each."""
    source = np.random.default_rng(0)
    sound = source.normal(0, 0.002, 6 * RATE)
    for at in source.integers(0, len(sound) - 400, 40):
        sound[at : at + 400] += source.normal(0, 0.3, 400) * np.exp(-np.arange(400) / 60)
    path = tmp_path_factory.mktemp("ogg") / "clicks.ogg"
    soundfile.write(path, sound, RATE)
    return path


@pytest.mark.parametrize("start_s", [0.0, 0.1, 1.3, 2.77, 4.9])
def test_no_holes_and_the_right_place(clicks, start_s):
    recipe = MelRecipe(sample_rate_hz=RATE, clip_seconds=1.0)
    ours, repairs = read_sound(clicks, recipe=recipe, start_s=start_s, length_s=1.0)
    truth, _ = soundfile.read(clicks, start=round(start_s * RATE), frames=RATE, dtype="float32")
    assert not repairs
    np.testing.assert_allclose(ours, truth, atol=2e-4)


@pytest.mark.data
def test_real_recordings_agree_with_another_decoder(test_data):
    recipe = MelRecipe(sample_rate_hz=RATE, clip_seconds=1.0)
    compared = 0
    for path in sorted((test_data / "esc10").glob("*/*.ogg"))[::8]:
        truth, _ = soundfile.read(path, start=RATE // 2, frames=RATE, dtype="float32")
        if len(truth) < RATE or np.abs(truth).max() < 1e-3:
            continue
        ours, repairs = read_sound(path, recipe=recipe, start_s=0.5, length_s=1.0)
        assert not repairs, (path, repairs)
        np.testing.assert_allclose(ours, truth, atol=2e-4, err_msg=str(path))
        compared += 1
    assert compared > 20
