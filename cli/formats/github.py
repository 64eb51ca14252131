"""`github`: workflow commands, which GitHub shows as annotations at the lines.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from ...compiler.render import Report
from .findings import Finding, all_findings

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report) -> str:
    """One workflow command a finding."""
    return "".join(_command(one) for one in all_findings(report))


def _command(one: Finding) -> str:
    place = one.place()
    properties = {
        "title": f"dspyc ({one.found.code})",
        "file": one.path,
        "line": place.line,
        "col": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
    listed = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items())
    message = f"{one.path}:{place.line}:{place.column}: {one.found.code} {one.message}"
    return f"::{_LEVELS[one.found.severity]} {listed}::{_escaped(message)}\n"


def _escaped(text: str, also: str = "") -> str:
    """The text with what a workflow command gives a meaning written as `%XX`."""
    return "".join(f"%{ord(one):02X}" if one in "%\r\n" or one in also else one for one in text)
