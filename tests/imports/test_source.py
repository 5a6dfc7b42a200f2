"""Files of torch are read without running anything that is in them."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.helpers import published_forms

import limbeck
from limbeck.errors import InputError
from limbeck.imports import Source


class Runs:
    """Something whose pickle would write a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.file}",)


class Writes:
    """The same, by a function of the language itself."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.file), "w")


def rewritten(file: Path, change: Callable[[bytes], bytes]) -> None:
    """The same archive of torch's with another pickle in it."""
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents.items():
            archive.writestr(name, change(content) if name.endswith("data.pkl") else content)


@pytest.mark.parametrize("kind", [Runs, Writes])
@pytest.mark.parametrize("form", ["archive", "older", "plain pickle"])
def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(kind: type, form: str, tmp_path: Path) -> None:
    made = tmp_path / "was_here"
    file = tmp_path / "res_DM_CIFAR10_ConvNet_1ipc.pt"
    content = {"data": [[published_forms.images(), kind(made)]], "accs_all_exps": {}}
    if form == "plain pickle":
        file.write_bytes(pickle.dumps({"data": kind(made)}, protocol=2))
    else:
        torch.save(content, file, _use_new_zipfile_serialization=form == "archive")
    for place in (file, tmp_path):
        with pytest.raises(InputError, match="would run code when it is read, so it is refused: it asks for"):
            limbeck.import_set(place)
    with pytest.raises(InputError, match="would run code"):
        limbeck.import_set(file, form="idc")
    assert not made.exists()


def test_tensors_of_a_gpu_come_to_this_machine(tmp_path: Path) -> None:
    whole = published_forms.dc(tmp_path / "whole")
    there = published_forms.dc(tmp_path / "cuda")
    found = []

    def change(content: bytes) -> bytes:
        found.append(content.count(b"X\x03\x00\x00\x00cpu"))
        return content.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")

    rewritten(there.path, change)
    assert found[0] >= 1
    assert limbeck.import_set(there.path).fingerprint == limbeck.import_set(whole.path).fingerprint


@pytest.mark.parametrize("version", ["1", "2"])
def test_numbers_of_numpy_are_read_whatever_version_wrote_them(version: str, tmp_path: Path) -> None:
    published = published_forms.dc(tmp_path / "dc")
    if version == "1":
        rewritten(published.path, lambda content: content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    made = limbeck.import_set(published.path)
    assert made.provenance["published_accuracy_percent"] == {"ConvNet": [48.81, 49.02]}


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (np.float64(0.25), 0.25),
        (np.float32(0.5), 0.5),
        (np.int64(-3), -3.0),
        (np.bool_(True), 1.0),
        (np.complex64(1j), None),
        (np.str_("x"), None),
    ],
)
def test_a_number_of_numpy_becomes_a_plain_one(content: Any, wanted: float | None, tmp_path: Path) -> None:
    torch.save({"found": content}, tmp_path / "x.pt")
    assert Source(tmp_path).content(tmp_path / "x.pt") == {"found": wanted}


def test_arrays_of_numpy_are_refused(tmp_path: Path) -> None:
    torch.save([np.zeros((2, 3, 8, 8)), np.zeros(2)], tmp_path / "data.pt")
    with pytest.raises(InputError, match="asks for numpy"):
        limbeck.import_set(tmp_path / "data.pt")


def test_a_tensor_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(1).expand(2**40).view(2**10, 2**10, 2**10, 2**10), torch.zeros(3)], tmp_path / "data.pt")
    with pytest.raises(InputError, match="fewer numbers than that"):
        limbeck.import_set(tmp_path / "data.pt")


@pytest.mark.parametrize("odd", [torch.zeros(2, 3).to_sparse(), torch.zeros(2, 3, device="meta")])
def test_a_tensor_of_an_unusual_kind_is_refused(odd: torch.Tensor, tmp_path: Path) -> None:
    torch.save([odd, torch.zeros(3)], tmp_path / "data.pt")
    with pytest.raises(InputError):
        limbeck.import_set(tmp_path / "data.pt")


def test_a_script_of_torch_is_refused(tmp_path: Path) -> None:
    class Twice(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * x

    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.script(Twice()).save(str(tmp_path / "data.pt"))
    with pytest.raises(InputError, match=r"is damaged, or was not written by torch\.save|would run code"):
        limbeck.import_set(tmp_path / "data.pt")


@pytest.mark.parametrize("damage", [lambda c: c[:100], lambda c: c[:-200], lambda c: c[:500] + b"?" * 400 + c[900:]])
def test_a_damaged_file_is_refused_or_read_whole(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    published = published_forms.dc(tmp_path / "dc")
    published.path.write_bytes(damage(published.path.read_bytes()))
    with pytest.raises(InputError, match=r"cannot be read|should hold|is no set"):
        limbeck.import_set(published.path)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        limbeck.import_set(tmp_path / "nothing.pt")


def test_files_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for step in ("init", "900", "1000", "20000"):
        (tmp_path / f"data_{step}.pt").touch()
    (tmp_path / "data_folder").mkdir()
    found = [file.name for file in Source(tmp_path).files(r"data_.*")]
    assert found == ["data_900.pt", "data_1000.pt", "data_20000.pt", "data_init.pt"]
