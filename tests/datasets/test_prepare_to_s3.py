"""Prepared datasets in object storage, a real S3 server: the bytes of a disk, whatever happens on the way."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.helpers.generated import RECIPE, Generated, contents

import limbeck
from limbeck._locations import Location
from limbeck.datasets import Prepared, _plan, _prepare, prepare
from limbeck.errors import FingerprintError, InputError

ROOT = Path(__file__).parents[2]
CLIPS = 40
FAULTS = {3: "rotten"}


@pytest.fixture(autouse=True)
def _several_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "_SHARD_CLIPS", 5)


def data() -> Generated:
    return Generated(CLIPS, faults=FAULTS)


def stored(s3: Any) -> dict[str, str]:
    """Digests of all that is below ``prepared/`` in a bucket."""
    found = {one.key.removeprefix("prepared/"): one.get()["Body"].read() for one in s3.objects.all()}
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is prepared on a disk."""
    folder = tmp_path_factory.mktemp("on_disk") / "prepared"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_plan, "_SHARD_CLIPS", 5)
        prepare(data(), out=folder, recipe=RECIPE, workers=1, progress=False)
    return folder


@pytest.fixture
def address(s3: Any, on_disk: Path) -> str:
    """Of a prepared dataset in a bucket, of which nothing is kept here."""
    for name in contents(on_disk):
        s3.upload_file(on_disk / name, f"prepared/{name}")
    return f"s3://{s3.name}/prepared"


def test_the_bytes_are_those_of_a_disk(s3: Any, on_disk: Path) -> None:
    prepared = prepare(data(), out=f"s3://{s3.name}/prepared/", recipe=RECIPE, workers=1, progress=False)
    assert stored(s3) == contents(on_disk)
    assert f"s3://{s3.name}/prepared" in repr(prepared)


def test_it_is_read_as_from_a_disk_and_fetched_when_it_is_needed(address: str, on_disk: Path) -> None:
    prepared, there = Prepared.open(address), Prepared.open(on_disk)
    assert (prepared.fingerprint, prepared.rejected) == (there.fingerprint, there.rejected)
    assert not (prepared.folder / "shards").exists()
    rows = torch.tensor([37, 0, 11])
    store = pickle.loads(pickle.dumps(prepared.store))
    assert torch.equal(store.read("image", rows), there.store.read("image", rows))
    assert len(list((prepared.folder / "shards").iterdir())) == 3
    assert limbeck.inspect(address) == there.summary()


def test_given_again_nothing_is_decoded_and_other_data_is_refused(address: str, capsys: Any) -> None:
    prepare(data(), out=address, recipe=RECIPE, workers=1)
    assert f"Already done: {address} holds" in capsys.readouterr().err
    with pytest.raises(FingerprintError, match=f"{address} holds other clips"):
        prepare(Generated(CLIPS + 5), out=address, recipe=RECIPE, workers=1, progress=False)
    with pytest.raises(InputError, match="holds other things"):
        prepare(data(), out=address.removesuffix("/prepared"), recipe=RECIPE, progress=False)


PROGRAM = """
import sys
from tests.helpers.generated import RECIPE, Generated
from limbeck.datasets import _plan, prepare
_plan._SHARD_CLIPS = 5
prepare(Generated(40, faults={3: "rotten"}, delay_s=0.05), out=sys.argv[1], recipe=RECIPE, workers=1, progress=False)
"""


