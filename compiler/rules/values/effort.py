"""How much a regular expression may have to try on a short text, before one is tried while checking."""

from __future__ import annotations

import math
from collections.abc import Sequence
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]

from .backtracking import Node, sequences

_CHARACTERS = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def ways_through(pattern: str, length: int) -> float:
    """In how many ways an expression can be led through a text of so many characters, at most.

    Raises:
        re.error: it is not a regular expression.
    """
    return _of_sequence(list(parser.parse(pattern)), length)


def _of_sequence(nodes: Sequence[Node], length: int) -> float:
    return math.prod(_of_node(each, length) for each in nodes)


def _of_node(node: Node, length: int) -> float:
    operator, value = node
    inside = [_of_sequence(each, length) for each in sequences(node)]
    if operator in (codes.BRANCH, codes.GROUPREF_EXISTS):
        return sum(inside) + 1
    if operator not in _REPEATS:
        return math.prod(inside)
    low, high, body = value
    if len(body) == 1 and body[0][0] in _CHARACTERS:
        return float(min(high - low, length) + 1)
    # A turn that takes nothing is the last one, but for those that have to be.
    turns = min(high, max(low, length) + 1)
    try:
        return math.pow(inside[0] + 1, turns)
    except OverflowError:
        return math.inf
