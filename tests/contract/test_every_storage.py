"""What every form of storage must do, found by listing the folder."""

from __future__ import annotations

from typing import ClassVar

import pytest

from limbeck import _discover, storage
from limbeck.errors import InputError, UnknownNameError
from limbeck.storage import Coder, Form
from limbeck.testing import CoderContract, StorageContract

CODERS = [name for name in storage.names() if issubclass(storage.load(name), Coder)]


@pytest.mark.parametrize("name", sorted({*storage.names()} - {*CODERS}))
class TestEveryForm(StorageContract):
    pass


@pytest.mark.parametrize("name", CODERS)
class TestEveryCoder(CoderContract):
    within: ClassVar = {"float32": 1e-4, "uint8": 0.5, "coded": 10.0, "quantised": 15.0}


@pytest.mark.parametrize("name", storage.names())
def test_its_first_line_ends_with_its_name(name):
    assert _discover.summary("limbeck.storage", name).endswith(f"(`{name}`).")


def test_an_unknown_form_is_named_with_the_known_ones():
    with pytest.raises(UnknownNameError, match="Did you mean 'uint8'"):
        Form(name="uint").build()


def test_a_form_of_recordings_is_not_for_pairs():
    with pytest.raises(InputError, match="the method 'coded' makes it"):
        Form(name="recorded").build()
