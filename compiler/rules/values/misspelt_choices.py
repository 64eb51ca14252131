"""Comparisons with values that are not there: what seems to be missing is most likely meant by them."""

from __future__ import annotations

from ....grammar import syntax
from ...program import Item, Program
from ...trees import walk
from .impossible import impossible_comparison
from .unknown_field import unknown_field


def compares_with_missing(program: Program, item: Item) -> bool:
    """Whether a test or a case of an item compares with a choice or a member that its subject never is."""
    tests = (*item.nodes(syntax.Comparison), *item.nodes(syntax.Match))
    if any(True for node in tests for _ in impossible_comparison.look(program, item, node)):
        return True
    members = (each for case in item.nodes(syntax.Case) for each in walk(case.pattern))
    return any(
        True
        for node in members
        if isinstance(node, syntax.Attribute)
        for _ in unknown_field.look(program, item, node)
    )
