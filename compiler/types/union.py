"""Unions: how they are made, taken apart and widened."""

from __future__ import annotations

from collections import abc
from collections.abc import Iterator

from .model import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    NEVER,
    NONE,
    STR,
    UNKNOWN,
    Anything,
    Builtin,
    Dict,
    Enum,
    Iterable,
    List,
    Literals,
    Never,
    Nothing,
    Record,
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
    if len(options) == 1:
        return options[0]
    if len(options) == 2:
        # Most often the same type meets itself, or an empty list another one.
        first, second = options
        if first is second or second is NEVER:
            return first
        if first is NEVER:
            return second
    flat: dict[Type, None] = {}
    values: dict[tuple[type, Value], None] = {}
    parts: dict[Enum, Enum] = {}
    last: tuple[Value, ...] = ()
    for option in options:
        for each in option.options if isinstance(option, Union) else (option,):
            if each.__class__ in _PLAIN:
                flat[each] = None
                continue
            if isinstance(each, Unknown):
                return UNKNOWN
            if isinstance(each, Literals):
                # By class, because `1 == True`. All constants stand where the first one does.
                if each.values is not last:
                    values.update(dict.fromkeys((type(value), value) for value in each.values))
                    last = each.values
                each = _CONSTANTS
            elif isinstance(each, Enum) and (each.whole is not None or parts):
                # What is left of one enumeration in several branches is left in all of them together.
                whole = each.whole or each
                before = parts.get(whole)
                parts[whole] = each if before is None else _together(before, each)
                each = whole
            if not isinstance(each, Never):
                flat[each] = None
    if not flat:
        return NEVER if options else UNKNOWN
    if ANY in flat:
        return ANY
    if len(flat) == 1 and not values and not parts:
        return next(iter(flat))
    if _EMPTY in flat and any(isinstance(each, List) and each != _EMPTY for each in flat):
        flat.pop(_EMPTY)
    constants = Literals(tuple(value for _, value in values)) if values else _CONSTANTS
    found = tuple(constants if each is _CONSTANTS else each for each in flat)
    if parts:
        found = tuple(parts.get(each, each) if isinstance(each, Enum) else each for each in found)
    return found[0] if len(found) == 1 else Union(found)


_PLAIN = frozenset({Builtin, Nothing, List, Set, Dict, Tuple, Iterable, Record})
"""Classes of options that need no look."""


def _together(first: Enum, second: Enum) -> Enum:
    """What is left of an enumeration where either of two parts of it is."""
    names = {name for each in (first, second) for name, _ in each.members}
    return (first.whole or first).only(names)


_EMPTY = List(NEVER)
_EMPTY_DICT = Dict(NEVER, NEVER)
_CONSTANTS = Literals(())
"""Holds the place of a union's constants while they are collected."""


def joined(kinds: abc.Iterable[Type]) -> Type:
    """The type of a collection's items: their union, as long as it has a bearable size.

    A union of more than `MOST_VALUES` constants or `MOST_OPTIONS` types counts by classes, and what is still
    too much is `Any`: types are compared and shown, and a table of data is not to be carried along as one.
    """
    found = merged(*kinds)
    if not isinstance(found, (Literals, Union)) or not _is_too_large(found):
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
    if isinstance(kind, Builtin):
        return kind
    if isinstance(kind, Literals):
        if len(kind.values) == 1:
            return _CLASSES[type(kind.values[0])]
        return union(*(_CLASSES[each] for each in dict.fromkeys(map(type, kind.values))))
    if isinstance(kind, Union):
        return union(*map(widened, kind.options))
    if isinstance(kind, Enum) and kind.whole is not None:
        return kind.whole
    return kind


_CLASSES: dict[type, Type] = {str: STR, int: INT, bool: BOOL, float: FLOAT, type(None): NONE}


def merged(*kinds: Type) -> Type:
    """The union of what a value is on several ways: a constant disappears beside its class.

    `Literal[0] | int` says no more than `int`, and `Literal[True, False]` no more than `bool`. So do
    containers: `list[int] | list[Literal[0]]` is `list[int]`.
    """
    if len(kinds) < 2:
        return union(*kinds)
    first = kinds[0]
    if len(kinds) == 2:
        second = kinds[1]
        if first is second or first == second:
            return first
        for one, other in ((first, second), (second, first)):
            if isinstance(one, Literals) and isinstance(other, Builtin) and _are_all(one.values, other.name):
                return other
    found = union(*kinds)
    if isinstance(found, Literals):
        return BOOL if len(found.values) == 2 and {*map(type, found.values)} == {bool} else found
    if not isinstance(found, Union):
        return found
    containers = 0
    constants: Literals | None = None
    for each in found.options:
        if each.__class__ in _CONTAINERS:
            containers += 1
        elif isinstance(each, Literals):
            constants = each
    if containers > 1:
        found = _without_empty(found)
    if constants is None or not isinstance(found, Union):
        return found
    classes = {each.name for each in found.options if isinstance(each, Builtin)}
    left = tuple(each for each in constants.values if type(each).__name__ not in classes)
    both = [each for each in left if isinstance(each, bool)]
    if len(both) == 2:
        left = tuple(each for each in left if not isinstance(each, bool))
    elif len(left) == len(constants.values):
        return found
    kept = [Literals(left) if each is constants else each for each in found.options]
    return union(*(each for each in kept if each != _CONSTANTS), *([BOOL] if len(both) == 2 else []))


_CONTAINERS = frozenset({List, Set, Dict, Tuple, Iterable})


def _are_all(values: tuple[Value, ...], name: str) -> bool:
    """Whether all constants have the class of this name."""
    return all(type(value).__name__ == name for value in values)


def _without_empty(kind: Union) -> Type:
    """A union without containers that are empty, or of constants where one of their classes stands beside."""
    wide = {each: plain(each) for each in kind.options if each.__class__ in _CONTAINERS}
    said = {each for each, other in wide.items() if each == other}
    dicts = sum(isinstance(each, Dict) for each in wide)
    kept = [
        each
        for each in kind.options
        if (each not in wide or each in said or wide[each] not in said)
        and not (each == _EMPTY_DICT and dicts > 1)
    ]
    return union(*kept)


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
    return not isinstance(kind, _NOT_KNOWN)


# A tuple, because `A | B` is made anew each time that it is asked for.
_NOT_KNOWN = (Unknown, Anything, Never)
