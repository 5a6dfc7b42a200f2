"""From stretches of recordings to vectors of their windows: the one way for all that hears recordings."""

from collections.abc import Sequence

import torch

from limbeck.encoders import AudioEmbeddings, Encoder
from limbeck.media import SoundStretch


def embed_stretches(encoder: Encoder, stretches: Sequence[SoundStretch], *, batch: int = 32) -> AudioEmbeddings:
    """Vectors by an `encoder` of all windows of some `stretches`, in order, a `batch` at a time.

    What is heard in a window depends on its recording alone, not on the windows or stretches beside it.
    """
    waves = [torch.from_numpy(stretch.samples) for stretch in stretches]
    windows, begins = [stretch.windows for stretch in stretches], [stretch.begins for stretch in stretches]
    return encoder.embed_windows(waves, windows, begins=begins, batch=batch)
