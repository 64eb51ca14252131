"""Diagnostics for programs: JSON, and the annotations of GitHub's workflows."""

from __future__ import annotations

import json
from typing import Any

from ...base.diagnostic import Diagnostic
from ...base.secrets import mask
from ...grammar.source import Source, Span
from .palette import Palette, plain
from .report import CheckedFile, Report

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def as_json(report: Report, palette: Palette = plain, columns: int = 100) -> str:
    """One JSON object: `version`, how many `files` were checked, and the `diagnostics`.

    Lines and columns count from 1, columns in code points; `offset` counts code points from 0.
    """
    found = [_record(report, file, one) for file in report.files for one in file.diagnostics]
    document = {"version": 1, "files": len(report.files), "diagnostics": found}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def github(report: Report, palette: Palette = plain, columns: int = 100) -> str:
    """Workflow commands that make GitHub show each finding at its line."""
    return "".join(_command(file, one) for file in report.files for one in file.diagnostics)


def _record(report: Report, file: CheckedFile, one: Diagnostic) -> dict[str, Any]:
    labels = []
    for label in one.labels:
        found = (file.path, file.source) if label.path is None else report.look_up(label.path)
        if found is not None:
            labels.append({"path": found[0], **_range(found[1], label.span), "message": mask(label.message)})
    fix = one.fix and {
        "title": one.fix.title,
        "safe": one.fix.is_safe,
        "edits": [
            {**_range(file.source, edit.span), "replacement": edit.replacement} for edit in one.fix.edits
        ],
    }
    return {
        "path": file.path,
        "code": one.code,
        "name": one.name,
        "severity": one.severity,
        "message": mask(one.message),
        **_range(file.source, one.span),
        "labels": labels,
        "help": one.help,
        "fix": fix,
    }


def _range(source: Source, span: Span) -> dict[str, Any]:
    return {"start": _place(source, span.start), "end": _place(source, span.end)}


def _place(source: Source, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"line": line + 1, "column": column + 1, "offset": offset}


def _command(file: CheckedFile, one: Diagnostic) -> str:
    start, end = file.source.position(one.span.start), file.source.position(one.span.end)
    properties = {
        "title": f"dspyc ({one.code})",
        "file": file.path,
        "line": start.line + 1,
        "col": start.column + 1,
        "endLine": end.line + 1,
        "endColumn": end.column + 1,
    }
    listed = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items())
    message = f"{file.path}:{start.line + 1}:{start.column + 1}: {one.code} {mask(one.message)}"
    return f"::{_LEVELS[one.severity]} {listed}::{_escaped(message)}\n"


def _escaped(text: str, also: str = "") -> str:
    """The text with what a workflow command gives a meaning written as `%XX`."""
    return "".join(f"%{ord(one):02X}" if one in "%\r\n" or one in also else one for one in text)
