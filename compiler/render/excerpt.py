"""A piece of a source text with carets under what is meant, as rustc and ruff show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from msgspec import Struct

from ...base.secrets import mask
from ...grammar.source import Source, Span
from .cells import glyph, width
from .palette import Palette, Role

_LONGEST_SECRET = 500

_LONGEST_BLOCK = 6
"""A range of more lines than this is shown by its first and its last ones."""


class Mark(Struct, frozen=True):
    """A range that is underlined, and what is written beside the line."""

    span: Span
    message: str
    role: Role
    primary: bool


class _Underline(Struct, frozen=True):
    """A mark on one line, in columns of the terminal."""

    start: int
    end: int
    mark: Mark


_Cell = tuple[str, Role | None]


def excerpt(source: Source, marks: Sequence[Mark], palette: Palette, columns: int, gutter: int) -> list[str]:
    """The lines that the marks stand on, numbered, with the marks drawn under them.

    The first mark may cover several lines; of any other only the first line is underlined. `gutter` is the
    room that line numbers take.
    """
    block = _block(source, marks[0])
    single = [_on_one_line(source, mark) for mark in (marks[1:] if block else marks)]
    by_line: dict[int, list[Mark]] = {}
    for mark in single:
        by_line.setdefault(source.line_of(mark.span.start), []).append(mark)
    lines = _shown_lines(by_line, block)
    bar = palette("gutter", "|")
    empty = f"{'':{gutter}} {bar}"
    out = [empty]
    previous: int | None = None
    for line in lines:
        if previous is not None and line > previous + 1:
            out.append(palette("gutter", "..."))
        previous = line
        opening = block is not None and line == block[0] and not _starts_line(source, marks[0].span.start)
        inside = block is not None and block[0] <= line <= block[1] and not opening
        frame = _frame(marks[0], block, line, palette, opening=opening)
        text, underlines = _cut(source, line, by_line.get(line, []), columns - gutter - (5 if block else 3))
        number = palette("gutter", f"{line + 1:>{gutter}}")
        out.append(f"{number} {bar} {frame}{text}".rstrip())
        rail = palette(marks[0].role, "|") + " " if inside else "  " if block else ""
        out += [f"{empty} {rail}{_painted(cells, palette)}".rstrip() for cells in _below(underlines)]
        if block is not None and opening:
            edge = "_" * (_column(source, marks[0].span.start) + 1) + "^"
            out.append(f"{empty}  {palette(marks[0].role, edge)}")
        if block is not None and line == block[1]:
            last = max(marks[0].span.end - 1, marks[0].span.start)
            edge = "|" + "_" * (_column(source, last) + 1) + "^"
            out.append(f"{empty} {palette(marks[0].role, (edge + ' ' + marks[0].message).rstrip())}")
    return out


def _block(source: Source, mark: Mark) -> tuple[int, int] | None:
    """The first and last line of a mark that covers several."""
    first, last = source.line_of(mark.span.start), source.line_of(max(mark.span.end - 1, mark.span.start))
    return (first, last) if last > first else None


def _on_one_line(source: Source, mark: Mark) -> Mark:
    """The mark, cut off at the end of the line it starts on."""
    end = source.line_span(source.line_of(mark.span.start)).end
    span = Span(mark.span.start, max(mark.span.start, min(mark.span.end, end)))
    return Mark(span, mark.message, mark.role, mark.primary)


def _shown_lines(by_line: Iterable[int], block: tuple[int, int] | None) -> list[int]:
    lines = set(by_line)
    if block is not None:
        first, last = block
        whole = range(first, last + 1)
        lines.update(whole if len(whole) <= _LONGEST_BLOCK else (*whole[:3], *whole[-2:]))
    # A single line left out takes as much room as the dots that would stand for it.
    lines.update(line + 1 for line in list(lines) if line + 2 in lines)
    return sorted(lines)


def _starts_line(source: Source, offset: int) -> bool:
    """Whether only blanks stand before the offset on its line."""
    return not source.text[source.line_starts[source.line_of(offset)] : offset].strip()


def _column(source: Source, offset: int) -> int:
    """The terminal's column of an offset in its line."""
    return width(source.text[source.line_starts[source.line_of(offset)] : offset])


