"""An index of sounds: the vectors of every window of many recordings, kept up to date, searched, and read as arrays."""

from limbeck._addresses import is_address
from limbeck.index._prefetch import prefetch, to_the_end
from limbeck.index._rows import IndexSettings, window_lengths
from limbeck.index._scan import File, Refused, is_gone, plan_of, scan
from limbeck.index._search import Hit, Pool, blend
from limbeck.index._stretches import embed_stretches
from limbeck.index._update import Update
from limbeck.index.sound_index import SoundIndex

__all__ = [
    "File",
    "Hit",
    "IndexSettings",
    "Pool",
    "Refused",
    "SoundIndex",
    "Update",
    "blend",
    "embed_stretches",
    "is_address",
    "is_gone",
    "plan_of",
    "prefetch",
    "scan",
    "to_the_end",
    "window_lengths",
]
