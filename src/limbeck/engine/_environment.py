"""What software and what machine a result came from."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from limbeck import _machine


def versions() -> dict[str, str]:
    """Versions of Limbeck, Python and the packages that decide numbers.

    Example:
        >>> sorted(versions())
        ['av', 'librosa', 'limbeck', 'numpy', 'python', 'soxr', 'torch']
    """
    found = {"python": platform.python_version()}
    for package in ("limbeck", "torch", "numpy", "av", "librosa", "soxr"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def machine() -> dict[str, str | int]:
    """Processor, cores and memory this process may use, accelerator, to read results by; no host name, no user."""
    import torch

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": _machine.cores(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(_machine.memory_bytes() / 2**30),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
