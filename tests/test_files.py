"""Locks and writing: what is held, what is told when it fails, and by which name."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from limbeck import _files
from limbeck.errors import BusyError, InputError, LimbeckError, explained
from limbeck.inspection import inspect as inspected

HOLD = (
    "import sys, time; from pathlib import Path; from limbeck import _files\n"
    "with _files.exclusive(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
)


def test_a_holder_is_told_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="Another process is at work in"), _files.exclusive(tmp_path):
            pass
        holder.kill()
    with _files.exclusive(tmp_path):
        pass


def test_one_process_does_not_hold_a_folder_twice(tmp_path: Path) -> None:
    with _files.exclusive(tmp_path), pytest.raises(BusyError), _files.exclusive(tmp_path):
        pass
    with _files.exclusive(tmp_path):
        pass


def test_a_lock_that_fails_for_another_reason_than_a_holder_says_so(tmp_path: Path) -> None:
    (tmp_path / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="it cannot be locked") as caught, _files.exclusive(tmp_path):
        pass
    assert not isinstance(caught.value, LimbeckError)
    assert "at work" not in str(explained(caught.value))
    assert str(explained(caught.value)).startswith(f"{tmp_path}: it cannot be locked (")


def test_a_system_without_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="No locks available") as caught, _files.exclusive(tmp_path):
        pass
    assert "it cannot be locked" in str(explained(caught.value))


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_numbers_that_json_has_not_are_refused(tmp_path: Path, number: str) -> None:
    """They could be read, and not be written or shown again."""
    for name in ("recipe.json", "results.json", "config.json"):
        (tmp_path / name).write_text(f'{{"format": "limbeck-folder-1", "n": {number}}}')
        with pytest.raises(InputError, match=rf"{name} should be JSON, but is not: {number} is no number"):
            _files.read_json(tmp_path / name)
        with pytest.raises(InputError, match=r"is damaged|is nothing that Limbeck wrote"):
            inspected(tmp_path)
        (tmp_path / name).unlink()


def test_a_file_cannot_be_held(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="should be a folder"), _files.exclusive(tmp_path / "file"):
        pass


def test_a_write_that_fails_names_the_file_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as caught:
        _write(tmp_path / "set.json")
    assert caught.value.filename == str(tmp_path / "set.json")
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def _write(path: Path) -> None:
    with _files.atomic(path) as temporary:
        temporary.write_text("half")
        Path("/dev/full").write_text("x" * 100_000)


@pytest.mark.parametrize("number", [e for e in errno.errorcode if e not in {errno.EPIPE}])
def test_every_error_of_the_system_is_a_sentence(number: int) -> None:
    told = explained(OSError(number, os.strerror(number), "clips.csv"))
    assert told is not None
    assert told.startswith("clips.csv: ")
    assert told.endswith(", then give the same command again.")
    assert explained(RuntimeError(f"lance error: LanceError(IO): it failed (os error {number}), io.rs")) is not None


def test_an_error_of_the_program_is_no_error_of_the_system() -> None:
    assert explained(TypeError("an int is needed (os error)")) is None
    assert (
        explained(MemoryError())
        == "Memory is full. Close other programs, or do less at once, then give the same command again."
    )


def test_what_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    """Told to delete or make again what only cannot be read, people lose it."""
    from limbeck import DistilledSet, Prepared

    for load, name in ((DistilledSet.load, "config.json"), (Prepared.open, "dataset.json")):
        (tmp_path / name).mkdir()
        with pytest.raises(IsADirectoryError):
            load(tmp_path)
