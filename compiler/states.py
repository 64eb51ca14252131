"""What the state of a program tells of the program that it was made for."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from .facts import SavedPredictor, SavedState

VERSION = 1
"""The format of states; a test compares it with the runtime's."""


class _Signature(Struct):
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}


class _Predictor(Struct):
    signature: _Signature


class _State(Struct):
    dspyc_state: Any = None
    created: Any = ""
    score: Any = None
    predictors: dict[str, _Predictor] = {}


def saved_state(data: bytes) -> SavedState:
    """What a state file's content tells."""
    try:
        found = msgspec.json.decode(data, type=_State)
    except (msgspec.MsgspecError, RecursionError) as error:
        reason = "is nested too deeply" if isinstance(error, RecursionError) else f"is not a state: {error}"
        return SavedState(problem=reason)
    if found.dspyc_state is None:
        return SavedState(problem="is not the state of a program: it has no `dspyc_state`")
    if found.dspyc_state != VERSION:
        return SavedState(problem=f"has the format {found.dspyc_state!r}; this version reads {VERSION}")
    return SavedState(
        tuple(
            SavedPredictor(name, tuple(each.signature.inputs.items()), tuple(each.signature.outputs.items()))
            for name, each in found.predictors.items()
        ),
        created=found.created if isinstance(found.created, str) else "",
        **_score(found.score),
    )


def _score(found: Any) -> dict[str, Any]:
    """What is said of a score, as far as it has the form that it should have."""
    if not isinstance(found, dict):
        return {}
    metric, examples = found.get("metric"), found.get("examples")
    return {
        **{name: float(found[name]) for name in ("before", "after") if _is_number(found.get(name))},
        "metric": metric if isinstance(metric, str) else "",
        "examples": examples if isinstance(examples, int) else 0,
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
