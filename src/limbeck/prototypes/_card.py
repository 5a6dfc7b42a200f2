"""The card of a classifier of sounds, and what of one others may read."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from limbeck import __version__, encoders, hub
from limbeck._words import plural

if TYPE_CHECKING:
    from limbeck.prototypes.saved import Piece, SoundClassifier


def shared(classifier: "SoundClassifier", *, recordings: bool) -> "SoundClassifier":
    """The same without what says whose `recordings` it learned from, or with the names of their files if asked for.

    Which windows are of one recording stays known: probes are weighed by recordings.
    """
    known = list(dict.fromkeys((piece.path, piece.sha256) for piece in classifier.pieces))

    def told(piece: "Piece") -> "Piece":
        number = 1 + known.index((piece.path, piece.sha256))
        named = {"path": PurePath(piece.path).name} if recordings else {"path": f"recording {number}", "sha256": ""}
        return piece.model_copy(update=named)

    return replace(classifier, pieces=tuple(told(piece) for piece in classifier.pieces))


def remarks(classifier: "SoundClassifier", *, recordings: bool) -> list[str]:
    """What of a classifier that is shared people may want to keep to themselves, a sentence each."""
    windows, names = len(classifier.pieces), sorted({piece.path for piece in classifier.pieces})
    first = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    return [
        "The words go along, what they are described by, and the sentences they were put in: "
        f"{', '.join(classifier.labels[:5])}{' and others' if len(classifier.labels) > 5 else ''}.",
        f"What the encoder heard in {plural(windows, 'window')} goes along, numbers and not sounds, so that words can "
        "be corrected.",
        f"The names and digests of {plural(len(names), 'recording')} go along: {first}."
        if recordings
        else "Recordings are numbered and not named.",
        "The index it was learned from, its corrections and the classifier before them stay here.",
    ]


def card(classifier: "SoundClassifier", *, name: str, licence: str = "", results: Sequence[hub.Result] = ()) -> str:
    """The README of a classifier on the hub: what it names, by which encoder, how well, and how to use it.

    Args:
        classifier: The classifier.
        name: Of its repository.
        licence: Under which it is passed on; empty where none was given.
        results: How well it does.
    """
    heard = classifier.encoder
    whole = "whole recordings"
    cut = f"windows of {classifier.window_s:g} s every {classifier.hop_s:g} s" if classifier.window_s else whole
    inner = classifier.classifier
    way = "the nearest prototype" if inner.probe_ is None else "a linear probe"
    facts = [
        f"- Encoder: {heard.name} ({heard.checkpoint}), with the weights of `{heard.id}`; it is not in here",
        f"- Learned from: {cut}; {plural(len(classifier.pieces), 'of them stands', 'of them stand')} for the words",
        f"- Names by: {way}, in the {inner.space_} space",
        f"- Licence: {licence or 'none was given, so ask before you pass it on'}",
    ]
    if heard.name in encoders.names() and (asks := encoders.load(heard.name).licence):
        facts.append(f"- Licence of the encoder: {asks}")
    facts.append(f"- Made with: limbeck {__version__}" + (f", from {classifier.source}" if classifier.source else ""))
    facts += [f"- {found.sentence()}" for found in (inner.evidence_, classifier.calibration) if found is not None]
    use = [
        "```python",
        "import limbeck",
        f"classifier = limbeck.SoundClassifier.from_pretrained({name!r})",
        'for found in limbeck.sounds.classify(classifier, ["recording.wav"]):  # files, or folders of them',
        "    print(found)",
        "```",
    ]
    about = {
        "words": {label: classifier.descriptions.get(label, label) for label in classifier.labels},
        "prompts": list(classifier.prompts),
        "thresholds": dict(classifier.thresholds),
    }
    return hub.card(
        {
            "license": licence,
            "tags": ["audio-classification", "prototypes", heard.name, "limbeck"],
            "library_name": "limbeck",
            "pipeline_tag": "audio-classification",
            "model-index": hub.model_index(name, "audio-classification", results),
        },
        f"# Classifier of sounds: {plural(len(classifier.labels), 'word')}",
        "Names sounds by the nearest of some words, each of which stands for the sounds that are most like it; "
        "or says that a sound is none of these.",
        "\n".join(facts),
        "## Use",
        "\n".join(use),
        f"On the command line: `limbeck sounds pull {name} --out classifier/`, then "
        "`limbeck sounds classify classifier/ recording.wav`.",
        hub.results_table(results),
        "## Words",
        f"```json\n{json.dumps(about, indent=2, ensure_ascii=False)}\n```",
    )
