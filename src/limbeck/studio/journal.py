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
        unsaved: How many steps were made since.

    Raises:
        InputError: The file holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.steps: list[Step] = []
        self.saved = ""
        self.unsaved = 0
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

    def add(self, step: Step) -> None:
        """Write a step; it is on the disk when this returns."""
        self._write(step.to_json())
        self._take(step.to_json())

    def mark_saved(self, content: str) -> None:
        """Note what the classifier beside it is now that all steps are in it."""
        self._write({"do": _SAVED, "content": content})
        self._take({"do": _SAVED, "content": content})

    def _take(self, said: dict[str, Any]) -> None:
        if said.get("do") == _SAVED:
            self.saved, self.unsaved = str(said.get("content", "")), 0
        else:
            self.steps.append(step_of(said))
            self.unsaved += 1

    def _write(self, said: dict[str, Any]) -> None:
        line = (json.dumps(said, allow_nan=False) + "\n").encode()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            before = os.fstat(descriptor).st_size
            try:
                view = memoryview(line)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)  # a full disk keeps no half of a line
                raise
        finally:
            os.close(descriptor)
