"""A recipe is run, cut short, continued, shared; its tables come from what is on disk."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import limbeck
from limbeck import comparison
from limbeck.comparison import Place
from limbeck.comparison.kinds.distillation import DistillationRecipe, cells
from limbeck.errors import FingerprintError
from limbeck.methods.dm import DM
from limbeck.report.model import Budget

JOBS = 2 * 2 + 2 + 1  # random at two budgets, dm at one, two seeds; the whole


def accuracies(out, name="two"):
    return {
        (c["row"], c["budget"]["per_class"], c["head"], c["seed"]): c["accuracy"]
        for c in json.loads((out / name / "table.json").read_text())["cells"]
    }


def prepare(recipe, out, data=None):
    return recipe.data.prepare(Place(out=out, data=data))


def asked(recipe, out):
    prepared = prepare(recipe, out)
    return recipe.jobs(prepared.folder, prepared.fingerprint, Place(out=out, device="cpu"), prepared.clips("train"))


def test_every_cell_is_there(recipe, done):
    table = accuracies(done)
    assert len(table) == JOBS * 2
    assert all(len(v) == 2 for key, cell in table.items() if key[0] != "whole" for v in cell.values())
    assert table["random", 2, "audio", 1].keys() == {"A"}
    assert table["whole", None, "ensemble", 0].keys() == {"A", "V", "A+V"}
    assert {p.suffix for p in (done / "two").glob("table.*")} >= {".md", ".tex", ".csv", ".json"}
    assert (done / "two" / "index.html").exists()


def test_a_cell_is_what_the_verbs_give_by_themselves(recipe, done):

    prepared = prepare(recipe, done)
    method = recipe.method(recipe.rows["dm, Adam"], Budget(per_class=1))
    made = limbeck.distill(prepared, method, seed=1, device="cpu", dtype=recipe.dtype, progress=False)
    score = limbeck.evaluate(
        made,
        on=prepared,
        repeats=2,
        network=recipe.network,
        protocol=recipe.protocol,
        seed=1,
        device="cpu",
        progress=False,
    )
    found = accuracies(done)["dm, Adam", 1, "ensemble", 1]
    assert found == {key: list(values) for key, values in score.values.items()}


def test_nothing_is_done_twice(recipe, done):
    files = {p: p.stat().st_mtime_ns for p in done.rglob("*.safetensors")}
    files |= {p: p.stat().st_mtime_ns for p in done.rglob("scores/*.json")}
    told = []
    before = accuracies(done)
    comparison.run(
        recipe, name="two", out=done, device="cpu", progress=False, page=False, on_job=lambda *a: told.append(a)
    )
    assert told == [(f"Already done: all {JOBS} jobs were finished before. Nothing was run.", JOBS, JOBS)]
    assert {p: p.stat().st_mtime_ns for p in files} == files
    assert accuracies(done) == before


def test_more_students_and_another_table_reuse_what_is_there(recipe, done):
    sets = sorted(p.name for p in (done / "sets").iterdir())
    more = recipe.model_copy(update={"students": 3, "distillations": 1, "heads": ("ensemble",), "title": "More"})
    before = accuracies(done)
    comparison.run(more, name="more", out=done, device="cpu", progress=False, page=False)
    assert sorted(p.name for p in (done / "sets").iterdir()) == sets
    assert not (done / "more" / "index.html").exists(), "none was asked for"
    after = accuracies(done, "more")["random", 1, "ensemble", 0]
    assert {k: v[:2] for k, v in after.items()} == before["random", 1, "ensemble", 0]
    assert all(len(v) == 3 for v in after.values())


def test_another_recipe_of_the_same_name_leaves_tables_alone(recipe, done, tmp_path):
    for folder in ("prepared", "generated", "sets"):
        shutil.copytree(done / folder, tmp_path / folder)
    other = recipe.model_copy(update={"title": "Others", "per_class": (1,)})
    tables = []
    for asked in (recipe, other, recipe):
        comparison.run(asked, name="two", out=tmp_path, device="cpu", progress=False, page=False)
        tables.append((tmp_path / "two" / "table.md").read_text())
    assert tables[0].splitlines()[0] == tables[1].splitlines()[0] == tables[2].splitlines()[0] == f"# {recipe.title}"
    places = sorted(tmp_path.glob("two*/table.md"))
    assert len(places) == 2
    assert places[1].read_text().startswith("# Others")


def test_a_row_that_cannot_be_made_does_not_stop_the_others(recipe, done):
    rows = recipe.rows | {"greedy": recipe.rows["random"].model_copy(update={"settings": {"hold": "mosaic:8"}})}
    found = comparison.run(
        recipe.model_copy(update={"rows": rows}), name="greedy", out=done, device="cpu", progress=False, page=False
    )
    assert {c.row for c in found.cells} == {"random", "dm, Adam", "whole"}
    assert len(found.about["failed"]) == 4
    assert "needs 64 training clips" in next(iter(found.about["failed"].values()))


def test_recordings_replaced_since_they_were_prepared_are_refused(recipe, done, tmp_path):
    """Their folder is found by where they lie: what lies there now must be what was prepared."""
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    shutil.copytree(done / "generated", tmp_path / "generated")
    before = prepare(recipe, tmp_path)
    one, other = sorted((tmp_path / "generated").rglob("*.mp4"))[:2]
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    with pytest.raises(FingerprintError, match="changed since"):
        comparison.run(recipe, name="two", out=tmp_path, device="cpu", progress=False, page=False)
    shutil.rmtree(tmp_path / "generated")
    assert prepare(recipe, tmp_path).fingerprint == before.fingerprint


def test_data_of_another_size_than_the_recipe_says_is_told(recipe, done, capsys):
    data = recipe.data.model_copy(update={"expected": recipe.data.expected.model_copy(update={"train": 50_000})})
    data.prepare(Place(out=done, progress=True))
    assert "50000 training clips and 10 test clips; here are 10, 50 and 10." in capsys.readouterr().err


@pytest.mark.slow
def test_two_at_once_share_the_work(toml, done, tmp_path):
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    command = [sys.executable, "-m", "limbeck", "benchmark", str(toml), "--out", str(tmp_path), "--quiet", "--no-page"]
    command += ["--device", "cpu"]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [p.wait(300) for p in both] == [0, 0]
    assert accuracies(tmp_path) == accuracies(done)
    runs = list((tmp_path / "sets").glob("*/run/done.json"))
    assert len(runs) == JOBS - 1


@pytest.mark.slow
def test_killed_at_random_moments_it_repeats_nothing_and_ends_the_same(toml, done, tmp_path):
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    draw = random.Random(0)
    command = [sys.executable, "-m", "limbeck", "benchmark", str(toml), "--out", str(tmp_path), "--quiet", "--no-page"]
    command += ["--device", "cpu", "--processes", "2"]
    kept: dict[Path, bytes] = {}
    for more in (0, 2, None):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + 120
        while process.poll() is None and (more is None or len(ended(tmp_path)) < len(kept) + more):
            assert time.monotonic() < until
            time.sleep(0.02)
        if more is not None:
            time.sleep(draw.uniform(0, 2))
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        now = ended(tmp_path)
        # The seconds in such a file would be others if the job had been done again.
        assert {p: now.get(p) for p in kept} == kept
        kept = now
    assert process.returncode == 0
    assert accuracies(tmp_path) == accuracies(done)


def ended(out: Path) -> dict[Path, bytes]:
    """What finished distillations and finished scores left."""
    whole = [p for p in out.rglob("scores/*.json") if len(json.loads(p.read_text())["repeats"]) == 2]
    return {p: p.read_bytes() for p in [*out.rglob("*/done.json"), *whole]}


@pytest.mark.slow
def test_workers_end_with_their_parent(toml, done, tmp_path):
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    command = [sys.executable, "-m", "limbeck", "benchmark", str(toml), "--out", str(tmp_path), "--quiet", "--no-page"]
    process = subprocess.Popen([*command, "--device", "cpu", "--processes", "2"], stdout=subprocess.DEVNULL)

    def children(pid: int) -> set[int]:
        found = set()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as file:
                        if int(file.read().rpartition(")")[2].split()[1]) == pid:
                            found.add(int(entry))
                except OSError:
                    continue
        return found

    until = time.monotonic() + 60
    while not list((tmp_path / "sets").glob("*/run")) and time.monotonic() < until:
        time.sleep(0.05)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    until = time.monotonic() + 20
    while time.monotonic() < until and any(os.path.exists(f"/proc/{pid}") for pid in workers):
        time.sleep(0.05)
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]


def test_the_plan_counts_jobs_and_what_is_done(recipe, done, tmp_path):
    before = {line.name: line for line in comparison.plan(recipe, out=tmp_path, device="cpu")}
    after = {line.name: line for line in comparison.plan(recipe, out=done, device="cpu")}
    assert {name: (line.jobs, line.done) for name, line in before.items()} == {
        "random": (4, 0), "dm, Adam": (2, 0), "whole": (1, 0),
    }  # fmt: skip
    assert all(line.seconds > 0 for line in before.values())
    assert all(line.done == line.jobs and line.seconds == 0 for line in after.values())
    assert before["random"].stored_bytes == 2 * 10 * (1 + 2) * 4 * (16 * 56 + 3 * 16 * 16)
    assert not any(tmp_path.iterdir())


def test_the_plan_tells_bytes_in_the_form_they_will_be_stored_in(recipe, done, tmp_path):
    rows = {
        form: recipe.rows["random"].model_copy(update={"settings": {"storage": form}})
        for form in ("float32", "uint8", "coded")
    }
    several = recipe.model_copy(update={"rows": rows, "baseline": "uint8"})
    before = {line.name: line.stored_bytes for line in comparison.plan(several, out=tmp_path, device="cpu")}
    pairs = 2 * 10 * (1 + 2)
    numbers = pairs * (16 * 56 + 3 * 16 * 16)
    assert [before[form] for form in rows] == [4 * numbers, numbers + 4 * pairs, None]
    after = {line.name: line.stored_bytes for line in comparison.plan(several, out=done, device="cpu")}
    assert before["uint8"] == after["uint8"]
    assert 0 < after["coded"] < numbers


def test_cells_are_left_out_until_all_their_students_are_there(recipe, done):
    more = recipe.model_copy(update={"students": 50})
    listed = asked(more, done)
    assert {c.row for c in cells(listed)} == {"whole"}
    assert [job.done for job in listed] == [False] * (JOBS - 1) + [True]


@pytest.mark.slow
def test_another_process_at_a_job_is_waited_for(recipe, done, tmp_path):
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    one = recipe.model_copy(update={"per_class": (1,), "distillations": 1, "whole": 0, "heads": ("audio",)})
    job = asked(one, tmp_path)[0]
    code = (
        "import sys, time; from pathlib import Path; from limbeck import _files\n"
        "with _files.exclusive(Path(sys.argv[1])): print('held', flush=True); time.sleep(3)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(job.folder / "job")], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    holder.stdout.readline()
    found = comparison.run(one, name="one", out=tmp_path, device="cpu", progress=False, page=False)
    holder.stdout.close()
    holder.wait()
    assert {c.row for c in found.cells} == {"random", "dm, Adam"}


@pytest.mark.slow
def test_data_from_another_place_is_other_data(recipe, done, tmp_path):
    videos = next((done / "generated").iterdir())
    data = recipe.data.model_copy(update={"dataset": "folder", "options": {}})
    folder = recipe.model_copy(update={"data": data})
    for place, left_out in (("one", 0), ("two", 10)):
        shutil.copytree(videos, tmp_path / place, ignore=shutil.ignore_patterns("*.json"))
        for video in sorted((tmp_path / place / "train").rglob("*.mp4"))[:left_out]:
            video.unlink()
    one, two, again = (prepare(folder, tmp_path / "out", tmp_path / p) for p in ("one", "two", "one"))
    assert len(one.clips("train")) == len(two.clips("train")) + 10
    assert one.folder == again.folder != two.folder


def test_a_fault_in_a_job_is_told_and_does_not_stop_the_others(recipe, done, tmp_path, monkeypatch, capsys):
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    honest = DM.distill

    def faulty(self, real, *, seed, run):
        return 1 / 0 if seed == 1 else honest(self, real, seed=seed, run=run)

    monkeypatch.setattr(DM, "distill", faulty)
    found = comparison.run(recipe, name="two", out=tmp_path, device="cpu", progress=False, page=False)
    assert list(found.about["failed"]) == ["dm, Adam, 1 per class, seed 1"]
    assert "ZeroDivisionError" in found.about["failed"]["dm, Adam, 1 per class, seed 1"]
    assert len(found.cells) == (JOBS - 1) * 2


def test_recipe_beside_the_tables_can_be_run_again(recipe, done):
    assert DistillationRecipe.from_json(json.loads((done / "two" / "recipe.json").read_text())) == recipe
