"""Recordings as they are read become vectors: stretches of several are embedded together."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from limbeck.encoders import Encoder
from limbeck.errors import LimbeckError
from limbeck.index._rows import Embedded, IndexSettings
from limbeck.index._scan import File
from limbeck.index._stretches import embed_stretches
from limbeck.media import SoundStretch, sound_stretches

AHEAD = 12
"""So many stretches, of a minute each at most, wait for the encoder."""


def reader(settings: IndexSettings) -> Callable[[Path], Iterator[SoundStretch]]:
    """What reads a recording in stretches of an index's windows."""
    return partial(
        sound_stretches, sample_rate_hz=settings.sample_rate_hz, window_s=settings.window_s, hop_s=settings.hop_s
    )


class Ear:
    """Embeds stretches by an `encoder`, `batch` windows at a time, of whatever recordings they are."""

    def __init__(self, encoder: Encoder, settings: IndexSettings, batch: int) -> None:
        self._encoder, self._settings, self._batch = encoder, settings, batch
        self._waiting: list[tuple[File, SoundStretch]] = []
        self._embedded: dict[Path, list[Embedded]] = {}

    def hear(self, file: File, stretch: SoundStretch) -> int:
        """Take the next stretch of a recording; how many windows were embedded by now that were not before."""
        self._waiting.append((file, stretch))
        is_full = sum(len(stretch.windows) for _, stretch in self._waiting) >= self._batch
        return self.embed() if is_full else 0

    def forget(self, place: Path) -> None:
        """Leave out a recording that came to no good end."""
        self._waiting = [(file, stretch) for file, stretch in self._waiting if file.place != place]
        self._embedded.pop(place, None)

    def windows_of(self, place: Path) -> list[Embedded] | None:
        """Give away the windows of a recording, all of which are embedded; None where it had none."""
        return self._embedded.pop(place, None)

    def embed(self) -> int:
        """Embed all that waits; how many windows that is."""
        if not self._waiting:
            return 0
        waiting, self._waiting = self._waiting, []
        made = embed_stretches(self._encoder, [stretch for _, stretch in waiting], batch=self._batch)
        with np.errstate(over="ignore"):  # what float16 cannot hold becomes infinite and is refused
            joint, features = made.joint.numpy().astype(np.float16), made.features.numpy().astype(np.float16)
        places = [(file, *times) for file, stretch in waiting for times in stretch.times_s()]
        shape = (len(places), self._settings.dim), (len(places), self._settings.features_dim)
        if (joint.shape, features.shape) != shape:
            raise LimbeckError(
                f"The encoder returned vectors of shapes {joint.shape} and {features.shape}, but {shape} were expected."
            )
        for row, (file, start_s, duration_s) in enumerate(places):
            self._embedded.setdefault(file.place, []).append((start_s, duration_s, joint[row], features[row]))
        return len(places)
