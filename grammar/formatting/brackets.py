"""Where a line may have brackets that nobody wrote, and which of those that stand there change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..syntax import Binary, Conditional, Node, Unary
from ..trees import walk
from .leaves import Leaf, is_operand, partner_index, round_brackets, top_level

_ASSIGNING = frozenset({"+=", "-=", "*=", "/=", "//=", "%=", "@=", "|=", "&=", "^=", "<<=", ">>=", "**="})


class _Range(NamedTuple):
    """The leaves of an expression that may stand in brackets."""

    start: int
    end: int
    is_list: bool = False
    """Whether its brackets mean nothing even around commas: targets, imported names, outputs."""


class Bracketed(NamedTuple):
    """The range in the text of an expression that may or should stand in brackets wherever it is."""

    start: int
    end: int
    is_optional: bool


def bracketed_in(node: Node) -> list[Bracketed]:
    """The expressions with `if … else`, and the powers behind a sign (`-(a**b)`), the outer ones first."""
    found: list[Bracketed] = []
    for each in walk(node):
        if isinstance(each, Conditional):
            found.append(Bracketed(each.span.start, each.span.end, True))
        elif isinstance(each, Unary) and each.operator != "not" and isinstance(each.operand, Binary):
            found.append(Bracketed(each.operand.span.start, each.operand.span.end, False))
    return sorted(found, key=lambda each: (each.start, -each.end))


def add_brackets(leaves: list[Leaf], bracketed: Iterable[Bracketed]) -> list[Leaf]:
    """The leaves with the brackets that may be written or left out, and those that should be written."""
    for each in reversed(list(_expressions(leaves))):
        if each.start < each.end:
            leaves = _in_brackets(leaves, each)
    for expression in bracketed:
        leaves = _around(leaves, expression)
    return leaves


def _expressions(leaves: list[Leaf]) -> Iterator[_Range]:
    """The expressions of a line that may stand in brackets, in order."""
    first = leaves[0]
    word = first.text if first.kind == "keyword" else ""
    end = len(leaves) - (leaves[-1].kind == "colon")
    if word in {"return", "demo"}:
        is_list = any(leaves[index].kind == "argument" for index in _inside(leaves, 1, end))
        yield _Range(1, end, is_list)
    elif word in {"assert", "suggest"}:
        yield from _between(leaves, 1, end, ",")
    elif word in {"if", "elif"}:
        yield _Range(1, end)
    elif word == "for":
        targets, values = _between(leaves, 1, end, "in")
        yield targets._replace(is_list=True)
        yield values
    elif word == "case":
        yield from _between(leaves, 1, end, "if")
    elif word == "except":
        yield next(_between(leaves, 1, end, "as"))
    elif word == "from":
        yield _Range(_find(leaves, 0, end, "import") + 1, end, True)
    elif word == "def":
        yield from _types(leaves, end)
    elif end == len(leaves):
        yield from _values(leaves, word)


def _inside(leaves: list[Leaf], start: int, end: int) -> Iterator[int]:
    """The indexes at the top level of a range, or of the brackets that it consists of."""
    if _is_bracketed(leaves, start, end):
        start, end = start + 1, end - 1
    return top_level(leaves, start, end)


def _is_bracketed(leaves: list[Leaf], start: int, end: int) -> bool:
    first = leaves[start] if start < end else None
    is_round = first is not None and first.text == "(" and not first.is_trailer
    return is_round and leaves[end - 1].partner is first


def _find(leaves: list[Leaf], start: int, end: int, text: str) -> int:
    """The index of the first such leaf at the top level of a range, or the end."""
    found = (at for at in top_level(leaves, start, end) if leaves[at].text == text)
    return next((at for at in found if leaves[at].kind in {"keyword", "comma"}), end)


def _between(leaves: list[Leaf], start: int, end: int, separator: str) -> Iterator[_Range]:
    """What stands before and behind the first separator."""
    at = _find(leaves, start, end, separator)
    yield _Range(start, at)
    yield _Range(at + 1, end)


def _types(leaves: list[Leaf], end: int) -> Iterator[_Range]:
    """The types of a function's parameters, and of its result."""
    closing = partner_index(leaves, 2)
    start = None
    for at in (*top_level(leaves, 3, closing), closing):
        if start is not None and (leaves[at].kind in {"equal", "comma"} or at == closing):
            yield _Range(start, at)
            start = None
        if leaves[at].kind == "colon" and start is None:
            start = at + 1
    yield _Range(closing + 2, end)


