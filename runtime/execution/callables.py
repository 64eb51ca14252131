"""Calling the functions that users hand in: metrics, filters, reducers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import drive


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function from synchronous code and return its result; what an async one gives is awaited."""
    result = function(*args, **kwargs)
    if result is None or type(result) in _PLAIN:
        return result
    if inspect.isawaitable(result):
        return drive.run(_wait(result), concurrent=True)
    return result


_PLAIN = frozenset({bool, int, float, str, list, dict})
"""Types whose values need not be asked whether they can be awaited."""


def accepted(function: Callable[..., Any], offered: dict[str, Any]) -> dict[str, Any]:
    """Those of the offered keyword arguments that the function names.

    One that takes `**` arguments gets no others: it may hand them on to a function that takes none of them.
    """
    names = _keyword_names(function)
    if names.isdisjoint(offered):
        return {}
    if names.issuperset(offered):
        return offered
    return {name: value for name, value in offered.items() if name in names}


def name_of(function: object) -> str:
    """The name of a function for reports and states: `same_label`, or the class's name for an object."""
    name = getattr(function, "__name__", None) or getattr(function, "name", None)
    return name if isinstance(name, str) else type(function).__name__


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with so many values; true where it does not say."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _keyword_names(function: Callable[..., Any]) -> frozenset[str]:
    try:
        return _cached_names(function)
    except TypeError:
        # Not hashable, so not remembered.
        return _read_names(function)


def _read_names(function: Callable[..., Any]) -> frozenset[str]:
    # A module that is used as a metric: what its calls take is what its `forward` names.
    own = None if isinstance(function, type) else getattr(function, "argument_names", None)
    if own is not None:
        named: frozenset[str] = own()
        return named
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        # A built-in without a signature takes what every caller gives, and no more.
        return frozenset()
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return frozenset(parameter.name for parameter in parameters if parameter.kind in by_name)


_cached_names = lru_cache(maxsize=256)(_read_names)


async def _wait(awaitable: Any) -> Any:
    return await awaitable
