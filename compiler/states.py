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
        )
    )
