import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn
from tests.helpers.clips import toy_clips

from limbeck.augment import Frequencies, frequencies, mosaic
from limbeck.errors import InputError
from limbeck.methods.dm import DM
from limbeck.methods.herding import Herding


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _smooth(*shape: int) -> torch.Tensor:
    return _noise(*shape).cumsum(-1).cumsum(-2)


@pytest.mark.parametrize("channels", [1, 3])
def test_alone_nothing_is_lost(channels):
    x = _noise(3, channels, 6, 10)
    torch.testing.assert_close(frequencies.unpack(frequencies.pack(x, 1), 1), x)


def test_a_sounds_numbers_are_its_cosine_transform_along_the_hyperbola():
    x = _noise(2, 1, 5, 4)
    packed = frequencies.pack(x, 2)[0, 0].flatten()
    kept = sorted(((r + 1) * (c + 1), r, c) for r in range(5) for c in range(4))[:10]
    for cell in range(2):
        transform = dctn(x[cell, 0].numpy(), norm="ortho")
        expected = [transform[r, c] for _, r, c in kept]
        np.testing.assert_allclose(packed[10 * cell : 10 * (cell + 1)], expected, atol=1e-12)


def test_a_grey_pictures_colours_cost_nothing_and_mean_nothing():
    grey = _smooth(12, 1, 8, 8).expand(-1, 3, -1, -1)
    back = frequencies.unpack(frequencies.pack(grey, 12), 12)
    torch.testing.assert_close(back, back[:, :1].expand_as(back))


@settings(deadline=None, max_examples=40)
@given(cells=st.integers(1, 30), stored=st.integers(1, 3), height=st.integers(4, 9), width=st.integers(4, 9))
def test_cells_keep_their_places_and_packing_again_changes_nothing(cells, stored, height, width):
    x = _noise(cells * stored, 3, height, width)
    if cells > 3 * height * width:
        return
    packed = frequencies.pack(x, cells)
    assert packed.shape == (stored, 3, height, width)
    back = frequencies.unpack(packed, cells)
    assert back.shape == x.shape
    torch.testing.assert_close(frequencies.pack(back, cells), packed)
    # A cell depends on its own sample alone.
    other = x.clone()
    other[0] += 1
    changed = (frequencies.unpack(frequencies.pack(other, cells), cells) - back).abs().amax((1, 2, 3)) > 1e-9
    assert changed.tolist() == [True] + [False] * (len(x) - 1)


def test_more_is_left_of_smooth_pictures_than_in_a_mosaic():
    x = _smooth(16, 1, 32, 32) + 0.1 * _smooth(16, 3, 32, 32)  # colours differ less than brightness
    lost = [(mosaic.unpack(mosaic.pack(x, s), s) - x).square().mean() for s in ((4, 4), mosaic.Low(16, 1))]
    assert lost[1] < 0.6 * lost[0]


def test_gradients_flow_through():
    x = _noise(2, 3, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: frequencies.unpack(frequencies.pack(t, 2), 2), x)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="number must be a multiple, not 5"):
        frequencies.pack(torch.zeros(5, 1, 4, 4), 2)
    with pytest.raises(InputError, match="it has 16 numbers, and each needs one"):
        frequencies.pack(torch.zeros(17, 1, 4, 4), 17)


def test_a_method_takes_it_where_it_takes_a_mosaic():
    assert Herding.from_json({"mosaic": "dct12"}).mosaic == Frequencies(audio=12, image=12)
    assert Herding.from_json({"mosaic": "dct12"}).to_json()["mosaic"] == "dct12"
    with pytest.raises(InputError, match="'dct16' for the low frequencies of 16"):
        Herding.from_json({"mosaic": "dct1"})


def test_sets_learn_keep_and_come_apart(tmp_path):
    made = DM.configured(mosaic="dct3", steps=2, encoders={"network": {"options": {"width": 4}}, "bank": 1}).distill(
        toy_clips()
    )
    assert len(made) == 3 * made.pairs
    assert not torch.equal(made.audio, made.start[0])
    again = type(made).load(made.save(tmp_path / "set"))
    assert again.mosaic == Frequencies(audio=3, image=3)
    assert torch.equal(again.image, made.image)
    apart = made.apart()
    assert apart.mosaic == 1
    assert apart.labels.tolist() == sorted(made.training_pairs()[2].tolist())
    for one, other in zip(apart.training_pairs(), made.training_pairs(), strict=True):
        assert sorted(x.double().sum().item() for x in one) == sorted(x.double().sum().item() for x in other)
    torch.testing.assert_close(made[4][1], made.training_pairs()[1][4])


def test_fewer_sounds_than_pictures_are_heard_several_times():
    clips = toy_clips(classes=2, per_class=12)
    index = torch.arange(24)
    few = torch.cat([clips.audio(torch.arange(3) + 12 * c).repeat(4, 1, 1, 1) for c in range(2)])  # 3 sounds a class
    clips = type(clips).from_arrays(
        few, clips.frames(index), clips.labels, clips.classes, recipe=clips.recipe, name="few sounds"
    )
    made = Herding.configured(mosaic="dct3,12", network={"options": {"width": 4}}).distill(clips)
    audio, image, labels = made.training_pairs()
    assert len(made) == len(audio) == len(image) == 24
    for label in range(2):
        own = audio[labels == label]
        assert torch.equal(own[:3].repeat(4, 1, 1, 1), own)
        lost = torch.cdist(made.scale.audio(few[12 * label : 12 * label + 3]).flatten(1), own[:3].flatten(1))
        assert sorted(lost.argmin(1).tolist()) == [0, 1, 2]  # each of the three is there, though 12 clips were chosen
    assert torch.equal(made[5][0], audio[5])


@pytest.mark.parametrize("value", ["dct3,10", "dct1,1", "dct0,4", "dct"])
def test_counts_that_do_not_go_together_are_refused(value):
    with pytest.raises(InputError, match="mosaic"):
        Herding.from_json({"mosaic": value})


def test_other_forms_of_storage_and_noise_are_refused():
    with pytest.raises(InputError, match="kept as float32 numbers alone, but 'uint8' was asked for"):
        Herding.configured(mosaic="dct2", storage="uint8").distill(toy_clips())
    with pytest.raises(InputError, match="cannot start from noise"):
        DM.configured(mosaic="dct2", steps=1, start="noise").distill(toy_clips())
