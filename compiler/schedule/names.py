"""Which variables the text of a node names, reads and assigns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from ...grammar import syntax
from ..trees import children, walk


def parts(
    node: syntax.Node, own: frozenset[str] = frozenset()
) -> Iterator[tuple[syntax.Node, frozenset[str]]]:
    """The nodes right beneath a node, each with the names that comprehensions and lambdas have made."""
    match node:
        case syntax.Comprehension(element=element, clauses=clauses):
            inside = own
            for clause in clauses:
                yield clause.iterable, inside
                inside |= targets(clause.target)
                for test in clause.conditions:
                    yield test, inside
            yield element, inside
        case syntax.Lambda(parameters=parameters, body=body):
            for parameter in parameters:
                if parameter.default is not None:
                    yield parameter.default, own
            yield body, own | {each.name.text for each in parameters if each.name is not None}
        case _:
            for child in children(node):
                yield child, own


def free_names(node: syntax.Node, own: frozenset[str] = frozenset()) -> Iterator[syntax.Name]:
    """The names in a node, without those that comprehensions and lambdas inside it have made."""
    if isinstance(node, syntax.Name):
        if node.text not in own:
            yield node
    else:
        for part, names in parts(node, own):
            yield from free_names(part, names)


_EXPRESSIONS: frozenset[type] = frozenset(get_args(syntax.Expression))
"""They assign nothing."""
_SILENT = _EXPRESSIONS | {
    syntax.ExpressionStatement,
    syntax.Return,
    syntax.Assert,
    syntax.Identifier,
    syntax.Argument,
}
"""What assigns nothing, nor does anything in it."""


def written(statement: syntax.Node) -> frozenset[str]:
    """The variables that a statement, or one inside it, assigns (not those of comprehensions)."""
    kind = statement.__class__
    if kind is syntax.Assign:  # most statements are
        found = targets(statement.target)  # type: ignore[attr-defined]
        return found - {"_"} if "_" in found else found
    return frozenset() if kind in _SILENT else _written_inside(statement)


def _written_inside(statement: syntax.Node) -> frozenset[str]:
    found: set[str] = set()
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        kind = node.__class__
        if kind in _SILENT:
            continue
        if kind is syntax.Assign or kind is syntax.AugmentedAssign:
            found |= targets(node.target)  # type: ignore[attr-defined]
            continue
        waiting += children(node)
        match node:
            case syntax.For(target=target):
                found |= targets(target)
            case syntax.AnnotatedAssign(target=name) | syntax.CapturePattern(name=name):
                found.add(name.text)
            case syntax.StarPattern(name=name) | syntax.AsPattern(name=name):
                found.add(name.text)
            case syntax.MappingPattern(rest=syntax.Identifier(text=text)):
                found.add(text)
            case syntax.ExceptClause(name=syntax.Identifier(text=text)):
                found.add(text)
    found.discard("_")
    return frozenset(found)


def caught(statement: syntax.Node) -> frozenset[str]:
    """The variables that only `except` gives a value, and that have none behind it."""
    names: set[str] = set()
    others: set[str] = set()
    waiting: list[syntax.Node] = [statement]
    while waiting:
        node = waiting.pop()
        if node.__class__ in _EXPRESSIONS:
            continue
        inside = children(node)
        if isinstance(node, syntax.ExceptClause):
            names |= {node.name.text} if node.name is not None else set()
        elif isinstance(node, syntax.Assign | syntax.AnnotatedAssign | syntax.AugmentedAssign | syntax.Case):
            others |= written(node)
        elif isinstance(node, syntax.For):
            others |= targets(node.target)
        waiting += inside
    return frozenset(names - others)


_FAILING = (syntax.Call, syntax.Subscript, syntax.Binary, syntax.Assert, syntax.Comprehension, syntax.For)


def may_fail(statement: syntax.Statement) -> bool:
    """Whether a statement may raise an error, as far as its text shows."""
    return any(isinstance(each, _FAILING) for each in walk(statement))


def targets(target: syntax.Expression) -> frozenset[str]:
    """The variables of an assignment's target."""
    if isinstance(target, syntax.Name):
        return frozenset((target.text,))
    return frozenset(node.text for node in walk(target) if isinstance(node, syntax.Name))


def names(node: syntax.Node) -> Iterator[syntax.Name]:
    """The names in a target or an expression, in the order of the text."""
    return (each for each in walk(node) if isinstance(each, syntax.Name))
