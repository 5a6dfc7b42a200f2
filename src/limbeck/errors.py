"""What can go wrong, one root and a few leaves.

Every message says what was wrong, what was expected, what came, and what to do next.
"""

from __future__ import annotations


class LimbeckError(Exception):
    """Root of all errors Limbeck raises on purpose."""


class InputError(LimbeckError, ValueError):
    """An argument, option or file the user gave does not fit."""


class UnknownNameError(InputError):
    """No method, dataset, network or head has this name."""


class PluginError(InputError):
    """What another distribution adds cannot be used: it does not load, or has the name of something else."""


class MediaError(LimbeckError):
    """A media file cannot be used.

    Args:
        reason: Short machine-readable reason, for instance ``"no_audio_track"``; goes into ``rejected.parquet``.
        detail: The sentence for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.detail} ({self.reason})"


class BudgetError(InputError):
    """A class has fewer clips than the method needs."""


class ModalityError(InputError):
    """The data lacks a modality (sound or picture) that is needed."""


class FingerprintError(InputError):
    """A run or a distilled set does not belong to this dataset."""


class BusyError(LimbeckError):
    """Another process is at work in this folder."""


class DivergedError(LimbeckError):
    """A number became NaN or infinite during optimisation."""


class MissingWeightsError(LimbeckError):
    """Weights of a pretrained model are not on this machine and could not be fetched."""


class MissingExtraError(LimbeckError, ImportError):
    """An optional dependency is not installed.

    Args:
        extra: Name of the extra in ``pyproject.toml``.
        package: The package that could not be imported.
    """

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(
            f"This needs the package '{package}', which is not installed. "
            f"Install it with: pip install 'limbeck[{extra}]'"
        )
        self.extra = extra
        self.package = package
