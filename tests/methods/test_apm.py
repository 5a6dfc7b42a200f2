"""`apm` against least squares of NumPy; what its projectors do not depend on; where `covmatch` is its limit; a stop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.helpers.clips import toy_clips
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck.errors import InputError
from limbeck.methods import RunContext
from limbeck.methods.apm import APM, projectors

NETWORK = {"options": {"width": 8}}
SMALL = {"steps": 4, "encoders": {"network": NETWORK, "bank": 2, "batch": None}}


def drawn(rows: int, dim: int, seed: int) -> torch.Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("rows", [4, 30])
def test_projectors_are_those_of_numpys_least_squares(rows: int) -> None:
    """The penalty is that of more rows: of sqrt(ridge * rows) on the diagonal, with targets of zero."""
    x, y, ridge = drawn(rows, 6, 1), drawn(rows, 5, 2), 0.3
    for made, one, other in zip(projectors(x, y, ridge), (x, y), (y, x), strict=True):
        above = np.vstack([one.numpy(), np.sqrt(ridge * rows) * np.eye(one.shape[1])])
        aims = np.vstack([other.numpy(), np.zeros((one.shape[1], other.shape[1]))])
        expected = np.linalg.lstsq(above, aims, rcond=None)[0]
        assert np.allclose(made.numpy(), expected)


def test_order_and_repeats_of_pairs_do_not_matter_but_the_pairing_does() -> None:
    x, y = drawn(12, 6, 1), drawn(12, 5, 2)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    there, _ = projectors(x, y, 0.1)
    assert torch.allclose(projectors(x[order], y[order], 0.1)[0], there)
    assert torch.allclose(projectors(x.repeat(3, 1), y.repeat(3, 1), 0.1)[0], there)
    assert not torch.allclose(projectors(x[order], y, 0.1)[0], there, atol=0.1)


def test_a_turn_of_features_turns_the_projectors() -> None:
    x, y, turn = drawn(12, 6, 1), drawn(12, 5, 2), torch.linalg.qr(drawn(6, 6, 3)).Q
    there, back = projectors(x, y, 0.1)
    turned, turned_back = projectors(x @ turn, y, 0.1)
    assert torch.allclose(turned, turn.T @ there)
    assert torch.allclose(turned_back, back @ turn)


def test_a_large_ridge_makes_them_the_cross_covariance() -> None:
    x, y = drawn(12, 6, 1), drawn(12, 5, 2)
    assert torch.allclose(1e6 * projectors(x, y, 1e6)[0], x.T @ y / 12, atol=1e-4)


def test_steps_bring_the_projectors_nearer() -> None:
    losses: list[float] = []
    method = APM.from_json(
        SMALL | {"steps": 10, "per_class": 4, "ridge": 0.1, "optimiser": {"kind": "adam", "lr": 0.1}}
    )
    method.distill(toy_clips(1, 24), run=RunContext(on_step=lambda report: losses.append(report.loss)))
    assert losses[-1] < 0.9 * losses[0]


def test_one_modality_is_refused_before_any_work() -> None:
    with pytest.raises(InputError, match="apm compares two modalities"):
        APM().check(toy_clips().seen_by(["audio"]))


def test_a_run_that_was_stopped_ends_with_the_same_bits() -> None:
    method, real = APM.from_json(SMALL), toy_clips()
    assert same_bits(method.distill(real, seed=1), distil_in_two_goes(method, real, seed=1, stop_at=2))