def test_stopped_it_goes_on_to_the_same_bytes(s3: Any, on_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(done: int, total: int) -> None:
        if len(list(s3.objects.all())) >= 2:
            raise KeyboardInterrupt

    address = f"s3://{s3.name}/prepared"
    slow = Generated(CLIPS, faults=FAULTS, delay_s=0.02)
    with monkeypatch.context() as patch:
        patch.setattr(_prepare, "bar", lambda title, *, show: nullcontext(tell))
        with pytest.raises(KeyboardInterrupt):
            prepare(slow, out=address, recipe=RECIPE, workers=1, progress=False)
    before = {one.key: one.last_modified for one in s3.objects.all()}
    with pytest.raises(InputError, match="is not finished"):
        Prepared.open(address)
    prepare(data(), out=address, recipe=RECIPE, workers=1, progress=False)
    assert stored(s3) == contents(on_disk)
    assert before.items() <= {one.key: one.last_modified for one in s3.objects.all()}.items(), "they are not made anew"


@pytest.mark.slow
def test_killed_it_goes_on_to_the_same_bytes(s3: Any, on_disk: Path) -> None:
    address = f"s3://{s3.name}/prepared"
    running = subprocess.Popen([sys.executable, "-c", PROGRAM, address], cwd=ROOT)
    while len(list(s3.objects.all())) < 2:
        assert running.poll() is None
        time.sleep(0.2)
    running.send_signal(signal.SIGKILL)
    running.wait()
    prepare(data(), out=address, recipe=RECIPE, workers=1, progress=False)
    assert stored(s3) == contents(on_disk)


def test_what_is_kept_is_bounded_and_what_was_used_last_stays(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Prepared.open(address).store
    shards = store.shards
    monkeypatch.setenv("LIMBECK_CACHE_SIZE", str(3 * Location.of(address).files("shards/*")[shards[1].file.name].size))
    first = [int(start) for start in torch.tensor([shard.rows for shard in shards]).cumsum(0) - shards[0].rows]
    whole = store.read("image", torch.arange(len(first) * 4))
    for at in (0, 1, 2, 0, 3):
        assert torch.equal(store.read("image", torch.tensor([first[at]])), whole[first[at]][None])
    kept = sorted(path.name for path in shards[0].file.path.parent.iterdir())
    assert kept == ["00000.safetensors", "00002.safetensors", "00003.safetensors"]
    with shards[0].file.opened() as handle:
        shards[0].file.path.unlink()
        assert handle.read(8), "what is open is read on"


def test_what_was_written_anew_or_cut_short_meanwhile_is_not_taken_for_it(s3: Any, address: str) -> None:
    store = Prepared.open(address).store
    one = s3.Object("prepared/shards/00001.safetensors")
    content = one.get()["Body"].read()
    one.put(Body=content[:-1])
    with pytest.raises(InputError, match=r"shards/00001\.safetensors has \d+ bytes, but had"):
        store.read("image", torch.arange(10))
    one.put(Body=content[:-9] + bytes(9))
    with pytest.raises(InputError, match="its checksum does not fit"):
        store.read("image", torch.arange(10))
    one.delete()
    with pytest.raises(InputError, match="it is not there any more"):
        store.read("image", torch.arange(10))
    with pytest.raises(InputError, match="it is not there any more"):
        Prepared.open(address)


def test_distilling_from_it_gives_the_set_of_a_disk(
    address: str, on_disk: Path, tmp_path: Path, typed: Callable[..., str]
) -> None:
    for out, prepared in (("a", address), ("b", on_disk)):
        typed("distill", prepared, "--method", "random", "--per-class", "2", "--out", tmp_path / out, "-q")
    assert (tmp_path / "a/data.safetensors").read_bytes() == (tmp_path / "b/data.safetensors").read_bytes()
    assert "prepared dataset" in typed("inspect", address)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "not-the-secret"}, "who you are is not known there"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "who you are is not known there"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "the store cannot be reached"),
        ({}, "there is no such bucket"),
    ],
)
def test_a_store_that_cannot_be_used_is_one_sentence_without_secrets(
    s3: Any, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], words: str
) -> None:
    place = f"s3://{s3.name}/prepared" if change else "s3://no-such-bucket/prepared"
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=f"^{place}: {words}.*give the same command again.$") as caught:
        prepare(data(), out=place, recipe=RECIPE, progress=False)
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"):
        assert os.environ[name] not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["s3://", "s3://me:secret@bucket/a", "s3://bucket/a?endpoint_override=x", "x://b/c"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="no address that can be used") as caught:
        Prepared.open(address)
    assert "secret@" not in str(caught.value)
