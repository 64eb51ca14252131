"""A line of the layout, whether it fits, and what may be left out of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from .leaves import COMMA, DOT, Leaf

LINE_LENGTH = 100
DECLARATION_LENGTH = 160
"""How long a declaration written on one line may be; why: `docs/decisions/040-how-long-a-line-is.md`."""


class Line(Struct, frozen=True):
    """Leaves that are to stand on one line."""

    leaves: list[Leaf]
    level: int
    is_inside: bool = False
    """Whether it stands in brackets that open on a line above."""
    must_split: bool = False
    is_tracked: bool = True
    """Whether commas at the end of its brackets ask for lines of their own; behind a bracket they do not."""

    @property
    def text(self) -> str:
        """What is written, without the indentation and the comments."""
        first, *others = self.leaves
        return first.text + "".join(leaf.space + leaf.text for leaf in others)

    @property
    def comments(self) -> list[str]:
        """The comments behind its leaves, in order."""
        return [comment for leaf in self.leaves for comment in leaf.comments]

    @property
    def depth(self) -> int:
        """How many brackets it stands in."""
        return self.leaves[0].depth

    @property
    def delimiters(self) -> list[Leaf]:
        """The leaves behind which it may be broken."""
        depth = self.depth
        return [leaf for leaf in self.leaves if leaf.rank and leaf.depth == depth]

    @property
    def has_own_comments(self) -> bool:
        """Whether a comment in it needs a line of its own."""
        return len(self.leaves) > 1 and any(leaf.kind == "comment" for leaf in self.leaves)

    @property
    def is_magic(self) -> bool:
        """Whether the comma before a closing bracket asks for a line for each item."""
        if not self.is_tracked:
            return False
        return any(
            behind.kind == "close"
            and leaf.kind == "comma"
            and any(each is behind.partner for each in self.leaves[:index])
            and not is_one_tuple(self.leaves, index)
            for index, (leaf, behind) in enumerate(pairwise(self.leaves), 1)
        )

    @property
    def is_import(self) -> bool:
        """Whether it begins an import."""
        return self._first_word in {"from", "import"}

    @property
    def is_definition(self) -> bool:
        """Whether it begins what has parameters."""
        return self._first_word in {"def", "module"} and self.leaves[-1].kind in {"colon", "open"}

    @property
    def is_chained_assignment(self) -> bool:
        """Whether it has more than one `=`."""
        return sum(leaf.kind in {"equal", "argument"} for leaf in self.leaves) > 1

    @property
    def _first_word(self) -> str:
        first = self.leaves[0]
        return first.text if first.kind == "keyword" else ""


def is_one_tuple(leaves: list[Leaf], end: int) -> bool:
    """Whether the brackets that close at an index hold one thing and the comma that makes it a tuple."""
    closing = leaves[end]
    opening = closing.partner
    if opening is None or opening.text == "{" or opening.is_trailer != (opening.text == "["):
        return False
    start = next((at for at in range(end) if leaves[at] is opening), 0)
    inside = [leaf for leaf in leaves[start + 1 : end] if leaf.depth == closing.depth + 1]
    has_names = leaves[0].text in {"from"} or any(leaf.kind == "argument" for leaf in inside)
    return not has_names and sum(leaf.kind == "comma" for leaf in inside) == 1


def fits(line: Line, limit: int = LINE_LENGTH) -> bool:
    """Whether a line may be written as one: it is short enough and has no comment inside."""
    if any(leaf.kind == "comment" for leaf in line.leaves) and len(line.leaves) > 1:
        return False
    if _has_comment_inside(line):
        return False
    text = " " * (4 * line.level) + line.text
    if "\n" not in text:
        return len(text) <= limit
    first, *_, last = text.split("\n")
    return len(first) <= limit and len(last) <= limit and _may_hold_its_string(line)


def _has_comment_inside(line: Line) -> bool:
    """Whether a comment stands behind a leaf that is not the last."""
    is_last = True
    for leaf in reversed(line.leaves):
        if leaf.comments and not is_last:
            return True
        is_last = is_last and not leaf.text
    return False


def _may_hold_its_string(line: Line) -> bool:
    """Whether a line of a string of several lines has no other such string, and no comma beside it."""
    strings = [at for at, leaf in enumerate(line.leaves) if "\n" in leaf.text]
    if not strings:
        return True
    if len(strings) > 1:
        return False
    depth = line.leaves[strings[0]].depth
    for step in (range(strings[0] - 1, -1, -1), range(strings[0] + 1, len(line.leaves))):
        level = depth
        for at in step:
            leaf = line.leaves[at]
            level = min(level, leaf.depth)
            is_beside = leaf.kind == "comma" and leaf.depth == level and at < len(line.leaves) - 1
            if is_beside and (leaf.depth > line.depth or line.is_inside):
                return False
    return True


def has_multiline_string(line: Line) -> bool:
    """Whether a string in it has several lines."""
    return any("\n" in leaf.text for leaf in line.leaves)


def lengths(line: Line, *, is_reversed: bool = False) -> Iterator[tuple[int, Leaf, int]]:
    """The leaves with their indexes and their widths, up to a string of several lines."""
    indexes = range(len(line.leaves))
    for index in reversed(indexes) if is_reversed else indexes:
        leaf = line.leaves[index]
        if "\n" in leaf.text:
            return
        yield index, leaf, len(leaf.space) + len(leaf.text)


def can_be_split(line: Line) -> bool:
    """Whether it is worth trying to split a line: not a single leaf, not a string with one method."""
    leaves = line.leaves
    if len(leaves) < 2:
        return False
    if leaves[0].kind != "string" or leaves[1].kind != "dot":
        return True
    calls = dots = 0
    behind = leaves[-1]
    for leaf in leaves[-2::-1]:
        if leaf.kind == "open":
            if behind.kind != "close":
                return False
            calls += 1
        elif leaf.kind == "dot":
            dots += 1
        elif leaf.kind == "word":
            if behind.kind not in {"dot", "open"}:
                return False
        elif leaf.kind != "close":
            return False
        if dots > 1 and calls > 1:
            return False
    return True


def can_omit_brackets(body: Line, opening: Leaf) -> bool:
    """Whether what stands in optional brackets may do without them, because it has brackets of its own."""
    if opening.comments or _has_comment_between(body):
        return False
    ranks = [leaf.rank for leaf in body.delimiters]
    loosest = max(ranks, default=0)
    if not loosest:
        return True
    if ranks.count(loosest) > 1:
        return False
    if loosest == COMMA and any(leaf.kind == "argument" and leaf.depth == body.depth for leaf in body.leaves):
        return False
    if loosest == DOT:
        return True
    first, second = body.leaves[0], body.leaves[1]
    if first.kind == "open" and second.kind != "close" and _can_omit_opening(body, first):
        return True
    penultimate, last = body.leaves[-2], body.leaves[-1]
    if last.kind != "close" or (last.text == "]" and last.is_trailer):
        return False
    if penultimate.kind == "open":
        return False
    return "\n" in first.text or _can_omit_closing(body, last)


def _has_comment_between(body: Line) -> bool:
    """Whether a comment on a line of its own stands in no brackets of the line."""
    closing: Leaf | None = None
    for leaf in reversed(body.leaves):
        if closing is not None and leaf is closing.partner:
            closing = None
        if leaf.kind == "comment" and closing is None:
            return True
        if closing is None and leaf.kind == "close" and leaf.text:
            closing = leaf
    return False


def _can_omit_opening(line: Line, first: Leaf) -> bool:
    """Whether what follows the brackets that begin a line fits on the line of their end."""
    is_behind = False
    length = 4 * line.level
    count = 0
    for _, leaf, width in lengths(line):
        count += 1
        if leaf.partner is first:
            is_behind = True
        if is_behind:
            length += width
            if length > LINE_LENGTH:
                return False
            if leaf.kind == "open":
                is_behind = False
    return count == len(line.leaves)


def _can_omit_closing(line: Line, last: Leaf) -> bool:
    """Whether what stands before the brackets that end a line fits, or has brackets of its own."""
    length = 4 * line.level
    has_others = False
    for _, leaf, width in lengths(line):
        length += width
        if leaf is last.partner:
            if has_others or length <= LINE_LENGTH:
                return True
        elif leaf.kind == "open":
            has_others = True
    return False