def _values(leaves: list[Leaf], word: str) -> Iterator[_Range]:
    """The targets of an assignment, a field's type, what stands behind `=` and `where`."""
    is_field = word in {"input", "output"}
    equal = next((at for at in top_level(leaves, 0, len(leaves)) if _assigns(leaves[at])), None)
    if equal is not None and not word and any(leaf.kind == "comma" for leaf in leaves[:equal]):
        yield _Range(0, equal, True)
    has_type = is_field or (not word and equal is None)
    start: int | None = None
    for at in top_level(leaves, 0, len(leaves)):
        leaf = leaves[at]
        is_where = leaf.kind == "keyword" and leaf.text == "where"
        is_description = leaf.kind == "string" and at > 0 and is_operand(leaves[at - 1])
        is_message = leaf.kind == "comma" and start is not None and leaves[start - 1].text == "where"
        if start is not None and (_assigns(leaf) or is_where or is_description or is_message):
            yield _Range(start, at)
            start = None
        if _assigns(leaf) or is_where or (leaf.kind == "colon" and has_type and start is None):
            start = at + 1
    if start is not None:
        yield _Range(start, len(leaves))


def _assigns(leaf: Leaf) -> bool:
    return leaf.kind == "equal" or (leaf.kind == "operator" and leaf.text in _ASSIGNING)


def _in_brackets(leaves: list[Leaf], where: _Range) -> list[Leaf]:
    """The leaves with optional brackets around a range; those that stand there become optional."""
    start, end, is_list = where
    commas = [at for at in _inside(leaves, start, end) if leaves[at].kind == "comma"]
    if _is_bracketed(leaves, start, end):
        return _without_brackets(leaves, start, end, commas=commas, is_list=is_list)
    if end - start == 1 and (leaves[start].kind == "string" and "\n" in leaves[start].text):
        return leaves
    opening, closing = round_brackets(is_optional=commas != [end - 1])
    return [*leaves[:start], opening, *leaves[start:end], closing, *leaves[end:]]


def _without_brackets(
    leaves: list[Leaf], start: int, end: int, *, commas: list[int], is_list: bool
) -> list[Leaf]:
    """The leaves with the brackets around a range made optional, unless they mean something."""
    inside = range(start + 1, end - 1)
    is_generator = any(
        leaves[at].text == "for" and leaves[at].kind == "keyword" for at in _inside(leaves, start, end)
    )
    is_tuple = bool(commas) and not is_list
    has_one = len(commas) == 1 and commas[0] == end - 2 and not _has_names(leaves, start, end)
    if not inside or is_generator or is_tuple or has_one:
        return leaves
    opening, closing = leaves[start], leaves[end - 1]
    opening.text = closing.text = ""
    opening.is_optional = closing.is_optional = True
    while _is_bracketed(leaves, start + 1, end - 1) and _is_redundant(leaves, start + 1, end - 1):
        leaves = [*leaves[: start + 1], *leaves[start + 2 : end - 2], *leaves[end - 1 :]]
        end -= 2
    return leaves


def _has_names(leaves: list[Leaf], start: int, end: int) -> bool:
    """Whether what stands in brackets are outputs or imported names, not values."""
    is_import = leaves[0].kind == "keyword" and leaves[0].text == "from"
    return is_import or any(leaves[at].kind == "argument" for at in _inside(leaves, start, end))


def _is_redundant(leaves: list[Leaf], start: int, end: int) -> bool:
    """Whether brackets directly inside brackets may go: they hold one expression and no comment."""
    inner = list(_inside(leaves, start, end))
    has_comment = bool(leaves[start].comments or leaves[end - 1].comments)
    means = any(leaves[at].kind == "comma" or leaves[at].text == "for" for at in inner)
    return bool(inner) and not means and not has_comment


def _around(leaves: list[Leaf], where: Bracketed) -> list[Leaf]:
    """The leaves with brackets around an expression that has none."""
    first = next((at for at, leaf in enumerate(leaves) if leaf.start == where.start), None)
    last = next((at for at, leaf in enumerate(leaves) if leaf.end == where.end), None)
    if first is None or last is None or first == 0:
        return leaves
    before, behind = leaves[first - 1], leaves[last + 1] if last + 1 < len(leaves) else None
    is_round = before.kind == "open" and before.text in {"(", ""}
    if is_round and behind is not None and behind.partner is before:
        return leaves
    opening, closing = round_brackets(is_optional=where.is_optional)
    return [*leaves[:first], opening, *leaves[first : last + 1], closing, *leaves[last + 1 :]]
