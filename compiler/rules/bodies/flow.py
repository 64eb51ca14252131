"""Whether control can reach the end of a block."""

from __future__ import annotations

from collections.abc import Sequence

from ....grammar import syntax
from ... import types
from ...program import Item
from ..rule import written
from ..words import choices, listed


def terminates(item: Item, body: Sequence[syntax.Statement]) -> bool:
    """Whether control cannot reach the end of a block."""
    return any(_ends(item, statement) for statement in body)


def _ends(item: Item, statement: syntax.Statement) -> bool:
    match statement:
        case syntax.Return():
            return True
        case syntax.Assert(test=syntax.Constant(value=False), suggest=False):
            return True
        case syntax.If(branches=branches, otherwise=otherwise):
            return (
                all(terminates(item, each.body) for each in branches)
                and (bool(otherwise) or item.is_exhaustive(statement))
                and (not otherwise or terminates(item, otherwise))
            )
        case syntax.Match(cases=cases):
            return all(terminates(item, each.body) for each in cases) and item.is_exhaustive(statement)
        case syntax.Try(body=body, clauses=clauses):
            return terminates(item, body) and all(terminates(item, each.body) for each in clauses)
        case _:
            return False


def untaken(item: Item, node: syntax.Match | syntax.If) -> str:
    """When no branch of a statement is taken, as a clause, where it tells choices apart; else `""`."""
    left = item.untaken(node)
    subject = node.subject if isinstance(node, syntax.Match) else _left_of(node.branches[0].test)
    if left is None or subject is None:
        return ""
    names = _names_of_choices(left)
    return f"`{written(item, subject)}` is {names}" if names else ""


def gap(item: Item, body: Sequence[syntax.Statement]) -> str:
    """Which choices lead to the end of a block, as a clause, where its last statement tells choices apart."""
    last = body[-1] if body else None
    if not isinstance(last, syntax.Match | syntax.If) or (isinstance(last, syntax.If) and last.otherwise):
        return ""
    branches = last.cases if isinstance(last, syntax.Match) else last.branches
    return untaken(item, last) if all(terminates(item, each.body) for each in branches) else ""


def _left_of(test: syntax.Expression) -> syntax.Expression | None:
    return test.left if isinstance(test, syntax.Comparison) else None


def _names_of_choices(left: types.Type) -> str:
    match left:
        case types.Literals(values=values) if len(values) <= _MOST:
            return choices(values)
        case types.Enum(members=members, name=name) if len(members) <= _MOST and not left.open:
            return listed([f"{name}.{member}" for member, _ in members], "or")
        case types.Record(name=name):
            return f"a `{name}`"
        case types.Nothing():
            return "`None`"
        case _:
            return ""


_MOST = 5
"""How many choices are named."""
