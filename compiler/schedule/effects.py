"""What has to be waited for: the calls of an expression that are awaited, what runs beside them, effects."""

from __future__ import annotations

from collections.abc import Iterator

from ...grammar import syntax
from ..trees import children
from .calls import waiting_kind
from .view import View


def waits(view: View, node: syntax.Node) -> bool:
    """Whether anything in an expression or statement has to be waited for."""
    return view.asynchronous and any(True for _ in waiting_calls(view, node))


def waiting_calls(view: View, node: syntax.Node) -> Iterator[syntax.Call]:
    """The calls that are waited for, in the order of the text; what was worked out before is left out."""
    if id(node) in view.replaced or isinstance(node, syntax.Lambda):
        return
    if isinstance(node, syntax.Call) and waiting_kind(view, node) is not None:
        yield node
    for child in children(node):
        yield from waiting_calls(view, child)


def waits_in_items(view: View, node: syntax.Comprehension) -> bool:
    """Whether the items of a comprehension make calls; what it runs over does not count."""
    first, *rest = node.clauses
    return any(waits(view, part) for part in (node.element, *first.conditions, *rest))


def waits_within(view: View, node: syntax.Expression) -> bool:
    """Whether something has to be waited for before a call or comprehension can begin."""
    if isinstance(node, syntax.Comprehension):
        return waits(view, node.clauses[0].iterable)
    return any(waits(view, child) for child in children(node))


def roots(view: View, node: syntax.Node) -> list[syntax.Expression]:
    """The outermost parts of an expression that wait, such that each can run beside the others.

    An operand that may be left out (behind `and`, `or`, `if`) is no root, because it is not begun before its
    condition is known; the expression that leaves it out is one.
    """
    if not waits(view, node) or isinstance(node, syntax.Lambda):
        return []
    match node:
        case syntax.Call() if waiting_kind(view, node) is not None:
            return [node]
        case syntax.Comprehension() if waits_in_items(view, node):
            return [node]
        case syntax.Boolean(values=(_, *later)) if any(waits(view, each) for each in later):
            return [node]
        case syntax.Conditional(body=body, otherwise=otherwise) if waits(view, body) or waits(
            view, otherwise
        ):
            return [node]
        case syntax.Comparison(rights=(_, *later)) if any(waits(view, each) for each in later):
            return [node]
        case _:
            return [root for child in children(node) for root in roots(view, child)]


def effects(view: View, *nodes: syntax.Node) -> int | None:
    """How many calls with effects expressions or statements make at most; None when that cannot be said."""
    total = 0
    for node in nodes:
        for each, repeated in _calls(view, node, False):
            kind = waiting_kind(view, each)
            if kind is None or not kind.effects:
                continue
            if repeated or kind.target == "function":
                return None
            total += 1
    return total


def leaves_traces(view: View, node: syntax.Node) -> bool:
    """Whether a statement has effects that cannot be made again: others than what it prints."""
    kinds = (waiting_kind(view, each) for each, _ in _calls(view, node, False))
    return any(each is not None and each.effects and not each.only_prints for each in kinds)


def _calls(view: View, node: syntax.Node, repeated: bool) -> Iterator[tuple[syntax.Call, bool]]:
    if id(node) in view.replaced:
        return
    if isinstance(node, syntax.Call):
        yield node, repeated
    repeated = repeated or isinstance(node, syntax.Comprehension | syntax.For)
    for child in children(node):
        yield from _calls(view, child, repeated)
