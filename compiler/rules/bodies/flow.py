"""Whether control can reach the end of a block."""

from __future__ import annotations

from collections.abc import Sequence

from ....grammar import syntax
from ...program import Item


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
