"""How a line that is too long becomes several, by black's rules: right-hand split, delimiter split.

The functions here are named after black's (`linegen.py`), whose choices they make: a line is broken at its
last brackets first, brackets that nobody wrote are tried where an expression may have them, and what stands
in brackets is broken at the loosest delimiters. Comments inside a line keep it from being joined.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import pairwise

from msgspec import Struct, structs

from .leaves import COMMA, DOT, Leaf, partner_index, top_level
from .measuring import (
    LINE_LENGTH,
    Line,
    can_be_split,
    can_omit_brackets,
    fits,
    has_multiline_string,
    is_one_tuple,
    lengths,
)


class _Parts(Struct):
    """A line split at a pair of brackets."""

    head: Line
    body: Line
    tail: Line
    opening: Leaf
    closing: Leaf

    def lines(self) -> list[Line]:
        """The three lines; brackets that were left out are written now."""
        head, tail = self.head, self.tail
        if self.opening.is_optional:
            head = structs.replace(head, leaves=[*head.leaves[:-1], _written(self.opening, "(")])
            tail = structs.replace(tail, leaves=[_written(self.closing, ")"), *tail.leaves[1:]])
        return [line for line in (head, self.body, tail) if line.leaves]


_Split = Callable[[Line, bool], list[Line] | None]


def _written(bracket: Leaf, text: str) -> Leaf:
    return structs.replace(bracket, text=text)


def split_line(line: Line, *, force: bool = False) -> list[Line]:
    """The lines that a line is laid out on; `force` writes the optional brackets that are found first."""
    must_split = line.must_split or line.is_magic or (line.is_inside and line.has_own_comments)
    if not must_split and fits(line):
        return [line]
    splits: list[_Split] = [_split_at_right]
    if line.is_definition:
        splits = [_split_at_left]
    elif line.is_inside:
        splits = [_split_at_delimiters, _split_at_comments, _split_at_right]
    for split in splits:
        result = _run(line, split, force=force)
        if result is not None:
            return result
    return [line]


def _run(line: Line, split: _Split, *, force: bool) -> list[Line] | None:
    """What a way of splitting makes of a line in the end, or None where it makes nothing of it."""
    parts = split(line, force)
    written = (line.level, line.text)
    if parts is None or any((part.level, part.text) == written for part in parts):
        return None
    result = [each for part in parts for each in split_line(part, force=force)]
    if force or split is not _split_at_right or not _may_force(line, result):
        return result
    second = _run(line, split, force=True)
    return second if second is not None and all(map(fits, second)) else result


def _may_force(line: Line, result: list[Line]) -> bool:
    """Whether writing the optional brackets of a line may be better than what was found."""
    if not line.is_tracked or not any(leaf.is_optional and not leaf.text for leaf in line.leaves):
        return False
    is_used = any(
        leaf.is_optional and leaf.text and leaf.depth == line.depth for each in result for leaf in each.leaves
    )
    return not (is_used or has_multiline_string(line) or fits(result[0]))


def _body(line: Line, leaves: list[Leaf], opening: Leaf) -> Line:
    """What stands in brackets, as a line."""
    body = Line(leaves, line.level + 1, is_inside=True)
    return structs.replace(body, must_split=_is_exploded(body, opening))


def _is_exploded(body: Line, opening: Leaf) -> bool:
    """Whether what stands in brackets goes on a line for each item, though one line might do."""
    if not body.leaves:
        return False
    last = body.leaves[-1]
    ranks = [leaf.rank for leaf in body.delimiters if leaf is not last or last.kind != "comma"]
    return max(ranks, default=0) == COMMA and (last.kind == "comma" or not opening.is_trailer)


# --- at brackets


def _split_at_left(line: Line, _: bool) -> list[Line] | None:
    """A definition, split at its parameters."""
    start = next((at for at, leaf in enumerate(line.leaves) if leaf.text == "("), None)
    if start is None:
        return None
    opening = line.leaves[start]
    end = next(at for at, leaf in enumerate(line.leaves) if leaf.partner is opening)
    if end == start + 1:
        return _split_at_right(line, False)
    return _bracket_parts(line, start, end).lines()


def _split_at_right(line: Line, force: bool) -> list[Line] | None:
    """A line split at its last brackets, or at earlier ones where what follows these fits on one line."""
    first: list[Line] | None = None
    if not line.is_magic:
        first = _right_hand_split(line, frozenset(), force=force)
        if first is None or fits(first[0]):
            return first
        line = _with_written(line, first)
    for omitted in _trailers_to_omit(line):
        lines = _right_hand_split(line, omitted, force=force)
        if lines is None or fits(lines[0]):
            return lines
    return first if first is not None else _right_hand_split(line, frozenset(), force=force)


def _with_written(line: Line, lines: list[Line]) -> Line:
    """A line with the optional brackets that a way of splitting it has written: black keeps them."""
    written = [leaf for each in lines for leaf in each.leaves if leaf.is_optional and leaf.text]
    for opening in [leaf.partner for leaf in written if leaf.partner is not None]:
        start = next((at for at, leaf in enumerate(line.leaves) if leaf is opening), None)
        if start is None or opening.text:
            continue
        end = partner_index(line.leaves, start)
        before = structs.replace(opening, text="(")
        behind = structs.replace(line.leaves[end], text=")", partner=before)
        inside = line.leaves[start + 1 : end]
        leaves = [*line.leaves[:start], before, *inside, behind, *line.leaves[end + 1 :]]
        line = structs.replace(line, leaves=leaves)
    return line


def _right_hand_split(line: Line, omitted: Collection[Leaf], *, force: bool) -> list[Line] | None:
    parts = _first_right_hand_split(line, omitted)
    return _without_optional(parts, line, omitted, force=force) if parts is not None else None


def _first_right_hand_split(line: Line, omitted: Collection[Leaf]) -> _Parts | None:
    """A line split at the last brackets that are not left out; empty ones are no place to break it."""
    leaves = line.leaves
    end = len(leaves) - 1
    while end >= 0:
        closing = leaves[end]
        if closing.kind == "close" and closing not in omitted:
            start = next((at for at in range(end) if leaves[at] is closing.partner), None)
            if start is None:
                return None
            if end > start + 1:
                return _bracket_parts(line, start, end)
            end = start
        end -= 1
    return None


def _bracket_parts(line: Line, start: int, end: int) -> _Parts:
    """A line split at a pair of brackets that are not empty."""
    opening, closing = line.leaves[start], line.leaves[end]
    body = line.leaves[start + 1 : end]
    if _wants_comma(line, body, opening):
        body = _with_comma(body)
    head = Line(line.leaves[: start + 1], line.level)
    tail = Line(line.leaves[end:], line.level, is_tracked=False)
    return _Parts(head, _body(line, body, opening), tail, opening, closing)


def _wants_comma(line: Line, body: list[Leaf], opening: Leaf) -> bool:
    """Whether a comma is put behind the last name of an import, and behind the only parameter."""
    if line.is_import:
        return True
    if not line.is_definition or not opening.is_trailer:
        return False
    return not any(leaf.kind == "comma" and leaf.depth == opening.depth + 1 for leaf in body)


def _with_comma(leaves: list[Leaf]) -> list[Leaf]:
    """Leaves with a comma behind the last that is no comment."""
    last = next((at for at in range(len(leaves) - 1, -1, -1) if leaves[at].kind != "comment"), None)
    if last is None or leaves[last].kind == "comma":
        return leaves
    before = leaves[last]
    comma = Leaf("comma", ",", depth=before.depth, rank=COMMA, comments=before.comments)
    plain = structs.replace(before, comments=[], rank=0) if before.comments else before
    return [*leaves[:last], plain, comma, *leaves[last + 1 :]]


def _without_optional(
    parts: _Parts, line: Line, omitted: Collection[Leaf], *, force: bool
) -> list[Line] | None:
    """The lines of a split, or of one that leaves its optional brackets out where that reads better."""
    is_optional = parts.opening.is_optional and not parts.opening.text
    if force or not is_optional or line.is_import or not can_omit_brackets(parts.body, parts.opening):
        return parts.lines()
    without = {parts.closing, *omitted}
    other = _first_right_hand_split(line, without)
    if other is not None and _is_better_without(other, parts):
        lines = _without_optional(other, line, without, force=force)
        if lines is not None:
            return lines
        other = None
    if other is None and not line.is_chained_assignment:
        if not can_be_split(parts.body) and not fits(parts.body) and line.leaves[0].text != "case":
            return None
        if has_multiline_string(parts.head) or has_multiline_string(parts.tail):
            return None
    return parts.lines()


def _is_better_without(other: _Parts, parts: _Parts) -> bool:
    """Whether a split that leaves out the optional brackets behind an `=` is better than one at them."""
    head = parts.head
    if len(head.leaves) < 2 or head.leaves[-2].kind not in {"equal", "argument"}:
        return True
    if not any(leaf.kind in {"open", "close"} for leaf in head.leaves[:-1]):
        return True
    if not fits(head, LINE_LENGTH - 1) or head.is_magic:
        return True
    if _equals(head) > 1 and _equals(head) > _equals(other.head):
        return False
    behind = [leaf.kind for leaf in other.head.leaves]
    while behind and behind[-1] not in {"equal", "argument", "close"}:
        behind.pop()
    if behind and behind[-1] == "close":
        return True
    return _equals(other.head) > 0 and fits(other.head)


def _equals(line: Line) -> int:
    return sum(leaf.kind in {"equal", "argument"} for leaf in line.leaves)


def _trailers_to_omit(line: Line) -> Iterator[frozenset[Leaf]]:
    """More and more of the last brackets of a line, as long as they fit on the line of what follows them."""
    omitted: set[Leaf] = set()
    inner: set[Leaf] = set()
    length = 4 * line.level
    opening: Leaf | None = None
    closing: Leaf | None = None
    for index, leaf, width in lengths(line, is_reversed=True):
        length += width
        if length > LINE_LENGTH or leaf.kind == "comment" or leaf.comments:
            return
        before = line.leaves[index - 1] if index > 0 else None
        if opening is not None:
            if leaf is opening:
                opening = None
            elif leaf.kind == "close":
                if _is_magic_at(line, index):
                    return
                inner.add(leaf)
        elif leaf.kind == "close":
            if before is not None and before.kind == "open":
                inner.add(leaf)
                continue
            if closing is not None:
                omitted |= {closing, *inner}
                inner.clear()
                yield frozenset(omitted)
            if _is_magic_at(line, index):
                return
            if leaf.text:
                opening, closing = leaf.partner, leaf


def _is_magic_at(line: Line, index: int) -> bool:
    """Whether a comma stands before a closing bracket that is not a tuple's of one."""
    before = line.leaves[index - 1] if index > 0 else None
    return before is not None and before.kind == "comma" and not is_one_tuple(line.leaves, index)


