"""`rollout_id`: a number that makes a request another one for the cache, so that the model is asked again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Warned(Protocol):
    """What is warned once."""

    warned_of_rollout: bool


def warn_of_rollout(settings: Mapping[str, Any], lm: Warned) -> None:
    """Warn of a rollout's number that changes nothing, because the temperature is 0; once for each model."""
    if settings.get("rollout_id") is not None and settings.get("temperature") == 0:
        if lm.warned_of_rollout:
            return
        lm.warned_of_rollout = True
        import warnings

        warnings.warn(
            "rollout_id has no effect on the answer at temperature 0; set a temperature above 0",
            UserWarning,
            stacklevel=4,
        )
