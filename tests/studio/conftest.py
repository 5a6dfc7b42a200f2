"""An index of tones, and studios of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.helpers.listener import WORDS, Listener, recording
from tests.helpers.served_studio import Served

from limbeck import sounds
from limbeck.index import SoundIndex
from limbeck.studio import Session

HOSTILE = "it's \"><img src=x onerror=alert(1)>.wav"


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of thirty recordings of three tones, of which one has a hostile name and one is four windows long."""
    folder = tmp_path_factory.mktemp("tones")
    for word, hertz in WORDS.items():
        for i in range(10):
            name = HOSTILE if (word, i) == ("middle", 3) else f"{i}.wav"
            parts = [hertz] * (4 if (word, i) == ("low", 5) else 1)
            recording(folder / "recordings" / word / name, *parts, seed=i)
    sounds.index(folder / "recordings", out=folder / "index", encoder=Listener(), workers=1, progress=False)
    return folder / "index"


@pytest.fixture
def open_session(tones: Path, tmp_path: Path) -> Callable[[], Session]:
    """Opens sessions of one folder, one after the other, as `with open_session() as session`."""
    return lambda: Session.opened(SoundIndex.open(tones), Listener(), tmp_path / "classifier")  # type: ignore[return-value]


@pytest.fixture
def serve(tones: Path, tmp_path: Path) -> Iterator[Callable[[], Served]]:
    """Starts studios as processes, all of one folder."""
    started: list[Served] = []

    def start() -> Served:
        started.append(Served(tones, tmp_path / "classifier"))
        return started[-1]

    yield start
    for served in started:
        served.kill()
