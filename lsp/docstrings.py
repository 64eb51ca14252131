"""Docstrings as Markdown: their sections, as Google's style and Sphinx write them, become lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..base.text import dedented

_LISTS = ("Args:", "Arguments:", "Parameters:", "Attributes:", "Keyword Args:", "Raises:")
_SECTIONS = frozenset((*_LISTS, "Returns:", "Yields:", "Note:", "Notes:"))
_ENTRY = re.compile(r"(\*{0,2}[A-Za-z_][\w.]*)( \([^)]*\))?:(?:\s+|$)(.*)")
_FIELD = re.compile(r":(?:param|raises?|type) ([^:]*): *(.*)|:(?:returns?|rtype): *(.*)")
_NAME = re.compile(r"\*{0,2}[\w.]+")


def as_markdown(doc: str) -> str:
    """The text of a docstring in Markdown; one without sections stays as it is."""
    if ":" not in doc:
        return doc
    return "\n".join(_lines(doc.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.rstrip() in _SECTIONS:
            end = at
            while end < len(lines) and (not lines[end].strip() or lines[end][0].isspace()):
                end += 1
            if any(each.strip() for each in lines[at:end]):
                yield from _section(line.rstrip(), "\n".join(lines[at:end]))
                at = end
                continue
        yield _field(line)


def _field(line: str) -> str:
    """A line that is a field of Sphinx as an entry of a list; another one as it is."""
    field = _FIELD.fullmatch(line)
    if field is None:
        return line
    if field[1] is None:
        return f"- returns: {field[3]}"
    name = field[1].rpartition(" ")[2]
    return f"- `{name}`: {field[2]}" if _NAME.fullmatch(name) else line


def _section(title: str, text: str) -> Iterator[str]:
    yield f"**{title.removesuffix(':')}**"
    yield ""
    for line in dedented(text).split("\n"):
        entry = _ENTRY.fullmatch(line) if title in _LISTS else None
        if entry is not None:
            yield f"- `{entry[1]}`{entry[2] or ''}: {entry[3]}".rstrip()
        else:
            yield f"  {line.strip()}" if title in _LISTS and line.strip() else line
