"""Diagnostics for people: full with the source and carets, or one line each."""

from __future__ import annotations

from textwrap import wrap

from ...grammar.source import Source
from ..diagnostic import Diagnostic, Label
from .cells import mask_keys
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
            lines.append(f"{palette('strong', place)}: {palette(one.severity, one.code)} {mask_keys(one.message)}\n")
    return "".join(lines)


def location(path: str, source: Source, offset: int) -> str:
    """`path:line:column`, both counted from 1, the column in characters."""
    line, column = source.position(offset)
    return f"{path}:{line + 1}:{column + 1}"


def _block(report: Report, file: CheckedFile, diagnostic: Diagnostic, palette: Palette, columns: int) -> list[str]:
    severity = diagnostic.severity
    head = palette(severity, f"{severity}[{diagnostic.code}]")
    near = [label for label in diagnostic.labels if label.path is None]
    lines = [
        head + palette("strong", f": {mask_keys(diagnostic.message)}"),
        *_piece("-->", file.path, file.source, diagnostic, near, palette, columns),
    ]
    for path in dict.fromkeys(label.path for label in diagnostic.labels if label.path is not None):
        found = report.look_up(path)
        if found is not None:
            far = [label for label in diagnostic.labels if label.path == path]
            lines += _piece(":::", *found, None, far, palette, columns)
    margin = " " * (len(str(file.source.line_of(diagnostic.span.start) + 1)) + 1)
    notes = [("help", diagnostic.help), ("fix", diagnostic.fix.title if diagnostic.fix else None)]
    for kind, note in notes:
        if note:
            lines += _note(f"{margin}= ", kind, note, palette, columns)
    return lines


def _piece(
    arrow: str,
    path: str,
    source: Source,
    diagnostic: Diagnostic | None,
    labels: list[Label],
    palette: Palette,
    columns: int,
) -> list[str]:
    """A place and the lines around it; without a diagnostic the labels speak alone."""
    marks = [Mark(label.span, label.message, "gutter", primary=False) for label in labels]
    if diagnostic is not None:
        marks.insert(0, Mark(diagnostic.span, "", diagnostic.severity, primary=True))
    body = excerpt(source, marks, palette, columns)
    widest = len(str(source.line_of(max(mark.span.end for mark in marks)) + 1))
    place = location(path, source, marks[0].span.start)
    return [f"{'':{widest}}{palette('gutter', arrow)} {place}", *body]


def _note(margin: str, kind: str, note: str, palette: Palette, columns: int) -> list[str]:
    first, *rest = wrap(mask_keys(note), max(40, columns - len(margin) - len(kind) - 2)) or [""]
    indent = " " * (len(margin) + len(kind) + 2)
    return [f"{palette('gutter', margin)}{palette('help', kind + ':')} {first}", *(indent + line for line in rest)]
