"""A job says by hand what it does, and can be sent to another process."""

from __future__ import annotations

import pickle
import shlex
from dataclasses import replace

import pytest
import torch

from limbeck import cli
from limbeck._runtime import choose_runtime
from limbeck.comparison import Place
from limbeck.comparison.jobs import distil
from limbeck.comparison.jobs.distil import Distil, MeasureSet
from limbeck.evaluation import Score
from limbeck.evaluation.measures import load

CUDAS = ("cuda", "cuda:0", "cuda:1")


def by_hand(line):
    with pytest.raises(SystemExit) as leave:
        cli.main([*shlex.split(line)[1:], "-q"])
    assert not leave.value.code


@pytest.fixture
def job(recipe, done) -> Distil:
    """A distillation that is done."""
    prepared = recipe.data.prepare(Place(out=done))
    listed = recipe.jobs(prepared.folder, prepared.fingerprint, Place(out=done, device="cpu"), prepared.clips("train"))
    return next(job for job in listed if job.row == "dm, Adam" and job.seed == 1)


def test_the_command_gives_the_same_bits_and_the_same_score(job, tmp_path, capsys):
    assert job.done
    distil, evaluate, *_ = job.command.replace(str(job.folder), str(tmp_path / "set")).splitlines()
    by_hand(distil)
    assert (tmp_path / "set" / "data.safetensors").read_bytes() == (job.folder / "data.safetensors").read_bytes()
    by_hand(evaluate)
    again = Score.read(next((tmp_path / "set" / "scores").glob("ensemble-*.json")))
    kept = next(job.scores())
    assert again.key == kept.key
    assert [r.predictions for r in again.repeats] == [r.predictions for r in kept.repeats]


def test_the_command_of_a_measure_finds_what_was_measured(job, capsys, monkeypatch):
    kind = load("retrieval")
    measuring = MeasureSet(row=job.row, of=job, name="retrieval", measure=kind(dim=4, galleries=2), repeats=1)
    measuring.run()
    assert measuring.needs == (job,)
    monkeypatch.setattr(kind, "take", lambda *_, **__: pytest.fail("it was measured before"))
    by_hand(measuring.command)


def test_a_job_can_be_sent(job):
    sent = pickle.loads(pickle.dumps(job))
    assert (sent.folder, sent.done, str(sent)) == (job.folder, True, str(job))


def test_which_of_several_devices_did_a_job_is_no_part_of_it(job, monkeypatch):
    here = job.folder
    runtimes = {name: replace(choose_runtime("cpu", job.dtype), device=torch.device(name)) for name in CUDAS}
    monkeypatch.setattr(distil, "choose_runtime", lambda device, dtype: runtimes[device])
    folders = {replace(job, device=name).folder for name in CUDAS}
    assert len(folders) == 1
    assert folders != {here}
