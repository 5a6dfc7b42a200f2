"""The command line as a whole: help, exit codes, where things are printed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import get_args

import pytest
from typer.main import get_command

from limbeck import cli
from limbeck.cli import listing
from limbeck.errors import InputError

PYTHON = re.compile(r"None|Annotated|Undefined|Literal|FieldInfo|True|False|\w\[|\{\}|[<>|]|torch\.|Path\b|\bint\b")
"""Words of the language settings are written in, which nobody needs to know who gives them on the command line."""
VERBS = [name for name, verb in get_command(cli.app).commands.items() if not hasattr(verb, "commands")]  # type: ignore[attr-defined]


def leave(arguments: list[str]) -> int:
    """Exit code of a command."""
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    return int(caught.value.code or 0)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb_has_examples_that_name_it(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave([verb, "--help"]) == 0
    out, err = capsys.readouterr()
    assert "Examples:" in out
    assert f"limbeck {verb} " in out.partition("Examples:")[2]
    assert err == ""


def test_top_level_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave(["-h"]) == 0
    out = capsys.readouterr().out
    assert all(verb in out for verb in VERBS)


@pytest.mark.parametrize(
    "words", [["--help"], ["distill", "--help"], ["list", "methods"], ["list", "datasets"], ["--version"]]
)
def test_help_and_lists_do_not_import_torch(words: list[str]) -> None:
    code = (
        "import sys\nfrom limbeck import cli\n"
        f"try:\n    cli.main({words!r})\n"
        "except SystemExit as leave:\n    assert not leave.code\n"
        "heavy = {'torch', 'pandas', 'matplotlib', 'librosa', 'sklearn', 'av'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["--help"], ["distill", "--help"], ["sounds", "--help"], ["--version"]])
def test_help_loads_nothing_it_does_not_need(words: list[str]) -> None:
    code = (
        "import sys\nfrom limbeck import cli\n"
        f"try:\n    cli.main({words!r})\n"
        "except SystemExit as leave:\n    assert not leave.code\n"
        "print({'rich', 'pygments', 'markdown_it', 'asyncio', 'numpy'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("\nset()\n"), done.stdout + done.stderr


def test_lists_of_commands_are_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["sounds", "--help"]):
        assert leave(words) == 0
        assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


@pytest.mark.parametrize(
    "words",
    [
        ["nosuchverb"],
        ["distill", "prepared"],
        ["distill", "prepared", "--out", "x", "--per-class", "0"],
        ["distill", "prepared", "--out", "x", "--set", "nothing"],
        ["distill", "prepared", "--out", "x", "--steps", "5", "--set", "steps=6"],
        ["evaluate", "--on", "prepared"],
        ["evaluate", "distilled", "--whole", "--on", "prepared"],
        ["list", "nothing"],
        ["prepare", "folder", "videos", "--out", "x", "--fit", "squash"],
    ],
)
def test_commands_that_cannot_be_understood_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert leave(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "limbeck" in err
    assert "Traceback" not in err


def test_an_error_is_one_sentence_on_stderr_and_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave(["explain", "nosuchthing"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: Nothing is called 'nosuchthing'.")
    assert "Traceback" not in err


def test_markup_in_an_error_is_printed_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> str:
        raise InputError("the class is called [red]bell[/] or [/nothing]")

    monkeypatch.setattr("limbeck.cli.explain._kind", refuse)
    assert leave(["explain", "x"]) == 1
    assert capsys.readouterr().err == "Error: the class is called [red]bell[/] or [/nothing]\n"


def test_an_unexpected_error_keeps_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(name: str) -> str:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr("limbeck.cli.explain._kind", break_down)
    assert leave(["explain", "x"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "ZeroDivisionError: unforeseen" in err
    assert "open an issue" in err


def test_ctrl_c_exits_130_and_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(name: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("limbeck.cli.explain._kind", interrupt)
    assert leave(["explain", "x"]) == 130
    assert "same command again" in capsys.readouterr().err


def test_windows_is_told_at_the_start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert leave(["list", "methods"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: Limbeck runs on Linux and macOS;")


def test_list_as_json_agrees_with_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    for kind in listing.ROOMS:
        assert leave(["list", kind, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert rows, kind
        assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
        assert all(row["summary"].endswith(".") for row in rows), rows


def test_kinds_and_rooms_agree() -> None:
    assert get_args(listing.Kind) == tuple(listing.ROOMS)


@pytest.mark.parametrize("kind", list(listing.ROOMS))
def test_everything_listed_can_be_explained(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    leave(["list", kind, "--json"])
    for row in json.loads(capsys.readouterr().out):
        assert leave(["explain", row["name"], "--kind", kind, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["name"] == row["name"]
        assert told["about"].startswith(row["summary"])
        assert all(setting["type"] for setting in told["settings"]), told["settings"]
        names = [setting["name"] for setting in told["settings"]]
        assert len(set(names)) == len(names), "each once"
        said = " ".join(f"{s['type']} {s['default']}" for s in told["settings"])
        assert not PYTHON.search(said), PYTHON.search(said)


def test_help_of_explain_names_everything_that_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    leave(["explain", "--help"])
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "anything that `limbeck list` shows" in told
    assert all(kind in told for kind in get_args(listing.Kind))


def test_explain_tells_several_named_parts_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    leave(["explain", "hyperparameters", "--json"])
    told = {s["name"]: s for s in json.loads(capsys.readouterr().out)["settings"]}
    assert told["candidates"]["type"] == "names with candidate"
    assert told["candidates"]["default"].startswith("unchanged; ")
    assert "candidates.NAME.protocol" in told
    assert "candidates.protocol" not in told


def test_explain_shows_the_settings_of_parts_and_their_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    leave(["explain", "avdd", "--json"])
    told = {s["name"]: s for s in json.loads(capsys.readouterr().out)["settings"]}
    assert told["per_class"]["default"] == "1"
    assert (told["hold"]["type"], told["hold"]["default"]) == ("text", "plain")
    assert told["encoders.bank"]["default"] != "none", "the method's own default, not that of the part"
    assert "IPC" in told["per_class"]["about"]
    assert all(s["about"] for s in told.values()), [name for name, s in told.items() if not s["about"]]