def _frame(mark: Mark, block: tuple[int, int] | None, line: int, palette: Palette, *, opening: bool) -> str:
    """What stands between the number and the text: the left edge of a block."""
    if block is None:
        return ""
    if opening or not block[0] <= line <= block[1]:
        return "  "
    return palette(mark.role, "/" if line == block[0] else "|") + " "


def _cut(source: Source, line: int, marks: Sequence[Mark], columns: int) -> tuple[str, list[_Underline]]:
    """One line as it is shown, cut to the terminal around its marks, and the marks in columns.

    The text is looked at no further than the terminal is wide: a line may be megabytes long.
    """
    columns = max(columns, 20)
    span = source.line_span(line)
    centre = next((mark.span for mark in marks if mark.primary), marks[0].span if marks else span)
    last = max((mark.span.end for mark in marks), default=span.start)
    start = span.start if last - span.start < columns else max(span.start, centre.start - columns // 3)
    shown = ["…"] if start > span.start else []
    column = len(shown)
    column_of: dict[int, int] = {}
    offset = start
    for character in _without_secrets(source.text, start, min(span.end, start + 2 * columns)):
        drawn, wide = glyph(character, column)
        if column + wide >= columns and offset + 1 < span.end:
            shown.append("…")
            break
        column_of[offset] = column
        shown.append(drawn)
        column += wide
        offset += 1
    column_of.setdefault(offset, column)
    underlines = []
    for mark in marks:
        left = column_of.get(mark.span.start)
        if left is not None:
            underlines.append(_Underline(left, max(left + 1, column_of.get(mark.span.end, column)), mark))
    return "".join(shown), underlines


def _below(underlines: Sequence[_Underline]) -> list[list[_Cell]]:
    """The rows below a line: markers, and messages beside them or hanging from them."""
    if not underlines:
        return []
    markers: list[_Cell] = []
    for underline in sorted(underlines, key=lambda one: one.mark.primary):
        sign = "^" if underline.mark.primary else "-"
        _put(markers, underline.start, sign * (underline.end - underline.start), underline.mark.role)
    hanging = sorted((one for one in underlines if one.mark.message), key=lambda one: one.start)
    if hanging and hanging[-1].end == max(one.end for one in underlines):
        beside = hanging.pop()
        _put(markers, beside.end + 1, beside.mark.message, beside.mark.role)
    rows = [markers]
    if hanging:
        rows.append(_ropes(hanging))
    while hanging:
        lowest = hanging.pop()
        row = _ropes(hanging)
        _put(row, lowest.start, lowest.mark.message, lowest.mark.role)
        rows.append(row)
    return rows


def _ropes(underlines: Sequence[_Underline]) -> list[_Cell]:
    row: list[_Cell] = []
    for underline in underlines:
        _put(row, underline.start, "|", underline.mark.role)
    return row


def _put(row: list[_Cell], column: int, text: str, role: Role) -> None:
    """Write a text into a row of cells, over what stands there."""
    row.extend([(" ", None)] * (column + len(text) - len(row)))
    row[column : column + len(text)] = [(character, role) for character in text]


def _painted(cells: Sequence[_Cell], palette: Palette) -> str:
    runs = groupby(cells, key=lambda cell: cell[1])
    texts = ((role, "".join(character for character, _ in run)) for role, run in runs)
    return "".join(palette(role, text) if role else text for role, text in texts)


def _without_secrets(text: str, start: int, end: int) -> str:
    """A part of a text with stars for secrets, also for one that begins before the part."""
    before = max(0, start - _LONGEST_SECRET)
    return mask(text[before : end + _LONGEST_SECRET])[start - before : end - before]
