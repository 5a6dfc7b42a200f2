"""Machines of a Ray cluster that share no disk for what they write: they put it into object storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers.generated import RECIPE, Generated, contents

from limbeck._locations import Location
from limbeck.datasets import _plan, _prepare, prepare
from limbeck.engine import on_ray
from limbeck.errors import InputError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("s3_machines")]


def files_of(s3: Any) -> dict[str, bytes]:
    """What is in a bucket, without what only says that there is a folder."""
    return {one.key: one.get()["Body"].read() for one in s3.objects.all() if not one.key.endswith("/")}


def test_machines_that_share_no_disk_make_the_bytes_of_one(
    s3_machines: Path, cluster: Any, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_plan, "_SHARD_CLIPS", 5)
    monkeypatch.setattr(_prepare, "_TASK_SHARDS", 2)
    address = f"s3://{s3.name}/prepared"
    assert [one.sees for one in on_ray.machines("auto", folder=address)] == [True] * 3
    assert not files_of(s3), "asking leaves nothing"
    with on_ray.connected("auto", folder=address, tell=lambda said: None) as executor:
        made = prepare(Generated(40, faults={3: "rotten"}), out=address, recipe=RECIPE, executor=executor)
        shards = Location.of(address).folder / "shards"
        assert not shards.exists(), "none went through this machine"
    assert len(list(s3_machines.rglob("*.safetensors"))) == len(made.store.shards)
    prepare(Generated(40, faults={3: "rotten"}), out=tmp_path / "disk", recipe=RECIPE, workers=1)
    assert files_of(s3) == {
        f"prepared/{name}": (tmp_path / "disk" / name).read_bytes() for name in contents(tmp_path / "disk")
    }


def test_an_address_that_cannot_be_used_is_told_before_any_work(cluster: Any, s3: Any) -> None:
    with pytest.raises(InputError, match="s3://no-such-bucket/a: there is no such bucket"):
        on_ray.machines("auto", folder="s3://no-such-bucket/a")
