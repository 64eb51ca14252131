"""Uses of a value that may be `None` by its type, where the program does what it takes all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....base.quiet import without_warnings
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.narrowing import path_of
from ...trees import walk
from .effort import ways_through

_WITH_NONE = frozenset({"AttributeError", "BaseException", "Exception", "TypeError"})
"""What a use of `None` raises, and the classes above."""
_TEXTS = ("", "a", "B1", " x", "0", "-.", "\n", "a b\n", "é", "_\t", "}\r\n")
"""A pattern that matches all of these is taken for one that matches every text."""
_LONGEST = 300
_MOST_WAYS = 10_000
"""Patterns that are longer, or that have more ways through one of these texts, are not tried."""


def is_accounted_for(
    program: Program, item: Item, value: syntax.Expression, conditions: list[syntax.Expression]
) -> bool:
    """Whether a program that uses a value, which may be `None` by its type, has thought of that.

    Args:
        program: the program.
        item: the declaration that uses it.
        value: the value.
        conditions: what the declaration tests.
    """
    return (
        _is_caught(item, value)
        or _always_matches(program, item, value)
        or _is_tested_otherwise(item, value, conditions)
    )


def _is_caught(item: Item, value: syntax.Expression) -> bool:
    """Whether the use stands in a `try` that takes what it raises."""
    return any(
        _is_among(value, node.body) and any(_takes(clause.kind) for clause in node.clauses)
        for node in item.nodes(syntax.Try)
    )


def _takes(kind: syntax.Expression) -> bool:
    names = kind.elements if isinstance(kind, syntax.Tuple) else (kind,)
    return any(isinstance(each, syntax.Name) and each.text in _WITH_NONE for each in names)


def _is_among(value: syntax.Node, body: tuple[syntax.Statement, ...]) -> bool:
    return any(each.span.start <= value.span.start and value.span.end <= each.span.end for each in body)


# --- tests that the types do not follow -----------------------------------------------------------------


def _is_tested_otherwise(item: Item, value: syntax.Expression, conditions: list[syntax.Expression]) -> bool:
    """`found = bool(m)` and `if found`, `if all([m, n])`"""
    path = path_of(value)
    if path is None:
        return False
    flags = {
        each.target.text
        for each in item.nodes(syntax.Assign)
        if isinstance(each.target, syntax.Name) and _is_test(each.value) and _has(each.value, path)
    }
    for condition in conditions:
        for node in walk(condition):
            if isinstance(node, syntax.Name) and node.text in flags:
                return True
            if isinstance(node, syntax.Call) and _is_call_of(node, ("all",)) and _has(node, path):
                return True
    return False


def _is_test(value: syntax.Expression) -> bool:
    match value:
        case syntax.Comparison() | syntax.Unary(operator="not"):
            return True
        case syntax.Boolean(values=values):
            return any(_is_test(each) for each in values)
        case syntax.Call():
            return _is_call_of(value, ("all", "bool", "isinstance"))
        case _:
            return False


def _is_call_of(node: syntax.Call, names: tuple[str, ...]) -> bool:
    return isinstance(node.function, syntax.Name) and node.function.text in names


def _has(node: syntax.Expression, path: str) -> bool:
    return any(
        isinstance(each, syntax.Name | syntax.Attribute | syntax.Subscript) and path_of(each) == path
        for each in walk(node)
    )


# --- patterns that match every text ---------------------------------------------------------------------


def _always_matches(program: Program, item: Item, value: syntax.Expression) -> bool:
    """`re.match(r"\\s*", line)`, and a name for it."""
    match value:
        case syntax.Boolean(operator="or", values=values):
            return any(_always_matches(program, item, each) for each in values)
        case syntax.Name(text=text):
            given = list(_assigned(item, text))
            return bool(given) and all(
                isinstance(each, syntax.Call) and _always_matches(program, item, each) for each in given
            )
        case syntax.Call(function=function):
            callee = item.type_of(function)
            if not isinstance(callee, types.Function) or callee.origin != "builtin":
                return False
            pattern = _pattern(program, item, value)
            return pattern is not None and _matches_all(callee.name, pattern)
        case _:
            return False


def _assigned(item: Item, name: str) -> Iterator[syntax.Expression]:
    for each in item.nodes(syntax.Assign):
        if any(isinstance(node, syntax.Name) and node.text == name for node in walk(each.target)):
            yield each.value


def _pattern(program: Program, item: Item, call: syntax.Call) -> str | None:
    """The pattern that a call of `re`, or of a compiled pattern, looks for, where it is written out."""
    if isinstance(call.function, syntax.Attribute) and _is_pattern(item, call.function.value):
        return _compiled(program, item, call.function.value)
    return _first_text(call)


def _is_pattern(item: Item, node: syntax.Expression) -> bool:
    kind = item.type_of(node)
    return isinstance(kind, types.Instance) and kind.definition.name == "Pattern"


def _first_text(call: syntax.Call) -> str | None:
    named = next((each for each in call.arguments if each.name and each.name.text == "pattern"), None)
    match named or next(iter(call.arguments), None):
        case syntax.Argument(value=syntax.String(value=text), star=""):
            return text
        case _:
            return None


def _compiled(program: Program, item: Item, node: syntax.Expression) -> str | None:
    """The pattern of `re.compile("…")`, or of a constant that is that."""
    if isinstance(node, syntax.Call):
        return _first_text(node)
    if not isinstance(node, syntax.Name):
        return None
    own = list(_assigned(item, node.text))
    if own:
        return _first_text(own[0]) if len(own) == 1 and isinstance(own[0], syntax.Call) else None
    return program.ask(_declared_pattern, node.text)


def _declared_pattern(program: Program, name: str) -> str | None:
    symbol = program.symbols.get(name)
    owner = program.item(symbol.item) if symbol is not None else None
    declaration = owner.declaration if owner is not None else None
    value = declaration.value if isinstance(declaration, syntax.ConstantDeclaration) else None
    return _first_text(value) if isinstance(value, syntax.Call) else None


def _matches_all(name: str, pattern: str) -> bool:
    if len(pattern) > _LONGEST or name not in ("fullmatch", "match", "search"):
        return False
    try:
        with without_warnings():
            look = getattr(re.compile(pattern), name)
            ways = ways_through(pattern, max(map(len, _TEXTS)))
    except (re.error, OverflowError, RecursionError):
        return False
    return ways <= _MOST_WAYS and all(look(text) for text in _TEXTS)
