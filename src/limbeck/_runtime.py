"""Device, number format and random generators: chosen once, at the edge, and said aloud with the reason."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from limbeck import _machine
from limbeck.errors import InputError


@dataclass(frozen=True)
class Runtime:
    """Where and in which number format the heavy arithmetic runs, and why, in a sentence, for people.

    `real_dtype` is the format of the convolutions on real clips (no gradient), float32 or bfloat16, `synthetic_dtype`
    that on synthetic clips (gradient needed).
    """

    device: torch.device
    real_dtype: torch.dtype
    synthetic_dtype: torch.dtype
    compile: bool
    reason: str

    def to_json(self) -> dict[str, Any]:
        """All that can change a result, as JSON-able data; on which of several devices of a kind it runs cannot."""
        return {
            "device": self.device.type,
            "real_dtype": str(self.real_dtype).removeprefix("torch."),
            "synthetic_dtype": str(self.synthetic_dtype).removeprefix("torch."),
            "compile": self.compile,
        }


@lru_cache(maxsize=1)
def cpu_has_bf16() -> bool:
    """Whether this processor multiplies bfloat16 natively (avx512_bf16, AMX or ARM bf16)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return any(f in flags for f in ("avx512_bf16", "amx_bf16", " bf16"))


def choose_runtime(device: str = "auto", dtype: str = "auto", *, compile: bool = False) -> Runtime:
    """Choose device and number formats; `InputError` where one does not exist here.

    A `device` is ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``; a `dtype` ``"auto"`` (bfloat16 for real
    clips where the hardware has it, float32 for synthetic ones), ``"float32"`` or ``"bfloat16"`` (both). With `compile`
    encoders go through `torch.compile`: it pays on large inputs and long runs, and costs a minute at the start.

    Example:
        >>> choose_runtime("cpu", "float32").real_dtype
        torch.float32
    """
    chosen, why = _device(device)
    if chosen.type == "cpu":
        _advise(torch.get_num_threads())
    if dtype in ("float32", "bfloat16"):
        asked = getattr(torch, dtype)
        return Runtime(chosen, asked, asked, compile, f"{why}; {dtype} as asked")
    if dtype != "auto":
        raise InputError(f"dtype must be 'auto', 'float32' or 'bfloat16', but is {dtype!r}.")
    native = torch.cuda.is_bf16_supported() if chosen.type == "cuda" else chosen.type == "cpu" and cpu_has_bf16()
    real = torch.bfloat16 if native else torch.float32
    mixed = "bfloat16 for real clips (native here), float32 for synthetic ones"
    note = mixed if native else "float32 (no native bfloat16)"
    return Runtime(chosen, real, torch.float32, compile, f"{why}; {note}")


def kind_of(devices: Sequence[str]) -> str:
    """The kind that `devices` are all of, ``"cuda"`` of ``"cuda:0"`` and ``"cuda:1"``.

    Raises:
        InputError: One does not exist here, or they are of several kinds, which give other numbers.
    """
    kinds = sorted({choose_runtime(device).device.type for device in devices})
    if len(kinds) != 1:
        raise InputError(f"Devices of one kind give the same numbers, but {', '.join(devices)} came.")
    return kinds[0]


def bind(device: str) -> None:
    """Have what this process runs on a kind of device run on this one of them."""
    chosen, _ = _device(device)
    if chosen.type == "cuda" and chosen.index is not None:
        torch.cuda.set_device(chosen)


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch with so many threads for a while, then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=1)
def _advise(threads: int) -> None:
    if advice := _machine.advice(threads):
        logging.getLogger("limbeck").warning(advice)


def derive_seed(seed: int, *path: int | str) -> int:
    """A child seed that depends on the parent and on a path of names and numbers, and on nothing else.

    Example:
        >>> derive_seed(0, "augment", 3) != derive_seed(0, "augment", 4)
        True
    """
    if seed < 0:
        raise InputError(f"A seed is a whole number >= 0, but {seed} came.")
    words = [seed] + [p if isinstance(p, int) else int.from_bytes(p.encode(), "little") for p in path]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1)


def generator(seed: int, *path: int | str) -> torch.Generator:
    """A CPU generator of its own for `derive_seed(seed, *path)`; global generators stay untouched."""
    return torch.Generator().manual_seed(derive_seed(seed, *path))


def _device(device: str) -> tuple[torch.device, str]:
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda"), f"GPU {torch.cuda.get_device_name()}"
        return torch.device("cpu"), "CPU, as no CUDA device is visible"
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"Device {device!r} cannot be used here: {str(error).splitlines()[0]} Try --device auto."
        ) from error
    return chosen, f"{device} as asked"
