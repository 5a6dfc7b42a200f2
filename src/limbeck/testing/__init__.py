"""What everything in a room must do, as tests: for those who add something, from a distribution of their own too.

A contract is a class of pytest tests that take the name of a thing::

    import pytest
    from limbeck.testing import MethodContract

    @pytest.mark.parametrize("name", ["gentle"])
    class TestMine(MethodContract):
        pass

Limbeck's own tests are the same classes, over all names of the room. pytest must be installed.
"""

import pkgutil

import pytest

# Before they are imported: asserts then show what was compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from limbeck.testing._datasets import DatasetContract, SoundDatasetContract
from limbeck.testing._encoders import EncoderContract
from limbeck.testing._imports import ImportContract, Published
from limbeck.testing._measures import SHORT, MeasureContract, toy_subject
from limbeck.testing._methods import MethodContract
from limbeck.testing._modalities import ModalityContract
from limbeck.testing._networks import HeadContract, NetworkContract
from limbeck.testing._parameterisations import ParameterisationContract
from limbeck.testing._shared import RECIPE, toy_clips
from limbeck.testing._storage import CoderContract, StorageContract

__all__ = [
    "RECIPE",
    "SHORT",
    "CoderContract",
    "DatasetContract",
    "EncoderContract",
    "HeadContract",
    "ImportContract",
    "MeasureContract",
    "MethodContract",
    "ModalityContract",
    "NetworkContract",
    "ParameterisationContract",
    "Published",
    "SoundDatasetContract",
    "StorageContract",
    "toy_clips",
    "toy_subject",
]
