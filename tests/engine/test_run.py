"""Run folders: holding, agreeing, continuing, stopping."""

from __future__ import annotations

import os
import signal

import pytest
import torch

from limbeck.engine import Run, RunCheckpoint, RunRecord
from limbeck.errors import BusyError, FingerprintError

ASKED = {"method": "dm", "seed": 0, "fingerprint": "abc"}


def test_a_second_holder_is_refused(tmp_path):
    import subprocess
    import sys

    code = (
        f"from pathlib import Path\nfrom limbeck.engine import Run\nwith Run.open(Path({str(tmp_path)!r}), {{}}): pass"
    )
    with Run.open(tmp_path, ASKED):
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert BusyError.__name__ in other.stderr
    assert "Another process is at work" in other.stderr


def test_another_question_is_refused_and_the_difference_named(tmp_path):
    asked = ASKED | {"settings": {"steps": 60, "augment": {"flip": 0.5, "crop": 1}}}
    other = ASKED | {"settings": {"steps": 60, "augment": {"flip": 0.0, "crop": 1}}, "fingerprint": "xyz"}
    with Run.open(tmp_path / "run", asked) as run:
        run.finish({})
    with pytest.raises(FingerprintError) as told, Run.open(tmp_path / "run", other):
        pass
    assert "fingerprint abc, now xyz" in str(told.value)
    assert "settings.augment.flip 0.5, now 0.0" in str(told.value)
    assert "steps" not in str(told.value), "what is the same is not listed"


def test_a_run_that_left_nothing_holds_no_folder(tmp_path):
    with Run.open(tmp_path / "run", ASKED) as run:
        run.log({"step": 1})
    with Run.open(tmp_path / "run", ASKED | {"seed": 1}) as run:
        assert RunRecord(tmp_path / "run").events == []
        run.finish({})
    with pytest.raises(FingerprintError, match="seed 1, now 0"), Run.open(tmp_path / "run", ASKED):
        pass


def test_other_code_is_refused_and_what_changed_is_named(tmp_path):
    before = {"distributions": {"mine": "1.0"}, "modules": {"mine.fancy": "aa", "mine.same": "cc"}}
    now = {"distributions": {"mine": "1.1"}, "modules": {"mine.fancy": "bb", "mine.same": "cc"}}
    with Run.open(tmp_path / "run", ASKED, before) as run:
        run.finish({})
    with Run.open(tmp_path / "run", ASKED, before):
        pass
    with (
        pytest.raises(FingerprintError, match=r"mine was 1\.0 and is 1\.1; mine\.fancy was changed\. .*delete"),
        Run.open(tmp_path / "run", ASKED, now),
    ):
        pass


def test_time_goes_on_where_it_was(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    first = RunCheckpoint(tmp_path / "c.safetensors", every_seconds=0)
    now[0] += 40
    first.offer(1, lambda: {"x": torch.ones(1)})
    second = RunCheckpoint(tmp_path / "c.safetensors")
    second.load()
    now[0] += 2
    assert second.seconds == 42


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path):
    state = {"x": torch.randn(5, generator=torch.Generator().manual_seed(0)), "n": torch.tensor(3)}
    RunCheckpoint(tmp_path / "c.safetensors", every_seconds=0).offer(7, lambda: state)
    step, back = RunCheckpoint(tmp_path / "c.safetensors").load()
    assert step == 7
    assert all(torch.equal(back[k], v) for k, v in state.items())


def test_nothing_is_saved_before_its_time(tmp_path):
    RunCheckpoint(tmp_path / "c.safetensors", every_seconds=60).offer(1, lambda: pytest.fail("saved"))
    assert not (tmp_path / "c.safetensors").exists()


def test_interrupt_saves_at_the_end_of_the_step(tmp_path):
    reached, before = [], signal.getsignal(signal.SIGINT)
    with Run.open(tmp_path, ASKED) as run:
        os.kill(os.getpid(), signal.SIGINT)
        reached.append("the step goes on to its end")
        with pytest.raises(KeyboardInterrupt):
            run.checkpoint.offer(4, lambda: {"x": torch.ones(1)})
    assert reached
    with Run.open(tmp_path, ASKED) as run:
        assert run.checkpoint.load()[0] == 4
    assert signal.getsignal(signal.SIGINT) is before


def test_events_of_steps_to_be_done_again_and_torn_rows_are_dropped(tmp_path):
    with Run.open(tmp_path, ASKED) as run:
        for step in (1, 2, 3):
            run.log({"step": step})
        run.checkpoint.stop_asked = True
        with pytest.raises(KeyboardInterrupt):
            run.checkpoint.offer(2, lambda: {"x": torch.ones(1)})
        with open(tmp_path / "events.jsonl", "a", encoding="utf-8") as file:
            file.write('{"step": 4, "lo')
    with Run.open(tmp_path, ASKED):
        assert RunRecord(tmp_path).events == [{"step": 1}, {"step": 2}]


def test_a_finished_run_says_so_and_keeps_no_checkpoint(tmp_path):
    with Run.open(tmp_path, ASKED) as run:
        assert not run.finished
        run.checkpoint.stop_asked = True
        with pytest.raises(KeyboardInterrupt):
            run.checkpoint.offer(2, lambda: {"x": torch.ones(1)})
        run.finish({"seconds": 1.5})
        assert run.finished
    assert not (tmp_path / "checkpoint.safetensors").exists()
