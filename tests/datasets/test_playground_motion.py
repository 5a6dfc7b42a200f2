"""The variant whose classes differ in motion: what several frames, the sound and one frame tell of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

import limbeck
from limbeck.datasets.playground import Playground
from limbeck.errors import InputError
from limbeck.media import MelRecipe, log_mel
from limbeck.playground import MOTIONS, draw_scene, frames, mixture
from limbeck.playground.stage import SAMPLE_RATE_HZ, azimuths

FIRST, MIDDLE, LAST = 6, 13, 20
"""Frames of the second that is used."""


def _seen(seeds, size=32):
    """Boxes, (clip, frame, edge), and pictures, (clip, frame, height, width, 3), of scenes of all classes."""
    shown = [[*frames(draw_scene(kind, seed), size)] for seed in seeds for kind in MOTIONS]
    return np.array([[box for _, box in clip] for clip in shown]), np.stack([[image for image, _ in c] for c in shown])


def test_several_frames_tell_the_way_and_its_sense():
    boxes, _ = _seen(range(12))
    middle, size = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    gone = middle[:, LAST] - middle[:, FIRST]
    grown = np.log(size[:, LAST].max(1) / size[:, FIRST].max(1))
    of = {kind.name: np.arange(i, len(boxes), len(MOTIONS)) for i, kind in enumerate(MOTIONS)}
    assert (gone[of["moves left"], 0] < -0.15).all()
    assert (gone[of["moves right"], 0] > 0.15).all()
    assert (gone[of["rises"], 1] < -0.15).all()
    assert (gone[of["falls"], 1] > 0.15).all()
    assert (grown[of["approaches"]] > 0.3).all()
    assert (grown[of["recedes"]] < -0.3).all()
    turning = [*of["turns clockwise"], *of["turns counterclockwise"]]
    assert np.abs(gone[turning]).max() < 0.1
    assert np.abs(grown[turning]).max() < 0.5


@pytest.mark.slow
def test_one_frame_tells_nothing():
    """A classifier of pixels and boxes at the clip's middle does no better than chance on other clips."""
    boxes, pictures = _seen(range(60), size=16)
    x = np.concatenate([pictures[:, MIDDLE].reshape(len(boxes), -1) / 255, boxes[:, MIDDLE] * 3], 1)
    labels = np.tile(np.arange(len(MOTIONS)), 60)
    half = len(x) // 2
    learnt = LogisticRegression(C=0.1, max_iter=300).fit(x[:half], labels[:half])
    assert learnt.score(x[half:], labels[half:]) < 0.2, "chance is 0.125, 0.2 lies 3.5 deviations above it"


def test_what_a_thing_is_does_not_depend_on_how_it_moves():
    casts = [draw_scene(kind, seed=3).main for kind in MOTIONS]
    assert {cast.kind for cast in casts} == {kind.name for kind in MOTIONS}
    assert len({cast.model_copy(update={"kind": ""}) for cast in casts}) == 1


def test_the_sound_moves_as_the_thing_does():
    recipe = MelRecipe(sample_rate_hz=SAMPLE_RATE_HZ, clip_seconds=1.8)
    quarter = recipe.shape[1] // 4

    def heard(name):
        scene = draw_scene(next(kind for kind in MOTIONS if kind.name == name), seed=5)
        scene = scene.model_copy(update={"other": None, "noise_gain": 0.0})
        stereo = mixture(scene)
        mel = log_mel(torch.from_numpy(stereo.mean(0)), recipe).numpy()
        power = 10 ** (mel / 10)
        pitch = (power * np.arange(len(mel))[:, None]).sum(0) / power.sum(0)
        level = 10 * np.log10(power.sum(0))
        change = {n: float(v[-quarter:].mean() - v[:quarter].mean()) for n, v in (("pitch", pitch), ("level", level))}
        side = [float(np.log(channel[-9000:].std() / channel[:9000].std())) for channel in stereo]
        return change | {"side": side[1] - side[0]}

    assert heard("approaches")["level"] > 5 > -5 > heard("recedes")["level"]
    assert heard("rises")["pitch"] > 1 > -1 > heard("falls")["pitch"]
    assert heard("moves right")["side"] > 0.5 > -0.5 > heard("moves left")["side"]
    left, right = (draw_scene(MOTIONS[i], seed=5) for i in (0, 1))
    assert np.allclose(azimuths(left, np.array([0.9])), azimuths(right, np.array([0.9])))


def test_it_is_read_as_the_playground_is(tmp_path):
    data = limbeck.prepare(
        "playground", tmp_path / "videos", out=tmp_path / "data", image_size=16, progress=False, variant="motion",
        clips=16, size=32, test_fraction=0.5, workers=1,
    )  # fmt: skip
    assert data.classes == tuple(kind.name for kind in MOTIONS)
    assert data.clips("train").per_class() == data.clips("test").per_class() == (1,) * 8
    with pytest.raises(InputError, match="things, motion"):
        Playground(tmp_path, variant="still")
    with pytest.raises(InputError, match="at least 8 clips"):
        Playground(tmp_path, variant="motion", clips=7)
