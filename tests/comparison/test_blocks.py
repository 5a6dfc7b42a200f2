"""Rows in blocks of classes: a job for each, and one that joins them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.comparison.test_run import accuracies

import limbeck
from limbeck import comparison
from limbeck.comparison import Place, Recipe
from limbeck.datasets import Prepared
from limbeck.engine import executor
from limbeck.errors import InputError

BLOCKS = """
extends = "two.toml"
per_class = [1]
distillations = 1
students = 1
whole = 0
heads = ["audio"]

[rows."dm, Adam"]
blocks = 3
"""


@pytest.fixture
def blocks(toml: Path, done: Path, tmp_path: Path) -> Recipe:
    """The small recipe with a row in blocks; the data is prepared in `tmp_path`."""
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    file = tmp_path / "blocks.toml"
    file.write_text(BLOCKS.replace("two.toml", str(toml)))
    return Recipe.load(file)


def test_each_block_is_a_job_and_their_row_is_what_distill_gives(
    blocks: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = {line.name: line for line in comparison.plan(blocks, out=tmp_path, device="cpu")}
    assert (planned["dm, Adam"].jobs, planned["random"].jobs) == (4, 1)
    assert 0 < planned["dm, Adam"].longest_seconds < planned["dm, Adam"].seconds / 2
    told: list[str] = []
    comparison.run(
        blocks,
        name="x",
        out=tmp_path,
        device="cpu",
        progress=False,
        page=False,
        on_job=lambda what, *_: told.append(what),
    )
    assert [what.partition(":")[0] for what in told if "block" in what] == [
        f"dm, Adam, 1 per class, seed 0, block {i} of 3" for i in (1, 2, 3)
    ]
    (job,) = (
        job
        for job in blocks.begin(Place(out=tmp_path, device="cpu", progress=False)).jobs
        if job.row == "dm, Adam" and "block" not in str(job)
    )
    assert job.done
    assert all(need.done for need in job.needs)
    prepared = next(path.parent for path in tmp_path.glob("prepared/*/dataset.json"))
    made = limbeck.distill(
        prepared, job.method, blocks=3, threads=1, out=tmp_path / "by hand", device="cpu", progress=False
    )
    assert (tmp_path / "by hand" / "data.safetensors").read_bytes() == (job.folder / "data.safetensors").read_bytes()
    assert made.provenance["blocks"] == 3
    assert "--blocks 3 --threads 1" in job.needs[0].command
    assert ("dm, Adam", 1, "audio", 0) in accuracies(tmp_path, "x")
    whole = Recipe.load(tmp_path / "blocks.toml").model_copy(update={"rows": {"dm": blocks.rows["random"]}})
    real = Prepared.open(prepared).clips("train")
    assert whole.jobs(prepared, "x", Place(out=tmp_path), real)[0].needs == ()


def test_a_block_that_fails_stops_its_row_alone(
    blocks: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = blocks.begin(Place(out=tmp_path, device="cpu", progress=False)).jobs
    second = jobs[2]
    assert str(second).endswith("block 2 of 3")
    second.folder.parent.mkdir(parents=True)
    second.folder.touch()
    ended = {str(job): error for job, error in executor.Here().run(jobs)}
    assert [name for name, error in ended.items() if error] == [str(second)]
    assert "dm, Adam, 1 per class, seed 0" not in ended
    second.folder.unlink()
    left = [job for job in jobs if not job.done]
    assert len(left) == 2
    assert not any(error for _, error in executor.Here().run(left))


def test_a_row_whose_classes_are_coupled_is_refused(toml: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(
        f'extends = "{toml}"\n[rows.krr]\nmethod = "krr"\nblocks = 2\n[rows.best]\nmethod = "best"\nblocks = 2\n'
    )
    with pytest.raises(
        InputError, match=r"row 'krr' at 1 per class, 2 per class: krr cannot distil blocks apart: one ridge"
    ) as told:
        Recipe.load(file)
    assert "best" not in str(told.value)
