"""Measures of direction: right where the truth is known, wrong where it should be."""

from __future__ import annotations

import numpy as np
import pytest

from limbeck.errors import InputError
from limbeck.spatial import ambisonics, directions, measure

RATE = 16_000
RANDOM = np.random.default_rng(0)


def noise(seconds: float = 1.0) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(int(seconds * RATE))


@pytest.mark.parametrize("place", [(0, 0), (135, 20), (-90, -45), (180, 0), (10, 89)])
def test_intensity_is_where_a_wave_comes_from(place: tuple[float, float]) -> None:
    heard = measure.intensity(ambisonics.encode(noise(), *place, order=3), RATE)
    assert heard.times[0] == 0.05
    assert directions.great_circle(heard.directions, directions.vectors(*place)[:, None]).max() < 1e-3
    np.testing.assert_allclose(
        directions.great_circle(directions.vectors(*heard.mean()), directions.vectors(*place)), 0, atol=1e-3
    )


def test_quiet_frames_and_silence_do_not_count() -> None:
    level = np.repeat([1.0, 0.1, 0.02, 0.0], RATE // 4)
    heard = measure.intensity(ambisonics.encode(noise() * level, 50.0), RATE)
    assert heard.counts.tolist() == [True] * 5 + [False] * 5
    silent = measure.intensity(np.zeros((4, RATE)), RATE)
    assert not silent.counts.any()
    assert np.isnan(silent.mean()).all()
    assert measure.peaks(measure.intensity(np.zeros((4, RATE)), RATE, bands=None)) == []
    mono = np.zeros((4, RATE))
    mono[0] = noise()
    assert not measure.intensity(mono, RATE).counts.any()


def test_two_sources_are_two_peaks_where_one_vector_is_none_of_them() -> None:
    """Tones that take turns in the spectrum, as sounds do."""
    time = np.arange(2 * RATE) / RATE
    tones = [sum(np.sin(2 * np.pi * f * time) for f in range(200 + s, 4000, 300)) for s in (0, 150)]
    mix = ambisonics.encode(tones[0], 60.0) + ambisonics.encode(0.8 * tones[1], -70.0, 20.0)
    found = measure.peaks(measure.intensity(mix, RATE, bands=None))
    assert [(round(p.azimuth), round(p.elevation)) for p in found] == [(60, 0), (-70, 20)]
    assert sum(p.share for p in found) > 0.9
    one = measure.intensity(mix, RATE).mean()
    assert min(abs(one[0] - 60), abs(one[0] + 70)) > 15


def test_bands_are_told_apart() -> None:
    time = np.arange(RATE) / RATE
    mix = ambisonics.encode(np.sin(2 * np.pi * 300 * time), 90.0)
    mix += ambisonics.encode(np.sin(2 * np.pi * 3000 * time), -90.0)
    heard = measure.intensity(mix, RATE, bands=((100, 1000), (1000, 7000)))
    y = heard.vectors[1].mean(axis=0)
    assert y[0] > 0 > y[1]


@pytest.mark.parametrize("samples", [0, 3, -7, 9.5])
def test_itd_finds_a_delay_to_a_few_microseconds(samples: float) -> None:
    spectrum = np.fft.rfft(noise())
    late = np.fft.irfft(spectrum * np.exp(-2j * np.pi * np.fft.rfftfreq(RATE) * samples))
    _, itd, ild, _ = measure.interaural(np.stack([noise(), 0.5 * late]), RATE)
    assert np.abs(itd - samples / RATE).max() < 10e-6
    np.testing.assert_allclose(ild, 6.02, atol=0.5)


def test_a_cardioid_map_and_its_scores() -> None:
    points = directions.sphere(500)
    found = measure.energy_map(ambisonics.encode(noise(), 30.0, 10.0), points)
    apart = directions.great_circle(points, directions.vectors(30.0, 10.0)[:, None])
    assert apart[found.argmax()] < 8
    assert measure.map_correlation(found, np.cos(np.radians(apart))) > 0.99
    assert measure.map_auc(found, apart < 20) == 1.0
    assert measure.map_auc(-found, apart < 20) == 0.0
    assert measure.map_auc(np.ones(500), apart < 20) == 0.5
    assert measure.map_correlation(np.ones(500), found) == 0.0


def test_auc_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    found, inside = RANDOM.integers(0, 9, 200).astype(float), RANDOM.random(200) < 0.3
    assert measure.map_auc(found, inside) == pytest.approx(roc_auc_score(inside, found))


def test_localisation_assigns_and_counts_what_is_missing() -> None:
    truth = [directions.vectors([0.0, 90.0]), directions.vectors([0.0, 90.0])]
    found = [directions.vectors([100.0, 0.0]), directions.vectors([30.0])]
    made = measure.localisation(found, truth)
    assert made.error == pytest.approx((10 + 0 + 30) / 3)
    assert made.recall == 0.75
    assert made.hits == pytest.approx(2 * 2 / (4 + 3))
    assert measure.localisation([np.zeros((3, 0))], [truth[0]]).error == 180


def test_errors_are_taken_frame_by_frame() -> None:
    sweep = np.linspace(-1, 1, 11)
    assert measure.mean_error(np.zeros(11), sweep) > 0.5
    assert measure.error_rate(np.array([1.0, 19.0, 21.0, np.nan])) == 0.5


def test_controls_are_what_their_names_say() -> None:
    truth = directions.vectors([[10.0, 30.0], [-100.0, -100.0]])
    made = measure.controls(truth)
    apart = {name: directions.great_circle(v, truth).round(4).tolist() for name, v in made.items() if name != "mono"}
    assert apart["oracle"] == [[0, 0], [0, 0]]
    assert apart["mean"] == [[10, 10], [0, 0]]
    assert apart["swapped"][0] == [110, 130]
    assert apart["front"] == [[10, 30], [100, 100]]
    assert "swapped" not in measure.controls(truth[:, :1])
    np.testing.assert_array_equal(made["random"], measure.controls(truth)["random"])


def test_bad_input_is_refused_in_sentences() -> None:
    with pytest.raises(InputError, match="4, 9 or 16 channels"):
        measure.intensity(np.zeros((8, 100)), RATE)
    with pytest.raises(InputError, match="Two ears have two channels"):
        measure.interaural(np.zeros((4, 100)), RATE)
    with pytest.raises(InputError, match="There are 6 loudspeakers, but the sound has 2 channels"):
        measure.speakers(np.zeros((2, 100)), RATE, [(0.0, 0.0)] * 6)
