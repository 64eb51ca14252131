"""Whether a `match`, or an `if` with its `elif`s, takes every value that its subject can have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from ....grammar import syntax
from ... import types
from ...program import Item
from ...types import Type

_Choice: TypeAlias = tuple[type, object]
"""A value with its class, because `1 == True`; a member of an enumeration by its name."""


def is_exhaustive(item: Item, node: syntax.Match) -> bool:
    """Whether one of the cases matches, whatever the subject is."""
    if any(catches_all(each) for each in node.cases):
        return True
    left = _choices(item.type_of(node.subject))
    if left is None:
        return False
    for case in node.cases:
        if case.guard is None:
            left -= _matched(item, case.pattern)
    return not left


def is_exhaustive_chain(item: Item, node: syntax.If) -> bool:
    """Whether one of the tests holds, because they compare one name with all the values that it can have."""
    subject: str | None = None
    left: set[_Choice] | None = None
    for branch in node.branches:
        match branch.test:
            case syntax.Comparison(left=syntax.Name() as name, operators=("==" | "is",), rights=(right,)):
                taken = _choice(item, right)
            case syntax.Comparison(left=syntax.Name() as name, operators=("in",), rights=(right,)):
                taken = _listed(item, right)
            case syntax.Name() as name:
                taken = {(bool, True)}
            case syntax.Unary(operator="not", operand=syntax.Name() as name):
                taken = {(bool, False)}
            case _:
                return False
        if left is None:
            subject, left = name.text, _choices(item.type_of(name))
        if left is None or name.text != subject:
            return False
        left -= taken
    return left is not None and not left


def catches_all(case: syntax.Case) -> bool:
    """Whether a case matches everything."""
    pattern = case.pattern
    while isinstance(pattern, syntax.AsPattern):
        pattern = pattern.pattern
    return case.guard is None and isinstance(pattern, syntax.CapturePattern)


def _choices(kind: Type) -> set[_Choice] | None:
    """All values of a type; None where they are not a few that are known."""
    found: set[_Choice] = set()
    for each in types.options(kind):
        match each:
            case types.Literals(values=values):
                found |= {(type(value), value) for value in values}
            case types.Nothing():
                found.add((type(None), None))
            case types.Builtin(name="bool"):
                found |= {(bool, True), (bool, False)}
            case types.Enum(members=members, open=False) if members:
                found |= {(types.Enum, (each.name, each.path, name)) for name, _ in members}
            case types.Record():
                found.add((types.Record, (each.name, each.path)))
            case _:
                return None
    return found


def _matched(item: Item, pattern: syntax.Pattern) -> set[_Choice]:
    """The values that a pattern surely matches, out of few."""
    match pattern:
        case syntax.AsPattern(pattern=inner):
            return _matched(item, inner)
        case syntax.OrPattern(options=options):
            return _united(_matched(item, each) for each in options)
        case syntax.ValuePattern(value=value):
            return _choice(item, value)
        case syntax.ClassPattern(positional=(), keywords=()):
            kind = item.type_of(pattern)
            return _choices(kind) or set()
        case _:
            return set()


def _choice(item: Item, node: syntax.Expression) -> set[_Choice]:
    """The one value of an expression; none where it is not known."""
    if isinstance(node, syntax.Attribute):
        kind = item.type_of(node)
        if isinstance(kind, types.Enum) and any(name == node.name.text for name, _ in kind.members):
            return {(types.Enum, (kind.name, kind.path, node.name.text))}
    found = _choices(item.type_of(node))
    return found if found is not None and len(found) == 1 else set()


def _listed(item: Item, node: syntax.Expression) -> set[_Choice]:
    if isinstance(node, syntax.List | syntax.Tuple | syntax.Set):
        return _united(_choice(item, each) for each in node.elements)
    return set()


def _united(several: Iterable[set[_Choice]]) -> set[_Choice]:
    return set().union(*several)
