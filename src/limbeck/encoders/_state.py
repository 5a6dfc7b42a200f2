"""Files of weights as tensors by name, read without running code; hashes of them; errors on the way in sentences."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from limbeck.errors import InputError, LimbeckError


@contextmanager
def reading(place: Path) -> Iterator[None]:
    """Whatever other packages raise inside over a file that is not as it should be becomes one sentence."""
    try:
        yield
    except (LimbeckError, ImportError):
        raise
    except Exception as error:  # json, safetensors, zip, torch, tokenizers and transformers each have their own root
        raise InputError(f"{place} cannot be read: {first_line(error)} Fetch it again.") from error


def read_state(path: Path, *, inside: Sequence[str] = ()) -> dict[str, Tensor]:
    """Tensors by name, on the CPU, of a ``.safetensors`` file or one written by torch; nothing in it is run."""
    with reading(path):
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        try:
            found: Any = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise InputError(
                f"{path} holds more than tensors, and reading that would run code of its maker: it is refused. "
                "Convert it to safetensors where you trust it."
            ) from error
    for key in inside:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
            break
    tensors = {str(k): v for k, v in found.items() if isinstance(v, Tensor)} if isinstance(found, Mapping) else {}
    if not tensors:
        raise InputError(f"{path} holds no tensors by name. Is it the checkpoint of this model?")
    return tensors


def weights_hash(*parts: Mapping[str, Tensor] | str) -> str:
    """A short hash (12 hexadecimal digits) for `Encoder.id`, of tensors by name in any order, settings as text.

    Example:
        >>> one, two = torch.zeros(2), torch.ones(1)
        >>> weights_hash({"a": one, "b": two}) == weights_hash({"b": two, "a": one})
        True
    """
    content = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            content.update(f"text of {len(part)}:{part};".encode())
            continue
        for name in sorted(part):
            tensor = part[name].detach().cpu().contiguous()
            content.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
            content.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return content.hexdigest()[:12]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def first_line(error: Exception) -> str:
    """An error of somebody else in one sentence."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].rstrip('.')}." if lines else f"{type(error).__name__}."
