"""What has to be waited for: the calls in an expression that are awaited, and what can run beside them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...grammar import syntax
from ..program import children, walk
from . import calls, comprehensions
from .scope import Scope


def waits(scope: Scope, node: syntax.Node) -> bool:
    """Whether anything in an expression or statement has to be waited for."""
    return scope.asynchronous and any(True for _ in waiting_calls(scope, node))


def waiting_calls(scope: Scope, node: syntax.Node) -> Iterator[syntax.Call]:
    """The calls that are waited for, in the order of the text; what was worked out before is left out."""
    if id(node) in scope.replaced or isinstance(node, syntax.Lambda):
        return
    if isinstance(node, syntax.Call) and calls.waiting_kind(scope, node) is not None:
        yield node
    for child in children(node):
        yield from waiting_calls(scope, child)


def waits_in_items(scope: Scope, node: syntax.Comprehension) -> bool:
    """Whether the items of a comprehension make calls; what it runs over does not count."""
    first, *rest = node.clauses
    return any(waits(scope, part) for part in (node.element, *first.conditions, *rest))


def waits_within(scope: Scope, node: syntax.Expression) -> bool:
    """Whether something has to be waited for before a call or comprehension can begin."""
    if isinstance(node, syntax.Comprehension):
        return waits(scope, node.clauses[0].iterable)
    return any(waits(scope, child) for child in children(node))


def awaitable(scope: Scope, node: syntax.Expression) -> ast.expr | None:
    """What can be handed to the runtime to run an expression; None when it is more than a call."""
    match node:
        case syntax.Call():
            made = calls.awaitable(scope, node)
        case syntax.Comprehension():
            made = comprehensions.awaitable(scope, node)
        case _:
            return None
    return None if made is None else scope.here.at(node, made)


def roots(scope: Scope, node: syntax.Node) -> list[syntax.Expression]:
    """The outermost parts of an expression that wait, such that each can run beside the others.

    An operand that may be left out (behind `and`, `or`, `if`) is no root, because it is not begun before its
    condition is known; the expression that leaves it out is one.
    """
    if not waits(scope, node) or isinstance(node, syntax.Lambda):
        return []
    match node:
        case syntax.Call() if calls.waiting_kind(scope, node) is not None:
            return [node]
        case syntax.Comprehension() if waits_in_items(scope, node):
            return [node]
        case syntax.Boolean(values=(_, *later)) if any(waits(scope, each) for each in later):
            return [node]
        case syntax.Conditional(body=body, otherwise=otherwise) if waits(scope, body) or waits(
            scope, otherwise
        ):
            return [node]
        case syntax.Comparison(rights=(_, *later)) if any(waits(scope, each) for each in later):
            return [node]
        case _:
            return [root for child in children(node) for root in roots(scope, child)]


def effects(scope: Scope, *nodes: syntax.Node) -> int | None:
    """How many calls with effects expressions or statements make at most; None when that cannot be said."""
    total = 0
    for node in nodes:
        for each, repeated in _calls(scope, node, False):
            kind = calls.waiting_kind(scope, each)
            if kind is None or not kind.effects:
                continue
            if repeated or kind.target == "function":
                return None
            total += 1
    return total


def _calls(scope: Scope, node: syntax.Node, repeated: bool) -> Iterator[tuple[syntax.Call, bool]]:
    if id(node) in scope.replaced:
        return
    if isinstance(node, syntax.Call):
        yield node, repeated
    repeated = repeated or isinstance(node, syntax.Comprehension | syntax.For)
    for child in children(node):
        yield from _calls(scope, child, repeated)


def names(node: syntax.Node) -> Iterator[syntax.Name]:
    """The names in a target or an expression, in the order of the text."""
    return (each for each in walk(node) if isinstance(each, syntax.Name))
