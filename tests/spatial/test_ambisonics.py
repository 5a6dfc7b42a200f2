"""Ambisonics: the same as by hand and by pyroomacoustics, exact turns, conventions that lead back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.errors import InputError
from limbeck.spatial import ambisonics
from limbeck.spatial.directions import angles, great_circle, lateral, sphere, vectors

ANGLE = st.floats(-180, 180)


def test_the_six_ways_have_the_gains_of_the_standard() -> None:
    around, up = [0, 90, 180, -90, 0, 0], [0, 0, 0, 0, 90, -90]
    w, y, z, x = ambisonics.gains(around, up).round(12)
    assert w.tolist() == [1] * 6
    assert y.tolist() == [0, 1, 0, -1, 0, 0]
    assert z.tolist() == [0, 0, 0, 0, 1, -1]
    assert x.tolist() == [1, 0, -1, 0, 0, 0]


def test_harmonics_are_orthogonal_with_the_energy_of_sn3d() -> None:
    """Over the sphere, the mean of the product of two is 0, and of one with itself 1 / (2 l + 1)."""
    waves = ambisonics.harmonics(sphere(20_000), 3)
    degrees = np.array([int(acn**0.5) for acn in range(16)])
    np.testing.assert_allclose(waves @ waves.T / 20_000, np.diag(1 / (2 * degrees + 1)), atol=1e-4)


@pytest.mark.parametrize("order", ambisonics.ORDERS)
def test_the_gains_are_those_of_another_library(order: int) -> None:
    """scipy's complex harmonics, made real: a second way to the same numbers."""
    from scipy.special import sph_harm_y

    around, up = np.random.default_rng(0).uniform([[-180], [-90]], [[180], [90]], (2, 50))
    ours = ambisonics.gains(around, up, order=order)
    for acn in range((order + 1) ** 2):
        degree = int(acn**0.5)
        index = acn - degree * (degree + 1)
        wave = sph_harm_y(degree, abs(index), np.radians(90 - up), np.radians(around))
        part = wave.imag if index < 0 else wave.real
        scale = (4 * np.pi / (2 * degree + 1)) ** 0.5 * (2**0.5 if index else 1) * (-1) ** index
        np.testing.assert_allclose(ours[acn], scale * part, atol=1e-12)


@given(ANGLE, st.floats(-90, 90), ANGLE, ANGLE, ANGLE, st.sampled_from(ambisonics.ORDERS))
def test_encode_then_rotate_is_rotate_then_encode(
    azimuth: float, elevation: float, yaw: float, pitch: float, roll: float, order: int
) -> None:
    turn = ambisonics.rotation(yaw, pitch, roll, order=order)
    around, up = angles(_turned(vectors(azimuth, elevation), yaw, pitch, roll))
    np.testing.assert_allclose(
        turn @ ambisonics.gains(azimuth, elevation, order=order),
        ambisonics.gains(around, up, order=order),
        atol=1e-10,
    )
    np.testing.assert_allclose(turn @ turn.T, np.eye(len(turn)), atol=1e-10)


def _turned(vector: np.ndarray, yaw: float, pitch: float, roll: float) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return Rotation.from_euler("ZYX", [yaw, -pitch, roll], degrees=True).apply(vector)


def test_turns_go_the_way_that_is_said() -> None:
    def where(sound: np.ndarray) -> list[float]:
        return [round(float(v)) for v in angles(sound[[3, 1, 2], 0])]

    front, left = ambisonics.encode(np.ones(1), 0.0), ambisonics.encode(np.ones(1), 90.0)
    assert where(ambisonics.rotate(front, yaw=30)) == [30, 0]
    assert where(ambisonics.rotate(front, pitch=30)) == [0, 30]
    assert where(ambisonics.rotate(left, roll=30)) == [90, 30]


@given(ANGLE, st.floats(-90, 90), st.sampled_from(ambisonics.ORDERS), st.sampled_from(sorted(ambisonics.CONVENTIONS)))
def test_there_and_back_is_where_it_was(azimuth: float, elevation: float, order: int, convention: str) -> None:
    sound = ambisonics.encode(np.array([1.0, -0.5]), azimuth, elevation, order=order)
    other = ambisonics.convert(sound, "ambix", convention)
    np.testing.assert_allclose(ambisonics.convert(other, convention), sound, atol=1e-6)
    assert ambisonics.energy_ratio(other) == pytest.approx(ambisonics.CONVENTIONS[convention].ratio, rel=1e-5)


