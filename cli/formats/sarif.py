"""`sarif`: SARIF 2.1.0, which GitHub's code scanning and Azure's scans show.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import quote

from ...base.diagnostic import Fix
from ...base.secrets import mask
from ...base.span import Span
from ...base.version import VERSION
from ...compiler.render import Report
from ...grammar.source import Source
from .findings import Finding, findings_of, fingerprints, place_of, with_slashes

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(report: Report) -> str:
    """One run, with the rules that found something, and the findings as its results."""
    results: list[dict[str, Any]] = []
    codes: dict[str, int] = {}
    for file in report.files:
        for one, fingerprint in zip(findings_of(file), fingerprints(file), strict=True):
            index = codes.setdefault(one.found.code, len(codes))
            results.append(_result(report, one, index, fingerprint))
    run = {
        "tool": {"driver": {"name": "dspyc", "version": VERSION, "rules": _rules(tuple(codes))}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _rules(codes: tuple[str, ...]) -> list[dict[str, Any]]:
    if not codes:
        return []
    # Rules are imported for their pages only where one has found something.
    from ...compiler.rules.register import KINDS

    rules: list[dict[str, Any]] = []
    for code in codes:
        kind = KINDS.get(code)
        if kind is None:
            rules.append({"id": code})
            continue
        page = kind.page
        first = re.split(r"(?<=\.)\s", page.text, maxsplit=1)[0]
        rules.append(
            {
                "id": code,
                "name": _pascal_case(kind.name),
                "shortDescription": {"text": first},
                "fullDescription": {"text": page.text},
                "help": {"text": page.text, "markdown": _page(page.text, page.wrong, page.right)},
                "defaultConfiguration": {"level": _LEVELS[kind.severity]},
                "properties": {"tags": [kind.category]},
            }
        )
    return rules


def _pascal_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _page(text: str, wrong: str, right: str) -> str:
    blocks = [f"{title}:\n\n```\n{code}```" for title, code in (("Wrong", wrong), ("Right", right)) if code]
    return "\n\n".join([text, *blocks])


def _result(report: Report, one: Finding, index: int, fingerprint: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": one.found.code,
        "ruleIndex": index,
        "level": _LEVELS[one.found.severity],
        "message": {"text": one.text},
        "locations": [{"physicalLocation": _location(one.file.path, one.file.source, one.found.span)}],
        # The first is what GitHub compares.
        "partialFingerprints": {"primaryLocationLineHash": fingerprint, "dspyc/v1": fingerprint},
    }
    related: list[dict[str, Any]] = []
    for label in one.found.labels:
        found = (one.file.path, one.file.source) if label.path is None else report.look_up(label.path)
        if found is not None:
            related.append(
                {
                    "id": len(related),
                    "physicalLocation": _location(*found, label.span),
                    "message": {"text": mask(label.message)},
                }
            )
    if related:
        result["relatedLocations"] = related
    fixes = [each for each in one.found.fixes if each.applicability != "display-only" and each.edits]
    if fixes:
        result["fixes"] = [_fix(one, each) for each in fixes]
    return result


def _location(path: str, source: Source, span: Span) -> dict[str, Any]:
    return {"artifactLocation": _artifact(path), "region": _region(source, span)}


def _artifact(path: str) -> dict[str, Any]:
    """A file's address: relative to the root of the sources where its path is."""
    uri = quote(with_slashes(path), errors="surrogateescape")
    if os.path.isabs(path):
        return {"uri": f"file://{'' if uri.startswith('/') else '/'}{uri}"}
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _region(source: Source, span: Span) -> dict[str, Any]:
    place = place_of(source, span)
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _fix(one: Finding, fix: Fix) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": _region(one.file.source, edit.span),
            "insertedContent": {"text": edit.replacement},
        }
        for edit in fix.edits
    ]
    change = {"artifactLocation": _artifact(one.file.path), "replacements": replacements}
    return {"description": {"text": fix.title}, "artifactChanges": [change]}
