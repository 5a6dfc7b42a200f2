"""What every modality must do, on all of them: a new one is tested here without a word."""

from __future__ import annotations

import pytest

from limbeck import modalities
from limbeck.testing import ModalityContract


@pytest.mark.parametrize("name", modalities.names())
class TestEveryModality(ModalityContract):
    pass
