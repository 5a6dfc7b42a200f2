"""What other distributions add is known by the name it is listed under, wherever its class is, from end to end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from tests.helpers import plugins

pytestmark = pytest.mark.slow

RECIPE = """
title = "Gifts"
per_class = [1]
distillations = 1
students = 1
whole = 0
heads = ["mean"]
baseline = "loudest"
network = { name = "plain" }
protocol = { epochs = 2 }
[data]
dataset = "hums"
clip = { image_size = 16 }
[measures.spread]
[rows.loudest]
method = "loudest"
settings = { network = { name = "plain" } }
[rows.gentle]
method = "gentle"
settings = { steps = 2, start = "loudest", encoders = { network = { name = "plain" }, bank = 1 } }
"""


@pytest.fixture(scope="module")
def gifts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plug-in, installed."""
    return plugins.install(tmp_path_factory.mktemp("plugin") / "installed")


def test_everything_is_known_by_the_name_it_is_listed_under(gifts: Path) -> None:
    told = json.loads(
        plugins.run(
            """
            import importlib
            from importlib.metadata import distribution
            from limbeck._discover import name_of, summary
            found = {}
            for entry in distribution("limbeck-gifts").entry_points:
                room = importlib.import_module(entry.group)
                kind = room.load(entry.name)
                called, words = name_of(kind, entry.group), summary(entry.group, entry.name)
                found[entry.name] = [entry.name in room.names(), called, words]
            print(json.dumps(found))
            """,
            gifts,
        ).stdout
    )
    assert len(told) == 15
    for name, (listed, called, summary) in told.items():
        assert listed
        assert called == name
        assert summary.endswith(".")


def test_instances_say_it_too_and_their_settings_find_the_way_back(gifts: Path) -> None:
    told = json.loads(
        plugins.run(
            """
            import torch
            from gifts import (building, choosing, enveloping, hearing, holding, judging, keeping, measuring, moving,
                               reading, telling)
            from limbeck.media import ClipRecipe
            head = building.Averaged({"audio": 8}, 2, {"audio": "A"}, generator=torch.Generator())
            things = [choosing.Loudest(), moving.Gentle(start="loudest", storage="halves"), reading.Tones(),
                      reading.Notes([]), building.Flat(), head, keeping.Halves(), measuring.Brightness(),
                      telling.Labels(), hearing.Ear(), judging.Stubborn(), judging.Once(),
                      enveloping.Envelope(ClipRecipe()), holding.Small()]
            assert moving.Gentle.from_json(things[1].to_json()) == things[1]
            class Mine(choosing.Loudest.__mro__[1]):
                def distill(self, real, *, seed=0, run=None): ...
            print(json.dumps([t.name for t in things] + [Mine().name, hearing.Ear.tiny().id.split(":")[0]]))
            """,
            gifts,
        ).stdout
    )
    names = [
        "loudest",
        "gentle",
        "hums",
        "notes",
        "plain",
        "mean",
        "halves",
        "spread",
        "listing",
        "ear",
        "first_class",
        "once",
        "envelope",
        "small",
    ]
    assert told == [*names, "__main__.Mine", "ear"]


