"""What an agent has done so far, and how it is shown to the model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from ..adapters.chat import ChatAdapter
from ..errors import ContextWindowExceededError
from ..execution.settings import lookup
from .base import call_part

logger = logging.getLogger("dspyc")

_TRUNCATIONS = 3


class Trajectory:
    """The steps of one call by name; all of them, and those that the model is still shown."""

    def __init__(self, truncate: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.steps: dict[str, Any] = {}
        self._shown: dict[str, Any] = {}
        self._truncate = truncate

    def add(self, **parts: Any) -> None:
        """Note parts of a step: `thought_0=…`."""
        self.steps.update(parts)
        self._shown.update(parts)

    async def ask(self, part: Any, inputs: Mapping[str, Any], defaults: Mapping[str, Any] | None) -> Any:
        """Call a predictor with the trajectory; while it is too long for the model, shorten what is shown.

        Raises:
            ContextWindowExceededError: it is too long all the same.
        """
        adapter = lookup("adapter", defaults) or ChatAdapter()
        for attempt in range(_TRUNCATIONS + 1):
            try:
                return await call_part(part, {**inputs, "trajectory": adapter.format_untyped(self._shown)})
            except Exception as raised:
                error = as_too_long(raised)
                if error is None:
                    raise
                if attempt == _TRUNCATIONS:
                    raise error from error.__cause__
                self._shown = self._truncate(dict(self._shown))
                logger.warning("the trajectory is too long for the model; its oldest step is left out")
        raise AssertionError("the loop returns or raises")


def as_too_long(error: Exception) -> ContextWindowExceededError | None:
    """An error as the one that says that the prompt is too long, or None if it says something else.

    Models and fakes of other libraries raise an error of this name, which need not be loaded for that.
    """
    if isinstance(error, ContextWindowExceededError):
        return error
    if any(kind.__name__ == ContextWindowExceededError.__name__ for kind in type(error).__mro__):
        found = ContextWindowExceededError(str(error))
        found.__cause__ = error
        return found
    return None


def without_oldest(trajectory: Mapping[str, Any]) -> dict[str, Any]:
    """A trajectory without its first step; the parts of a step end in its number.

    Raises:
        ContextWindowExceededError: there is only one step.
    """
    numbers = [name.rpartition("_")[2] for name in trajectory]
    if len(set(numbers)) < 2:
        raise ContextWindowExceededError(
            "the prompt is too long for the model even with only the last step of the trajectory"
        )
    pairs = zip(trajectory.items(), numbers, strict=True)
    return {name: value for (name, value), number in pairs if number != numbers[0]}
