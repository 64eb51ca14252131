"""`rdjson`: the Reviewdog Diagnostic Format, whose fixes become suggestions in a review.

https://github.com/reviewdog/reviewdog/tree/master/proto/rdf
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...base.secrets import mask
from ...base.span import Span
from ...compiler.render import Report
from ...grammar.source import Source
from .findings import Finding, all_findings, place_of, with_slashes

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def render(report: Report) -> str:
    """One object with the tool and its diagnostics; columns count bytes of UTF-8, as the format asks."""
    document = {
        "source": {"name": "dspyc"},
        "diagnostics": [_diagnostic(report, one) for one in all_findings(report)],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _diagnostic(report: Report, one: Finding) -> dict[str, Any]:
    source = one.file.source
    record: dict[str, Any] = {
        "message": "\n".join([one.text, *_related(report, one)]),
        "location": {"path": one.path, "range": _range(source, one.found.span)},
        "severity": _SEVERITIES[one.found.severity],
        "code": {"value": one.found.code},
    }
    # Several suggestions are alternatives, so only fixes of one edit can be among them.
    suggestions = [
        {"range": _range(source, fix.edits[0].span), "text": fix.edits[0].replacement}
        for fix in one.found.fixes
        if len(fix.edits) == 1 and fix.applicability != "display-only"
    ]
    if suggestions:
        record["suggestions"] = suggestions
    return record


def _related(report: Report, one: Finding) -> Iterator[str]:
    """The other places that a finding talks of, each as a line; the format has no element for them."""
    for label in one.found.labels:
        found = (one.path, one.file.source) if label.path is None else report.look_up(label.path)
        if found is not None:
            place = place_of(found[1], label.span)
            yield f"{with_slashes(found[0])}:{place.line}:{place.column}: {mask(label.message)}"


def _range(source: Source, span: Span) -> dict[str, Any]:
    place = place_of(source, span, "utf-8")
    return {
        "start": {"line": place.line, "column": place.column},
        "end": {"line": place.end_line, "column": place.end_column},
    }
