"""Diagnostics for people: full with the source and carets, or one line each."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from ...base.diagnostic import Diagnostic, Label
from ...base.secrets import mask
from ...grammar.source import Source
from .excerpt import Mark, excerpt
from .palette import Palette, plain
from .report import CheckedFile, Report


def full(report: Report, palette: Palette = plain, columns: int = 100) -> str:
    """Every finding with its place, its lines and what helps; empty without a finding."""
    blocks = [
        "\n".join(_block(report, file, diagnostic, palette, columns))
        for file in report.files
        for diagnostic in file.diagnostics
    ]
    return "".join(block + "\n\n" for block in blocks)


def concise(report: Report, palette: Palette = plain, columns: int = 100) -> str:
    """`path:line:column: E110 message`, one line a finding."""
    lines = []
    for file in report.files:
        for one in file.diagnostics:
            place = location(file.path, file.source, one.span.start)
            lines.append(
                f"{palette('strong', place)}: {palette(one.severity, one.code)} {mask(one.message)}\n"
            )
    return "".join(lines)


def location(path: str, source: Source, offset: int) -> str:
    """`path:line:column`, both counted from 1, the column in characters."""
    line, column = source.position(offset)
    return f"{path}:{line + 1}:{column + 1}"


def _block(report: Report, file: CheckedFile, one: Diagnostic, palette: Palette, columns: int) -> list[str]:
    near = [label for label in one.labels if label.path is None]
    pieces = [(file.path, file.source, [Mark(one.span, "", one.severity, primary=True), *_marks(near)])]
    for path in dict.fromkeys(label.path for label in one.labels if label.path is not None):
        found = report.look_up(path)
        if found is not None:
            pieces.append((*found, _marks([label for label in one.labels if label.path == path])))
    gutter = max(len(str(source.line_of(mark.span.end) + 1)) for _, source, marks in pieces for mark in marks)
    lines = [
        palette(one.severity, f"{one.severity}[{one.code}]") + palette("strong", f": {mask(one.message)}")
    ]
    arrow = "-->"
    for path, source, marks in pieces:
        lines.append(f"{'':{gutter}}{palette('gutter', arrow)} {location(path, source, marks[0].span.start)}")
        lines += excerpt(source, marks, palette, columns, gutter) if source.text else []
        arrow = ":::"
    notes = [("help", one.help), ("fix", one.fix and one.fix.title)]
    for kind, note in notes:
        if note:
            lines += _note(" " * (gutter + 1) + "= ", kind, note, palette, columns)
    return lines


def _marks(labels: Iterable[Label]) -> list[Mark]:
    return [Mark(label.span, mask(label.message), "gutter", primary=False) for label in labels]


def _note(margin: str, kind: str, note: str, palette: Palette, columns: int) -> list[str]:
    first, *rest = wrap(mask(note), max(40, columns - len(margin) - len(kind) - 2)) or [""]
    indent = " " * (len(margin) + len(kind) + 2)
    return [
        f"{palette('gutter', margin)}{palette('help', kind + ':')} {first}",
        *(indent + line for line in rest),
    ]
