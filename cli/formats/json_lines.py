"""`json-lines`: the objects of `json`, one a line, for tools that read as it comes."""

from __future__ import annotations

import json

from ...compiler.render import Report
from .findings import all_findings
from .json import as_record


def render(report: Report) -> str:
    """One JSON object a line; nothing without a finding."""
    records = (as_record(report, one) for one in all_findings(report))
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)
