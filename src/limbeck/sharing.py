"""Distilled sets to the Hugging Face hub, with what is known of how well they do, and back."""

from pathlib import Path
from typing import Any

from limbeck import hub
from limbeck.distilled import DistilledSet
from limbeck.evaluation.store import by_title, scores_in

__all__ = ["pull", "push"]


def push(distilled: Path | str | DistilledSet, name: str, *, licence: str = "", **options: Any) -> hub.Upload:
    """Put a distilled set on the Hugging Face hub; see `DistilledSet.push_to_hub`.

    Of a folder the card says what its scores say: accuracies of networks that were trained on the set that is in it.

    Args:
        distilled: The set, or its folder.
        name: Of the dataset repository, ``owner/name``.
        licence: Under which it is passed on, as the hub writes it: ``"cc-by-4.0"``.
        options: ``private``, ``token``, ``dry_run`` and ``progress`` of `DistilledSet.push_to_hub`.

    Raises:
        HubError: There is no token, it may not write there, or the hub cannot be reached.
        InputError: This is no distilled set, or the name is none.
        MissingExtraError: The extra ``hub`` is not installed.
    """
    made = DistilledSet.load(distilled)
    results = [] if isinstance(distilled, DistilledSet) else _results(Path(distilled), made)
    return made.push_to_hub(name, licence=licence, results=results, **options)


def pull(name: str, *, out: Path | str, **options: Any) -> DistilledSet:
    """Fetch a distilled set from the Hugging Face hub into a new folder, `out`.

    The `options` are those of `DistilledSet.from_pretrained`, which says what else is refused, and why; `name` is
    ``owner/name``.

    Raises:
        HubError: There is no such set, or it cannot be had.
        InputError: The folder holds something.
    """
    folder = hub.new_folder(out)
    made = DistilledSet.from_pretrained(name, **options)
    made.save(folder)
    return made


def _results(folder: Path, made: DistilledSet) -> list[hub.Result]:
    """Accuracies of the set in a folder, without its controls."""
    scores = by_title(scores_in(folder)).values()
    return [
        hub.Result(
            dataset=score.tested_on.name,
            measure=f"accuracy ({key})",
            value=score.mean[key],
            spread=score.sd[key] if score.n > 1 else None,
            repeats=score.n,
            about=f"{score.network.name}, {score.head or 'its own head'}, {score.protocol.epochs} epochs",
        )
        for score in scores
        if score.trained_on.fingerprint == made.fingerprint
        for key in score.looked_at
        if key in score.mean
    ]
