"""Whether a regular expression can take exponential time: nested or alternative repeats of the same text.

An expression is dangerous where a text can be cut into the pieces of an unbounded repeat in several ways:
`(a+)+`, `(a|aa)*`, `(\\w+\\s?)+`. A text that almost matches is then tried in every way. The search is meant
to be certain rather than complete; polynomial time passes, except for three repeats of the same text side by
side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_SAMPLES = frozenset(map(chr, range(32, 127))) | frozenset("\n\t\r\x00éß中٣ \x85")
"""What classes of characters are told apart by; the characters of the expression itself are added."""
_MANY = 20
"""A repeat with at least so many turns counts as unbounded."""
_ADJACENT = 3

_CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}

Node = tuple[Any, Any]


def explodes(pattern: str) -> str | None:
    """The kind of repeat that makes an expression explode, in words; None where none is found.

    Raises:
        re.error: it is not a regular expression.
    """
    tree = parser.parse(pattern)
    return _Search(_SAMPLES | frozenset(pattern), bool(tree.state.flags & re.IGNORECASE)).look(list(tree))


class _Search:
    def __init__(self, alphabet: frozenset[str], ignores_case: bool) -> None:
        self._alphabet = alphabet
        self._ignores_case = ignores_case

    def look(self, nodes: Sequence[Node]) -> str | None:
        """What is wrong with a sequence, or inside it."""
        if self._has_run(nodes):
            return "three adjacent repetitions match the same text"
        for node in nodes:
            found = self._of_node(node)
            if found is not None:
                return found
        return None

    def _of_node(self, node: Node) -> str | None:
        operator, value = node
        if operator in _REPEATS and _is_unbounded(node):
            found = self._of_repeat(list(value[2]))
            if found is not None:
                return found
        for inside in sequences(node):
            found = self.look(inside)
            if found is not None:
                return found
        return None

    def _of_repeat(self, body: Sequence[Node]) -> str | None:
        """What is wrong with what an unbounded repeat repeats."""
        body = _unwrapped(body)
        if any(self._is_absorbed(body, index) for index, each in enumerate(body) if _is_variable(each)):
            return "nested repetitions match the same text"
        for each in body:
            if each[0] is codes.BRANCH and self._is_ambiguous(each, is_all=len(body) == 1):
                return "several alternatives in a repetition match the same text"
        if len(body) == 1 and body[0][0] is codes.BRANCH:
            return next(filter(None, (self._of_repeat(list(way)) for way in body[0][1][1])), None)
        return None

    def _is_ambiguous(self, branch: Node, *, is_all: bool) -> bool:
        """Whether alternatives match the same text, or one the text of several turns of others."""
        found = (self._positions(list(way)) for way in branch[1][1])
        ways = [way for way in found if way is not None]
        if any(
            len(first) == len(second) and all(one & other for one, other in zip(first, second, strict=True))
            for index, first in enumerate(ways)
            for second in ways[index + 1 :]
        ):
            return True
        single = frozenset[str]().union(*(way[0] for way in ways if len(way) == 1))
        return is_all and any(len(way) > 1 and all(each & single for each in way) for way in ways)

    def _is_absorbed(self, body: Sequence[Node], index: int) -> bool:
        """Whether all else that the body needs may be what the inner repeat repeats, too."""
        repeated = self._characters([body[index]])
        if not repeated:
            return False
        others = [each for at, each in enumerate(body) if at != index and not _is_optional(each)]
        return all(_is_empty(each) or self._characters([each]) & repeated for each in others)

    def _has_run(self, nodes: Sequence[Node]) -> bool:
        """Whether several unbounded repeats of the same character stand side by side."""
        count, common = 0, self._alphabet
        for each in nodes:
            characters = self._characters([each]) if _is_unbounded(each) else frozenset()
            if characters & common:
                count, common = count + 1, common & characters
            else:
                count, common = bool(characters), characters or self._alphabet
            if count >= _ADJACENT:
                return True
        return False

    def _positions(self, nodes: Sequence[Node]) -> tuple[frozenset[str], ...] | None:
        """What may stand at each position of a sequence of fixed length; None for another."""
        found: list[frozenset[str]] = []
        for each in _unwrapped(nodes):
            if each[0] not in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
                return None
            found.append(self._characters([each]))
        return tuple(found)

    def _characters(self, nodes: Sequence[Node]) -> frozenset[str]:
        """The characters that a sequence can begin with, as far as it has any."""
        found: frozenset[str] = frozenset()
        for each in nodes:
            found |= self._first(each)
            if not _is_optional(each) and not _is_empty(each):
                break
        return found

    def _first(self, node: Node) -> frozenset[str]:
        operator, value = node
        match operator:
            case codes.LITERAL:
                return self._cased({chr(value)})
            case codes.NOT_LITERAL:
                return self._alphabet - {chr(value)}
            case codes.ANY:
                return self._alphabet - {"\n"}
            case codes.IN:
                return self._of_class(value)
            case codes.BRANCH:
                ways = [self._characters(list(way)) for way in value[1]]
                return frozenset().union(*ways)
            case codes.SUBPATTERN:
                return self._characters(list(value[3]))
            case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
                return self._characters(list(value[2]))
            case codes.ATOMIC_GROUP:
                return self._characters(list(value))
            case _:
                return frozenset()

    def _of_class(self, members: Iterable[Node]) -> frozenset[str]:
        found: set[str] = set()
        negated = False
        for operator, value in members:
            match operator:
                case codes.NEGATE:
                    negated = True
                case codes.LITERAL:
                    found |= self._cased({chr(value)})
                case codes.RANGE:
                    low, high = value
                    found |= self._cased({each for each in self._alphabet if low <= ord(each) <= high})
                case codes.CATEGORY:
                    test = re.compile(_CATEGORIES[value])
                    found |= {each for each in self._alphabet if test.fullmatch(each)}
        return self._alphabet - found if negated else frozenset(found)

    def _cased(self, characters: set[str]) -> frozenset[str]:
        if not self._ignores_case:
            return frozenset(characters)
        return frozenset({form for each in characters for form in (each, each.lower(), each.upper())})


_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
"""The repeats that give back what they took; possessive ones do not."""


def _is_unbounded(node: Node) -> bool:
    operator, value = node
    if operator is codes.SUBPATTERN and len(value[3]) == 1:
        return _is_unbounded(value[3][0])
    return operator in _REPEATS and (value[1] is codes.MAXREPEAT or value[1] >= _MANY)


def _is_variable(node: Node) -> bool:
    """Whether a node can match texts of several lengths, and gives back what it took."""
    operator, value = node
    match operator:
        case codes.MAX_REPEAT | codes.MIN_REPEAT:
            return bool(value[0] != value[1])
        case codes.SUBPATTERN:
            return len(value[3]) == 1 and _is_variable(value[3][0])
        case codes.BRANCH:
            return _is_optional(node)
        case _:
            return False


def _is_optional(node: Node) -> bool:
    """Whether a node may match nothing."""
    operator, value = node
    match operator:
        case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
            return value[0] == 0 or all(map(_is_optional, value[2]))
        case codes.SUBPATTERN:
            return all(map(_is_optional, value[3]))
        case codes.BRANCH:
            return any(all(map(_is_optional, way)) for way in value[1])
        case _:
            return False


def _is_empty(node: Node) -> bool:
    """Whether a node only looks at where it is, as `^` does."""
    return node[0] in (codes.AT, codes.ASSERT, codes.ASSERT_NOT)


def sequences(node: Node) -> list[list[Node]]:
    """The sequences right inside a node."""
    operator, value = node
    match operator:
        case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
            return [list(value[2])]
        case codes.SUBPATTERN:
            return [list(value[3])]
        case codes.BRANCH:
            return [list(way) for way in value[1]]
        case codes.ASSERT | codes.ASSERT_NOT:
            return [list(value[1])]
        case codes.ATOMIC_GROUP:
            return [list(value)]
        case codes.GROUPREF_EXISTS:
            return [list(way) for way in value[1:] if way is not None]
        case _:
            return []


def _unwrapped(nodes: Sequence[Node]) -> Sequence[Node]:
    """A sequence without the groups around all of it."""
    while len(nodes) == 1 and nodes[0][0] is codes.SUBPATTERN:
        nodes = list(nodes[0][1][3])
    return nodes
