"""`checkstyle`: the XML of Checkstyle, which Jenkins and many review tools read.

https://github.com/checkstyle/checkstyle/blob/master/src/main/java/com/puppycrawl/tools/checkstyle/XMLLogger.java
"""

from __future__ import annotations

from ...base.xml import Element, document
from ...compiler.render import Report
from .findings import findings_of, with_slashes


def render(report: Report) -> str:
    """An element `file` for each file with findings, and in it one for each finding."""
    root = Element("checkstyle", version="8.0")
    for file in report.files:
        if not file.diagnostics:
            continue
        inside = root.add("file", name=with_slashes(file.path))
        for one in findings_of(file):
            place = one.place()
            inside.add(
                "error",
                line=place.line,
                column=place.column,
                severity=one.found.severity,
                message=one.message,
                source=f"dspyc.{one.found.code}",
            )
    return document(root)
