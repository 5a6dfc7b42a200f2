"""`limbeck benchmark` as it is typed."""

from __future__ import annotations

import json
import sys

import pytest

from limbeck import cli


def run(*words, code=0):
    with pytest.raises(SystemExit) as leave:
        cli.main(["benchmark", *map(str, words)])
    assert (leave.value.code or 0) == code


def test_dry_run_prints_the_plan_and_trains_nothing(toml, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.Tensor.backward", lambda *_, **__: pytest.fail("something was trained"))
    monkeypatch.setattr("torch.optim.Adam.step", lambda *_, **__: pytest.fail("something was trained"))
    run(toml, "--out", tmp_path, "--device", "cpu", "--dry-run")
    out = capsys.readouterr().out
    assert all(words in out for words in ("Two rows", "random", "dm, Adam", "whole", "all, 1 at a time", "kB"))
    run(toml, "--out", tmp_path, "--device", "cpu", "--dry-run", "--json")
    plan = json.loads(capsys.readouterr().out)
    assert {line["name"]: line["jobs"] for line in plan} == {"random": 4, "dm, Adam": 2, "whole": 1}
    assert not any(tmp_path.iterdir())


def test_prints_the_table_and_says_where_it_is(toml, done, capsys):
    run(toml, "--out", done, "--device", "cpu")
    told = capsys.readouterr()
    assert told.out.startswith("# Two rows")
    assert "| dm, Adam |" in told.out
    assert str(done / "two") in told.err


def test_without_the_report_extra_the_tables_are_there_and_the_page_is_asked_for(toml, done, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    (done / "two" / "table.md").unlink()
    run(toml, "--out", done, "--device", "cpu")
    assert (done / "two" / "table.md").exists()
    assert "pip install 'limbeck[report]'" in capsys.readouterr().err


def test_a_failed_job_is_told_and_ends_with_1(toml, done, tmp_path, capsys):
    (tmp_path / "base.toml").write_text(toml.read_text())
    greedy = tmp_path / "greedy.toml"
    greedy.write_text('extends = "base.toml"\n[rows.greedy]\nmethod = "random"\nsettings = { hold = "mosaic:8" }\n')
    run(greedy, "--out", done, "--device", "cpu", "--no-page", code=1)
    assert "greedy, 1 per class, seed 0: random with per_class=1 and hold=mosaic:8 needs 64" in capsys.readouterr().err


def test_a_recipe_with_mistakes_is_refused_before_any_work(toml, tmp_path, capsys):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(toml.read_text().replace('baseline = "random"', 'baseline = "nobody"'))
    run(wrong, "--out", tmp_path / "runs", code=1)
    assert "'nobody' is none of the rows" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_what_a_cluster_is_asked_for_needs_one(toml, tmp_path, capsys):
    run(toml, "--out", tmp_path / "runs", "--gpus-per-job", "0.5", code=2)
    assert "need --ray" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "runs").exists()
