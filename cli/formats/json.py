"""`json`: one object with all findings, made for scripts."""

from __future__ import annotations

import json
from typing import Any

from ...base.diagnostic import Fix
from ...base.secrets import mask
from ...base.span import Span
from ...compiler.render import Report
from ...grammar.source import Source
from .findings import Finding, all_findings, place_of, with_slashes


def render(report: Report) -> str:
    """One JSON object: `version`, how many `files` were checked, and the `diagnostics`.

    Lines and columns count from 1, columns in code points; `offset` counts code points from 0.
    """
    found = [as_record(report, one) for one in all_findings(report)]
    document = {"version": 1, "files": len(report.files), "diagnostics": found}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def as_record(report: Report, one: Finding) -> dict[str, Any]:
    """A finding as a JSON object."""
    labels = []
    for label in one.found.labels:
        found = (one.file.path, one.file.source) if label.path is None else report.look_up(label.path)
        if found is not None:
            path, source = found
            message = mask(label.message)
            labels.append({"path": with_slashes(path), **_range(source, label.span), "message": message})
    return {
        "path": one.path,
        "code": one.found.code,
        "name": one.found.name,
        "severity": one.found.severity,
        "message": one.message,
        **_range(one.file.source, one.found.span),
        "labels": labels,
        "help": one.found.help and mask(one.found.help),
        "fix": one.found.fix and _fix(one.file.source, one.found.fix),
    }


def _fix(source: Source, fix: Fix) -> dict[str, Any]:
    edits = [{**_range(source, edit.span), "replacement": edit.replacement} for edit in fix.edits]
    return {"title": fix.title, "safe": fix.is_safe, "edits": edits}


def _range(source: Source, span: Span) -> dict[str, Any]:
    place = place_of(source, span)
    return {
        "start": {"line": place.line, "column": place.column, "offset": span.start},
        "end": {"line": place.end_line, "column": place.end_column, "offset": span.end},
    }
