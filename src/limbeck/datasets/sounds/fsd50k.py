"""FSD50K: 51,197 recordings of up to thirty seconds with any of 200 classes of AudioSet's ontology (`fsd50k`).

Official layout, as the authors' archives (31 GB) unpack::

    FSD50K.ground_truth/dev.csv             fname,labels,mids,split (train or val)
    FSD50K.ground_truth/eval.csv            fname,labels,mids
    FSD50K.ground_truth/vocabulary.csv      number,class,mid
    FSD50K.dev_audio/*.wav  FSD50K.eval_audio/*.wav

Source: Fonseca, Favory, Pons, Font and Serra, FSD50K: an Open Dataset of Human-Labeled Sound Events, IEEE/ACM TASLP
2022, https://zenodo.org/record/4060432. Training recordings are the pool, the evaluation set is tested on, the
validation recordings are kept for what has to choose an epoch.
"""

import csv
from pathlib import Path
from typing import Any, ClassVar, Self, final

from limbeck.datasets._listing import TEST, existing_file
from limbeck.datasets.sounds._contract import Recording, natural
from limbeck.datasets.sounds._published import Archive, Published, check_complete, malformed


@final
class FSD50K(Published):
    """FSD50K in its official layout; see `SoundDataset`."""

    title: ClassVar[str] = "FSD50K: 200 classes of sound events, several a recording"
    licence: ClassVar[str] = "CC BY 4.0 as a set; each recording CC0, CC BY, CC BY-NC or CC Sampling+"
    homepage: ClassVar[str] = "https://zenodo.org/record/4060432"
    citation: ClassVar[str] = """@article{fonseca2022fsd50k,
  title = {{FSD50K}: an Open Dataset of Human-Labeled Sound Events},
  author = {Fonseca, Eduardo and Favory, Xavier and Pons, Jordi and Font, Frederic and Serra, Xavier},
  journal = {IEEE/ACM Transactions on Audio, Speech, and Language Processing},
  volume = {30},
  year = {2022}
}"""
    archive: ClassVar[Archive] = Archive(
        name="fsd50k",
        inner="FSD50K",
        table="FSD50K.ground_truth/dev.csv",
        size="31 GB",
        hint="Unpack FSD50K.dev_audio and FSD50K.eval_audio beside the tables.",
    )

    @property
    def multi_label(self) -> bool:
        return True

    @classmethod
    def _read(cls, copy: Any, table: Path) -> Self:
        tables, home = table.parent, table.parents[1]
        for name in ("eval.csv", "vocabulary.csv"):
            existing_file(tables / name, "a table of FSD50K's ground truth")
        try:
            development, _ = copy.load_ground_truth(copy.ground_truth_dev_path)
            evaluation, _ = copy.load_ground_truth(copy.ground_truth_eval_path)
            classes = sorted(copy.fsd50k_to_audioset)
        except (ValueError, IndexError, StopIteration, csv.Error) as error:
            raise malformed(tables, error) from error
        check_complete(tables / "dev.csv", len(development))
        check_complete(tables / "eval.csv", len(evaluation))
        found = [
            Recording(id=f"{folder}/{clip}.wav", path=home / folder / f"{clip}.wav", labels=labels, split=split)
            for folder, clip, labels, split in (
                *(("FSD50K.dev_audio", c, tuple(row["tags"]), row["split"]) for c, row in sorted(development.items())),
                *(("FSD50K.eval_audio", c, tuple(row["tags"]), TEST) for c, row in sorted(evaluation.items())),
            )
        ]
        return cls(found, classes=classes, words={c: in_words(c) for c in classes})


def in_words(name: str) -> str:
    """A class of FSD50K in words: where AudioSet has a comma, FSD50K writes ``_and_``.

    Example:
        >>> in_words("Accelerating_and_revving_and_vroom"), in_words("Fill_(with_liquid)")
        ('accelerating, revving, vroom', 'fill with liquid')
    """
    return natural(name.replace("_and_", ", ").replace("(", "").replace(")", "")).lower()
