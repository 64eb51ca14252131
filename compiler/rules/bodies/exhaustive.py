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
    possible = set(left)
    for case in node.cases:
        if case.guard is not None:
            continue
        if _is_misspelt(item, case.pattern, possible):
            return True  # that is a finding of its own, and what is missing is most likely meant by it
        left -= _matched(item, case.pattern)
    return not left


def _is_misspelt(item: Item, pattern: syntax.Pattern, possible: set[_Choice]) -> bool:
    """Whether a pattern is a value that the subject never has."""
    match pattern:
        case syntax.AsPattern(pattern=inner):
            return _is_misspelt(item, inner, possible)
        case syntax.OrPattern(options=options):
            return any(_is_misspelt(item, each, possible) for each in options)
        case syntax.ValuePattern(value=syntax.Attribute() as value):
            is_type = isinstance(item.type_of(value.value), types.TypeForm)
            return is_type and item.symbol_of(value.name) is None
        case syntax.ValuePattern(value=value):
            chosen = _choice(item, value)
            return bool(chosen) and not chosen & possible and _has_values(possible)
        case _:
            return False


def _has_values(possible: set[_Choice]) -> bool:
    """Whether all that is possible are single values."""
    return not any(kind in (types.Builtin, types.Record) for kind, _ in possible)


def is_exhaustive_chain(item: Item, node: syntax.If) -> bool:
    """Whether one of the tests holds, because they compare one name with all the values that it can have."""
    subject: str | None = None
    left: set[_Choice] | None = None
    possible: set[_Choice] = set()
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
        possible = possible or set(left)
        if taken and not taken & possible and _has_values(possible):
            return True  # it is compared with a value that it never has: a finding of its own
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
            case types.Builtin(name=name):
                found.add((types.Builtin, name))
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
        case syntax.ClassPattern(positional=positional, keywords=()):
            kind = item.type_of(pattern)
            takes_all = all(isinstance(each, syntax.CapturePattern) for each in positional)
            return (_choices(kind) or set()) if takes_all else set()
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
