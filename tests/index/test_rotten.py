"""Two hundred broken files: listed, never fatal."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.mutate import mutated_files
from tests.helpers.recordings import recordings
from tests.helpers.spectral_encoder import SpectralEncoder

from limbeck.index import SoundIndex


def test_two_hundred_broken_files(tmp_path: Path) -> None:
    rotten = mutated_files(tmp_path / "rotten", 200, seed=7)
    whole = recordings(tmp_path / "whole", 5)
    encoder = SpectralEncoder()
    index = SoundIndex.create(tmp_path / "index", encoder)
    update = index.update([*rotten, tmp_path / "whole"], encoder, workers=2)
    assert update.added + len(update.rejected) == 205
    assert {path for path, _ in update.rejected} | set(index.files()) == {*rotten, *whole}
    assert set(whole) <= set(index.files())
    assert 50 < len(update.rejected) < 170
    assert [(path, reason) for path, reason, _ in index.rejected()] == update.rejected
    assert all(path.name in sentence for path, _, sentence in index.rejected())

    heard = encoder.heard
    again = index.update([*rotten, tmp_path / "whole"], encoder, workers=2)
    assert (again.added, again.changed, again.removed, again.rejected) == (0, 0, 0, update.rejected)
    assert encoder.heard == heard
