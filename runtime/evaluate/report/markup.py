"""The pieces of HTML that sections are made of; `text` is the only way in which a text gets into them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ....base.secrets import redact


def text(given: str) -> str:
    """A text that may hold anything, as HTML, without keys."""
    return escape(redact(given))


def section(title: str, content: str) -> str:
    """A part of the page with its heading."""
    return f"<section><h2>{text(title)}</h2>{content}</section>\n"


def tiles(*content: str) -> str:
    """Some tiles in a line."""
    return f'<div class="tiles">{"".join(content)}</div>\n'


def tile(name: str, value: str, note: str = "", kind: str = "") -> str:
    """A figure with its name and a note; `kind` is `good` or `bad` where it is."""
    return (
        f'<div class="tile {kind}"><span>{text(name)}</span><b>{text(value)}</b>'
        f"<small>{text(note)}</small></div>"
    )


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], numbers: int | None = None) -> str:
    """A table of finished cells; those from the column `numbers` on are figures."""
    first = len(titles) if numbers is None else numbers
    kinds = [' class="num"' if index >= first else "" for index in range(len(titles))]
    head = "".join(f"<th{kind}>{text(title)}</th>" for kind, title in zip(kinds, titles, strict=True))
    lines = [
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    ]
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody>'
        "</table></div>"
    )


def details(summary: str, content: str, *, is_open: bool = False) -> str:
    """Something that opens when it is clicked; `summary` is finished HTML."""
    return f"<details{' open' if is_open else ''}><summary>{summary}</summary>{content}</details>"


def seconds(duration: float) -> str:
    """A duration: "1.2 s", "3 min 4 s", "2 h 5 min"."""
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, unit: str) -> str:
    """A number of things: "1 demo", "1,200 rows"."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