def test_the_whole_way_with_things_of_a_plug_in(gifts: Path, tmp_path: Path) -> None:
    (tmp_path / "gifts.toml").write_text(RECIPE)
    told: dict[str, Any] = json.loads(
        plugins.run(
            f"""
            import os
            os.chdir({str(tmp_path)!r})
            settings = ["encoders.network.name=plain", "encoders.bank=1", "labels.kind=soft",
                        "labels.training.epochs=1", "labels.network.name=plain"]
            distill = ["distill", "data", "--method", "gentle", "--steps", "2", "--start", "loudest", "--storage",
                       "halves", "--out", "set", *(word for pair in settings for word in ("--set", pair))]
            from limbeck import DistilledSet
            told = {{}}
            told["list"] = limbeck("list", "methods")
            told["explain"] = limbeck("explain", "gentle")
            told["prepare"] = limbeck("prepare", "hums", "--out", "data", "--image-size", "16", "--workers", "1")
            told["distill"] = limbeck(*distill)
            told["again"] = limbeck(*distill)
            told["evaluate"] = limbeck("evaluate", "set", "--on", "data", "--repeats", "1", "--head", "mean")
            told["measure"] = limbeck("evaluate", "set", "--on", "data", "--repeats", "1", "--measure", "spread")
            told["inspect"] = limbeck("inspect", "set", "--json")
            told["export"] = limbeck("export", "set", "--to", "listing", "--out", "labels")
            told["report"] = limbeck("report", "set", "--on", "data", "--out", "page")
            told["benchmark"] = limbeck("benchmark", "gifts.toml", "--out", "runs")
            assert told["distill"][0] == 0, told["distill"]
            told["marks"] = DistilledSet.load("set").sees_labels
            print(json.dumps(told))
            """,
            gifts,
        ).stdout
    )
    marks = told.pop("marks")
    assert {name: (code, err) for name, (code, _, err) in told.items() if code} == {}
    assert marks
    assert "Class means, matched without haste" in told["list"][1]
    assert "gifts.moving of limbeck-gifts 0.3.0" in told["explain"][1]
    assert "Already done" in told["again"][2]
    provenance = json.loads(told["inspect"][1])["provenance"]
    assert (provenance["method"], provenance["settings"]["start"]) == ("gentle", "loudest")
    assert provenance["code"]["distributions"]["limbeck-gifts"] == "0.3.0"
    ours = {name for name in provenance["code"]["modules"] if name.startswith("gifts")}
    assert ours == {"gifts.moving", "gifts.choosing", "gifts._taste", "gifts.building", "gifts.keeping"}
    assert provenance["cost"]["seconds"] > 0
    assert "limbeck" in provenance["versions"]
    assert "mean" in told["evaluate"][1] or "A+V" in told["evaluate"][1]
    assert "brightness" in told["measure"][1]
    assert "gentle" in told["benchmark"][1]
    assert (tmp_path / "runs" / "gifts" / "table.lines").read_text() == "loudest\ngentle"
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "gentle" in page


def test_a_third_modality_and_a_way_to_hold_samples_go_the_whole_way(gifts: Path, tmp_path: Path) -> None:
    told: dict[str, Any] = json.loads(
        plugins.run(
            f"""
            import os
            os.chdir({str(tmp_path)!r})
            told = {{}}
            told["prepare"] = limbeck("prepare", "hums", "--out", "data", "--image-size", "16", "--workers", "1",
                                      "--modality", "audio,envelope,image")
            narrow = ["--set", "encoders.network.options.width=4"]
            few = ["--steps", "2", *narrow, "--set", "encoders.bank=1"]
            ways = {{"dm": few, "krr": few, "dc": ["--steps", "1", *narrow], "best": narrow,
                     "herding": ["--set", "network.options.width=4"]}}
            runs = {{f"{{method}}-plain": [method, *words] for method, words in ways.items()}}
            small = ["--hold", "small:factor=2"]
            runs |= {{f"{{m}}-small": [m, *words, *small] for m, words in ways.items() if m != "best"}}
            for out, (method, *words) in runs.items():
                told[out] = limbeck("distill", "data", "--method", method, *words, "--out", out)
                told[f"{{out}} evaluate"] = limbeck("evaluate", out, "--on", "data", "--repeats", "1", "--epochs", "1")
                told[f"{{out}} folder"] = limbeck("export", out, "--to", "folder", "--out", f"{{out}}-folder")
            for out in ("dm-plain", "best-plain", "herding-small"):
                told[f"{{out}} report"] = limbeck("report", out, "--on", "data", "--out", f"{{out}}-page")
                for form in ("webdataset", "huggingface"):
                    told[f"{{out}} {{form}}"] = limbeck("export", out, "--to", form, "--out", f"{{out}}-{{form}}")
            print(json.dumps(told))
            """,
            gifts,
        ).stdout
    )
    assert {name: (code, err) for name, (code, _, err) in told.items() if code} == {}
    config = json.loads((tmp_path / "dm-plain" / "config.json").read_text())
    assert [*config["scales"]] == ["audio", "envelope", "image"]
    assert "A+E+V" in told["dm-plain evaluate"][1]
    held = json.loads((tmp_path / "krr-small" / "config.json").read_text())
    assert held["hold"] == "small:factor=2"
    assert "A+E+V" in (tmp_path / "herding-small-page" / "index.html").read_text(encoding="utf-8")


