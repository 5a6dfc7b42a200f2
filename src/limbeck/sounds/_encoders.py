"""The encoder a verb needs: one that is available, or the one an index or a classifier names, with its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, Unpack

from limbeck import encoders
from limbeck._runtime import choose_runtime
from limbeck.encoders import Encoder
from limbeck.prototypes import SoundClassifier


class EncoderOptions(TypedDict, total=False):
    """How an encoder is loaded, by keywords of every verb that needs one.

    Attributes:
        weights: Folder of its weights; the cache, filled from their official address, by default.
        offline: Never ask the network.
        device: ``"auto"`` (the default), ``"cpu"``, ``"cuda"``, ...
    """

    weights: Path | str | None
    offline: bool
    device: str


def ready(name: str | Encoder, checkpoint: str | None = None, **options: Unpack[EncoderOptions]) -> Encoder:
    """An encoder with its published weights (from a folder, or the cache), or the very one that was given."""
    if isinstance(name, Encoder):
        return name
    device = choose_runtime(options.get("device", "auto")).device
    folder, offline = options.get("weights"), options.get("offline", False)
    return encoders.load(name).pretrained(checkpoint, folder=folder, device=device, offline=offline)


def of_classifier(classifier: SoundClassifier, encoder: Encoder | None, **options: Unpack[EncoderOptions]) -> Encoder:
    """The encoder a classifier was learned with, or the given one.

    Raises:
        FingerprintError: It is another one, or has other weights.
    """
    found = ready(encoder or classifier.encoder.name, classifier.encoder.checkpoint, **options)
    classifier.check(found)
    return found
