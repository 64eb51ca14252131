"""Models that answer in the place of others for a while, as `--lm` on the command line asks for.

Unlike a setting this holds for models that modules have of their own, and for calls of a model itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_everywhere: ContextVar[Any] = ContextVar("dspyc_model_everywhere", default=None)
_otherwise: ContextVar[Any] = ContextVar("dspyc_model_otherwise", default=None)
_INSTEAD = "_answered_by"
"""The attribute of a model that another one answers for; copies of it have it too."""
_FIXED = "_answers_itself"
"""The attribute of a model that answers for others, so that its copies are not replaced again."""


class Replaced:
    """Whether models were ever replaced in this process; where not, nobody looks for it."""

    anywhere = False


@contextmanager
def replacing(
    everywhere: Any = None, pairs: Iterable[tuple[Any, Any]] = (), otherwise: Any = None
) -> Iterator[None]:
    """Let models answer in the place of others, in this thread or task and in those started from it.

    Args:
        everywhere: what answers for all models, also where there is none; None for none.
        pairs: single models, each with the one that answers for it, in all threads; these come first.
        otherwise: what answers where there is no model.
    """
    Replaced.anywhere = True
    replaced = list(pairs)
    fixed = [other for _, other in replaced] + ([] if everywhere is None else [everywhere])
    for model, other in replaced:
        setattr(model, _INSTEAD, other)
    for other in fixed:
        setattr(other, _FIXED, True)
    token, other_token = _everywhere.set(everywhere), _otherwise.set(otherwise)
    try:
        yield
    finally:
        _otherwise.reset(other_token)
        _everywhere.reset(token)
        for model, _ in replaced:
            model.__dict__.pop(_INSTEAD, None)
        for other in fixed:
            other.__dict__.pop(_FIXED, None)


def set_answers_itself(model: Any, is_fixed: bool) -> None:
    """Let nothing answer in the place of a model, or what answers in the place of the program's models."""
    if is_fixed:
        setattr(model, _FIXED, True)
    else:
        getattr(model, "__dict__", {}).pop(_FIXED, None)


def answers_itself(model: Any) -> bool:
    """Whether nothing answers in the place of this model."""
    return _FIXED in getattr(model, "__dict__", _NONE)


@contextmanager
def answering_themselves(models: Iterable[Any]) -> Iterator[None]:
    """Let models answer themselves for a while, whatever answers in the place of others."""
    Replaced.anywhere = True
    fixed = [model for model in models if not answers_itself(model)]
    for model in fixed:
        set_answers_itself(model, True)
    try:
        yield
    finally:
        for model in fixed:
            set_answers_itself(model, False)


def in_place_of(model: Any) -> Any:
    """The model that answers here for one, which may be None: the model itself unless it is replaced."""
    if not Replaced.anywhere:
        return model
    attributes = getattr(model, "__dict__", _NONE)
    if _FIXED in attributes:
        return model
    return attributes.get(_INSTEAD) or _everywhere.get() or model or _otherwise.get()


def let_answer(model: Any) -> None:
    """Let a mock that says that it is a model, as `MagicMock(spec=LM)` of a test does, be asked as one.

    Whatever else stands for a model, such as a proxy, hands on what it is asked; it is left as it is.
    """
    mocks = sys.modules.get("unittest.mock")
    if mocks is None or not issubclass(type(model), mocks.NonCallableMock):
        return
    if type(model) is model.__class__ or not stand_ins:
        return
    attributes = object.__getattribute__(model, "__dict__")
    if attributes.get("_is_saved") is not False:
        Replaced.anywhere = True
        attributes["_is_saved"] = False
        attributes[_INSTEAD] = stand_ins[-1](model)


stand_ins: list[Callable[[Any], Any]] = []
"""What makes a model that asks such a stand-in; models are on a floor above."""
_NONE: dict[str, Any] = {}
