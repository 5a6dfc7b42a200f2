"""Rendered scenes: the directions, delays, levels and pitches that were meant, the same bits in blocks of any size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.errors import InputError, MediaError
from limbeck.media import write_wav
from limbeck.spatial import Listener, Room, Scene, Source, Waypoint, directions, measure, render
from limbeck.spatial.hrtf import Measured, SphericalHead, woodworth
from limbeck.spatial.loudness import SILENT, loudness
from limbeck.spatial.render import Stem

RATE = 16_000
NOISE = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1


def scene(*sources: Source, seconds: float = 1.0, **more: Any) -> Scene:
    return Scene(sources=sources, duration=seconds, rate=RATE, **more)


def source(*waypoints: Waypoint, end: float = 1.0, **more: Any) -> Source:
    return Source(words="noise", end=end, waypoints=waypoints, **more)


def heard(made: Scene, to: str = "foa", samples: np.ndarray = NOISE, **how: Any) -> np.ndarray:
    stems = [Stem.of(samples, RATE, s) for s in made.sources]
    return np.concatenate([b.mix for b in render.blocks(made, stems, render.output(to), **how)], axis=1)


MOVING = source(Waypoint(azimuth=-60, distance=3), Waypoint(time=1, azimuth=170, elevation=40, distance=1))


@pytest.mark.parametrize("to", render.OUTPUTS)
@pytest.mark.parametrize("room", [None, Room(size=(8, 7, 4), absorption=0.6)])
def test_blocks_of_any_size_have_the_same_bits(to: str, room: Room | None) -> None:
    if room is not None:
        pytest.importorskip("pyroomacoustics", reason="rooms come with limbeck[spatial]")
        if to not in ("foa", "binaural"):
            return
    made = scene(MOVING, source(extent="around"), room=room, listener=Listener(yaw=20))
    whole = heard(made, to, block=2**16)
    assert whole.shape == (len(render.output(to).channels), RATE)
    for block in (128, 128 * 17):
        np.testing.assert_array_equal(heard(made, to, block=block), whole)


def test_distance_delays_and_softens() -> None:
    click = np.zeros(RATE, np.float32)
    click[4000] = 1
    near, far = (heard(scene(source(Waypoint(azimuth=0, distance=d))), samples=click)[0] for d in (1.0, 34.3 + 1))
    assert far.argmax() - near.argmax() == RATE // 10
    assert near.max() / far.max() == pytest.approx(35.3, rel=1e-3)


@pytest.mark.parametrize("speed", [-30.0, 10.0, 60.0])
def test_the_doppler_shift_is_exact_to_a_thousandth(speed: float) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(4 * RATE) / RATE).astype(np.float32)
    far = (Waypoint(azimuth=0, distance=100), Waypoint(time=1.0, azimuth=0, distance=100 + speed))
    sound = heard(scene(source(*far)), samples=tone)[0, RATE // 2 :]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 2**20))
    assert spectrum.argmax() * RATE / 2**20 == pytest.approx(1000 / (1 + speed / 343), rel=1e-3)


def test_the_direction_is_that_of_the_time_it_was_sounded() -> None:
    made = scene(MOVING)
    found = measure.intensity(heard(made), RATE, bands=((100, 6000),))
    sounded = found.times - MOVING.at(found.times)[2] / 343
    truth = directions.vectors(*MOVING.at(sounded)[:2])
    assert directions.great_circle(found.directions[:, 1:], truth[:, 1:]).max() < 1.0
    # Turning the head to the left turns the sound to the right.
    turned = measure.intensity(heard(scene(MOVING, listener=Listener(yaw=30))), RATE)
    assert np.median(directions.angles(found.directions)[0] - directions.angles(turned.directions)[0]) == pytest.approx(
        30, abs=0.1
    )


@pytest.mark.parametrize("to", ["5.1", "7.1.4", "stereo"])
def test_loudspeakers_are_never_silent_and_of_constant_energy(to: str) -> None:
    around, up = np.meshgrid(np.arange(-180, 180, 5.0), np.arange(-90, 91, 5.0))
    layout = render.OUTPUTS[to]
    assert isinstance(layout, render.Speakers | render.Stereo)
    gains = layout.gains(around.ravel(), up.ravel())
    assert np.abs(10 * np.log10((gains**2).sum(axis=0))).max() < 1e-6
    assert gains.min() >= 0
    # A degree farther no gain jumps.
    more = layout.gains(around.ravel() + 1, up.ravel())
    assert np.abs(more - gains)[:, np.abs(up.ravel()) < 60].max() < 0.12


def test_a_direction_of_a_loudspeaker_is_that_loudspeaker() -> None:
    for layout in (render.OUTPUTS["5.1"], render.OUTPUTS["7.1.4"]):
        assert isinstance(layout, render.Speakers)
        for number, place in enumerate(layout.places.values()):
            if place is not None:
                gains = layout.gains(*np.array(place)[:, None])
                np.testing.assert_allclose(gains[:, 0], np.eye(len(gains))[number], atol=1e-9)


@pytest.mark.parametrize(("azimuth", "elevation"), [(0, 0), (30, 0), (-75, 0), (120, 30), (-160, -20), (90, 60)])
def test_the_ears_of_a_sphere_are_as_its_formula_says(azimuth: float, elevation: float) -> None:
    sound = heard(scene(source(Waypoint(azimuth=azimuth, elevation=elevation))), "binaural")
    _, itd, ild, _ = measure.interaural(sound, RATE)
    assert np.abs(itd[1:] - woodworth(azimuth, elevation)).max() < 10e-6
    side = directions.lateral(azimuth, elevation)
    assert (np.abs(ild[1:]).max() < 0.1) if abs(side) < 1 else (np.sign(ild[1:]) == np.sign(side)).all()


def test_a_measured_head_is_heard_as_it_was_measured(tmp_path: Path) -> None:
    """A set made of the sphere, with its delays in the responses: between its directions it is the sphere, too."""
    h5py = pytest.importorskip("h5py", reason="SOFA files come with limbeck[spatial]")
    known = directions.sphere(400)
    around, up = directions.angles(known)
    delays, filters = SphericalHead().ears(around, up, 48_000)
    shift = np.exp(-2j * np.pi * np.fft.rfftfreq(256) * (delays.T[..., None] * 48_000 + 60))
    responses = np.fft.irfft(np.fft.rfft(filters, 256) * shift, 256)
    file = tmp_path / "head.sofa"
    with h5py.File(file, "w") as out:
        out.attrs["SOFAConventions"] = "SimpleFreeFieldHRIR"
        out["Data.IR"], out["Data.SamplingRate"] = responses, [48_000.0]
        out["SourcePosition"] = np.stack([around, up, np.ones_like(up)], axis=1)
    head = Measured.load(file)
    for azimuth, elevation in ((0.0, 0.0), (77.0, 10.0), (-130.0, -35.0)):
        made = scene(source(Waypoint(azimuth=azimuth, elevation=elevation)))
        stems = [Stem.of(NOISE, RATE, made.sources[0])]
        own, sphere = (
            np.concatenate([b.mix for b in render.blocks(made, stems, render.Binaural(h))], axis=1)
            for h in (head, SphericalHead())
        )
        itd, ild = (np.array(v)[1:] for v in measure.interaural(own, RATE)[1:3])
        assert np.abs(itd - woodworth(azimuth, elevation)).max() < 25e-6
        assert np.abs(ild - measure.interaural(sphere, RATE)[2][1:]).max() < 1
        # Nothing comes early or late for it.
        together = np.fft.irfft(np.fft.rfft(own.sum(axis=0)).conj() * np.fft.rfft(sphere.sum(axis=0)))
        assert abs((together.argmax() + 100) % len(together) - 100) <= 3
    with pytest.raises(InputError, match="no SOFA file"):
        Measured.load(Path(__file__))


def test_sound_from_everywhere_has_no_direction() -> None:
    long = np.random.default_rng(1).standard_normal(RATE * 8).astype(np.float32)
    made = scene(source(extent="around", end=2.0), seconds=2.0)
    found = measure.intensity(heard(made, samples=long), RATE)
    flow = np.linalg.norm(found.vectors.sum(axis=(1, 2))) / found.energy.sum()
    assert flow < 0.1
    assert measure.intensity(heard(scene(MOVING)), RATE).vectors.any()


def test_a_room_adds_what_pyroomacoustics_says(tmp_path: Path) -> None:
    rooms = pytest.importorskip("pyroomacoustics", reason="rooms come with limbeck[spatial]")
    click = np.zeros(RATE, np.float32)
    click[1000] = 1
    made = scene(source(Waypoint(azimuth=40, distance=1.5)), room=Room(size=(5, 4, 3), absorption=0.4))
    stem = Stem(click)
    sound = np.concatenate([b.mix for b in render.blocks(made, [stem], render.output("foa"))], axis=1)[0]
    box = rooms.ShoeBox([5, 4, 3], fs=RATE, materials=rooms.Material(0.4), max_order=15)
    ears = np.array([2.5, 2, 1.6])
    box.add_source(ears + 1.5 * directions.vectors(40.0))
    box.add_microphone(ears)
    box.compute_rir()
    late = rooms.constants.get("frac_delay_length") // 2
    ours, theirs = sound[1000:4200], box.rir[0][0][late : late + 3200]
    spectra = [np.fft.rfft(x, 8192)[100:3500] for x in (ours, theirs)]  # 200 Hz to 6.8 kHz
    assert abs(np.vdot(*spectra)) > 0.97 * np.linalg.norm(spectra[0]) * np.linalg.norm(spectra[1])
    assert np.linalg.norm(spectra[0]) == pytest.approx(np.linalg.norm(spectra[1]), rel=0.05)


@pytest.mark.parametrize(("size", "absorption"), [((7, 6, 3), 0.05), ((6, 5, 3), 0.2), ((20, 15, 7), 0.1)])
def test_a_room_echoes_as_long_as_it_should(size: tuple[float, float, float], absorption: float) -> None:
    """By what is heard of a click: the fall from -5 to -35 dB, twice, against Eyring's formula; and from everywhere."""
    pytest.importorskip("pyroomacoustics", reason="rooms come with limbeck[spatial]")
    x, y, z = size
    eyring = 0.161 * x * y * z / (-2 * (x * y + y * z + z * x) * np.log(1 - absorption))
    click = np.zeros(RATE, np.float32)
    click[:160] = NOISE[:160]
    seconds = float(np.ceil(eyring)) + 1
    made = scene(
        source(Waypoint(azimuth=30), repeat="once"), seconds=seconds, room=Room(size=size, absorption=absorption)
    )
    sound = heard(made, samples=click).astype(np.float64)
    left = np.cumsum(sound[0, ::-1] ** 2)[::-1]
    fallen = [np.argmax(left < left[0] * 10 ** (db / 10)) / RATE for db in (-5, -35)]
    assert 2 * (fallen[1] - fallen[0]) == pytest.approx(eyring, rel=0.1)
    late = np.square(sound[:, round(eyring / 3 * RATE) : round(eyring / 2 * RATE)]).mean(axis=1)
    assert late[1:].sum() / late[0] == pytest.approx(1, abs=0.15)


