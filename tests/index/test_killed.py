"""An update that is killed, again and again: nothing lost, nothing doubled. And two writers at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.killed import told_by
from tests.helpers.recordings import recordings
from tests.helpers.spectral_encoder import SpectralEncoder

from limbeck._files import exclusive
from limbeck.errors import BusyError
from limbeck.index import SoundIndex

KILLS = 10


@pytest.mark.slow
def test_killed_ten_times(tmp_path: Path) -> None:
    told = told_by("killed_index", tmp_path, KILLS)
    assert told["faults"] == ""
    assert len({name for name, *_ in told["whole"]}) == 40
    assert all(end == told["whole"] for end in told["ends"])
    assert any(0 < size < len(told["whole"]) for size in told["left"]), "no kill came while there was work to do"
    assert told["orphans"] == 0
    assert any(half for half, _ in told["made"]), "no kill came while an index was being made"
    assert all(status == 0 for _, status in told["made"])


def test_a_second_writer_is_sent_away_and_readers_are_not(tmp_path: Path) -> None:
    encoder = SpectralEncoder()
    recordings(tmp_path / "recordings", 2)
    index = SoundIndex.create(tmp_path / "index", encoder)
    with exclusive(tmp_path / "index"):
        with pytest.raises(BusyError, match="Another process"):
            index.update([tmp_path / "recordings"], encoder)
        assert len(SoundIndex.open(tmp_path / "index")) == 0
    assert index.update([tmp_path / "recordings"], encoder).added == 2