def test_a_broken_plug_in_is_listed_and_told_in_a_sentence(tmp_path: Path) -> None:
    broken = plugins.install_files(
        tmp_path / "broken",
        "limbeck-broken",
        "1.0",
        {"broken.py": '"""Broken things."""\nimport nosuchpackage_\n', "rotten.py": "def (\n"},
        {
            "limbeck.methods": {"torn": "broken", "rotten": "rotten", "gone": "nowhere.to.be:Found"},
            "limbeck.report.writers": {"torn": "broken"},
            "limbeck.exports": {"nothing": "json:dumps"},
        },
    )
    told = json.loads(
        plugins.run(
            """
            told = [limbeck("list", "methods"), limbeck("explain", "torn"), limbeck("explain", "rotten"),
                    limbeck("explain", "gone"), limbeck("explain", "nothing"), limbeck("explain", "avdd")]
            from limbeck.methods.dm import DM
            from limbeck.errors import InputError
            try:
                DM(start="dm")
            except Exception as error:
                told.append(str(error))
            print(json.dumps(told))
            """,
            broken,
        ).stdout
    )
    listed, torn, rotten, gone, nothing, avdd, start = told
    assert listed[0] == 0
    assert all(name in listed[1] for name in ("torn", "Broken things.", "rotten", "gone", "avdd"))
    for code, out, err in (torn, rotten, gone, nothing):
        assert (code, out) == (1, "")
        assert err.startswith("Error: The plug-in '")
        assert "limbeck-broken 1.0" in err
        assert "Traceback" not in err
    assert "No module named 'nosuchpackage_'" in torn[2]
    assert avdd[0] == 0
    assert "herding" in start


def test_two_things_of_one_name_are_refused_both(gifts: Path, tmp_path: Path) -> None:
    """A plug-in can neither take the place of a method of Limbeck's, nor of another plug-in's."""
    other = plugins.install_files(
        tmp_path / "other",
        "limbeck-other",
        "2.0",
        {"other.py": '"""Other."""\nfrom gifts.choosing import Loudest\n'},
        {"limbeck.methods": {"loudest": "other:Loudest", "dm": "other:Loudest"}},
    )
    told = json.loads(
        plugins.run(
            """
            print(json.dumps([limbeck("list", "methods"), limbeck("explain", "loudest"), limbeck("explain", "dm"),
                              limbeck("explain", "gentle")]))
            """,
            gifts,
            other,
        ).stdout
    )
    listed, loudest, dm, gentle = told
    assert (listed[0], gentle[0]) == (0, 0)
    assert listed[1].count("Cannot be used") == 2
    for (code, _, err), owners in ((loudest, ("limbeck-gifts 0.3.0", "limbeck-other 2.0")), (dm, ("limbeck 0", "2.0"))):
        assert code == 1
        assert "are called" in err
        assert all(owner in err for owner in owners)


