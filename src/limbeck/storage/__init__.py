"""How the numbers of a distilled set are kept. One module a form; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck.storage._contract import Coder, Meaning, Meanings, Payload, Storage, payload_bytes
from limbeck.storage._named import Form, NamedForm
from limbeck.storage._size import parse_size

__all__ = [
    "Coder",
    "Form",
    "Meaning",
    "Meanings",
    "NamedForm",
    "Payload",
    "Storage",
    "load",
    "names",
    "parse_size",
    "payload_bytes",
]


def names() -> tuple[str, ...]:
    """Names of all forms.

    Example:
        >>> names()
        ('coded', 'float32', 'recorded', 'uint8')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Storage]:
    """The settings class of a form.

    Raises:
        UnknownNameError: No form has this name.
    """
    return _discover.load(__name__, name, Storage)
