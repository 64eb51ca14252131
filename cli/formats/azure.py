"""`azure`: logging commands, which Azure Pipelines shows as issues of a build.

https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands
"""

from __future__ import annotations

from ...compiler.render import Report
from .findings import Finding, all_findings

_TYPES = {"error": "error", "warning": "warning", "info": "warning"}
"""There are only these two."""
_IN_MESSAGES = {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_MESSAGES, ";": "%3B", "]": "%5D"}


def render(report: Report) -> str:
    """One logging command a finding."""
    return "".join(_command(one) for one in all_findings(report))


def _command(one: Finding) -> str:
    place = one.place()
    properties = {
        "type": _TYPES[one.found.severity],
        "sourcepath": one.path,
        "linenumber": place.line,
        "columnnumber": place.column,
        "code": one.found.code,
    }
    listed = "".join(f"{name}={_escaped(str(value), _IN_PROPERTIES)};" for name, value in properties.items())
    return f"##vso[task.logissue {listed}]{_escaped(one.message, _IN_MESSAGES)}\n"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(one, one) for one in text)
