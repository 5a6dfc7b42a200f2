"""What optimisation starts from, by name: real clips that a method chooses, or noise."""

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from limbeck import _discover
from limbeck._config import Config
from limbeck.errors import InputError, PluginError, UnknownNameError
from limbeck.methods._choose import Selection
from limbeck.methods._contract import Method
from limbeck.methods._experts import ExpertKeys

NOISE = "noise"
SHARED = (*Method.model_fields, "network")


class Start(Config):
    """What is held before the first step. A name alone may be given for it.

    Attributes:
        method: Name of a method that chooses real clips, as ``herding``; or ``noise``: normal numbers with the data's
            mean and spread.
        settings: Settings of that method that differ from its defaults, without those it takes from the optimised
            method: the ones all methods have, and the ``network``.
    """

    method: str = "herding"
    settings: dict[str, Any] = Field(default_factory=dict)

    def selection(self, optimised: Mapping[str, Any] | None = None) -> Selection | None:
        """The method that chooses the clips; None for noise.

        Of the settings of the `optimised` method, as JSON-able data, it takes those that it shares and has.

        Raises:
            UnknownNameError: No method that chooses clips has this name.
            InputError: The settings do not fit it.
        """
        theirs = sorted(self.settings.keys() & set(SHARED))
        if theirs:
            raise InputError(
                f"A start takes {', '.join(SHARED)} from the optimised method, but its settings name "
                f"{', '.join(theirs)} too; leave that out there."
            )
        if self.method == NOISE:
            if self.settings:
                raise InputError(f"Noise has no settings, but got: {', '.join(self.settings)}.")
            return None
        try:
            kind = _discover.load(Method, self.method)
        except UnknownNameError:
            kind = Method
        if not issubclass(kind, Selection):
            raise UnknownNameError(
                f"Optimisation cannot start from {self.method!r}. It starts from {NOISE}, or from real clips chosen by "
                f"one of these methods: {', '.join(filter(_chooses, _discover.names(Method.room)))}."
            )
        shared = kind.model_fields.keys() & set(SHARED)
        fitting = {name: value for name, value in (optimised or {}).items() if name in shared}
        return cast("Selection", kind.from_json(self.settings | fitting))

    def named(self) -> Method | None:
        return cast("Method | None", self.selection())

    def experts(self, seed: int) -> ExpertKeys:
        """Those that the choice needs with this seed."""
        selection = self.selection()
        return selection.required_experts(seed) if selection else frozenset()


def _chooses(name: str) -> bool:
    with contextlib.suppress(PluginError):
        return issubclass(_discover.load(Method, name), Selection)
    return False


def _fits(start: Start) -> Start:
    start.selection()  # it raises where no method fits
    return start


NamedStart = Annotated[
    Start,
    BeforeValidator(lambda value: {"method": value} if isinstance(value, str) else value),
    AfterValidator(_fits),
    PlainSerializer(lambda start: start.to_json() if start.settings else start.method),
]
"""A `Start` as settings carry it: the name alone where there are no settings; it is refused where no method fits."""


def _chooses_clips(start: Start) -> Start:
    if start.method == NOISE:
        raise InputError("Noise cannot be coded; name a method that chooses real clips, as herding or random.")
    return start


Chosen = Annotated[NamedStart, AfterValidator(_chooses_clips)]
"""A `Start` that chooses real clips."""


def selecting(start: Start, method: Method) -> Selection:
    """The method that chooses the clips of one that is no noise, with the settings it shares with a `method`."""
    return cast("Selection", start.selection(method.to_json()))
