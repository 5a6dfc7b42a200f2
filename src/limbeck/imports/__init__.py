"""Sets that others published, and Limbeck's own exports, as distilled sets. One module a form; its stem is its name.

Example:
    >>> names()
    ('avdd', 'dc', 'folder', 'huggingface', 'idc', 'image_folder', 'mtt', 'ncfm', 'webdataset')
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from limbeck import _discover, _files
from limbeck.datasets import Prepared
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._contract import Given, Import
from limbeck.imports._published import finished, image_scale, imported, pictures
from limbeck.imports._source import Source
from limbeck.modalities import Scale

__all__ = [
    "Given",
    "Import",
    "Source",
    "finished",
    "image_scale",
    "import_set",
    "imported",
    "load",
    "names",
    "pictures",
]

names = _discover.lister(Import)
load = _discover.loader(Import)


def import_set(
    path: Path | str,
    *,
    out: Path | str | None = None,
    form: str | None = None,
    like: Path | str | Prepared | None = None,
    classes: Sequence[str] = (),
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    **settings: Any,
) -> DistilledSet:
    """Read a distilled set that other code published, or that Limbeck exported. Runs no code from its files.

    What was assumed is in ``provenance["imported"]["notes"]``, in sentences, beside the form, its settings and the
    SHA-256 of the files.

    Args:
        path: The file or folder of the set.
        out: Folder that the set is saved in, new or empty; it is not saved by default.
        form: One of `names()`; it is found by what is in the files by default.
        like: The prepared dataset that the set stands for: gives the recipe, class names in the order of labels, and
            what the set is said to be distilled from.
        classes: Class names in the order of the file's labels; with `like`, labels follow its order of the same names.
        mean: What the published code subtracted from each channel of images with pixel values from 0 to 1, for
            networks; where its files do not say it.
        std: What it divided by, > 0.
        settings: Settings of the form; see ``limbeck explain FORM --kind imports``.

    Raises:
        InputError: No form, or several, fit what is there; a file is damaged or would run code; shapes, labels, classes
            or sizes do not fit.
        UnknownNameError: There is no such form.
        MissingExtraError: A package that the form needs is not installed.
    """
    if bool(mean) != bool(std):
        raise InputError("A scale is mean and std together, but one of them came alone; give both.")
    if out is not None:
        _files.refuse_full(Path(out))
    source = Source(Path(path))
    given = Given(
        classes=tuple(classes),
        scale=Scale.from_json({"mean": tuple(mean), "std": tuple(std)}) if mean else None,
        like=None if like is None else Prepared.open(like),
    )
    kind = load(form) if form else load(_recognised(source))
    made = given.agreeing(kind.from_json(settings).read(source, given))
    if out is not None:
        made.save(out)
    return made


def _recognised(source: Source) -> str:
    fitting = [name for name in names() if load(name).recognises(source)]
    if len(fitting) == 1:
        return fitting[0]
    listed = " ".join(_discover.summary(Import.room, name) for name in fitting or names())
    if fitting:
        raise InputError(f"{source.path} fits {len(fitting)} forms; say which with form (--form): {listed}")
    if (source.path / "data.safetensors").exists():
        raise InputError(f"{source.path} is a distilled set of Limbeck's already; use it as it is.")
    raise InputError(
        f"{source.path} is no set in a form that can be imported: it is {source.describe()}. Say which form it is "
        f"meant to be with form (--form), and the reason is told. The forms are: {listed}"
    )
