from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.datasets import LabelledClips
from limbeck.errors import InputError
from limbeck.methods.herding import Herding
from limbeck.parameterisations import class_major, mosaic, parse
from limbeck.testing import RECIPE, toy_clips

sizes = st.integers(1, 17)


def _load(golden: Path, name: str) -> dict[str, torch.Tensor]:
    with np.load(golden / name) as archive:
        return {k: torch.from_numpy(archive[k]) for k in archive}


@pytest.mark.parametrize("kind", ["aud", "img"])
def test_pack_as_the_reference(golden, kind):
    g = _load(golden, "pack_init.npz")
    torch.testing.assert_close(mosaic.pack(g[kind], (2, 2)), g[f"packed_{kind}"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["aud", "img", "rect"])
def test_unpack_as_the_reference(golden, kind):
    g = _load(golden, "number_sign.npz")
    torch.testing.assert_close(mosaic.unpack(g[f"x_{kind}"], (2, 2)), g[f"y_{kind}"], rtol=1e-6, atol=1e-6)


def test_pack_at_factor_two_is_the_mean_of_two_by_two_blocks():
    x = torch.randn(4, 3, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    packed = mosaic.pack(x, (2, 2))
    means = F.avg_pool2d(x, 2)
    left, right = packed.split(3, dim=3)
    quarters = [*left.split(4, dim=2), *right.split(4, dim=2)]
    torch.testing.assert_close(torch.cat(quarters), means)


@settings(deadline=None, max_examples=60)
@given(height=sizes, width=sizes, factor=st.integers(1, 5))
def test_every_pixel_belongs_to_one_cell(height, width, factor):
    if factor > min(height, width):
        with pytest.raises(InputError, match="mosaic has between 1"):
            mosaic.boxes_of(height, width, (factor, factor))
        return
    seen = torch.zeros(height, width, dtype=torch.int64)
    boxes = mosaic.boxes_of(height, width, (factor, factor))
    for rows, columns in boxes:
        seen[rows, columns] += 1
    assert len(boxes) == factor**2
    assert bool((seen == 1).all())
    shapes = [(r.stop - r.start, c.stop - c.start) for r, c in boxes]
    assert max(h for h, _ in shapes) - min(h for h, _ in shapes) <= 1


@settings(deadline=None, max_examples=40)
@given(height=st.integers(4, 15), width=st.integers(4, 15), factor=st.integers(1, 4), n=st.integers(1, 3))
def test_constant_cells_survive_the_round_trip_in_order(height, width, factor, n):
    values = torch.arange(float(factor**2 * n))
    x = values[:, None, None, None].expand(-1, 2, height, width)
    packed = mosaic.pack(x, (factor, factor))
    assert packed.shape == (n, 2, height, width)
    torch.testing.assert_close(mosaic.unpack(packed, (factor, factor)), x.contiguous())


def test_cells_run_down_the_columns_first():
    x = torch.arange(9.0)[:, None, None, None].expand(-1, 1, 7, 8)
    packed = mosaic.pack(x, (3, 3))[0, 0]
    assert packed[:, 0].unique_consecutive().tolist() == [0, 1, 2]
    assert packed[0].unique_consecutive().tolist() == [0, 3, 6]


def test_factor_one_is_the_identity():
    x = torch.randn(2, 1, 5, 3)
    assert mosaic.pack(x, (1, 1)) is x
    assert mosaic.unpack(x, (1, 1)) is x


@pytest.mark.parametrize("factor", [2, 3])
def test_gradients_of_odd_sizes(factor):
    generator = torch.Generator().manual_seed(1)
    big = torch.randn(factor**2, 1, 5, 7, dtype=torch.float64, generator=generator, requires_grad=True)
    small = torch.randn(1, 1, 5, 7, dtype=torch.float64, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: mosaic.pack(x, (factor, factor)), big)
    assert torch.autograd.gradcheck(lambda x: mosaic.unpack(x, (factor, factor)), small)


def test_wrong_number_of_samples_and_wrong_factors_are_refused():
    with pytest.raises(InputError, match="multiple of 4, but got 3"):
        mosaic.pack(torch.zeros(3, 1, 4, 4), (2, 2))
    for factor in (0, -1, 5):
        with pytest.raises(InputError, match="as the 4 x 4 input has pixels"):
            mosaic.unpack(torch.zeros(1, 1, 4, 4), (factor, factor))


@pytest.mark.parametrize("grid", [(1, 4), (4, 1), (2, 3), (1, 7)])
def test_other_grids_hold_their_cells_column_by_column(grid):
    rows, columns = grid
    x = torch.arange(float(rows * columns))[:, None, None, None].expand(-1, 2, 8, 14)
    packed = mosaic.pack(x, grid)
    assert packed.shape == (1, 2, 8, 14)
    assert packed[0, 0, :, 0].unique_consecutive().tolist() == list(range(rows))
    assert packed[0, 0, 0].unique_consecutive().tolist() == list(range(0, rows * columns, rows))
    torch.testing.assert_close(mosaic.unpack(packed, grid), x.contiguous())


def test_a_grid_of_one_row_keeps_every_band():
    x = torch.randn(4, 1, 6, 8).cumsum(-1)
    steady = torch.arange(6.0)[None, None, :, None].expand(4, 1, 6, 8)
    assert torch.equal(mosaic.unpack(mosaic.pack(steady, (1, 4)), (1, 4)), steady)
    assert not torch.equal(mosaic.unpack(mosaic.pack(steady, (2, 2)), (2, 2)), steady)
    assert not torch.equal(mosaic.unpack(mosaic.pack(x, (1, 4)), (1, 4)), x)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("mosaic", ""),
        ("mosaic:", ""),
        ("mosaic:0", "0"),
        ("mosaic:65", "65"),
        ("mosaic:1x16x2x2", "1x16x2x2"),
        ("mosaic:audio=0x4,image=2x2", "0x4"),
        ("mosaic:audio=2x2,image=2x65", "2x65"),
    ],
)
def test_what_is_no_mosaic_is_told_in_one_sentence(value, got):
    with pytest.raises(InputError) as told:
        Herding.from_json({"hold": value})
    (line,) = (line for line in str(told.value).splitlines() if "hold:" in line)
    assert line == (
        f"  hold: {value} does not fit: a mosaic is a number of cells a side, 1 to 64, as in mosaic:2, or rows and "
        f"columns, as in mosaic:2x3 or mosaic:audio=1x16,image=4x4, of videos behind parts of time, as in "
        f"mosaic:video=2x2x2, but got {got!r} (came: {value!r})"
    )
    assert len(str(told.value).splitlines()) == 3


