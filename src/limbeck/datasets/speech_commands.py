"""Speech Commands: one word a second, 30 words (version 1) or 35 (version 2), by thousands of speakers.

Official layout, as the authors' archive unpacks, of either version::

    <word>/<speaker>_nohash_<number>.wav
    validation_list.txt testing_list.txt      <word>/<file>, a line each; no speaker is in two splits
    _background_noise_/*.wav                  left out: it is noise to mix with, and no word

Source: Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, 2018,
https://arxiv.org/abs/1804.03209. Differs from the paper: its task of ten commands has two classes more, silence and all
other words; here there are the ten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from limbeck._text import portable
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._listing import (
    TEST,
    TRAIN,
    VALIDATION,
    existing_folder,
    located,
    parse_names,
    read_lines,
    require_some,
)
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe, files_below

ALL, COMMANDS = "all", "commands"
_COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
_LISTS = {VALIDATION: "validation_list.txt", TEST: "testing_list.txt"}
_LAYOUT = "Speech Commands (<word>/*.wav, validation_list.txt and testing_list.txt)"


@final
@dataclass(kw_only=True, eq=False)
class SpeechCommands(Dataset):
    """Speech Commands, version 1 or 2, in the official layout, with the official splits.

    Args:
        root: The folder that the archive was unpacked in.
        words: Which words are classes: ``"all"``, the ten ``"commands"`` (yes, no, up, down, left, right, on, off,
            stop, go), or names of words, as in ``"yes,no"``.

    Example:
        >>> SpeechCommands(root="speech_commands_v0.02", words="commands").classes[:3]
        ('down', 'go', 'left')
    """

    title: ClassVar[str] = "Speech Commands: single words of a second, by thousands of speakers"
    licence: ClassVar[str] = "CC BY 4.0"
    homepage: ClassVar[str] = "https://arxiv.org/abs/1804.03209"
    citation: ClassVar[str] = """@article{warden2018speech,
  title = {Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition},
  author = {Warden, Pete},
  journal = {arXiv:1804.03209},
  year = {2018}
}"""
    modalities: ClassVar[tuple[str, ...]] = ("audio",)
    recipe: ClassVar[ClipRecipe] = ClipRecipe(mel=MelRecipe(sample_rate_hz=16000))

    root: str | Path
    words: str | Sequence[str] = ALL

    @property
    def classes(self) -> tuple[str, ...]:
        """The words, sorted."""
        chosen = parse_names(self.words)
        if chosen == (ALL,):
            return tuple(sorted({clip.label for clip in self.clips()}))
        return tuple(sorted(_COMMANDS if chosen == (COMMANDS,) else set(chosen)))

    def clips(self) -> Sequence[ClipRef]:
        """One clip a recording, ordered by word and file; those that the lists name and that are missing, too.

        Raises:
            InputError: A list is missing, names what is none of the words' files, or a word has no recordings.
        """
        root = existing_folder(Path(self.root), _LAYOUT)
        split = _listed(root)
        files = {name: path for name, path in files_below(root) if name.count("/") == 1 and not name.startswith("_")}
        files |= {name: located(root, name) for name in split if name not in files}
        require_some(files.values(), told=f"the lists in {root}", hint="Put the folders of words beside the lists.")
        spoken = {word for name in files for word in [name.partition("/")[0]]}
        wanted = spoken if parse_names(self.words) == (ALL,) else set(self.classes)
        if absent := sorted(wanted - spoken):
            raise InputError(
                f"{root} has no recordings of {', '.join(absent)}; its words are {', '.join(sorted(spoken))}."
            )
        if len(wanted) < 2:
            raise InputError(f"Two words or more are needed as classes, but {root} gives {sorted(wanted)}.")
        return [
            ClipRef(id=name, label=name.partition("/")[0], split=split.get(name, TRAIN), audio=files[name])
            for name in sorted(files)
            if name.partition("/")[0] in wanted
        ]


def _listed(root: Path) -> Mapping[str, str]:
    """The splits of the recordings that the lists name."""
    found: dict[str, str] = {}
    for split, name in _LISTS.items():
        for line, text in enumerate(read_lines(root / name, f"the list of {split} recordings"), start=1):
            file = portable(text.strip())
            if not file:
                continue
            if file.count("/") != 1 or not all(file.split("/")) or ".." in file or file.startswith("_"):
                raise InputError(f"{name}, line {line}: <word>/<file> was expected, but {text!r} came.")
            if found.setdefault(file, split) != split:
                raise InputError(f"{name}, line {line}: {file} is in {found[file]} and in {split}; it belongs to one.")
    return found
