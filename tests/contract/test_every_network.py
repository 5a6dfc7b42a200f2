"""What every network and every head of the room must do, checked before it has tests of its own."""

from __future__ import annotations

import pytest

from limbeck import networks
from limbeck.errors import UnknownNameError
from limbeck.networks import heads
from limbeck.testing import HeadContract, NetworkContract


def test_an_unknown_name_names_its_neighbour() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'convnet'"):
        networks.load("convnett")
    with pytest.raises(UnknownNameError, match="Did you mean 'ensemble'"):
        heads.load("ensembles")


@pytest.mark.parametrize("name", networks.names())
class TestEveryNetwork(NetworkContract):
    pass


@pytest.mark.parametrize("name", heads.names())
class TestEveryHead(HeadContract):
    pass
