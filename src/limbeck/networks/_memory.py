"""Keep memory that was freed, instead of giving it back and having it zeroed again."""

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell the C library to keep freed memory for the next request; call it once, at the edge of a program.

    By default glibc returns every large block to the system, which hands it back page by page, zeroed, at some
    4 GB/s: for the convolutions here that costs as much as the arithmetic. The price: the process keeps its peak.

    Returns:
        True if the C library took it; False where there is none of glibc's (macOS, Windows, musl).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, _LARGEST))
