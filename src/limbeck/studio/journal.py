"""The file that steps are written to as they are made: one a line, on the disk before it is answered.

A process that is killed leaves whole lines and at most one that was not finished, which nobody was told was kept.
"""

import json
import os
from pathlib import Path
from typing import Any

from limbeck.active_learning.steps import Step, step_of
from limbeck.errors import InputError

NAME = "studio.jsonl"
_SAVED = "saved"


class Journal:
    """The steps of a studio in a file, which is made with the first of them.

    Attributes:
        steps: All that were made, undone ones and undoing included, in their order.
        saved: What the classifier beside it was when it was last written with all steps up to then; empty before.
        kept: How many steps were made up to then.

    Raises:
        InputError: The file holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.steps: list[Step] = []
        self.saved = ""
        self.kept = 0
        self._pending: list[dict[str, Any]] = []
        content = path.read_bytes() if path.is_file() else b""
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                self._take(json.loads(line))
            except (ValueError, InputError) as error:
                raise InputError(
                    f"Line {number} of {path} is not what a studio writes ({error}). Bring back a copy, or move "
                    "the file away to begin from the classifier beside it."
                ) from error
        if len(whole) < len(content):
            with path.open("r+b") as handle:
                handle.truncate(len(whole))

    @property
    def unsaved(self) -> int:
        """How many steps the classifier beside it does not have."""
        return len(self.steps) - self.kept

    def begin(self, step: Step, content: str) -> None:
        """Go on from the classifier beside it, which is `content` and which the `step` takes over.

        This is written with the next step: until then nothing has happened.
        """
        self._pending = [step.to_json(), {"do": _SAVED, "content": content}]
        for said in self._pending:
            self._take(said)

    def add(self, *steps: Step) -> None:
        """Write steps; they are on the disk when this returns, at once."""
        said = [step.to_json() for step in steps]
        self._write(*self._pending, *said)
        self._pending = []
        for one in said:
            self._take(one)

    def mark_saved(self, content: str) -> None:
        """Note what the classifier beside it is now that all steps are in it."""
        self._write({"do": _SAVED, "content": content})
        self._take({"do": _SAVED, "content": content})

    def _take(self, said: dict[str, Any]) -> None:
        if said.get("do") == _SAVED:
            self.saved, self.kept = str(said.get("content", "")), len(self.steps)
        else:
            self.steps.append(step_of(said))

    def _write(self, *said: dict[str, Any]) -> None:
        lines = "".join(json.dumps(one, allow_nan=False) + "\n" for one in said).encode()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            before = os.fstat(descriptor).st_size
            try:
                view = memoryview(lines)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)  # a full disk keeps no half of a line
                raise
        finally:
            os.close(descriptor)