@pytest.mark.parametrize("value", [9, 0, None, ["mosaic:2"]])
def test_what_is_no_text_is_told_in_one_sentence(value):
    with pytest.raises(InputError) as told:
        Herding.from_json({"hold": value})
    assert str(told.value).splitlines()[1] == (
        f"  hold: how samples are held is text, as in plain, mosaic:2 or frequencies:36 (came: {value!r})"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mosaic:audio=2x2,image=3x3", "as many cells of every modality, but got 4 and 9"),
        ("mosaic:audio=2x2,audio=4x1", "each modality is named once"),
        ("2", "Known names: frequencies, generator, keyframes, mosaic, plain"),
    ],
)
def test_a_grid_that_does_not_fit_is_told(text, why):
    with pytest.raises(InputError, match=why):
        Herding.from_json({"hold": text})


def test_a_modality_that_is_left_out_is_told():
    some = parse("mosaic:audio=1x4")
    real = toy_clips()
    with pytest.raises(InputError, match="says nothing of image; it names audio"):
        some.start({"image": torch.zeros(4, 3, 16, 16)}, real.modalities)
    with pytest.raises(InputError, match="says nothing of image"):
        some.decode({"image": torch.zeros(1, 3, 16, 16)}, real.modalities)


def test_a_square_may_be_written_out():
    assert Herding.from_json({"hold": "mosaic:3x3"}) == Herding.from_json({"hold": "mosaic:3"})


