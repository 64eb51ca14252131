"""The blocks of statements of a body, and what the names in it are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...grammar import syntax
from ..program import Item
from ..trees import children, walk


def blocks(item: Item) -> Iterator[Sequence[syntax.Statement]]:
    """Every run of statements of an item, those around others first."""
    match item.declaration:
        case syntax.FunctionDeclaration(body=body) | syntax.TestDeclaration(body=body):
            yield from _with_inner(body)
        case syntax.ModuleDeclaration(forward=forward, fallback=fallback):
            yield from _with_inner(forward or ())
            yield from _with_inner(fallback or ())


def _with_inner(block: Sequence[syntax.Statement]) -> Iterator[Sequence[syntax.Statement]]:
    yield block
    for statement in block:
        match statement:
            case syntax.If(branches=branches, otherwise=otherwise):
                for branch in branches:
                    yield from _with_inner(branch.body)
                yield from _with_inner(otherwise)
            case syntax.For(body=body):
                yield from _with_inner(body)
            case syntax.Match(cases=cases):
                for case in cases:
                    yield from _with_inner(case.body)
            case syntax.Try(body=body, clauses=clauses):
                yield from _with_inner(body)
                for clause in clauses:
                    yield from _with_inner(clause.body)


def names_of(node: syntax.Node, name: str) -> list[syntax.Name]:
    """Where a name is written in a node."""
    return [each for each in walk(node) if isinstance(each, syntax.Name) and each.text == name]


def path_to(node: syntax.Node, inner: syntax.Node) -> tuple[syntax.Node, ...]:
    """The nodes from one to another that is in it, both among them; empty where it is not."""
    path = [node]
    while path[-1] is not inner:
        below = next(
            (
                each
                for each in children(path[-1])
                if each.span.start <= inner.span.start and inner.span.end <= each.span.end
            ),
            None,
        )
        if below is None:
            return ()
        path.append(below)
    return tuple(path)
