"""`covmatch` against covariances written out; what its loss does not depend on; a run that was stopped."""

from __future__ import annotations

import pytest
import torch
from tests.helpers.clips import toy_clips
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck.errors import InputError
from limbeck.methods import RunContext
from limbeck.methods._losses import cross_covariance_gap, mean_gap
from limbeck.methods.covmatch import CovMatch

NETWORK = {"options": {"width": 8}}
SMALL = {"steps": 4, "encoders": {"network": NETWORK, "bank": 2, "batch": None}}


def drawn(rows: int, dim: int, seed: int) -> torch.Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sides() -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(drawn(40, 5, 1) + 2, drawn(7, 5, 2)), (drawn(40, 3, 3), drawn(7, 3, 4) - 1)]


def covariance(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    total = torch.zeros(x.shape[1], y.shape[1], dtype=x.dtype)
    for a, b in zip(x, y, strict=True):
        total += torch.outer(a - x.mean(0), b - y.mean(0))
    return total / len(x)


def test_the_gap_is_that_of_the_matrices() -> None:
    (a, s), (v, t) = sides()
    real, synthetic = covariance(a, v), covariance(s, t)
    expected = (real - synthetic).square().sum() / real.square().sum()
    assert float(cross_covariance_gap((a, s), (v, t))) == pytest.approx(float(expected))


def test_order_repeats_and_places_do_not_matter_but_the_pairing_does() -> None:
    (a, s), (v, t) = sides()
    gap, order = cross_covariance_gap((a, s), (v, t)), torch.randperm(40, generator=torch.Generator().manual_seed(0))
    assert float(cross_covariance_gap((a[order], s), (v[order], t))) == pytest.approx(float(gap))
    assert float(cross_covariance_gap((a.repeat(2, 1), s), (v.repeat(2, 1), t))) == pytest.approx(float(gap))
    assert float(cross_covariance_gap((a + 3, s - 5), (v, t + 1))) == pytest.approx(float(gap))
    assert abs(float(cross_covariance_gap((a[order], s), (v, t)) - gap)) > 1e-3


def test_the_projections_that_training_finds_are_the_cross_covariance() -> None:
    """Of W = A'V the linear contrast is -<W, C> + |W|^2 / 2: descent on it ends at C."""
    (a, _), (v, _) = sides()
    w = torch.zeros(5, 3, dtype=torch.float64)
    for _ in range(200):
        w -= 0.1 * (w - covariance(a, v))
    assert torch.allclose(w, covariance(a, v))


def test_the_gap_of_means_by_hand() -> None:
    assert float(mean_gap(torch.tensor([[0.0, 0.0], [2.0, 4.0]]), torch.tensor([[1.0, 4.0]]))) == pytest.approx(4 / 5)


def test_steps_bring_the_covariance_nearer() -> None:
    losses: list[float] = []
    method = CovMatch.from_json(
        SMALL
        | {
            "steps": 20,
            "per_class": 4,
            "optimiser": {"kind": "adam", "lr": 0.1},
            "encoders": SMALL["encoders"] | {"bank": 1},
        }
    )
    method.distill(toy_clips(1, 24), run=RunContext(on_step=lambda report: losses.append(report.loss)))
    assert losses[-1] < 0.8 * losses[0]


def test_one_modality_is_refused_before_any_work() -> None:
    with pytest.raises(InputError, match="covmatch compares two modalities"):
        CovMatch().check(toy_clips().seen_by(["audio"]))


def test_a_run_that_was_stopped_ends_with_the_same_bits() -> None:
    method, real = CovMatch.from_json(SMALL), toy_clips()
    assert same_bits(method.distill(real, seed=1), distil_in_two_goes(method, real, seed=1, stop_at=2))
