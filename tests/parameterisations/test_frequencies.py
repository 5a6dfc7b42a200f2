import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from limbeck.datasets import LabelledClips
from limbeck.errors import InputError
from limbeck.media import ClipRecipe
from limbeck.methods.dm import DM
from limbeck.methods.herding import Herding
from limbeck.modalities import Modality
from limbeck.modalities.audio import Audio
from limbeck.modalities.image import Image
from limbeck.parameterisations import frequencies, mosaic, parse
from limbeck.parameterisations.frequencies import Frequencies
from limbeck.testing import toy_clips


def _sized(kind: type[Modality], height: int, width: int) -> Modality:
    """A modality of another size than recordings have."""

    class Sized(kind):
        @property
        def shape(self) -> tuple[int, int, int]:
            return (1 if kind is Audio else 3, height, width)

    return Sized(ClipRecipe())


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _smooth(*shape: int) -> torch.Tensor:
    return _noise(*shape).cumsum(-1).cumsum(-2)


@pytest.mark.parametrize("kind", [Audio, Image])
def test_alone_nothing_is_lost(kind):
    modality = _sized(kind, 6, 10)
    x = _noise(3, *modality.shape)
    torch.testing.assert_close(frequencies.unpack(frequencies.pack(x, 1, modality), 1, modality), x)


def test_a_sounds_numbers_are_its_cosine_transform_along_the_hyperbola():
    x = _noise(2, 1, 5, 4)
    packed = frequencies.pack(x, 2, _sized(Audio, 5, 4))[0, 0].flatten()
    kept = sorted(((r + 1) * (c + 1), r, c) for r in range(5) for c in range(4))[:10]
    for cell in range(2):
        transform = dctn(x[cell, 0].numpy(), norm="ortho")
        expected = [transform[r, c] for _, r, c in kept]
        np.testing.assert_allclose(packed[10 * cell : 10 * (cell + 1)], expected, atol=1e-12)


def test_a_grey_pictures_colours_cost_nothing_and_mean_nothing():
    grey, modality = _smooth(12, 1, 8, 8).expand(-1, 3, -1, -1), _sized(Image, 8, 8)
    back = frequencies.unpack(frequencies.pack(grey, 12, modality), 12, modality)
    torch.testing.assert_close(back, back[:, :1].expand_as(back))


@settings(deadline=None, max_examples=40)
@given(cells=st.integers(1, 30), stored=st.integers(1, 3), height=st.integers(4, 9), width=st.integers(4, 9))
def test_cells_keep_their_places_and_packing_again_changes_nothing(cells, stored, height, width):
    x, modality = _noise(cells * stored, 3, height, width), _sized(Image, height, width)
    if cells > 3 * height * width:
        return
    packed = frequencies.pack(x, cells, modality)
    assert packed.shape == (stored, 3, height, width)
    back = frequencies.unpack(packed, cells, modality)
    assert back.shape == x.shape
    torch.testing.assert_close(frequencies.pack(back, cells, modality), packed)
    # A cell depends on its own sample alone.
    other = x.clone()
    other[0] += 1
    changed = (frequencies.unpack(frequencies.pack(other, cells, modality), cells, modality) - back).abs().amax(
        (1, 2, 3)
    ) > 1e-9
    assert changed.tolist() == [True] + [False] * (len(x) - 1)


def test_more_is_left_of_smooth_pictures_than_in_a_mosaic():
    x = _smooth(16, 1, 32, 32) + 0.1 * _smooth(16, 3, 32, 32)  # colours differ less than brightness
    modality = _sized(Image, 32, 32)
    kept = [
        mosaic.unpack(mosaic.pack(x, (4, 4)), (4, 4)),
        frequencies.unpack(frequencies.pack(x, 16, modality), 16, modality),
    ]
    lost = [(back - x).square().mean() for back in kept]
    assert lost[1] < 0.6 * lost[0]


def test_gradients_flow_through():
    x, modality = _noise(2, 3, 4, 4).requires_grad_(), _sized(Image, 4, 4)
    assert torch.autograd.gradcheck(lambda t: frequencies.unpack(frequencies.pack(t, 2, modality), 2, modality), x)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="number must be a multiple, not 5"):
        frequencies.pack(torch.zeros(5, 1, 4, 4), 2, _sized(Audio, 4, 4))
    with pytest.raises(InputError, match="it has 16 numbers, and each needs one"):
        frequencies.pack(torch.zeros(17, 1, 4, 4), 17, _sized(Audio, 4, 4))


def test_which_numbers_are_kept_is_the_modalitys_own_rule():
    class Reversed(Audio):
        def frequency_order(self) -> torch.Tensor:
            usual = super().frequency_order()
            return -usual.flatten().argsort(stable=True).argsort().view_as(usual)

    x, usual, other = _noise(2, 1, 128, 56), Audio(ClipRecipe()), Reversed(ClipRecipe())
    low, high = (frequencies.unpack(frequencies.pack(x, 2, m), 2, m) for m in (usual, other))
    torch.testing.assert_close(low + high, x)


