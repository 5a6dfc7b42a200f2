"""Classes distilled in blocks: of a number of blocks the bits are the same wherever, and however often, they begin."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.helpers.generated import RECIPE, Generated
from tests.helpers.tasks import Elsewhere

import limbeck
from limbeck import distillation
from limbeck.distilled import DistilledSet
from limbeck.engine import RunRecord
from limbeck.engine.executor import AnyTask, Executor, Here
from limbeck.errors import FingerprintError, InputError, LimbeckError
from limbeck.testing import toy_clips

NETWORK = {"options": {"width": 8}}
DM: dict[str, Any] = {"steps": 6, "encoders": {"network": NETWORK, "bank": 2}, "per_class": 2}
QUIET: dict[str, Any] = {"progress": False, "device": "cpu"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / "prepared"
    limbeck.prepare(Generated(48, classes=("a", "b", "c", "d")), out=out, recipe=RECIPE, workers=1, progress=False)
    return out


def stored(folder: Path) -> bytes:
    return (folder / "data.safetensors").read_bytes()


def stopping(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Have Ctrl-C be pressed when so many steps are done."""

    def tell(done: int, total: int) -> None:
        if done == at:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(distillation, "bar", lambda title, *, show: nullcontext(tell))


def test_where_blocks_are_distilled_changes_no_bit(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = limbeck.distill(prepared, "dm", blocks=3, out="here", **DM, **QUIET)
    limbeck.distill(os.path.relpath(prepared), "dm", blocks=3, out="there", executor=Elsewhere(), **DM, **QUIET)
    assert stored(tmp_path / "here") == stored(tmp_path / "there")
    assert here.fingerprint == limbeck.distill(prepared, "dm", blocks=3, **DM, **QUIET).fingerprint
    whole = limbeck.distill(prepared, "dm", **DM, **QUIET)
    assert torch.equal(here.labels, whole.labels)
    for made, other in ((here.tensors, whole.tensors), (here.start or {}, whole.start or {})):
        for name, tensor in other.items():
            torch.testing.assert_close(made[name], tensor, rtol=1e-4, atol=1e-4)
    about = here.provenance
    assert (about["blocks"], about["threads"], about["machine"]["threads"]) == (3, 1, 1)
    assert about["training_fingerprint"] == whole.provenance["training_fingerprint"]
    assert here.made_from(limbeck.Prepared.open(prepared).clips("train"))
    assert [row["step"] for row in RunRecord(tmp_path / "here" / "run").events] == [*range(1, 7)]
    assert not (tmp_path / "here" / "run" / "blocks").exists()
    again = limbeck.distill(prepared, "dm", blocks=3, out="here", **DM, **QUIET)
    assert again.fingerprint == here.fingerprint


def test_each_class_is_a_block_where_others_distil_them(prepared: Path, tmp_path: Path) -> None:
    made = limbeck.distill(prepared, "random", out=tmp_path, executor=Elsewhere(), **QUIET)
    assert made.provenance["blocks"] == 4
    told = limbeck.plan(prepared, "random", blocks="each", classes=["d", "b", "a"], device="cpu")
    assert (told["blocks"], told["threads"], told["classes_of_blocks"]) == (3, 1, [("d",), ("b",), ("a",)])
    assert limbeck.plan(prepared, "random", blocks=3, device="cpu")["classes_of_blocks"][2] == ("c", "d")
    assert not {"blocks", "threads", "classes_of_blocks"} & limbeck.plan(prepared, "random", device="cpu").keys()


TEACHER = {"kind": "soft", "network": NETWORK, "training": {"epochs": 2, "batch": 16}}
CHOSEN = [
    ("herding", {"labels": TEACHER, "storage": "uint8", "per_class": 2, "network": NETWORK}),
    ("forgetting", {"per_class": 2, "network": NETWORK, "training": {"epochs": 3, "batch": 16}}),
    ("coded", {"bytes": "9KB", "chosen_by": "random"}),
    ("coded", {"per_class": 2, "storage": "coded", "chosen_by": "random", "labels": TEACHER}),
    ("best", {"network": None}),
    ("random", {"bytes": "4KB", "storage": "coded", "sound": "validated"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "settings"), CHOSEN)
def test_what_all_classes_share_is_that_of_all(
    method: str, settings: dict[str, Any], prepared: Path, tmp_path: Path
) -> None:
    """Teachers, experts, budgets, scales: the clips that are chosen, and their bytes, are those of the whole."""
    settings = {name: value for name, value in settings.items() if value is not None}
    asked: dict[str, Any] = {"classes": ["c", "a", "b"], **QUIET, **settings}
    whole = limbeck.distill(prepared, method, threads=1, **asked)
    split = limbeck.distill(prepared, method, blocks=2, out=tmp_path, executor=Elsewhere(), **asked)
    assert split.fingerprint == whole.fingerprint
    assert (split.soft_labels is None) == ("labels" not in settings)


def test_experts_and_what_is_seen_of_all_classes_is_computed_once(prepared: Path, tmp_path: Path) -> None:
    encoders = {"network": NETWORK, "bank": 2, "batch": 4, "training": {"epochs": 2, "batch": 16}}
    asked = {"steps": 3, "encoders": encoders, "seed": 5, **QUIET}
    limbeck.distill(prepared, "davdd", threads=1, **asked)
    cache = prepared / "cache"
    before = {file: file.stat().st_mtime_ns for file in cache.rglob("*.safetensors")}
    limbeck.distill(prepared, "davdd", blocks="each", out=tmp_path, **asked)
    assert {file: file.stat().st_mtime_ns for file in cache.rglob("*.safetensors")} == before


def test_ctrl_c_keeps_what_blocks_have(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limbeck.distill(prepared, "dm", blocks=2, out=tmp_path / "whole", **DM, **QUIET)
    out = tmp_path / "stopped"
    stopping(monkeypatch, at=9)  # in the second block, half-way
    with pytest.raises(KeyboardInterrupt):
        limbeck.distill(prepared, "dm", blocks=2, out=out, **DM, **QUIET)
    first, second = (out / "run" / "blocks" / str(i) for i in range(2))
    done = (first / "config.json").stat().st_mtime_ns
    assert (second / "run" / "checkpoint.safetensors").exists()
    assert not (out / "config.json").exists()
    with pytest.raises(FingerprintError, match=r"blocks 2, now 4"):
        limbeck.distill(prepared, "dm", blocks=4, out=out, **DM, **QUIET)
    with pytest.raises(FingerprintError, match=r"settings\.steps 6, now 7"):
        limbeck.distill(prepared, "dm", blocks=2, out=out, **(DM | {"steps": 7}), **QUIET)
    stopping(monkeypatch, at=11)
    with pytest.raises(KeyboardInterrupt):
        limbeck.distill(prepared, "dm", blocks=2, out=out, **DM, **QUIET)
    assert (first / "config.json").stat().st_mtime_ns == done
    assert [row["step"] for row in RunRecord(second / "run").events] == [*range(1, 6)]
    monkeypatch.undo()
    limbeck.distill(prepared, "dm", blocks=2, out=out, **DM, **QUIET)
    assert stored(out) == stored(tmp_path / "whole")


@pytest.mark.parametrize("executor", [None, Elsewhere()])
def test_one_block_that_fails_leaves_the_others(executor: Executor | None, prepared: Path, tmp_path: Path) -> None:
    blocks = tmp_path / "out" / "run" / "blocks"
    blocks.mkdir(parents=True)
    (blocks / "1").touch()
    asked = {"blocks": 3, "out": tmp_path / "out", "executor": executor, **QUIET}
    with pytest.raises(LimbeckError, match=r"1 block of 3 could not be distilled: b: .*should be a folder") as told:
        limbeck.distill(prepared, "random", **asked)
    assert "the same command goes on" in str(told.value)
    there = {i: (blocks / i / "config.json").stat().st_mtime_ns for i in "02"}
    (blocks / "1").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distillation, "forget", lambda folder: None)
        made = limbeck.distill(prepared, "random", **asked)
    assert {i: (blocks / i / "config.json").stat().st_mtime_ns for i in "02"} == there
    assert made.fingerprint == limbeck.distill(prepared, "random", blocks=3, **QUIET).fingerprint


class Outlived(Executor):
    """Leaves a block that a killed command with other settings began, and that ends now."""

    def __init__(self, other: str) -> None:
        self._other = other

    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        (first, *others) = tasks
        limbeck.distill(self._other, "random", seed=1, out=first.folder, **QUIET)  # type: ignore[attr-defined]
        yield from Here().run([first, *others])


def test_a_block_of_another_command_is_not_taken_for_its_own(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(LimbeckError, match=r"1 block of 4 .*holds another run, which had:\n.*classes"):
        limbeck.distill(prepared, "random", out=tmp_path, executor=Outlived(str(prepared)), **QUIET)


def test_what_cannot_be_in_blocks_is_refused_before_any_work(prepared: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked: dict[str, Any] = {"out": out, **QUIET}
    for method, why in (
        ("krr", "one ridge regression has to tell all classes apart"),
        ("mtt", "a student is trained on the samples of all classes"),
        ("dc", "the network whose gradients are compared is trained on the samples of all classes"),
    ):
        with pytest.raises(InputError, match=rf"{method} cannot distil blocks of classes apart: {why}\. Distil all"):
            limbeck.distill(prepared, method, blocks=2, **asked)
    ridge = {"steps": 1, "freeze_above": 1000}
    with pytest.raises(InputError, match=r"best cannot .*one ridge regression on image"):
        limbeck.distill(prepared, "best", blocks=2, **ridge, **asked)
    assert limbeck.plan(prepared, "best", blocks=2, **ridge, losses={"image": "means"}, device="cpu")["blocks"] == 2
    assert limbeck.plan(prepared, "dsa", blocks=2, updates=1, device="cpu")["blocks"] == 2
    for blocks in (0, 5):
        with pytest.raises(InputError, match=f"4 classes cannot be cut into {blocks} blocks"):
            limbeck.distill(prepared, "dm", blocks=blocks, **asked)
    with pytest.raises(InputError, match="threads must be at least 1"):
        limbeck.distill(prepared, "dm", threads=0, **asked)
    for wrong in ({"data": prepared}, {"data": toy_clips(), "out": out}):
        with pytest.raises(InputError, match="An executor takes a folder of prepared data"):
            limbeck.distill(method="dm", executor=Here(), **wrong, **QUIET)
    assert not out.exists()


def test_a_part_knows_its_whole() -> None:
    real = toy_clips(classes=4)
    part = real.part(["class d", "class b"])
    assert part.places.tolist() == [3, 1]
    assert part.whole is real
    assert real.whole is real
    assert real.places.tolist() == [0, 1, 2, 3]
    only = real.only(["class d", "class b"])
    assert torch.equal(part.rows, only.rows)
    assert part.fingerprint != only.fingerprint, "experts are others"
    assert part.seen_by(["audio"]).whole.shapes == {"audio": real.shapes["audio"]}
    assert part.part(["class b"]).places.tolist() == [1]


def test_joined_blocks_are_a_set_like_others(prepared: Path, tmp_path: Path) -> None:
    made = limbeck.distill(prepared, "random", blocks=2, out=tmp_path, **QUIET)
    assert DistilledSet.load(tmp_path).provenance == made.provenance
    assert "blocks" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert limbeck.inspect(tmp_path)["provenance"]["blocks"] == 2