def test_a_mosaic_is_text_in_files():
    method = Herding.from_json({"hold": "mosaic:audio=1x16,image=4x4"})
    assert method.to_json()["hold"] == "mosaic:audio=1x16,image=4x4"
    assert Herding.from_json(method.to_json()) == method
    assert Herding.from_json({"hold": "mosaic:2x2"}).to_json()["hold"] == "mosaic:2"


def test_modalities_are_cut_each_into_its_grid_and_cells_belong_together():
    kinds = toy_clips().modalities
    values = torch.arange(6.0)[:, None, None, None]
    held = parse("mosaic:audio=1x6,image=2x3")
    tensors = held.start({m: values.expand(-1, *k.shape) for m, k in kinds.items()}, kinds)
    assert tensors["audio"][0, 0, 0].unique_consecutive().tolist() == [0, 1, 2, 3, 4, 5]
    assert tensors["image"][0, 0, :, 0].unique_consecutive().tolist() == [0, 1]
    for x in held.decode(tensors, kinds).values():
        assert x.mean((1, 2, 3)).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_classs_samples_can_be_brought_together():
    rows = torch.tensor([[10, 11], [20, 21], [30, 31]])  # class, row
    cells = torch.stack([1000 + rows, 2000 + rows]).flatten()
    assert class_major(cells, classes=3, cells=2).view(3, 4).tolist() == [
        [1010, 1011, 2010, 2011],
        [1020, 1021, 2020, 2021],
        [1030, 1031, 2030, 2031],
    ]


@pytest.mark.parametrize("alone", ["audio", "image"])
def test_sets_of_one_modality_are_cut_by_its_grid(alone):
    real: LabelledClips = toy_clips().seen_by([alone])
    made = Herding.from_json({"hold": "mosaic:audio=1x6,image=2x3", "network": {"options": {"width": 4}}}).distill(real)
    assert list(made.tensors) == [alone]
    assert len(made) == 6 * made.rows == 18
    assert made.samples()[alone].shape == (18, *real.modalities[alone].shape)
    assert made.recipe == RECIPE


def test_time_is_cut_too_and_each_cell_is_a_whole_clip_in_fewer_frames():
    x = torch.arange(8.0).view(8, 1, 1, 1, 1) + torch.arange(4.0).view(1, 4, 1, 1, 1) / 10
    packed = mosaic.pack(x.expand(-1, -1, 3, 4, 4), (2, 2, 2))
    assert packed.shape == (1, 4, 3, 4, 4)
    # Two frames of a clip of four: means of two each. Cells stand column by column, parts of time one after the other.
    torch.testing.assert_close(packed[0, :, 0, 0, 0], torch.tensor([0.05, 0.25, 4.05, 4.25]))
    torch.testing.assert_close(packed[0, :, 0, 3, 0], torch.tensor([1.05, 1.25, 5.05, 5.25]))
    back = mosaic.unpack(packed, (2, 2, 2))
    assert back.shape == (8, 4, 3, 4, 4)
    torch.testing.assert_close(back.mean((1, 2, 3, 4)), torch.arange(8) + 0.15)
    torch.testing.assert_close(mosaic.pack(back, (1, 2, 2)), mosaic.pack(back, (2, 2)))


@pytest.mark.parametrize("shape", [(8, 3, 4, 4), (8, 1, 3, 4, 4)])
def test_time_that_is_not_there_is_not_cut(shape):
    with pytest.raises(InputError, match="Time is cut into 2 parts, but samples have"):
        mosaic.pack(torch.zeros(shape), (2, 2, 2))


def test_a_grid_of_three_has_its_text():
    assert str(parse("mosaic:2x4x4")) == "mosaic:2x4x4"
    assert str(parse("mosaic:audio=2x4,video=2x2x2")) == "mosaic:audio=2x4,video=2x2x2"
    assert parse("mosaic:2x2x2").cells == 8
