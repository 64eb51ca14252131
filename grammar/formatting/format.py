"""The one layout of a file: same meaning, same comments, and formatting it again changes nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from msgspec import Struct

from ...base.span import Span
from ..lossless import Lexeme, tokenize
from ..parse import Parsed, parse_item
from ..split import split
from ..syntax import FileDocstring, FromImport, Import
from ..trees import equal
from .lines import LogicalLine, lines_of
from .reading import comment_text

_COMMENT_OR_BLANK = re.compile(r"[ \t\f\ufeff]*(?:(#[^\r\n]*))?(\r\n?|\n|\Z)")
_MOST_PASSES = 6
_LINE_END = re.compile(r"[ \t\f]*(?:\r\n?|\n)?")


class _Entry(Struct):
    """An item or a comment at the top of a file, and how many blank lines are above it."""

    lines: list[str]
    blanks: int
    is_block: bool = False
    is_import: bool = False
    is_docstring: bool = False
    raw: str | None = None
    """The text of an item with mistakes, which stays as it is."""


def format_source(text: str, only: Collection[Span] | None = None) -> str:
    """The text in the one layout; declarations with syntax problems are left as they are, byte for byte.

    With `only`, the declarations are formatted that have a character in one of its ranges, or that an empty
    range stands in; the others are left as they are.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    newline = _line_ending(text)
    body = text[len(mark) :]
    entries: list[_Entry] = []
    for chunk in split(body):
        code = Span(len(mark) + chunk.start, len(mark) + chunk.start + len(chunk.text.rstrip()))
        if only is None or any(_meets(code, each) for each in only):
            _add_entries(entries, chunk.text)
        else:
            entries.append(_Entry([], _pending(entries), raw=chunk.text))
    formatted = mark + _assemble(entries, newline)
    return formatted if formatted.strip("\ufeff \t\r\n") else mark


def _meets(code: Span, chosen: Span) -> bool:
    """Whether a range has a character of a declaration; an empty one may stand at its end too."""
    if chosen.start == chosen.end:
        return code.start <= chosen.start <= code.end
    return chosen.start < code.end and code.start < chosen.end


def _line_ending(text: str) -> str:
    """The line ending that a text has most often, with which all of its lines will end."""
    counts = Counter(re.findall(r"\r\n?|\n", text)) if "\r" in text else Counter()
    return max(("\n", "\r\n", "\r"), key=lambda ending: counts[ending])


def _add_entries(entries: list[_Entry], text: str) -> None:
    """Add what one piece of the file holds."""
    parsed = parse_item(text)
    if parsed.problems:
        entries.append(_Entry([], _pending(entries), raw=text))
        return
    original = text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        parsed = parse_item(text)
    if parsed.declaration is None:
        _add_comments(entries, text)
        return
    lines, start, end = lines_of(text, parsed.declaration)
    written = _settled(parsed, text[start:end], _written(lines))
    if written is None:
        entries.append(_Entry([], _pending(entries), raw=original))
        return
    above = _add_comments(entries, text[:start])
    declaration = parsed.declaration
    entry = _Entry(
        written,
        above,
        is_block=any(line.level for line in lines),
        is_import=isinstance(declaration, Import | FromImport),
        is_docstring=isinstance(declaration, FileDocstring),
    )
    if (
        above == 0
        and entries
        and not entries[-1].raw
        and entries[-1].lines[0].startswith("#")
        and text[:start].strip()
    ):
        comment = entries.pop()
        entry.lines = comment.lines + entry.lines
        entry.blanks = comment.blanks
    entries.append(entry)
    line_end = _LINE_END.match(text, end)
    pending = _add_comments(entries, text[line_end.end() if line_end else end :])
    if pending:
        entries.append(_Entry([], pending))


def _add_comments(entries: list[_Entry], text: str) -> int:
    """Add the comments of a text that holds nothing else; how many blank lines follow the last."""
    blanks = _pending(entries)
    is_new = True
    at = 0
    while at < len(text):
        found = _COMMENT_OR_BLANK.match(text, at)
        if found is None or found.end() == at:
            break
        at = found.end()
        if found[1] is None:
            blanks += 1
            is_new = True
            continue
        if is_new:
            entries.append(_Entry([], blanks))
        entries[-1].lines.append(comment_text(found[1]))
        is_new, blanks = False, 0
    return blanks


def _pending(entries: list[_Entry]) -> int:
    """The blank lines that were left over below the last item."""
    if entries and not entries[-1].lines and entries[-1].raw is None:
        return entries.pop().blanks
    return 0


def _settled(parsed: Parsed, code: str, written: list[str]) -> list[str] | None:
    """The lines of an item that formatting again leaves as they are, and that mean what its code means.

    Comments at odd places may need a second look: once they have moved, other breaks are possible.
    """
    formatted = "\n".join(written)
    if formatted == code:
        return written
    for _ in range(_MOST_PASSES):
        again = parse_item(formatted + "\n")
        if again.declaration is None or not _is_same(parsed, code, again):
            return None
        lines, *_ = lines_of(formatted + "\n", again.declaration)
        before, formatted = formatted, "\n".join(_written(lines))
        if formatted == before:
            return formatted.split("\n")
    return None


def _written(lines: list[LogicalLine]) -> list[str]:
    written: list[str] = []
    for line in lines:
        if line.blank_above and written:
            written.append("")
        margin = " " * (4 * line.level)
        rendered = line.render()
        written += [margin + rendered[0], *rendered[1:]]
    return written


def _assemble(entries: list[_Entry], newline: str) -> str:
    """The file: one blank line around blocks, at most one elsewhere."""
    parts: list[str] = []
    before: _Entry | None = None
    for entry in entries:
        if entry.raw is None and not entry.lines:
            continue
        if before is not None and before.raw is None:
            parts.append(newline * _blanks_between(before, entry))
        if entry.raw is not None:
            parts.append(entry.raw)
        else:
            parts += [line + newline for line in "\n".join(entry.lines).split("\n")]
        before = entry
    return "".join(parts)


def _blanks_between(before: _Entry, entry: _Entry) -> int:
    if entry.raw is not None:
        return entry.blanks
    if before.is_block or entry.is_block or before.is_docstring or (before.is_import and not entry.is_import):
        return 1
    return min(entry.blanks, 1)


def _is_same(parsed: Parsed, code: str, again: Parsed) -> bool:
    """Whether a formatted item means what it meant, and has the comments of its code."""
    if again.problems or not equal(parsed.declaration, again.declaration, ignore_raw=True):
        return False
    return _comments(tokenize(code)) == _comments(again.tokens)


def _comments(tokens: tuple[Lexeme, ...]) -> list[str]:
    return sorted(comment_text(token.text) for token in tokens if token.kind == "comment")
