"""Ways to find in a picture what sounds. One module a localiser; `names()` lists them.

Example:
    >>> names()
    ('contrastive', 'motion')
"""

from pathlib import Path

from limbeck import _discover
from limbeck._files import read_json
from limbeck.errors import InputError
from limbeck.spatial.localisers._contract import Film, Frame, Localiser, Maps

__all__ = ["Film", "Frame", "Localiser", "Maps", "load", "names", "opened"]

names = _discover.lister(Localiser)
load = _discover.loader(Localiser)


def opened(name: str | Path) -> Localiser:
    """The localiser of a name, or the trained one in a folder; nothing in it is run.

    Raises:
        UnknownNameError: It is neither a name nor a folder.
        InputError: The folder holds none, or a damaged one; or what has that name must be trained.
    """
    folder = Path(name)
    if not folder.is_dir():
        return load(str(name)).untrained()
    file = folder / "config.json"
    config = read_json(file) if file.is_file() else None
    if not isinstance(config, dict) or config.get("kind") != "localiser" or not isinstance(config.get("name"), str):
        raise InputError(f"{folder} holds no localiser; one is trained with limbeck spatial learn DATA --out {folder}.")
    return load(config["name"]).from_folder(folder)
