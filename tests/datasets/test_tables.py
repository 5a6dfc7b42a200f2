"""Tables of a prepared dataset."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest

from limbeck.datasets import _prepared

READ = "import sys, pathlib; from limbeck.datasets import _prepared; _prepared.read_table(pathlib.Path(sys.argv[1]))"


@pytest.mark.slow
def test_a_process_that_reads_a_table_and_ends_at_once_is_not_aborted(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    _prepared.write_table(file, [{"id": str(i)} for i in range(9)], pyarrow.schema([("id", pyarrow.string())]))
    ends = [subprocess.run([sys.executable, "-c", READ, str(file)], check=False).returncode for _ in range(5)]
    assert ends == [0] * 5