def test_fuma_is_as_its_definition_says() -> None:
    """The polynomials of the standard, in angles, as they are printed everywhere."""
    a, e = np.radians(35.0), np.radians(20.0)
    expected = [
        *(0.5**0.5, np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)),
        *(1.5 * np.sin(e) ** 2 - 0.5, np.cos(a) * np.sin(2 * e), np.sin(a) * np.sin(2 * e)),
        *(np.cos(2 * a) * np.cos(e) ** 2, np.sin(2 * a) * np.cos(e) ** 2),
        np.sin(e) * (5 * np.sin(e) ** 2 - 3) / 2,
        (135 / 256) ** 0.5 * np.cos(a) * np.cos(e) * (5 * np.sin(e) ** 2 - 1),
        (135 / 256) ** 0.5 * np.sin(a) * np.cos(e) * (5 * np.sin(e) ** 2 - 1),
        (27 / 4) ** 0.5 * np.cos(2 * a) * np.sin(e) * np.cos(e) ** 2,
        (27 / 4) ** 0.5 * np.sin(2 * a) * np.sin(e) * np.cos(e) ** 2,
        *(np.cos(3 * a) * np.cos(e) ** 3, np.sin(3 * a) * np.cos(e) ** 3),
    ]
    sound = ambisonics.encode(np.ones(1), 35.0, 20.0, order=3)
    np.testing.assert_allclose(ambisonics.convert(sound, "ambix", "fuma")[:, 0], expected, atol=1e-6)


@pytest.mark.parametrize("order", ambisonics.ORDERS)
def test_a_decoder_finds_the_wave_and_keeps_the_energy(order: int) -> None:
    sound = ambisonics.encode(np.array([1.0]), 40.0, -10.0, order=order)
    assert ambisonics.decode(sound, 40.0, -10.0)[0, 0] == pytest.approx(1, abs=1e-6)
    around, up = angles(sphere(5000))
    heard = ambisonics.decode(sound, around, up)[:, 0]
    assert np.mean(heard**2) * (order + 1) ** 2 == pytest.approx(1, abs=1e-3)
    assert heard.argmax() == great_circle(sphere(5000), vectors(40.0, -10.0)[:, None]).argmin()


def test_the_ratio_warns_and_decides_nothing() -> None:
    assert ambisonics.doubt(1.0, "ambix") is None
    assert ambisonics.doubt(1.4, "ambix") is None
    assert "more usual of n3d" in str(ambisonics.doubt(3.0, "ambix"))
    assert "more usual of ambix" in str(ambisonics.doubt(0.9, "fuma"))
    assert ambisonics.doubt(float("nan"), "ambix") is None


def test_bad_input_is_refused_in_sentences() -> None:
    with pytest.raises(InputError, match="4, 9 or 16 channels"):
        ambisonics.rotate(np.zeros((8, 10)))
    with pytest.raises(InputError, match=r"no ambisonic convention 'b-format'; there are ambix"):
        ambisonics.convert(np.zeros((4, 10)), "b-format")
    with pytest.raises(InputError, match="order 4 was asked for"):
        ambisonics.gains(0.0, order=4)


def test_the_lateral_angle_is_not_the_azimuth() -> None:
    np.testing.assert_allclose(lateral([90, 90, 120, -30], [0, 60, 0, 0]), [90, 30, 60, -30], atol=1e-9)


@pytest.mark.parametrize("azimuth", [0.0, 77.0, -135.0])
def test_the_encoder_equals_that_of_pyroomacoustics(azimuth: float) -> None:
    """In the free field its spherical-harmonic microphones have our gains, within 0.1 dB."""
    rooms = pytest.importorskip("pyroomacoustics", reason="pyroomacoustics comes with limbeck[spatial]")
    from limbeck.spatial import directions

    source = 2 * directions.vectors(azimuth, 20.0)
    heard = []
    for way in np.eye(3):
        # A figure of eight along each axis, and an omni.
        around, up = directions.angles(way)
        aim = rooms.directivities.DirectionVector(azimuth=float(around), colatitude=90 - float(up), degrees=True)
        eight = rooms.directivities.FigureEight(orientation=aim)
        heard.append(_response(rooms, source, eight))
    front, left, up_ = np.array(heard) / _response(rooms, source, None)
    ours = ambisonics.gains(azimuth, 20.0)
    np.testing.assert_allclose([1.0, left, up_, front], ours, atol=0.01)


def _response(rooms: object, source: np.ndarray, directivity: object) -> float:
    """The signed size of what a microphone at (0, 0, 0) picks up of a click."""
    free = rooms.AnechoicRoom(3, fs=48_000)  # type: ignore[attr-defined]
    click = np.zeros(256)
    click[64] = 1
    free.add_source(source, signal=click)
    free.add_microphone([0.0, 0.0, 0.0], directivity=directivity)
    free.simulate()
    sound = free.mic_array.signals[0]
    return float(sound[np.abs(sound).argmax()])
