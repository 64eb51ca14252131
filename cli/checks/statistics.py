"""How often each rule found something."""

from __future__ import annotations

from collections import Counter

from ...base.diagnostic import Diagnostic
from ...compiler.render import Report, ansi


def render_statistics(report: Report) -> str:
    """A line for each rule that found something, the most frequent first: `12  E201  unknown-field`."""
    findings = [found for file in report.files for found in file.diagnostics]
    counts = Counter((found.code, found.name, found.severity) for found in findings)
    fixable = {found.code for found in findings if _has_fix(found)}
    wide = max((len(f"{count:,}") for count in counts.values()), default=0)
    longest = max((len(name) for _, name, _ in counts), default=0)
    lines = []
    for (code, name, severity), count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        ending = "has fixes" if code in fixable else ""
        lines.append(f"{count:>{wide},}  {ansi(severity, code)}  {name:<{longest}}  {ending}".rstrip() + "\n")
    return "".join(lines)


def _has_fix(found: Diagnostic) -> bool:
    return any(each.applicability != "display-only" for each in found.fixes)
