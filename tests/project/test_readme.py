"""What the README and the docs tell people to type works."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from limbeck.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

SMALL = {
    "clips=800": "clips=60",
    "image_size=64": "image_size=32",
    "steps=200": "steps=2",
    "repeats=3": "repeats=1, network=Architecture(options={'width': 8}), protocol=Protocol(epochs=1)",
    'per_class=1, hold="mosaic:2"': 'per_class=1, encoders={"bank": 1, "network": {"options": {"width": 8}}}',
    '"best")': '"best", encoders={"network": {"options": {"width": 8}}})',
    '"herding", hold="mosaic:2"': '"herding", hold="mosaic:2", network={"options": {"width": 8}}',
}
"""What is made small so that the example runs in seconds; its words stay."""


@pytest.mark.slow
def test_ten_lines_of_python_run(
    tmp_path: Path, videos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from limbeck.evaluation import Protocol
    from limbeck.networks import Architecture

    code = next(_blocks(ROOT / "README.md", "python"))
    assert len(code.strip().splitlines()) <= 10
    for words, fewer in SMALL.items():
        assert words in code
        code = code.replace(words, fewer)
    monkeypatch.chdir(tmp_path)
    Path("videos").symlink_to(videos)
    names = {"Protocol": Protocol, "Architecture": Architecture}
    exec(compile(code, "README.md", "exec"), names)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in printed] == ["avdd", "best", "herding+mosaic", "whole"]
    assert all(0 <= float(number) <= 100 for line in printed for number in line[1:])
    assert Path(str(names["page"])).exists()
    name_a_clip = list(_blocks(ROOT / "README.md", "python"))[1]
    for words, fewer in {"ConvNet()": "ConvNet(width=8)", "Protocol()": "Protocol(epochs=1)"}.items():
        assert words in name_a_clip
        name_a_clip = name_a_clip.replace(words, fewer)
    Path("clip.mp4").symlink_to(next(videos.rglob("*.mp4")))
    exec(compile(name_a_clip, "README.md", "exec"), names)
    assert capsys.readouterr().out.strip() in names["made"].classes  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_python_on_every_page_compiles(page: Path) -> None:
    for code in _blocks(page, "python"):
        compile(code, str(page), "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_on_every_page_are_understood(page: Path) -> None:
    for block in _blocks(page, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["limbeck"]:
                _parse(words[1:])
            elif words[:1] == ["make"]:
                assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M), line


def test_files_for_clusters_are_understood() -> None:
    folder = ROOT / "examples" / "cluster"
    script = (folder / "slurm.sh").read_text(encoding="utf-8")
    assert subprocess.run(["bash", "-n", folder / "slurm.sh"], check=False).returncode == 0
    commands = re.findall(r"^on_all (limbeck .*)", script, re.M)
    job = yaml.safe_load((folder / "kuberay.yaml").read_text(encoding="utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    groups = job["spec"]["rayClusterSpec"]
    for group in (groups["headGroupSpec"], *groups["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        assert [mount["name"] for mount in container["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
    for command in (*commands, job["spec"]["entrypoint"]):
        assert "/shared" in command or "$runs" in command
        _parse(shlex.split(command)[1:])
    assert len(commands) == 2


def test_examples_in_help_are_understood() -> None:
    verbs = get_command(app).commands  # type: ignore[attr-defined]
    for verb, command in verbs.items():
        lines = [line for line in command.epilog.split("\n\n") if line.startswith("limbeck ")]
        assert lines, verb
        for line in lines:
            words = shlex.split(line)
            assert words[1] == verb
            _parse(words[1:])


def test_a_wrong_command_is_noticed() -> None:
    for words in (["distill", "prepared/"], ["sounds", "page", "classifier/"], ["recipe", "copy", "playground"]):
        with pytest.raises(Exception, match="No such option"):
            _parse([*words, "--nosuchoption", "3"])
    with pytest.raises(KeyError):
        _parse(["sounds", "nosuchverb"])


def _parse(words: list[str]) -> None:
    """Take a command's words apart as the command line would, without running it."""
    if words == ["--version"]:
        return
    command: Any = get_command(app)
    while hasattr(command, "commands"):  # a group, as sounds: what follows is the name of one of its commands
        name, *words = words
        command = command.commands[name]
    command.make_context(name, words)


def _blocks(page: Path, language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
