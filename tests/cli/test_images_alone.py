"""Images alone, from the archive as it is fetched to a score by the published protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import cifar

from limbeck import cli
from limbeck.datasets import Prepared


def test_images_of_one_archive_share_no_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = cifar.packed(cifar.cifar10(tmp_path / "data")[0], tmp_path / "cifar-10-python.tar.gz")
    with pytest.raises(SystemExit) as caught:
        cli.main(["prepare", "cifar10", str(archive), "--out", str(tmp_path / "prepared"), "--workers", "1"])
    told = capsys.readouterr().err
    assert not caught.value.code, told
    assert "10 classes, clips: " in told
    assert "that is no test" not in told
    assert Prepared.open(tmp_path / "prepared").warnings == ()


def test_an_archive_is_distilled_and_evaluated_as_published(tmp_path: Path, typed: Callable[..., str]) -> None:
    archive = cifar.packed(cifar.cifar10(tmp_path / "data")[0], tmp_path / "cifar-10-python.tar.gz")

    prepared, distilled = tmp_path / "prepared", tmp_path / "distilled"
    typed("prepare", "cifar10", archive, "--out", prepared, "--workers", 1, "--quiet")
    typed("distill", prepared, "--method", "random", "--out", distilled, "--device", "cpu", "--quiet")

    def protocol(*words: object) -> dict[str, Any]:
        narrow = ("--network", "convnet", "--set", "network.width=4", "--repeats", 1, "--device", "cpu", "--quiet")
        found = typed("evaluate", distilled, "--on", prepared, *narrow, *words, "--json")
        told: dict[str, Any] = json.loads(found)["protocol"]
        return told

    usual, faithful = protocol("--epochs", 2), protocol("--preset", "faithful", "--epochs", 4)
    assert (usual["optimiser"], usual["batch"]) == ("adam", 32)
    assert (faithful["optimiser"], faithful["batch"], faithful["lr"], faithful["drop_after"]) == ("sgd", 256, 0.01, [2])
    assert faithful["augment"] is not None
    plain = protocol("--preset", "faithful", "--epochs", 4, "--set", "augment=null")
    assert plain == faithful | {"augment": None}
