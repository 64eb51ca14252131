"""Whether control can reach the end of a block."""

from __future__ import annotations

from collections.abc import Sequence

from ....grammar import syntax


def terminates(body: Sequence[syntax.Statement]) -> bool:
    """Whether control cannot reach the end of a block."""
    return any(_ends(statement) for statement in body)


def _ends(statement: syntax.Statement) -> bool:
    match statement:
        case syntax.Return():
            return True
        case syntax.Assert(test=syntax.Constant(value=False), suggest=False):
            return True
        case syntax.If(branches=branches, otherwise=otherwise):
            return (
                bool(otherwise) and terminates(otherwise) and all(terminates(each.body) for each in branches)
            )
        case syntax.Match(cases=cases):
            return any(_catches_all(each) for each in cases) and all(terminates(each.body) for each in cases)
        case _:
            return False


def _catches_all(case: syntax.Case) -> bool:
    pattern = case.pattern
    while isinstance(pattern, syntax.AsPattern):
        pattern = pattern.pattern
    return case.guard is None and isinstance(pattern, syntax.CapturePattern)