def test_a_method_takes_it_where_it_takes_a_mosaic():
    assert Herding.from_json({"hold": "frequencies:12"}).hold == Frequencies(count=12)
    assert Herding.from_json({"hold": "frequencies:12"}).to_json()["hold"] == "frequencies:12"


def test_sets_learn_keep_and_come_apart(tmp_path):
    made = DM.configured(
        hold="frequencies:3", steps=2, encoders={"network": {"options": {"width": 4}}, "bank": 1}
    ).distill(toy_clips())
    assert len(made) == 3 * made.rows
    assert made.start is not None
    assert not torch.equal(made.tensors["audio"], made.start["audio"])
    again = type(made).load(made.save(tmp_path / "set"))
    assert again.hold == Frequencies(count=3)
    assert torch.equal(again.tensors["image"], made.tensors["image"])
    apart, samples = made.unpacked(), made.samples()
    assert apart.hold == parse("plain")
    assert apart.labels.tolist() == sorted(made.targets.labels.tolist())
    for name, one in apart.samples().items():
        assert sorted(x.double().sum().item() for x in one) == sorted(x.double().sum().item() for x in samples[name])
    torch.testing.assert_close(made[4][0]["image"], samples["image"][4])


def test_fewer_sounds_than_pictures_are_heard_several_times():
    clips = toy_clips(classes=2, per_class=12)
    audio = clips.array("audio")
    few = torch.cat([audio[12 * c : 12 * c + 3].repeat(4, 1, 1, 1) for c in range(2)])  # 3 sounds a class
    clips = LabelledClips.from_arrays(
        {"audio": few, "image": clips.array("image")}, clips.labels, clips.classes, recipe=clips.recipe, name="few"
    )
    made = Herding.configured(hold="frequencies:audio=3,image=12", network={"options": {"width": 4}}).distill(clips)
    samples, labels = made.samples(), made.targets.labels
    assert len(made) == len(samples["audio"]) == len(samples["image"]) == 24
    sound = clips.modalities["audio"]
    for label in range(2):
        own = samples["audio"][labels == label]
        assert torch.equal(own[:3].repeat(4, 1, 1, 1), own)
        real = sound.to_network(few[12 * label : 12 * label + 3], made.scales["audio"])
        lost = torch.cdist(real.flatten(1), own[:3].flatten(1))
        assert sorted(lost.argmin(1).tolist()) == [0, 1, 2]  # each of the three is there, though 12 clips were chosen
    assert torch.equal(made[5][0]["audio"], samples["audio"][5])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("audio=3,image=10", "the largest number of samples is a multiple of each, but got audio=3,image=10"),
        ("audio=0,image=4", "a whole number, 1 to 1024, .*, but got '0'"),
        ("audio=3,audio=12", "each modality is named once"),
        ("1025", "a whole number, 1 to 1024, .*, but got '1025'"),
        ("", "a whole number, 1 to 1024, .*, but got ''"),
    ],
)
def test_counts_that_do_not_go_together_are_refused(value, why):
    with pytest.raises(InputError, match=f"(?m)^  hold: .*{why}"):
        Herding.from_json({"hold": f"frequencies:{value}"})


def test_where_clips_are_few_fewer_share():
    some = Frequencies(count=36)
    told = {
        (60, 60, 60): "frequencies:36",
        (36, 36, 36): "frequencies:36",
        (20, 20, 20): "frequencies:20",
        (12, 2.4, 12): "frequencies:audio=3,image=12",
        (60, 3, 60): "frequencies:audio=3,image=36",
        (1.5, 1.5, 1.5): "plain",
        (0.5, 0.5, 0.5): "plain",
    }
    for (clips, sounds, pictures), text in told.items():
        assert str(some.narrowed(clips, {"audio": sounds, "image": pictures})) == text
    assert str(some.narrowed(12, {"audio": 2.4})) == "frequencies:3"
    assert str(some.narrowed(12, {"audio": 1.0})) == "plain", "twelve times the same sound is one sample"
    assert str(Frequencies(count=1).narrowed(60, {"audio": 60})) == "frequencies:1"
    assert str(Frequencies(count={"audio": 3, "image": 12}).narrowed(100, {"image": 100})) == "frequencies:12"


def test_other_forms_of_storage_and_noise_are_refused():
    with pytest.raises(InputError, match="The storage 'uint8' rounds decibels and pixels, but the tensors"):
        Herding.configured(hold="frequencies:2", storage="uint8").distill(toy_clips())
    with pytest.raises(InputError, match="cannot start from noise"):
        DM.configured(hold="frequencies:2", steps=1, start="noise").distill(toy_clips())
