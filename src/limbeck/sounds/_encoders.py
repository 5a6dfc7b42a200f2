"""The encoder a verb needs: one that is available, or the one an index or a classifier names, with its weights."""

from pathlib import Path
from typing import TypedDict, Unpack

from limbeck import encoders
from limbeck._runtime import choose_runtime
from limbeck.encoders import Encoder, EncoderNote
from limbeck.prototypes import SoundClassifier


class EncoderOptions(TypedDict, total=False):
    """Which encoder is used and how it is loaded, by keywords of every verb that needs one.

    Attributes:
        encoder: One that is loaded already, or a name (`encoders.names()`); that of the index or the classifier by
            default.
        weights: Folder of its weights; the cache, filled from their official address, by default.
        offline: Never ask the network.
        device: ``"auto"`` (the default), ``"cpu"``, ``"cuda"``, ...
    """

    encoder: str | Encoder | None
    weights: Path | str | None
    offline: bool
    device: str


def weights(encoder: str, *, to: Path | str, checkpoint: str | None = None, offline: bool = False) -> list[Path]:
    """Put all that an encoder needs, texts' models too, into a folder, `to`, for a machine without network.

    Args:
        encoder: One of `encoders.names()`.
        to: The folder; what lies in it already is left as it is. It is given as `weights` wherever one is loaded.
        checkpoint: One of the encoder's; its first by default.
        offline: Take all from the cache and never ask the network.

    Returns:
        The files.

    Raises:
        MissingWeightsError: Something cannot be had; the message names every missing file.
        UnknownNameError: No such encoder or checkpoint.
    """
    return encoders.load(encoder).fetch(to, checkpoint, offline=offline)


def ready(note: EncoderNote, **options: Unpack[EncoderOptions]) -> Encoder:
    """The encoder that was given, or else the one of a note, with its published weights."""
    chosen = options.get("encoder") or note.name
    if isinstance(chosen, Encoder):
        return chosen
    device = choose_runtime(options.get("device", "auto")).device
    folder, offline = options.get("weights"), options.get("offline", False)
    return encoders.load(chosen).pretrained(note.checkpoint, folder=folder, device=device, offline=offline)


def of_classifier(classifier: SoundClassifier, **options: Unpack[EncoderOptions]) -> Encoder:
    """The encoder a classifier was learned with; another, or one with other weights, is refused."""
    found = ready(classifier.encoder, **options)
    classifier.check(found)
    return found
