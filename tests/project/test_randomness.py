"""The global random generators belong to the user: no verb draws from them or seeds them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import limbeck
from limbeck.evaluation import Protocol
from limbeck.networks import Architecture

NARROW = {"options": {"width": 8}}


def _state() -> list[Any]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return [torch.get_rng_state().tolist(), kind, keys.tolist(), rest, random.getstate()]


@pytest.mark.slow
def test_verbs_leave_the_global_generators_alone(tmp_path: Path, videos: Path) -> None:
    before = _state()
    data = limbeck.prepare("playground", videos, out=tmp_path / "data", image_size=32, clips=60, workers=1)
    for method in ("random", "herding", "kcenter"):
        extra = {} if method == "random" else {"network": NARROW}
        limbeck.distill(data, method, device="cpu", progress=False, **extra)
    for method in ("dm", "avdd"):
        small = {"steps": 1, "encoders": {"bank": 1, "network": NARROW}}
        limbeck.distill(data, method, out=tmp_path / method, device="cpu", progress=False, **small)
    limbeck.evaluate(
        tmp_path / "dm",
        on=data,
        repeats=1,
        network=Architecture.from_json(NARROW),
        protocol=Protocol(epochs=1),
        device="cpu",
        progress=False,
    )
    limbeck.report.page(tmp_path / "dm", out=tmp_path / "page", on=data.folder)
    limbeck.export(tmp_path / "dm", to="folder", out=tmp_path / "samples")
    assert _state() == before
