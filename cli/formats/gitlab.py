"""`gitlab`: a report for GitLab's code quality, shown in merge requests.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from typing import Any

from ...compiler.render import Report
from .findings import Finding, findings_of, fingerprints

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report) -> str:
    """A JSON list with an object for each finding."""
    issues = [
        _issue(one, fingerprint)
        for file in report.files
        for one, fingerprint in zip(findings_of(file), fingerprints(file), strict=True)
    ]
    return json.dumps(issues, ensure_ascii=False, indent=2) + "\n"


def _issue(one: Finding, fingerprint: str) -> dict[str, Any]:
    place = one.place()
    return {
        "type": "issue",
        "description": f"{one.found.code}: {one.message}",
        "check_name": one.found.name,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[one.found.severity],
        "location": {
            "path": one.path,
            "positions": {
                "begin": {"line": place.line, "column": place.column},
                "end": {"line": place.end_line, "column": place.end_column},
            },
        },
    }
