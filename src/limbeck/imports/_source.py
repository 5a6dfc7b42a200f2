"""A file or folder that a set is imported from: tensors of `torch.save` read without running code, and digests."""

import pickle
import re
import struct
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from limbeck import _files
from limbeck.errors import InputError

_MOST_NAMED = 6
_CODE = re.compile(r"GLOBAL ([\w.]+)|reduce for unrecognized function (\S+)|new object for .* got (.+)$")


class Source:
    """A file or a folder, at a `path`; what is read of it is read once.

    Raises:
        InputError: There is nothing at the path.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise InputError(f"{path} does not exist; give the file or folder of a distilled set.")
        self.path = path
        self._contents: dict[Path, Any] = {}

    def torch_files(self, pattern: str) -> list[Path]:
        """The file itself, whatever its name, if it was saved by torch; or the folder's, whose names fit a `pattern`.

        The pattern is a regular expression; files are in the order of their names, numbers by value.
        """
        if self.path.is_file():
            return [self.path] if _is_of_torch(self.path) else []
        return self.files(pattern)

    def files(self, pattern: str) -> list[Path]:
        """Files of the folder, or beside the file, whose names fit a `pattern`, a regular expression, in their order.

        Numbers in names are ordered by value.
        """
        return [*self.matched(pattern)]

    def matched(self, pattern: str) -> dict[Path, tuple[str, ...]]:
        """The groups of a `pattern` in the names of `files`, by file."""
        folder = self.path if self.path.is_dir() else self.path.parent
        files = sorted(folder.iterdir(), key=lambda path: [(p.isdigit(), p.zfill(12)) for p in _parts(path.name)])
        found = {path: re.fullmatch(pattern, path.name) for path in files if path.is_file()}
        return {path: match.groups() for path, match in found.items() if match}

    def content(self, file: Path) -> Any:
        """What `torch.save` put into a `file`: tensors on the CPU in lists, tuples and dictionaries, numbers, text.

        Raises:
            InputError: The file is damaged, was not written by `torch.save`, or would run code.
        """
        if file not in self._contents:
            self._contents[file] = _read(file)
        return self._contents[file]

    def describe(self) -> str:
        """What is there, for people: of a folder the names, of a file what it holds."""
        if self.path.is_dir():
            inside = sorted(path.name for path in self.path.iterdir())
            more = f" and {len(inside) - _MOST_NAMED} more" if len(inside) > _MOST_NAMED else ""
            return f"a folder that holds {', '.join(inside[:_MOST_NAMED]) or 'nothing'}{more}"
        if not _is_of_torch(self.path):
            return "a file that torch.save did not write"
        return f"a file of torch.save that holds {told(self.content(self.path))}"

    def digests(self, files: list[Path]) -> dict[str, str]:
        """SHA-256 of some `files` by their names, relative to the folder; of many, one of all of them."""
        folder = self.path if self.path.is_dir() else self.path.parent
        names = {file: file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name) for file in files}
        found = {name.as_posix(): _files.sha256_of(file) for file, name in sorted(names.items())}
        return found if len(found) <= _MOST_NAMED else {f"{len(found)} files": _files.digest(found)}


def told(content: Any) -> str:
    """What an unpickled thing is, for people.

    Example:
        >>> told({"epoch": 3}), told([torch.zeros(2, 3), 1])
        ("a dictionary with 'epoch'", 'a list of a tensor (2, 3) and a number')
    """
    if isinstance(content, Tensor):
        return f"a tensor {tuple(content.shape)}"
    if isinstance(content, dict):
        return f"a dictionary with {', '.join(map(repr, [*content][:_MOST_NAMED])) or 'nothing'}"
    if isinstance(content, list | tuple):
        few = " and ".join(map(told, content[:2])) if len(content) <= 2 else f"{len(content)} things"
        return f"a {type(content).__name__} of {few or 'nothing'}"
    return "a number" if isinstance(content, int | float) else f"a {type(content).__name__}"


def _parts(name: str) -> list[str]:
    return re.split(r"(\d+)", name)


def _is_of_torch(file: Path) -> bool:
    """Whether a file begins as an archive of torch's, or as a pickle, which its older ones are."""
    with file.open("rb") as handle:
        head = handle.read(2)
    return head == b"PK" or (len(head) == 2 and head[0] == 0x80 and head[1] <= pickle.HIGHEST_PROTOCOL)


class _NumberFormat:
    """Stands for `numpy.dtype` in a pickle; published files hold accuracies as NumPy's numbers."""

    _FORMATS = frozenset({"f8", "f4", "f2", "i8", "i4", "i2", "u1", "b1"})

    def __init__(self, code: Any = "", *_: Any) -> None:
        self.code = code if code in self._FORMATS else ""

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like, which the numbers of these formats do without."""


def _number(form: Any, content: Any) -> float | None:
    """Stands for `numpy.core.multiarray.scalar` in a pickle: a plain number, or None."""
    kind = {"f": {2: "e", 4: "f", 8: "d"}, "i": {2: "h", 4: "i", 8: "q"}, "u": {1: "B"}, "b": {1: "?"}}
    if not isinstance(form, _NumberFormat) or not form.code or not isinstance(content, bytes):
        return None
    code = kind[form.code[0]][int(form.code[1])]
    return float(struct.unpack(f"<{code}", content)[0]) if len(content) == int(form.code[1]) else None


_HARMLESS: list[Any] = [
    (_NumberFormat, "numpy.dtype"),
    (_number, "numpy.core.multiarray.scalar"),
    (_number, "numpy._core.multiarray.scalar"),
]
"""What files may name beside tensors, and what takes its place: nothing of NumPy's is called."""


def _read(file: Path) -> Any:
    whole = BytesIO(file.read_bytes())  # errors of the system are told apart: torch has such for damage, too
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_HARMLESS):
            warnings.simplefilter("ignore")  # of old protocols, which are refused or read all the same
            content = torch.load(whole, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged pickle makes of the reader
        if found := _CODE.search(str(error).partition("\n\n")[0]) or _CODE.search(str(error)):
            asked = next(filter(None, found.groups()))
            raise InputError(
                f"{file} would run code when it is read, so it is refused: it asks for {asked}. Files of distilled "
                "sets hold tensors, lists, dictionaries, numbers and text alone. If you trust who made it, read it "
                "there, and save its tensors alone with torch.save."
            ) from error
        raise _damaged(file, error) from error
    _refuse_odd(content, file)
    return content


def _refuse_odd(content: Any, file: Path) -> None:
    """Refuse tensors that are more than the file holds (one number that claims to be millions), and unusual ones."""
    if isinstance(content, Tensor):
        if content.layout != torch.strided or content.is_quantized or content.device.type != "cpu":
            raise InputError(f"{file} holds a tensor that is sparse, quantised or has no numbers; save it as it is.")
        if content.numel() * content.element_size() > content.untyped_storage().nbytes():
            raise InputError(
                f"{file} holds a tensor {tuple(content.shape)}, but fewer numbers than that: it is damaged, or its "
                "tensor was expanded. Save it with torch.save(tensor.clone(), ...)."
            )
    elif isinstance(content, dict):
        for value in content.values():
            _refuse_odd(value, file)
    elif isinstance(content, list | tuple):
        for value in content:
            _refuse_odd(value, file)


def _damaged(file: Path, error: BaseException) -> InputError:
    reason = str(error).partition("\n")[0][:200] or type(error).__name__
    return InputError(
        f"{file} is damaged, or was not written by torch.save: it cannot be read ({reason}). Fetch it again."
    )
