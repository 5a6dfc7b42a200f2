"""Every method, and each verb that computes, on a GPU; ``LIMBECK_TEST_DEVICE=cpu`` runs the same on a CPU."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.helpers.generated import RECIPE, Generated
from tests.helpers.killed_on_ray import TOML, VERBS

import limbeck
from limbeck import comparison, methods
from limbeck._runtime import choose_runtime
from limbeck.comparison import Recipe
from limbeck.engine.executor import on_devices
from limbeck.methods import RunContext
from limbeck.networks import Architecture
from limbeck.testing import MethodContract, toy_clips

pytestmark = pytest.mark.gpu
STUDENTS: dict[str, Any] = {"network": Architecture(options={"width": 4}), "epochs": 2, "progress": False}


@pytest.fixture(scope="module")
def device() -> str:
    """Where to compute."""
    asked = os.environ.get("LIMBECK_TEST_DEVICE", "cuda")
    if asked == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    return asked


@pytest.fixture(params=["float32", "bfloat16"])
def dtype(request: pytest.FixtureRequest) -> str:
    """In which number format."""
    return str(request.param)


@pytest.fixture(scope="module")
def place(device: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared dataset, and a set that was distilled from it on the device."""
    folder = tmp_path_factory.mktemp("gpu")
    limbeck.prepare(Generated(48), out=folder / "prepared", recipe=RECIPE, workers=1, progress=False)
    settings: dict[str, Any] = {"steps": 3, "encoders": {"network": {"options": {"width": 4}}, "batch": 3}}
    limbeck.distill(folder / "prepared", "dm", out=folder / "set", device=device, progress=False, **settings)
    return folder


@pytest.mark.parametrize("name", methods.names())
def test_every_method(name: str, device: str, dtype: str) -> None:
    real = toy_clips()
    made = MethodContract().small(name, per_class=2).distill(
        real, seed=1, run=RunContext(choose_runtime(device, dtype))
    )  # fmt: skip
    assert set(made.labels.tolist()) == {0, 1, 2}
    for modality, samples in made.samples().items():
        assert samples.device.type == "cpu"
        assert samples.shape[1:] == real.shapes[modality]
        assert torch.isfinite(samples).all()


def test_distill_and_evaluate_with_controls(place: Path, device: str, tmp_path: Path) -> None:
    how: dict[str, Any] = {"on": place / "prepared", "out": tmp_path, "repeats": 1, "device": device, **STUDENTS}
    score = limbeck.evaluate(place / "set", **how)
    assert score.trained_on.name == "dm"
    assert score.device.partition(":")[0] == torch.device(device).type
    assert {"random", "herding", "whole"} <= limbeck.evaluate_controls(place / "set", **how).keys()


def test_benchmark(device: str, tmp_path: Path) -> None:
    VERBS["benchmark"].make(tmp_path)
    (tmp_path / "sounds.toml").write_text(TOML)
    asked = Recipe.load(tmp_path / "sounds.toml").model_copy(update={"distillations": 1})
    found = comparison.run(asked, name="sounds", out=tmp_path / "out", data=tmp_path / "classes", device=device)
    assert {cell.row for cell in found.cells} == {"random", "dm", "whole"}
    assert not found.about["failed"]


@dataclass(frozen=True)
class TellsDevice:
    """A task that leaves the device which its process computes on."""

    file: Path
    kind: str
    needs: tuple[TellsDevice, ...] = ()

    def run(self) -> None:
        self.file.write_text(str(torch.cuda.current_device()) if self.kind == "cuda" else "cpu")


def test_devices(device: str, tmp_path: Path) -> None:
    kind = torch.device(device).type
    several = [f"cuda:{n}" for n in range(torch.cuda.device_count())] if kind == "cuda" else ["cpu", "cpu"]
    tasks = [TellsDevice(tmp_path / str(n), kind) for n in range(4 * len(several))]
    assert [error for _, error in on_devices(several).run(tasks)] == [None] * len(tasks)
    assert {task.file.read_text() for task in tasks} <= {name.removeprefix("cuda:") for name in several}
