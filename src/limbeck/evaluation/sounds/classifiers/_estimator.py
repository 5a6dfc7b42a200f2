"""The estimator that classifiers of prototypes are settings of."""

from __future__ import annotations

from typing import Any


def estimator(settings: dict[str, Any], *, paper: bool) -> Any:
    """A `limbeck.prototypes.PrototypeClassifier`, not fitted, whose settings are known to make sense.

    They differ from the defaults, or with `paper` from the published settings.

    Raises:
        ValueError: A setting is unknown, or has a value that does not fit.
    """
    from limbeck.prototypes import PrototypeClassifier, check_parameters

    made = (PrototypeClassifier.paper() if paper else PrototypeClassifier()).set_params(**settings)
    check_parameters(made.get_params())
    return made
