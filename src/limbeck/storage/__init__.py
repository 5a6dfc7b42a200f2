"""How the numbers of a distilled set are kept. One module a form; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck._words import parse_size
from limbeck.storage._contract import (
    Coder,
    Form,
    Meaning,
    Meanings,
    NamedForm,
    Payload,
    Storage,
    payload_bytes,
)
from limbeck.storage._soft_labels import read_soft_labels, soft_label_bytes, soft_labels_payload

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
    "read_soft_labels",
    "soft_label_bytes",
    "soft_labels_payload",
]

names = _discover.lister(Storage)
load = _discover.loader(Storage)
