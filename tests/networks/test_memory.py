from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import torch
from limbeck.networks import keep_freed_memory
import resource

def faults(rounds, warm=4):  # the first blocks of the heap are placed anew until its layout is settled
    for _ in range(warm):
        torch.ones(9 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        torch.ones(9 * 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

usual = faults(16)
assert keep_freed_memory()
print(usual, faults(16))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_freed_memory_is_not_faulted_in_again() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    usual, kept = map(int, done.stdout.split())
    assert kept < usual / 3