# --- at delimiters


def _split_at_delimiters(line: Line, _: bool) -> list[Line] | None:
    """What stands in brackets, split at its loosest delimiters."""
    leaves = [*line.leaves]
    ranks = [leaf.rank for leaf in line.delimiters if leaf is not leaves[-1]]
    loosest = max(ranks, default=0)
    if not loosest or (loosest == DOT and sum(leaf.rank == DOT for leaf in line.delimiters) == 1):
        return None
    if loosest == COMMA:
        leaves = _with_comma(leaves)
    outside = set(top_level(leaves, 0, len(leaves)))
    groups: list[list[Leaf]] = [[]]
    for index, leaf in enumerate(leaves):
        if leaf.kind == "comment" and index in outside:
            groups += [[leaf], []]
        elif leaf.rank == loosest and leaf.depth == line.depth:
            groups[-1].append(_with_comments_of(leaf, leaves, index + 1) if loosest != COMMA else leaf)
            groups.append([])
        else:
            groups[-1].append(leaf)
    return _lines(line, groups)


def _lines(line: Line, groups: list[list[Leaf]]) -> list[Line]:
    return [structs.replace(line, leaves=group, must_split=False) for group in groups if group]


def _with_comments_of(leaf: Leaf, leaves: list[Leaf], index: int) -> Leaf:
    """A leaf with the comments behind the operator that follows it, which goes to the next line."""
    operator = leaves[index]
    if not operator.comments or operator.kind == "comment":
        return leaf
    leaves[index] = structs.replace(operator, comments=[])
    return structs.replace(leaf, comments=[*leaf.comments, *operator.comments])


def _split_at_comments(line: Line, _: bool) -> list[Line] | None:
    """What stands in brackets, with the comments that have lines of their own on them."""
    outside = [at for at in top_level(line.leaves, 0, len(line.leaves)) if line.leaves[at].kind == "comment"]
    if not outside:
        return None
    bounds = [0, *(bound for at in outside for bound in (at, at + 1)), len(line.leaves)]
    return _lines(line, [line.leaves[start:end] for start, end in pairwise(bounds)])