def test_there_may_be_more_sources_than_files_may_be_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    write_wav(tmp_path / "noise.wav", NOISE, RATE)
    one = source(Waypoint(azimuth=0), end=0.1, recording=str(tmp_path / "noise.wav"))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 20, limits[1]))
    try:
        with render.opened(scene(*[one] * 60)) as stems:
            assert [float(stem.samples[5]) for stem in stems] == [float(stems[0].samples[5])] * 60
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_air_swallows_what_is_high_and_far() -> None:
    from limbeck.spatial.render._air import absorption

    # ISO 9613-1, table 1, 20 degrees and 50 percent, in dB / km.
    np.testing.assert_allclose(1000 * absorption([125, 1000, 4000, 8000]), [0.45, 4.7, 29.8, 105], rtol=0.07)
    made = scene(source(Waypoint(azimuth=0, distance=50)))
    plain, aired = (np.fft.rfft(heard(made, air=air)[0, RATE // 2 :]) for air in (False, True))
    lost = 20 * np.log10(np.abs(plain[2900:3100]).mean() / np.abs(aired[2900:3100]).mean())
    assert lost == pytest.approx(50 * absorption(3000 / len(plain) * RATE / 2), rel=0.1)
    assert np.angle(np.vdot(plain[:500], aired[:500])) == pytest.approx(0, abs=0.01)


def test_loudness_is_that_of_pyloudnorm() -> None:
    meters = pytest.importorskip("pyloudnorm")
    loud = np.random.default_rng(0).standard_normal(48_000 * 4) * np.repeat([0.001, 0.3, 0.1, 0.0], 48_000)
    own = loudness([loud[:1000], loud[1000:70_001], loud[70_001:]], 48_000)
    assert own == pytest.approx(meters.Meter(48_000).integrated_loudness(loud), abs=0.05)
    assert loudness([np.zeros(100_000)], 48_000) == SILENT
    assert np.isfinite(loudness([loud[48_000:50_000]], 48_000))


def test_level_is_loudness_at_a_metre() -> None:
    def lufs(level: float, distance: float) -> float:
        made = scene(source(Waypoint(azimuth=90, distance=distance), level=level, end=4.0), seconds=4.0)
        return loudness([heard(made)[0]], RATE)

    # Reading between samples loses the last tenth of this white noise.
    assert lufs(0, 1) == pytest.approx(render.REFERENCE_LUFS, abs=0.4)
    assert lufs(6, 1) - lufs(0, 2) == pytest.approx(12, abs=0.1)


def test_a_short_recording_loops_without_a_click_or_ends() -> None:
    tone = np.sin(2 * np.pi * 100.3 * np.arange(4000) / RATE).astype(np.float32)
    looped, once = (Stem.of(tone, RATE, source(Waypoint(azimuth=0), repeat=r)) for r in ("loop", "once"))
    sound = looped.take(-10, 16_000)
    assert not sound[:10].any()
    assert np.abs(np.diff(sound[10:])).max() < 0.06
    np.testing.assert_array_equal(looped.take(5000, 9000), sound[5010:9010])
    assert not once.take(4000, 5000).any()
    assert once.take(0, 4000)[100] == tone[100]


def test_bad_scenes_are_refused_in_sentences(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no output '5-1'; there are foa"):
        render.output("5-1")
    with pytest.raises(InputError, match="multiple of 128"):
        heard(scene(MOVING), block=1000)
    with pytest.raises(InputError, match="silent; choose another recording"):
        heard(scene(MOVING), samples=np.zeros(RATE, np.float32))
    with pytest.raises(InputError, match="no recording, the first 'noise'"), render.opened(scene(MOVING)):
        pass
    gone = MOVING.model_copy(update={"recording": str(tmp_path / "gone.wav")})
    with pytest.raises(MediaError, match=r"gone\.wav, is not there"), render.opened(scene(gone)):
        pass
    with pytest.raises(InputError, match="no sources"), render.opened(scene()):
        pass
    file = tmp_path / "short.wav"
    write_wav(file, NOISE, RATE)
    late = MOVING.model_copy(update={"recording": str(file), "offset": 2.0})
    with pytest.raises(InputError, match="no sound behind second 2"), render.opened(scene(late)):
        pass


def test_a_recording_of_another_rate_is_opened_as_it_sounds(tmp_path: Path) -> None:
    file = tmp_path / "noise.wav"
    write_wav(file, np.tile(NOISE, 2), 2 * RATE)
    own = replace_recording(MOVING, file)
    with render.opened(scene(own)) as stems:
        assert len(stems[0].samples) == pytest.approx(RATE, rel=0.02)
        assert replace(stems[0]).loops


def replace_recording(old: Source, file: Path) -> Source:
    return old.model_copy(update={"recording": str(file)})
