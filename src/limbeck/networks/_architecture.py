"""An architecture by name, as settings and recipes carry it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from limbeck import _discover
from limbeck._config import Config
from limbeck.networks._contract import Network

ROOM = "limbeck.networks"


class Architecture(Config):
    """A network of the room, with its options.

    Attributes:
        name: Name of a network, see ``limbeck list networks``.
        options: Settings of the network that differ from its defaults.

    Example:
        >>> Architecture(options={"width": 32}).build().width
        32
    """

    name: str = "convnet"
    options: dict[str, Any] = Field(default_factory=dict)

    def build(self) -> Network:
        """The network's settings object.

        Raises:
            UnknownNameError: No network has this name.
            InputError: The options do not fit it.
        """
        return _discover.load(ROOM, self.name, Network).from_json(self.options)

    def named(self) -> Network:
        """As `build`."""
        return self.build()
