"""What a function or a module does, as facts for a digest: its code, and the values that the code depends on.

A function's closure, defaults and the globals of its file that it names count as much as its code: two
metrics that one function has made differ in nothing else. Of packages only a function's own code counts.

A list or a dict may be what a metric takes notes in, and a private attribute what it works with, so these
count as they were when this process first looked at their owner: a run that goes on in the same process is
the same run.
"""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Set,
)
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import count, islice
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from ..execution.callables import name_of
from .users import is_users_code

MOST_ITEMS = 1_000
"""How many items of one list count; of a longer one its length does, too."""
MOST_VALUES = 20_000
"""How many values count in all."""

_first_facts: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def behaviour(value: Any, predictors_of: Callable[[Any], str]) -> Any:
    """What a function, a module or an object does, in JSON's types.

    Args:
        value: the function, module or object.
        predictors_of: what stands for the predictors of a module.
    """
    return _Reader(predictors_of).read(value)


class _Reader:
    """Reads values, each once.

    Attributes:
        inside: the lists and dicts that are being read, by identity.
    """

    def __init__(self, predictors_of: Callable[[Any], str]) -> None:
        self.inside: frozenset[int] = frozenset()
        self._predictors_of = predictors_of
        self._seen: dict[int, Any] = {}
        self._count: Iterator[int] = count()

    def _apart(self, value: Any) -> _Reader:
        """A reader of a list or dict, which has read nothing before."""
        found = _Reader(self._predictors_of)
        found.inside, found._count = self.inside | {id(value)}, self._count
        return found

    def read_anew(self, value: Any) -> Any:
        """The facts of any value, whose items may be this value."""
        return value if value is None or _is_plain(value) else self._read(value)

    def read(self, value: Any) -> Any:
        """The facts of any value; of one that has been read before, that it comes again."""
        if value is None or (isinstance(value, (str, int, float)) and not isinstance(value, enum.Enum)):
            return value
        if id(value) in self._seen or id(value) in self.inside or next(self._count) >= MOST_VALUES:
            return "…"
        self._seen[id(value)] = value
        return self._read(value)

    def _read(self, value: Any) -> Any:
        kind = type(value).__qualname__
        match value:
            case enum.Enum():
                return [kind, value.name]
            case bytes():
                return [kind, value.hex()]
            case FunctionType():
                return self._function(value)
            case MethodType():
                owner = value.__self__
                return [self.read(value.__func__), self.read(owner)]
            case partial():
                return [self.read(each) for each in (value.func, value.args, value.keywords)]
            case type():
                return self._class(value)
            case Mapping():
                return [kind, len(value), self._items(item for pair in value.items() for item in pair)]
            case list() | tuple():
                return [kind, len(value), self._items(value)]
            case re.Pattern():
                return [kind, self.read(value.pattern), value.flags]
            case complex() | Decimal() | Fraction() | date() | time() | timedelta() | PurePath() | UUID():
                return [kind, str(value)]
            case Set():
                return [kind, len(value), sorted(repr(each) for each in value if _is_plain(each))]
        if callable(wrapped := getattr(value, "__wrapped__", None)):
            return [kind, self.read(wrapped)]
        return self._object(value)

    def _items(self, values: Iterable[Any]) -> list[Any]:
        return [self.read(each) for each in islice(values, MOST_ITEMS)]

    def _object(self, value: Any) -> Any:
        kind = type(value)
        facts = [name_of(value) if callable(value) else kind.__qualname__, self._class(kind)]
        if hasattr(kind, "named_predictors"):
            facts.append(self._predictors_of(value))
            if hasattr(value, "signature") and hasattr(value, "demos"):
                return facts
            return [*facts, self._attributes(value, is_module=True)]
        if not _is_users_class(kind):
            return facts
        return [*facts, self._attributes(value, is_module=False)]

    def _attributes(self, owner: Any, is_module: bool) -> list[Any]:
        slots = [name for kind in type(owner).__mro__ for name in _slots(kind) if hasattr(owner, name)]
        found = {**{name: getattr(owner, name) for name in slots}, **getattr(owner, "__dict__", {})}
        # The private ones of a module are mostly the runtime's.
        names = (name for name in sorted(found) if not (name.startswith("__" if not is_module else "_")))
        return [[name, self._kept(owner, name, found[name])] for name in names]

    def _kept(self, owner: Any, name: str, value: Any) -> Any:
        """The facts of a value that a function or an object has: of one that changes, and of a private one,
        those of the first time.
        """
        is_changing = isinstance(value, (MutableSequence, MutableMapping, MutableSet))
        if not (is_changing or name.startswith("_")):
            return self.read(value)
        # Apart from what has been read before, so that the first time says the same as any other.
        facts = "…" if id(value) in self.inside else self._apart(value).read_anew(value)
        try:
            return _first_facts.setdefault(owner, {}).setdefault(name, facts)
        except TypeError:  # an object that cannot be a key
            return facts

    def _class(self, kind: type) -> Any:
        """The functions and plain values of a user's class and of those it is made from."""
        facts: list[Any] = [kind.__qualname__]
        for each in kind.__mro__:
            if not _is_users_class(each):
                continue
            for name, member in sorted(vars(each).items()):
                plain = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if isinstance(plain, FunctionType) or (_is_plain(plain) and not name.startswith("__")):
                    facts.append([name, self.read(plain)])
        return facts

    def _function(self, function: FunctionType) -> Any:
        code = function.__code__
        facts: list[Any] = [name_of(function), _code_facts(code)]
        if not is_users_code(function.__module__ or "", code.co_filename):
            return facts
        facts += [self.read(function.__defaults__), self.read(function.__kwdefaults__)]
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        facts.append([self._kept(function, name, _content(cell)) for name, cell in cells])
        return [*facts, self._globals(function)]

    def _globals(self, function: FunctionType) -> list[Any]:
        """The user's functions, classes and modules, and the plain values, that a function names."""
        found = []
        for name in sorted(_names(function.__code__)):
            value = function.__globals__.get(name)
            is_code = isinstance(value, (FunctionType, type, partial)) or hasattr(
                type(value), "named_predictors"
            )
            if (is_code or _is_plain(value)) and not isinstance(value, ModuleType):
                found.append([name, self.read(value)])
            elif isinstance(value, _CONSTANTS):
                found.append([name, self._kept(function, f"global {name}", value)])
        return found


_CONSTANTS = (list, tuple, dict, set, frozenset, bytes, re.Pattern, Decimal, Fraction, date, time, timedelta)
"""What a file has as constants, beside plain values."""


def _slots(kind: type) -> tuple[str, ...]:
    found = vars(kind).get("__slots__", ())
    return (found,) if isinstance(found, str) else tuple(found)


def _is_plain(value: Any) -> bool:
    return value is not None and isinstance(value, (str, int, float))


def _is_users_class(kind: type) -> bool:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return kind.__module__ != "builtins" and is_users_code(kind.__module__, file or "")


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _names(code: CodeType) -> set[str]:
    inside = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inside))


def _code_facts(code: CodeType) -> list[Any]:
    constants = [
        _code_facts(constant) if isinstance(constant, CodeType) else _constant(constant)
        for constant in code.co_consts
    ]
    return [code.co_name, code.co_code.hex(), list(code.co_names), constants]


def _constant(value: Any) -> str:
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)
