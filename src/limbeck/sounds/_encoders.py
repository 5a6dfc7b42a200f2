"""The encoder a verb needs: one that is available, or the one an index or a classifier names, with its weights."""

from __future__ import annotations

from pathlib import Path

from limbeck import encoders
from limbeck._runtime import choose_runtime
from limbeck.encoders import Encoder
from limbeck.prototypes import SoundClassifier


def ready(
    name: str | Encoder,
    checkpoint: str | None = None,
    *,
    weights: Path | str | None = None,
    offline: bool = False,
    device: str = "auto",
) -> Encoder:
    """An encoder with its published weights (from a folder, or the cache), or the very one that was given."""
    if isinstance(name, Encoder):
        return name
    return encoders.load(name).pretrained(
        checkpoint,
        folder=None if weights is None else Path(weights),
        device=choose_runtime(device).device,
        offline=offline,
    )


def of_classifier(
    classifier: SoundClassifier,
    encoder: Encoder | None = None,
    *,
    weights: Path | str | None = None,
    offline: bool = False,
    device: str = "auto",
) -> Encoder:
    """The encoder a classifier was learned with.

    An `encoder` that is given is checked. `weights`, `offline` and `device` are those of `ready`.

    Raises:
        FingerprintError: It is another one, or has other weights.
    """
    note = classifier.encoder
    found = ready(encoder or note.name, note.checkpoint, weights=weights, offline=offline, device=device)
    classifier.check(found)
    return found
