"""Soft labels and coded pairs in every form."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from limbeck import exports
from limbeck.distilled import DistilledSet
from limbeck.storage import Form


@pytest.fixture
def soft(make_set: Callable[..., DistilledSet], seen: tuple[str, ...]) -> DistilledSet:
    made = make_set(seen=seen).stored_as(Form(name="coded").build())
    told = torch.rand(len(made), len(made.classes), generator=torch.Generator().manual_seed(0)).softmax(1)
    return replace(made, soft_labels=told)


def test_folder(soft: DistilledSet, tmp_path: Path) -> None:
    out = exports.load("folder")().write(soft, tmp_path / "out")
    with open(out / "metadata.csv", encoding="utf-8", newline="") as handle:
        told = [[float(word) for word in row["soft_label"].split()] for row in csv.DictReader(handle)]
    np.testing.assert_allclose(told, soft.soft_labels.numpy(), rtol=1e-5)


def test_webdataset(soft: DistilledSet, tmp_path: Path) -> None:
    out = exports.load("webdataset")().write(soft, tmp_path / "out")
    with tarfile.open(next((out / "shards").iterdir())) as tar:
        names = [n for n in tar.getnames() if n.endswith("soft.npy")]
        told = [np.load(io.BytesIO(tar.extractfile(n).read())) for n in names]  # type: ignore[union-attr]
    assert np.array_equal(np.stack(told), soft.soft_labels.numpy())


def test_huggingface(soft: DistilledSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as pq

    out = exports.load("huggingface")().write(soft, tmp_path / "out")
    table = pq.read_table(next((out / "data").iterdir()))
    assert np.array_equal(np.float32(table.column("soft_label").to_pylist()), soft.soft_labels.numpy())
    assert "soft_label" in (out / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", exports.names())
def test_every_form_says_what_was_stored(name: str, soft: DistilledSet, tmp_path: Path) -> None:
    out = exports.load(name)().write(soft, tmp_path / "out")
    file = next(out / f for f in ("config.json", "limbeck.json") if (out / f).exists())
    told = json.loads(file.read_text(encoding="utf-8"))
    assert (told["storage"], told["stored_bytes"], told["labels"]) == ("coded", soft.stored_bytes, "soft")
    assert f"{soft.stored_bytes:,} bytes, soft labels among them" in (out / "README.md").read_text(encoding="utf-8")
