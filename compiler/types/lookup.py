"""Questions about many constants at once, answered by a table that is made once for each tuple of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .model import Value

T = TypeVar("T")

_FEW = 16
"""Below so many constants, making a table costs nothing."""
_MOST = 64
"""How many tables are kept, each with its tuple."""


def _by_identity(make: Callable[[tuple[Any, ...]], T]) -> Callable[[tuple[Any, ...]], T]:
    """Remember what is made of a tuple by the tuple itself: to hash it takes as long as to make a table."""
    known: dict[int, tuple[tuple[Any, ...], T]] = {}

    def look_up(values: tuple[Any, ...]) -> T:
        if len(values) < _FEW:
            return make(values)
        found = known.get(id(values))
        if found is None or found[0] is not values:
            if len(known) >= _MOST:
                known.clear()
            # The tuple is kept, so that no other one gets its number.
            found = known[id(values)] = values, make(values)
        return found[1]

    return look_up


@_by_identity
def constants(values: tuple[Value, ...]) -> frozenset[tuple[type, Value]]:
    """The constants of a `Literal` with their classes, because `1 == True`."""
    return frozenset((type(value), value) for value in values)


@_by_identity
def classes(values: tuple[Value, ...]) -> frozenset[str]:
    """The names of the constants' classes."""
    return frozenset(type(value).__name__ for value in values)


@_by_identity
def member_names(members: tuple[tuple[str, Value], ...]) -> frozenset[str]:
    """The names of an enumeration's members."""
    return frozenset(name for name, _ in members)


@_by_identity
def member_values(members: tuple[tuple[str, Value], ...]) -> tuple[Value, ...]:
    """The values of an enumeration's members, always the same tuple."""
    return tuple(value for _, value in members)
