"""Addresses (``s3://bucket/name``) and paths: which is which."""

import re
from pathlib import Path

from limbeck.errors import InputError

_SCHEMES = {"s3:", "gs:", "gcs:", "az:", "abfs:", "abfss:", "hdfs:", "http:", "https:", "ftp:", "file:"}
"""What is left of the start of an address that was taken for a path."""


def is_address(place: object) -> bool:
    """Whether a place is an address, not a folder."""
    return "://" in str(place)


def without_secrets(address: str) -> str:
    """An address as it may be shown: without a user and a password, and without settings."""
    return re.sub(r"//[^/]*@", "//...@", address).partition("?")[0]


def refuse_address(path: Path) -> None:
    """Refuse an address where a path on a disk is meant: it would become a folder ``s3:``.

    Raises:
        InputError: It is one.
    """
    if (scheme := next((part for part in path.parts if part in _SCHEMES), None)) is not None:
        address = f"{scheme}//{'/'.join(path.parts[path.parts.index(scheme) + 1 :])}"
        raise InputError(
            f"{without_secrets(address)} is an address, but a path on a disk was expected. Prepared datasets and "
            "indexes of sounds can be in object storage, and are given by their address as text; for anything else "
            "give a folder or file."
        )
