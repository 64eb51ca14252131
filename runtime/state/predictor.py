"""A predictor's saved state put back: by field names, demos' values in their fields' types again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from ..errors import StateError
from ..example import Example
from ..lm.client import LM
from ..signature.signature import Signature
from .demos import typed_values

logger = logging.getLogger("dspyc")

_REDIRECTING = ("api_base", "base_url", "model_list")
_FOREIGN = ("cache_in_memory", "use_developer_role", "engine", "async_engine", "prompt_cache")
"""Settings in DSPy's state files that mean nothing here and must not reach a provider."""


class Restorable(Protocol):
    """What a saved state is put back into."""

    signature: Any
    lm: Any
    demos: list[Any]
    traces: list[Any]
    train: list[Any]
    config: dict[str, Any]


def restore(predictor: Restorable, state: Mapping[str, Any]) -> None:
    """Put a state into a predictor; it is unchanged when the state does not fit.

    Raises:
        StateError: the state has no signature, or one with other fields.
    """
    try:
        signature = predictor.signature.load_state(state["signature"])
        demos = [_typed(signature, demo) for demo in state.get("demos", [])]
        lm = _language_model(state.get("lm"))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StateError(f"the state does not fit `{predictor!r}`: {error}") from error
    predictor.signature = signature
    predictor.demos = demos
    predictor.traces = list(state.get("traces", []))
    predictor.train = list(state.get("train", []))
    predictor.config = dict(state.get("config", predictor.config))
    predictor.lm = lm


def _typed(signature: type[Signature], demo: Mapping[str, Any]) -> Example:
    values: dict[str, Any] = {}
    for name, value in demo.items():
        try:
            values |= typed_values(signature.fields, {name: value})
        except StateError as error:
            logger.warning("%s; it is kept as it is", error)
            values[name] = value
    return Example(values)


def _language_model(state: Mapping[str, Any] | None) -> LM | None:
    if state is None:
        return None
    kept = {name: value for name, value in state.items() if not name.startswith("_") and name not in _FOREIGN}
    for name in _REDIRECTING:
        # A state file is data: it must not be able to send prompts, and a key, to another server.
        if kept.pop(name, None) is not None:
            logger.warning(
                "the saved `%s` of `%s` is not taken over; set the LM in the program", name, kept.get("model")
            )
    return LM(**kept)
