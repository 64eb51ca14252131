"""Fixes that take statements out of a body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....base.span import Span
from ....grammar import syntax
from ...program import Item
from ...trees import walk
from ..edits import lines_of as lines_of
from .paths import bodies


def blocks(declaration: syntax.Declaration | None) -> Iterator[Sequence[syntax.Statement]]:
    """All blocks of the bodies of a declaration, inner ones too."""
    for _, body in bodies(declaration):
        yield body
        for statement in body:
            for node in walk(statement):
                match node:
                    case (
                        syntax.IfBranch(body=inner)
                        | syntax.For(body=inner)
                        | syntax.Case(body=inner)
                        | syntax.Try(body=inner)
                        | syntax.ExceptClause(body=inner)
                    ):
                        yield inner
                    case syntax.If(otherwise=inner) if inner:
                        yield inner


def stands_alone(item: Item, node: syntax.Statement) -> bool:
    """Whether a block would be empty without this statement."""
    return any(len(block) == 1 and block[0] is node for block in blocks(item.declaration))


def removal(item: Item, node: syntax.Statement) -> tuple[Span, str]:
    """What to replace, by what, so that a statement is gone: its lines, or `pass` in its place."""
    if stands_alone(item, node):
        return node.span, "pass"
    return lines_of(item, node.span), ""
