"""A predictor's saved state put back: by field names, demos' values in their fields' types again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from ...base.secrets import drop_secrets
from ..errors import StateError
from ..example import Example
from ..signature.inputs import typed_demo
from ..signature.signature import Signature
from ..values.exact import Unstorable, as_json
from ..values.inputs import Misfit
from .models import kept_settings, restored_lm

logger = logging.getLogger("dspyc")


class Restorable(Protocol):
    """What a saved state is put back into."""

    signature: Any
    lm: Any
    demos: list[Any]
    traces: list[Any]
    train: list[Any]
    config: dict[str, Any]


def restore(predictor: Restorable, state: Mapping[str, Any], is_trusted: bool = False) -> None:
    """Put a state into a predictor; it is unchanged when the state does not fit.

    Of its language model and its settings only those are taken over that a state may hold; see `models`.

    Args:
        predictor: where to put it.
        state: the state.
        is_trusted: whether every setting of its language model is taken over.

    Raises:
        StateError: the state has no signature, one with other fields, or an entry of the wrong kind.
    """
    try:
        signature = predictor.signature.load_state(state["signature"])
        demos = [_typed(signature, demo) for demo in _listed(state, "demos")]
        traces, train = _listed(state, "traces"), _listed(state, "train")
        config = state.get("config", predictor.config)
        config = kept_settings(dict(config), f"`{predictor!r}`") if "config" in state else config
        saved = state.get("lm")
        lm = predictor.lm if saved is None else restored_lm(saved, predictor.lm, is_trusted=is_trusted)
    except StateError as error:
        raise StateError(f"the state does not fit `{predictor!r}`: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise StateError(f"the state does not fit `{predictor!r}`: {error}") from error
    predictor.signature = signature
    predictor.demos = demos
    predictor.traces = traces
    predictor.train = train
    predictor.config = config
    predictor.lm = lm


def dump(predictor: Restorable, json_mode: bool = True) -> dict[str, Any]:
    """What a predictor has learned: demos, signature, LM, and the settings of the calls.

    Args:
        predictor: the predictor.
        json_mode: as JSON's types; False leaves the values of demos as they are.

    Raises:
        StateError: a value that JSON cannot hold; the message gives its field and type.
    """
    config = predictor.config
    plain = _plain if json_mode else _as_it_is
    try:
        return {
            "traces": [plain(step, "a trace") for step in predictor.traces],
            "train": [plain(row, "an example of `train`") for row in predictor.train],
            "demos": [plain(demo, "a demo") for demo in predictor.demos],
            "signature": predictor.signature.dump_state(),
            "config": drop_secrets({name: as_json(config[name], f"the setting `{name}`") for name in config}),
            "lm": predictor.lm.dump_state() if predictor.lm is not None else None,
        }
    except Unstorable as error:
        raise StateError(f"the state of `{predictor!r}` cannot be written: {error}") from None


def _plain(values: Any, what: str) -> dict[str, Any]:
    return {name: as_json(value, f"`{name}` of {what}") for name, value in dict(values).items()}


def _as_it_is(values: Any, what: str) -> dict[str, Any]:
    return dict(values)


def _listed(state: Mapping[str, Any], name: str) -> list[Any]:
    found = state.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise StateError(f"`{name}` must be a list of objects")
    return list(found)


def _typed(signature: type[Signature], demo: Mapping[str, Any]) -> Example:
    values: dict[str, Any] = {}
    for name, value in demo.items():
        try:
            values |= typed_demo(signature, {name: value})
        except Misfit as misfit:
            logger.warning(
                "the saved demo's `%s` is no longer a value of its type; it is kept as it is",
                misfit.path.lstrip("."),
            )
            values[name] = value
    return Example(values)
