"""Unions: how they are made, taken apart and widened."""

from __future__ import annotations

from collections import abc
from collections.abc import Iterator

from .model import (
    ANY,
    NEVER,
    NONE,
    UNKNOWN,
    Anything,
    Builtin,
    Dict,
    Iterable,
    List,
    Literals,
    Never,
    Set,
    Tuple,
    Type,
    Union,
    Unknown,
    Value,
)

MOST_OPTIONS = 64
"""So many different types a collection's items may have before constants count as their classes."""
MOST_VALUES = 256
"""So many different constants a collection's items may be before they count as their classes."""


def union(*options: Type) -> Type:
    """The union of types: flat, without repetition; of a single option, that option."""
    flat: dict[Type, None] = {}
    values: dict[tuple[type, Value], None] = {}
    last: tuple[Value, ...] = ()
    for option in options:
        for each in option.options if isinstance(option, Union) else (option,):
            if isinstance(each, Unknown):
                return UNKNOWN
            if isinstance(each, Literals):
                # By class, because `1 == True`. All constants stand where the first one does.
                if each.values is not last:
                    values.update(dict.fromkeys((type(value), value) for value in each.values))
                    last = each.values
                each = _CONSTANTS
            if not isinstance(each, Never):
                flat[each] = None
    if not flat:
        return NEVER if options else UNKNOWN
    if ANY in flat:
        return ANY
    if any(isinstance(each, List) and isinstance(each.item, Never) for each in flat) and any(
        isinstance(each, List) and not isinstance(each.item, Never) for each in flat
    ):
        flat.pop(List(NEVER))
    constants = Literals(tuple(value for _, value in values))
    found = tuple(constants if each is _CONSTANTS else each for each in flat)
    return found[0] if len(found) == 1 else Union(found)


_CONSTANTS = Literals(())
"""Holds the place of a union's constants while they are collected."""


def joined(kinds: abc.Iterable[Type]) -> Type:
    """The type of a collection's items: their union, as long as it has a bearable size.

    A union of more than `MOST_VALUES` constants or `MOST_OPTIONS` types counts by classes, and what is still
    too much is `Any`: types are compared and shown, and a table of data is not to be carried along as one.
    """
    found = union(*kinds)
    if not _is_too_large(found):
        return found
    found = union(*map(plain, options(found)))
    return ANY if _is_too_large(found) else found


def _is_too_large(kind: Type) -> bool:
    if isinstance(kind, Literals):
        return len(kind.values) > MOST_VALUES
    return isinstance(kind, Union) and (
        len(kind.options) > MOST_OPTIONS or any(map(_is_too_large, kind.options))
    )


def widened(kind: Type) -> Type:
    """The class of a literal's values; other types as they are."""
    if isinstance(kind, Literals):
        classes = dict.fromkeys(map(type, kind.values))
        return union(*(NONE if each is type(None) else Builtin(each.__name__) for each in classes))
    if isinstance(kind, Union):
        return union(*map(widened, kind.options))
    return kind


def plain(kind: Type) -> Type:
    """A type as one says it: constants by their class, in containers too."""
    match widened(kind):
        case List(item=item):
            return List(plain(item))
        case Set(item=item):
            return Set(plain(item))
        case Iterable(item=item):
            return Iterable(plain(item))
        case Dict(key=key, value=value):
            return Dict(plain(key), plain(value))
        case Tuple(items=items, rest=rest):
            return Tuple(tuple(map(plain, items)), None if rest is None else plain(rest))
        case other:
            return other


def options(kind: Type) -> Iterator[Type]:
    """The options of a union, or the type itself."""
    if isinstance(kind, Union):
        yield from kind.options
    else:
        yield kind


def known(kind: Type) -> bool:
    """Whether something is known of a type, so that a rule may speak about it."""
    return not isinstance(kind, Unknown | Anything | Never)
