"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from hypothesis import settings
from tests.helpers.shared import shared_folder

from limbeck._machine import cores

# Machines are shared and slow at times: a test fails for what it finds, not for how long it took.
settings.register_profile("limbeck", deadline=None, derandomize=True)
settings.load_profile("limbeck")

if "PYTEST_XDIST_WORKER" in os.environ:
    # One thread for each process that a test starts, too: beside other workers more would be in each other's way.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent


def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two cores: a quarter of the time tests wait for processes that they start and kill."""
    return max(1, cores() * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that at the end no worker is alone with one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _folder(variable: str, default: str) -> Path:
    path = Path(os.environ.get(variable, ROOT / default)).resolve()
    if not path.exists():
        pytest.skip(f"{path} does not exist; point {variable} at it")
    return path


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder of reference numbers."""
    return _folder("LIMBECK_GOLDEN", "../shared/golden")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real recordings."""
    return _folder("LIMBECK_TEST_DATA", "../shared/data")


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty clips of the playground, made once for all test workers; a test that changes them takes a copy."""
    from limbeck.datasets.playground import Playground

    folder = shared_folder(tmp_path_factory) / "videos"
    with FileLock(f"{folder}.lock"):
        Playground(root=folder, clips=60).clips()
    return folder


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command, checks that it succeeds, gives what it wrote on standard output."""
    from limbeck import cli

    def run(*words: object) -> str:
        with pytest.raises(SystemExit) as caught:
            cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert not caught.value.code, err
        return out

    return run


@pytest.fixture(autouse=True)
def _same_threads() -> None:
    """One thread beside other test workers, which would be in each other's way, or else two, wherever tests run."""
    torch.set_num_threads(1 if os.environ.get("PYTEST_XDIST_WORKER") else min(2, os.cpu_count() or 1))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed, so the page cannot be opened")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[dict[str, str]]:
    """An S3 server on 127.0.0.1: what the environment has to say to use it."""
    pytest.importorskip("moto", reason="moto, a server of S3, is not installed; pip install 'limbeck[dev]'")
    from tests.helpers.store import served

    with served() as environment:
        yield environment


@pytest.fixture
def s3(s3_server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A new bucket of an S3 server, which the environment names; what is kept of it here is in ``tmp_path/cache``."""
    from tests.helpers.store import bucket

    for name, value in s3_server.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    return bucket(f"test-{secrets.token_hex(4)}")


@pytest.fixture(scope="module")
def s3_machines(s3_server: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Has the machines of a ``cluster`` know the server by their environment: the folder of what they keep of it."""
    folder = tmp_path_factory.mktemp("of_machines")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (s3_server | {"LIMBECK_CACHE": str(folder)}).items():
            patch.setenv(name, value)
        yield folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Ray cluster of three machines of one core each, all of them this one; ``RAY_ADDRESS`` names it.

    Its address is not 127.0.0.1, for which Ray takes the one that other machines see.
    """
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # beside the other tests its processes would hardly get a turn
        head = {"num_cpus": 1, "include_dashboard": False, "node_ip_address": "127.0.0.2"}
        made = Cluster(initialize_head=True, head_node_args=head)
        patch.setenv("RAY_ADDRESS", made.address)
        for _ in range(2):
            made.add_node(num_cpus=1, node_ip_address="127.0.0.2")
        yield made
        made.shutdown()
