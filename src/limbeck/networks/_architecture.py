"""An architecture by name, as settings and recipes carry it."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from limbeck import _discover
from limbeck._config import Config
from limbeck.networks._contract import Network


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

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> "Architecture":
        """The architecture that the settings of a method (its `to_json`) name; the default one where they name none.

        Example:
            >>> Architecture.of_settings({"encoders": {"network": {"name": "vgg11"}}}).name
            'vgg11'
        """
        network = settings.get("network") or settings.get("encoders", {}).get("network")
        return cls.from_json(network) if network else cls()

    def build(self) -> Network:
        """The network's settings object.

        Raises:
            UnknownNameError: No network has this name.
            InputError: The options do not fit it.
        """
        return _discover.load(Network, self.name).from_json(self.options)

    def named(self) -> Network:
        return self.build()
