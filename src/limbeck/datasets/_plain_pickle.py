"""Pickles that hold numbers and texts alone, read without running anything that they ask for."""

import io
import math
import pickle
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

_CORES = ("numpy.core.multiarray", "numpy._core.multiarray")
"""Where NumPy's makers of arrays are, in older versions and newer."""


class PlainPickle(pickle.Unpickler):
    """A reader of one pickle of dicts, lists, tuples, numbers, texts, bytes and arrays of bytes (uint8).

    Whatever a pickle names, a function or a class, would be called with arguments of the pickle's choice. Here it names
    stand-ins that keep what they are given: of NumPy nothing is called either. Texts of Python 2 come as bytes.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="bytes")
        # Made anew for each pickle: one that changed them would change its own alone.
        array = type("Array", (_Array,), {})
        self._stand_ins: dict[tuple[str, str], Any] = {
            **{(core, "_reconstruct"): array for core in _CORES},
            ("numpy", "ndarray"): type("ArrayType", (), {}),
            ("numpy", "dtype"): type("NumberFormat", (_NumberFormat,), {}),
        }

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for what a pickle names as `name` of a `module`."""
        if (module, name) not in self._stand_ins:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which numbers and texts have no need of: such a pickle may run code"
            )
        return self._stand_ins[module, name]


class _NumberFormat:
    """What is said of the numbers of an array."""

    def __init__(self, code: Any = "", *_: Any) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else code

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like, which bytes have no need of."""


class _Array:
    """What is said of an array."""

    shape: Any = ()
    code: Any = None
    order: Literal["C", "F"] = "C"
    data: Any = b""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        _, self.shape, number_format, is_fortran, self.data = state
        self.code, self.order = getattr(number_format, "code", None), "F" if is_fortran else "C"


def as_uint8(value: Any, columns: int) -> npt.NDArray[np.uint8]:
    """What a pickle gave for an array of bytes, uint8 (row, `columns`).

    Raises:
        ValueError: It is none; says what it is.
    """
    if not isinstance(value, _Array):
        raise ValueError(f"an array was expected, but {type(value).__name__} came")
    shape = value.shape
    if value.code not in ("u1", "|u1", "uint8") or not isinstance(value.data, bytes):
        raise ValueError(f"an array of uint8 was expected, but one of {value.code!r} came")
    wanted = isinstance(shape, tuple) and len(shape) == 2 and shape[1] == columns
    if not wanted or math.prod(shape) != len(value.data):
        raise ValueError(f"an array (image, {columns}) was expected, but {shape} with {len(value.data)} bytes came")
    return np.frombuffer(value.data, dtype=np.uint8).reshape(shape, order=value.order)
