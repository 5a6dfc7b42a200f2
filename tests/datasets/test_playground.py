"""The generated dataset: files, truth, determinism, and that sound and picture belong together."""

from __future__ import annotations

import json
import math
import pickle
import shutil
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from limbeck.datasets.playground import Playground
from limbeck.errors import InputError, LimbeckError
from limbeck.media import ClipRecipe
from limbeck.playground import stage
from limbeck.playground._canvas import Canvas, Pen
from limbeck.playground.clips import make_all, planned
from limbeck.playground.kinds import KINDS, SOLOS, TIED
from limbeck.playground.stage import BY_NAME

SIZE = 64


def _bytes(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def _playground(root: Path, clips: int = 10, seed: int = 0, size: int = SIZE, workers: int = 1) -> Playground:
    return Playground(root, clips=clips, seed=seed, size=size, test_fraction=0.5, workers=workers)


def _scenes(kind: str, count: int) -> list[stage.Scene]:
    return [stage.draw_scene(BY_NAME[kind], seed) for seed in range(count)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Playground:
    playground = _playground(tmp_path_factory.mktemp("playground"), clips=20)
    assert playground.make() == 20
    return playground


def test_clips_are_files_in_split_and_class_folders_with_a_sidecar(made: Playground) -> None:
    clips = made.clips()
    assert len({c.id for c in clips}) == 20
    for clip in clips:
        assert clip.audio == clip.image == made.root / f"{clip.id}.mp4"
        assert clip.audio is not None
        assert clip.audio.parent == made.root / clip.split / clip.label
        assert clip.audio.with_suffix(".json").is_file()
    assert [c.label for c in clips[::2]] == list(made.classes)
    assert {c.split for c in clips} == {"train", "test"}


def test_every_split_of_a_class_has_its_part(tmp_path: Path) -> None:
    clips = Playground(tmp_path, clips=800)._planned()
    for kind in KINDS:
        splits = [c.split for c in clips if c.kind == kind]
        assert (splits.count("train"), splits.count("test")) == (60, 20)


def test_the_file_holds_picture_and_stereo_sound_of_the_stated_form(made: Playground) -> None:
    path = made.clips()[0].audio
    assert path is not None
    with av.open(str(path)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.average_rate) == (SIZE, SIZE, stage.FPS)
        assert (sound.rate, sound.channels) == (stage.SAMPLE_RATE_HZ, 2)
        assert sum(1 for _ in container.decode(video)) == stage.FRAMES


def test_the_same_seed_gives_the_same_bytes_and_a_smaller_playground_is_part_of_it(
    made: Playground, tmp_path: Path
) -> None:
    _playground(tmp_path).make()
    first, second = _bytes(made.root), _bytes(tmp_path)
    assert second.items() <= first.items()
    assert len(second) == 20


def test_processes_make_the_same_bytes(made: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limbeck.playground.clips._CLIPS_WORTH_A_PROCESS", 1)
    ticks: list[tuple[int, int]] = []
    assert _playground(tmp_path, workers=3).make(lambda done, of: ticks.append((done, of))) == 10
    assert _bytes(tmp_path).items() <= _bytes(made.root).items()
    assert ticks == [(i, 10) for i in range(1, 11)]


def test_a_process_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limbeck.playground.clips._CLIPS_WORTH_A_PROCESS", 1)
    good, bad = _playground(tmp_path)._planned()[:2]
    broken = [good, bad._replace(kind=None)]
    with pytest.raises(LimbeckError, match=f"{bad.name}.mp4 ended early"):
        list(make_all(broken, 2))
    (tmp_path / "file").touch()
    with pytest.raises(LimbeckError, match="file"):
        list(make_all([good, bad._replace(folder=tmp_path / "file")], 2))


def test_finished_clips_are_kept_and_others_made_again(made: Playground, tmp_path: Path) -> None:
    shutil.copytree(made.root, tmp_path, dirs_exist_ok=True)
    playground = _playground(tmp_path)
    assert playground.make() == 0
    clips = playground.clips()
    for clip, damage in zip(clips, ("mp4", "json", "json"), strict=False):
        (tmp_path / f"{clip.id}.{damage}").unlink()
    (tmp_path / f"{clips[2].id}.json").write_text("{", encoding="utf-8")
    assert playground.make() == 3
    assert _bytes(tmp_path) == _bytes(made.root)
    seeds, sizes = _playground(tmp_path, seed=1), _playground(tmp_path, size=32)
    assert not any(clip.is_made() for other in (seeds, sizes) for clip in other._planned())
    clip = seeds._planned()[0]
    before = clip.video.read_bytes()
    clip.make()
    assert clip.is_made()
    assert clip.video.read_bytes() != before


def test_sidecars_agree_with_the_files(made: Playground) -> None:
    for clip in made.clips():
        truth = made.truth(clip)
        assert truth["class"] == clip.label
        assert len(truth["boxes_xyxy"]) == len(truth["azimuth_deg"]) == truth["frames"] == stage.FRAMES
        boxes = np.array(truth["boxes_xyxy"])
        assert ((boxes >= 0) & (boxes <= 1)).all()
        assert (boxes[:, 2:] >= boxes[:, :2]).all()
        assert all(0 <= o < stage.CLIP_S for o in truth["onsets_s"])
        assert truth["onsets_s"] == sorted(truth["onsets_s"])


def test_isolated_sources_sum_to_the_mixture_and_the_mixture_is_what_the_file_plays(made: Playground) -> None:
    for clip in made.clips()[::3]:
        apart = made.sources(clip)
        mixture = np.sum(list(apart.values()), axis=0)
        assert mixture.dtype == np.float32
        assert np.abs(mixture).max() <= 0.9001
        with av.open(str(clip.audio)) as container:
            played = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
        played = played[:, : mixture.shape[1]]
        assert played.shape == mixture.shape
        error = played - mixture
        assert np.mean(error**2) < 0.15 * np.mean(mixture**2)


def test_sources_come_from_the_sidecar_alone(made: Playground) -> None:
    clip = made.clips()[0]
    truth = json.loads((made.root / f"{clip.id}.json").read_text(encoding="utf-8"))
    scene = stage.Scene.from_json(truth["scene"])
    apart = made.sources(clip.id)
    assert set(apart) == {"main", "noise"} | ({"other"} if truth["other"] else set())
    for name, wave in stage.sources(scene).items():
        assert np.array_equal(wave, apart[name])


@pytest.mark.parametrize("kind", [k.name for k in KINDS])
def test_what_is_bigger_sounds_lower(kind: str) -> None:
    casts = [s.main for s in _scenes(kind, 60)]
    r = np.corrcoef(np.log([c.scale for c in casts]), np.log([c.pitch_hz for c in casts]))[0, 1]
    assert r < -0.85


@pytest.mark.parametrize("kind", [k.name for k in KINDS])
def test_pitch_is_heard(kind: str) -> None:
    """The sound's spectral centroid over log frequency follows the cast's pitch."""
    pitch, heard = [], []
    for scene in _scenes(kind, 24):
        wave = BY_NAME[kind].voice(scene.main, stage.SAMPLE_RATE_HZ, stage.CLIP_S)
        amplitude = np.abs(np.fft.rfft(wave))
        frequency = np.fft.rfftfreq(len(wave), 1 / stage.SAMPLE_RATE_HZ)
        audible = frequency > 30
        heard.append(np.average(np.log(frequency[audible]), weights=amplitude[audible]))
        pitch.append(math.log(scene.main.pitch_hz))
    assert np.corrcoef(pitch, heard)[0, 1] > 0.75


@pytest.mark.parametrize("kind", [k.name for k in KINDS])
def test_size_is_seen_in_the_middle_frame(kind: str) -> None:
    """The longer side of the box follows the cast's size."""
    scale, seen = [], []
    for scene in _scenes(kind, 24):
        x0, y0, x1, y1 = next(islice(stage.frames(scene, 32), stage.FRAMES // 2, None))[1]
        seen.append(max(x1 - x0, y1 - y0))
        scale.append(scene.main.scale)
    assert np.corrcoef(scale, seen)[0, 1] > 0.7


@pytest.mark.parametrize("kind", ["metal bar", "hand bell", "zither string", "harp", "caged bird", "dripping tap"])
def test_energy_rises_at_the_onsets(kind: str) -> None:
    rate, span = stage.SAMPLE_RATE_HZ, int(0.03 * stage.SAMPLE_RATE_HZ)
    for scene in _scenes(kind, 8):
        wave = BY_NAME[kind].voice(scene.main, rate, stage.CLIP_S).astype(float)
        for onset in scene.main.onsets_s:
            at = int(onset * rate)
            if span < at < len(wave) - span:
                before, after = wave[at - span : at], wave[at : at + span]
                assert np.mean(after**2) > np.mean(before**2)


def test_the_beater_touches_the_bar_at_each_onset_and_not_between() -> None:
    cast = _scenes("metal bar", 1)[0].main
    lift = [abs(math.sin(math.pi * cast.phase(t))) for t in cast.onsets_s]
    assert max(lift) < 1e-9
    between = [(a + b) / 2 for a, b in zip(cast.onsets_s[:-1], cast.onsets_s[1:], strict=True)]
    assert min(abs(math.sin(math.pi * cast.phase(t))) for t in between) > 0.99


def test_the_louder_side_is_where_the_thing_is() -> None:
    for scene in _scenes("hand bell", 12):
        left, right = np.sqrt(np.mean(stage.sources(scene)["main"] ** 2, axis=1))
        azimuth = (scene.main.x - 0.5) * stage.FIELD_OF_VIEW_DEG
        expected = math.tan(math.radians((azimuth / 90 + 1) * 45))
        assert right / left == pytest.approx(expected, rel=1e-3)


def test_travelling_things_move_as_their_azimuth_says() -> None:
    for scene in _scenes("toy car", 6):
        boxes = [box for _, box in stage.frames(scene, 64)]
        inside = [i for i, (x0, _, x1, _) in enumerate(boxes) if x0 > 0 and x1 < 1]
        azimuth = stage.azimuths(scene, np.arange(stage.FRAMES) / stage.FPS)
        if len(inside) > 3:
            first, last = inside[0], inside[-1]
            moved = (boxes[last][0] + boxes[last][2] - boxes[first][0] - boxes[first][2]) / 2
            assert moved == pytest.approx((azimuth[last] - azimuth[first]) / stage.FIELD_OF_VIEW_DEG, abs=0.03)


def test_each_class_looks_like_one_neighbour_and_sounds_like_the_other() -> None:
    for i, kind in enumerate(KINDS):
        after = KINDS[(i + 1) % 10]
        assert (kind.stance is after.stance) == (i % 2 == 0)
        assert (kind.timbre is after.timbre) == (i % 2 == 1)


def test_read_gives_the_middle_frame_and_one_second(made: Playground) -> None:
    clip = made.clips()[3]
    raw = made.read(clip, ClipRecipe(image_size=SIZE))
    assert raw.waveform.shape == (11000,)
    scene = stage.Scene.from_json(made.truth(clip)["scene"])
    expected = list(stage.frames(scene, SIZE))[stage.FRAMES // 2][0]
    assert np.abs(raw.frame.astype(int) - expected.astype(int)).mean() < 6


def test_global_generators_stay_untouched(tmp_path: Path) -> None:
    state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    stage.mixture(_scenes("harp", 1)[0])
    _playground(tmp_path)._planned()[0].make()
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(torch_state, torch.get_rng_state())


@pytest.mark.parametrize(
    "wrong",
    [{"clips": 9}, {"seed": -1}, {"size": 33}, {"size": 16}, {"test_fraction": 1.0}, {"workers": 0}],
)
def test_arguments_that_do_not_fit_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Playground(tmp_path, **wrong)  # type: ignore[arg-type]


def test_unknown_clips_and_older_sidecars_are_refused(made: Playground, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="call clips"):
        made.truth("train/harp/harp-9999")
    old = _playground(tmp_path)
    truth = made.truth(made.clips()[0]) | {"version": 0}
    (tmp_path / "x.json").write_text(json.dumps(truth), encoding="utf-8")
    with pytest.raises(InputError, match="version 0"):
        old.sources("x")


def test_a_playground_can_be_pickled(made: Playground) -> None:
    assert pickle.loads(pickle.dumps(made)).clips() == made.clips()


@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_shapes_have_their_areas(angle: float) -> None:
    """Painted amounts against the formulas of the areas, in pixels."""

    def area(draw: str, *arguments: object) -> float:
        canvas = Canvas(np.zeros((3, 200, 200), np.float32))
        getattr(Pen(canvas, 0.5, 0.5, angle=angle), draw)(*arguments, (1.0, 1.0, 1.0), **flat)
        return float(canvas.pixels[0].sum())

    flat = {"shade": 0.0, "outline": False}
    assert area("ellipse", 0.0, 0.0, 0.3, 0.2) == pytest.approx(math.pi * 60 * 40, rel=0.01)
    assert area("box", 0.0, 0.0, 0.5, 0.2) == pytest.approx(100 * 40, rel=0.01)
    assert area("polygon", [(-0.2, 0.2), (0.2, 0.2), (0.0, -0.2)]) == pytest.approx(80 * 80 / 2, rel=0.02)
    assert area("line", (-0.2, 0.0), (0.2, 0.0), 0.1) == pytest.approx(80 * 20 + math.pi * 100, rel=0.01)


def test_tied_clips_share_loudness_with_light_and_the_noise_with_what_is_behind() -> None:
    """A scene is tied to two numbers alone: louder is brighter, browner noise is bluer; onsets and size stay."""
    kind = next(k for k in TIED if k.name == "harp")
    plain, one = stage.draw_scene(BY_NAME["harp"], 3), stage.draw_scene(kind, 3)
    assert (one.main, one.other, one.props) == (plain.main, None, ())
    dim, light = (stage.tied(plain, u, 0.0) for u in (0.0, 1.0))
    power = [float(np.square(stage.mixture(scene)).mean()) for scene in (dim, light)]
    shown = [float(next(stage.frames(scene, 32))[0].mean()) for scene in (dim, light)]
    assert 10 * math.log10(power[1] / power[0]) == pytest.approx(30, abs=5)  # peaks are kept below 0.9
    assert shown[1] > 2 * shown[0]
    red, blue = (next(stage.frames(stage.tied(plain, 1.0, w), 32))[0].mean((0, 1)) for w in (0.0, 1.0))
    assert red.argmax() == 0
    assert blue.argmax() == 2
    slopes = [np.abs(np.fft.rfft(stage.sources(stage.tied(plain, 1.0, w))["noise"][0])) for w in (0.0, 1.0)]
    high, low = (float(s[len(s) // 2 :].mean() / s[: len(s) // 20].mean()) for s in slopes)
    assert high > 5 * low


def test_a_tied_clip_is_not_taken_for_another_of_its_name(tmp_path: Path) -> None:
    plain, tied = (planned(tmp_path, 10, seed=0, size=32, test_fraction=0, kinds=kinds)[0] for kinds in (KINDS, TIED))
    plain.make()
    assert (plain.is_made(), tied.is_made()) == (True, False)


def test_solos_are_heard_alone_and_are_the_same_things(tmp_path: Path) -> None:
    for kind in SOLOS:
        plain, alone = stage.draw_scene(BY_NAME[kind.name], 3), stage.draw_scene(kind, 3)
        assert alone == plain.model_copy(update={"other": None, "noise_gain": 0.0})
    apart = stage.sources(alone)
    assert apart.keys() == {"main", "noise"}
    assert not apart["noise"].any()
    assert Playground(tmp_path, clips=5, variant="solos").classes == tuple(kind.name for kind in KINDS[::2])
    plain, alone = (planned(tmp_path, 10, seed=0, size=32, test_fraction=0, kinds=kinds)[0] for kinds in (KINDS, SOLOS))
    plain.make()
    assert (plain.is_made(), alone.is_made()) == (True, False)
