from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.augment import mosaic
from limbeck.errors import InputError
from limbeck.methods.herding import Herding

sizes = st.integers(1, 17)


def _load(golden: Path, name: str) -> dict[str, torch.Tensor]:
    with np.load(golden / name) as archive:
        return {k: torch.from_numpy(archive[k]) for k in archive}


@pytest.mark.parametrize("kind", ["aud", "img"])
def test_pack_as_the_reference(golden, kind):
    g = _load(golden, "pack_init.npz")
    torch.testing.assert_close(mosaic.pack(g[kind], 2), g[f"packed_{kind}"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["aud", "img", "rect"])
def test_unpack_as_the_reference(golden, kind):
    g = _load(golden, "number_sign.npz")
    torch.testing.assert_close(mosaic.unpack(g[f"x_{kind}"], 2), g[f"y_{kind}"], rtol=1e-6, atol=1e-6)


def test_pack_at_factor_two_is_the_mean_of_two_by_two_blocks():
    x = torch.randn(4, 3, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    packed = mosaic.pack(x, 2)
    means = F.avg_pool2d(x, 2)
    left, right = packed.split(3, dim=3)
    quarters = [*left.split(4, dim=2), *right.split(4, dim=2)]
    torch.testing.assert_close(torch.cat(quarters), means)


@settings(deadline=None, max_examples=60)
@given(height=sizes, width=sizes, factor=st.integers(1, 5))
def test_every_pixel_belongs_to_one_cell(height, width, factor):
    if factor > min(height, width):
        with pytest.raises(InputError, match="mosaic has between 1"):
            mosaic.cells(height, width, factor)
        return
    seen = torch.zeros(height, width, dtype=torch.int64)
    boxes = mosaic.cells(height, width, factor)
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
    packed = mosaic.pack(x, factor)
    assert packed.shape == (n, 2, height, width)
    torch.testing.assert_close(mosaic.unpack(packed, factor), x.contiguous())


def test_cells_run_down_the_columns_first():
    x = torch.arange(9.0)[:, None, None, None].expand(-1, 1, 7, 8)
    packed = mosaic.pack(x, 3)[0, 0]
    assert packed[:, 0].unique_consecutive().tolist() == [0, 1, 2]
    assert packed[0].unique_consecutive().tolist() == [0, 3, 6]


def test_factor_one_is_the_identity():
    x = torch.randn(2, 1, 5, 3)
    assert mosaic.pack(x, 1) is x
    assert mosaic.unpack(x, 1) is x


@pytest.mark.parametrize("factor", [2, 3])
def test_gradients_of_odd_sizes(factor):
    generator = torch.Generator().manual_seed(1)
    big = torch.randn(factor**2, 1, 5, 7, dtype=torch.float64, generator=generator, requires_grad=True)
    small = torch.randn(1, 1, 5, 7, dtype=torch.float64, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: mosaic.pack(x, factor), big)
    assert torch.autograd.gradcheck(lambda x: mosaic.unpack(x, factor), small)


def test_wrong_number_of_samples_and_wrong_factors_are_refused():
    with pytest.raises(InputError, match="multiple of 4, but 3 came"):
        mosaic.pack(torch.zeros(3, 1, 4, 4), 2)
    for factor in (0, -1, 5):
        with pytest.raises(InputError, match="as the 4 x 4 input has pixels"):
            mosaic.unpack(torch.zeros(1, 1, 4, 4), factor)


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


@pytest.mark.parametrize("value", [9, 0, "9", "9x9", "1x16", "2x2,3x3", "0x4,2x2", "65x1,65x1", "", None])
def test_what_is_no_mosaic_is_told_in_one_sentence(value):
    with pytest.raises(InputError) as told:
        Herding.from_json({"mosaic": value})
    (line,) = (line for line in str(told.value).splitlines() if "mosaic:" in line)
    assert line == (
        "  mosaic: a mosaic is a number of cells a side from 1 to 8, or grids as '1x16,4x4' with as many sounds as "
        f"pictures, at most 64 a side, or 'dct16' for the low frequencies of 16 (came: {value!r})"
    )
    assert len(str(told.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [("1x16", "no mosaic"), ("2x2,3x3", "4 sounds and 9 pictures"), ("0x4,2x2", "greater than or equal to 1")],
)
def test_a_grid_that_does_not_fit_is_told(text, why):
    with pytest.raises(InputError, match=why):
        mosaic.Mosaic.from_json(text)


def test_a_square_may_be_written_out():
    assert Herding.from_json({"mosaic": "3x3"}) == Herding(mosaic=3)


def test_a_mosaic_is_text_in_files():
    method = Herding(mosaic="1x16,4x4")
    assert method.to_json()["mosaic"] == "1x16,4x4"
    assert Herding.from_json(method.to_json()) == method
    assert Herding(mosaic=2).to_json()["mosaic"] == 2