def test_changed_code_is_not_taken_for_the_old(tmp_path: Path) -> None:
    """Of a method's module and of a helper it imports: distill refuses, benchmark does it anew beside, caches miss."""
    changing = plugins.install(tmp_path / "changing")
    (tmp_path / "gifts.toml").write_text(RECIPE)
    code = f"""
        import os
        os.chdir({str(tmp_path)!r})
        settings = ["network.name=plain", "training.epochs=1"]
        loudest = ["distill", "data", "--method", "loudest", *(word for pair in settings for word in ("--set", pair))]
        told = [limbeck("prepare", "hums", "--out", "data", "--image-size", "16", "--workers", "1"),
                limbeck(*loudest, "--out", "set"), limbeck("benchmark", "gifts.toml", "--out", "runs")]
        told += [sorted(os.listdir("data/cache/experts")), sorted(os.listdir("runs/sets"))]
        evaluate = "evaluate", "set", "--on", "data", "--repeats", "1"
        told += [limbeck(*evaluate, "--head", "mean", "--epochs", "2"), limbeck(*evaluate, "--measure", "spread")]
        scores = sorted(os.listdir("set/scores"))
        told += [[file for file in scores if ("(spread)" in file) == is_other] for is_other in (False, True)]
        print(json.dumps(told))
        """
    first = json.loads(plugins.run(code, changing).stdout)
    same = json.loads(plugins.run(code, changing).stdout)
    for module, old, new in (
        ("_taste.py", "features.square().sum(1)", "-features.square().sum(1)"),
        ("building.py", "normal_(0, 0.3", "normal_(0, 0.2"),
        ("measuring.py", "self.factor *", "2 * self.factor *"),
    ):
        file = changing / "gifts" / module
        before = file.read_text()
        assert old in before
        file.write_text(before.replace(old, new))
    other = json.loads(plugins.run(code, changing).stdout)

    assert [told[0] for told in first[:3]] == [told[0] for told in same[:3]] == [0, 0, 0]
    assert "Already done" not in first[0][2] + first[1][2] + first[2][2]
    assert "Already done" in same[0][2]
    assert "Already done" in same[1][2]
    assert "Already done: all 4 jobs" in same[2][2]
    assert same[3:5] + same[7:] == first[3:5] + first[7:]

    assert other[1][0] == 1
    assert "gifts._taste was changed; gifts.building was changed" in other[1][2]
    assert "delete this one to make it anew" in other[1][2]
    assert other[2][0] == 0, other[2]
    assert "done anew: loudest, gentle (gifts._taste was changed" in other[2][2]
    assert (len(first[4]), len(other[4])) == (2, 4)
    assert [told[0] for told in (*first[5:7], *other[5:7])] == [0] * 4
    assert [(len(before), len(now)) for before, now in zip(first[7:], other[7:], strict=True)] == [(1, 2)] * 2
    assert "126.0" in first[6][1]
    assert "252.0" in other[6][1]
    distilled = json.loads((tmp_path / "set" / "config.json").read_text())
    assert "gifts._taste" in distilled["provenance"]["code"]["modules"]


def test_a_reader_that_was_changed_is_not_taken_for_the_old(tmp_path: Path) -> None:
    changing = plugins.install(tmp_path / "changing")
    code = f"""
        out = {str(tmp_path / "data")!r}
        print(json.dumps(limbeck("prepare", "hums", "--out", out, "--image-size", "16", "--workers", "1")))
        """
    assert json.loads(plugins.run(code, changing).stdout)[0] == 0
    file = changing / "gifts" / "reading.py"
    file.write_text(file.read_text().replace('"low": 220.0', '"low": 110.0'))
    refused, out, err = json.loads(plugins.run(code, changing).stdout)
    assert (refused, out) == (1, "")
    assert "clips read by other code than is installed now (gifts.reading was changed)" in err


def test_contracts_can_be_used_by_whoever_adds_something(gifts: Path, tmp_path: Path) -> None:
    """What Limbeck's own things are tested by; one that breaks its contract fails, and says with what."""
    (tmp_path / "test_gifts.py").write_text(
        dedent(
            """
            import pytest
            from limbeck.testing import CoderContract, DatasetContract, HeadContract, MeasureContract, MethodContract

            @pytest.mark.parametrize("name", ["loudest"])
            class TestMethod(MethodContract):
                pass

            @pytest.mark.parametrize("name", ["mean"])
            class TestHead(HeadContract):
                pass

            @pytest.mark.parametrize("name", ["spread"])
            class TestMeasure(MeasureContract):
                pass

            @pytest.mark.parametrize("name", ["halves"])
            class TestCoder(CoderContract):
                within = {"halves": 0.0}

            @pytest.mark.parametrize("name", ["hums"])
            class TestDataset(DatasetContract):
                @classmethod
                def miniature(cls, name, root):
                    return {"root": root}
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(gifts)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 3, done.stdout
    assert all("TestCoder::test_comes_back_within_its_error[" in line for line in failed)
    assert re.search(r"^E .*assert tensor\(", done.stdout, re.M), done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 40
