"""Plain values where a record, an enumeration or a date is declared: they become one where they come in."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ...grammar import syntax
from .. import types
from ..types import Type
from . import expressions, hints
from .code import Here, assign, call, constant, load, no_parameters, store
from .scope import Function, Scope


def converted_parameters(scope: Scope, found: Sequence[syntax.Parameter]) -> list[ast.stmt]:
    """The first lines of a function: parameters that hold records or members are turned into them."""
    return [
        scope.here.at(each, assign(store(name), _as_type(scope.here, each.annotation, load(name), name)))
        for each in found
        if each.name is not None and each.annotation is not None and (name := scope.local(each.name.text))
        if _holds_objects(scope.here.item.type_of(each.annotation))
    ]


def converted(
    here: Here, annotation: syntax.Expression | None, given: syntax.Expression, made: ast.expr, name: str
) -> ast.expr:
    """A value for a place of a declared type, turned into that where it is known to be a plain one.

    Args:
        here: the declaration.
        annotation: the type that is declared.
        given: the value as it stands in the text.
        made: the value in Python.
        name: what the value is for, for messages.
    """
    if annotation is None or not is_converted(here, annotation, given):
        return made
    return here.at(given, _as_type(here, annotation, made, name))


def is_converted(here: Here, annotation: syntax.Expression, given: syntax.Expression) -> bool:
    """Whether a value is known to be a plain one where its declared type has records or members."""
    return _is_plain(here.item.type_of(given), here.item.type_of(annotation))


def converted_default(here: Here, field: syntax.Field) -> ast.expr | None:
    """A function that makes the default of a field, where it is a plain value for another type."""
    if field.type is None or field.default is None or not is_converted(here, field.type, field.default):
        return None
    value = expressions.expression(Scope(here, Function(set(), (field.default,))), field.default)
    made = _as_type(here, field.type, value, field.name.text)
    return here.at(field.default, ast.Lambda(no_parameters(), made))


def _as_type(here: Here, annotation: syntax.Expression, value: ast.expr, name: str) -> ast.expr:
    helper = here.names.helper("compiled", "as_type")
    return call(helper, [hints.annotation(here, annotation), value, constant(name)])


def _holds_objects(kind: Type) -> bool:
    match kind:
        case types.Record() | types.Enum():
            return True
        case types.List(item=item) | types.Set(item=item) | types.Iterable(item=item):
            return _holds_objects(item)
        case types.Dict(key=key, value=value):
            return _holds_objects(key) or _holds_objects(value)
        case types.Tuple(items=items, rest=rest):
            return any(map(_holds_objects, items if rest is None else (*items, rest)))
        case types.Union(options=options):
            return any(map(_holds_objects, options))
        case _:
            return False


_FROM_TEXT = frozenset({"date", "datetime", "Decimal"})


def _is_plain(given: Type, wanted: Type) -> bool:
    """Whether a part of a value is a dict or a constant where a record, a member or a date is wanted."""
    match given, wanted:
        case types.Union(options=options), _:
            return any(_is_plain(each, wanted) for each in options)
        case types.Unknown() | types.Anything(), _:
            return _holds_objects(wanted)  # what a Python function gives, like parsed JSON
        case (types.Dict(), types.Record()) | (types.Literals() | types.Builtin(), types.Enum()):
            return True
        case types.Literals(), types.Builtin(name=name):
            return name in _FROM_TEXT
        case types.Literals() | types.Builtin(), types.Union(options=options):
            return types.STR not in options and any(_is_plain(given, each) for each in options)
        case _, types.Union(options=options):
            return any(_is_plain(given, each) for each in options)
        case types.List(item=one), types.List(item=other) | types.Iterable(item=other):
            return _is_plain(one, other)
        case types.Set(item=one), types.Set(item=other):
            return _is_plain(one, other)
        case types.Dict(key=key, value=value), types.Dict(key=other_key, value=other):
            return _is_plain(key, other_key) or _is_plain(value, other)
        case types.Tuple(items=ones), types.Tuple(items=others, rest=rest):
            pairs = zip(ones, others if rest is None else (rest,) * len(ones), strict=False)
            return any(_is_plain(one, other) for one, other in pairs)
        case _:
            return False
