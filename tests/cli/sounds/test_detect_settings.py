"""`limbeck sounds detect` with settings that no event can have: told in sentences, before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck import cli


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--min-confidence", "70"], 1, "less than or equal to 1 (came: 70.0)"),
        (["--min-confidence", "0"], 1, "greater than 0 (came: 0.0)"),
        (["--threshold", "harp=nan"], 1, "a finite number (came: nan)"),
        (["--merge", "inf"], 1, "a finite number (came: inf)"),
        (["--threshold", "harp=0.8", "--threshold", "harp=0.9"], 2, "'harp' is given more than once"),
    ],
)
def test_what_does_not_fit(
    words: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "classifier").mkdir()
    given = ["sounds", "detect", str(tmp_path / "classifier"), str(tmp_path), "--out", str(tmp_path / "out"), *words]
    with pytest.raises(SystemExit) as caught:
        cli.main(given)
    assert caught.value.code == code
    assert said in " ".join(capsys.readouterr().err.split())
