"""Tasks run here and in processes alike: in order, past those that fail, again where another was busy."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.tasks import Writes

from limbeck.engine import executor
from limbeck.errors import LimbeckError


@pytest.fixture(params=[1, 2])
def local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> executor.Executor:
    monkeypatch.setattr(executor, "RETRY_SECONDS", 0.05)
    return executor.local(request.param)


def test_one_rotten_task_stops_only_those_that_need_it(
    local: executor.Executor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad, fault = (Writes(tmp_path / n, kind=k) for n, k in (("good", ""), ("bad", "fails"), ("fault", "fault")))
    after, never = Writes(tmp_path / "after", (good,)), Writes(tmp_path / "never", (bad,))
    nor_this = Writes(tmp_path / "nor this", (never,))
    found = {task.file.name: error for task, error in local.run([bad, never, nor_this, good, fault, after])}
    assert found.keys() == {"good", "bad", "fault", "after"}
    assert (found["good"], found["after"], found["bad"]) == (None, None, "No.")
    assert "a fault in Limbeck" in (found["fault"] or "")
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert not (tmp_path / "never").exists()


@pytest.mark.slow
def test_what_another_process_is_busy_with_comes_last(local: executor.Executor, tmp_path: Path) -> None:
    busy, other = Writes(tmp_path / "busy", kind="busy"), Writes(tmp_path / "other")
    after = Writes(tmp_path / "after", (busy,))
    assert {t.file.name for t, error in local.run([busy, other, after]) if not error} == {"busy", "other", "after"}


def test_a_process_that_dies_is_reported_and_what_was_done_stays(tmp_path: Path) -> None:
    done, dies = Writes(tmp_path / "done"), Writes(tmp_path / "dies", kind="dies")
    with pytest.raises(LimbeckError, match="A working process died"):
        list(executor.local(2).run([done, Writes(dies.file, (done,), "dies")]))
    assert done.file.exists()
