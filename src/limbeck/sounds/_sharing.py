"""Classifiers to the Hugging Face hub, with how well they do if that can be measured, and back."""

from pathlib import Path
from typing import Any, Unpack

from limbeck import hub
from limbeck.prototypes import SoundClassifier
from limbeck.sounds._check import measured
from limbeck.sounds._encoders import EncoderOptions


def push(
    classifier: Path | str,
    name: str,
    *,
    licence: str = "",
    check: Path | str | None = None,
    recordings: bool = False,
    private: bool = False,
    token: str | None = None,
    dry_run: bool = False,
    progress: bool = True,
    **options: Unpack[EncoderOptions],
) -> hub.Upload:
    """Put a classifier on the Hugging Face hub; see `SoundClassifier.push_to_hub`.

    Args:
        classifier: Its folder.
        name: Of the model repository, ``owner/name``; it is made if need be.
        licence: Under which it is passed on, as the hub writes it: ``"cc-by-4.0"``.
        check: A table of labelled recordings, as of `sounds.check`, that it is measured on first for the card: as it
            names whoever fetches it, with the thresholds that it keeps.
        recordings: Name the files of the recordings behind the words, without their folders, and give their digests.
        private: Only its owner may see it.
        token: Proves who sends; that of this machine by default.
        dry_run: Say what would be sent, and ask nothing of the network.
        progress: Draw bars on standard error.
        options: Which encoder it is measured with and how that is loaded.

    Raises:
        HubError: There is no token, it may not write there, or the hub cannot be reached.
        InputError: The folder is no classifier, the name is none, or the table cannot be used.
        MissingExtraError: The extra ``hub`` is not installed.
    """
    learned, results = SoundClassifier.load(classifier), []
    if check is not None:
        right, recordings_there, none, interval = measured(learned, check, progress=progress, **options)
        low, high = (100 * end for end in interval)
        how = f"{right} of {recordings_there} recordings, 95 % interval {low:.1f} to {high:.1f} %"
        how += f"; {none} of them are none of the words" if none else ""
        results.append(hub.Result(Path(check).stem, "accuracy", 100 * right / recordings_there, about=how))
    return learned.push_to_hub(
        name,
        licence=licence,
        results=results,
        recordings=recordings,
        private=private,
        token=token,
        dry_run=dry_run,
        progress=progress,
    )


def pull(name: str, *, out: Path | str, **options: Any) -> SoundClassifier:
    """Fetch a classifier from the Hugging Face hub into a new folder, `out`.

    The `options` are those of `SoundClassifier.from_pretrained`, which says what else is refused, and why; `name` is
    ``owner/name``.

    Raises:
        HubError: There is no such classifier, or it cannot be had.
        InputError: The folder holds something.
    """
    folder = hub.new_folder(out)
    learned = SoundClassifier.from_pretrained(name, **options)
    learned.save(folder)
    return learned
