"""The page's parts in their order; all but the table of rows stand without its script."""

from __future__ import annotations

from ..calibration import calibration
from . import charts, measuring, searching
from .choices import confusions
from .markup import section, text
from .model import Report


def body(report: Report) -> str:
    """Everything between the page's `<body>` tags, except its data."""
    parts = [_header(report)]
    if len(report.results) > 1:
        parts.append(section("Programs", measuring.programs(report.results)))
    if report.trials:
        parts.append(section("Trials", searching.trials(report)))
    if report.learned:
        parts.append(section("What was learned", "".join(map(searching.learned, report.learned))))
    if report.comparison is not None:
        parts.append(section("Comparison", measuring.comparison(report.comparison)))
    if report.results:
        first = report.results[0]
        values = [row.value for row in first.rows]
        unit = "row" if first.repeats == 1 else "run"
        if any(value not in (0.0, 1.0) for value in values):
            parts.append(section("Scores", charts.histogram(values, unit)))
        for found in confusions(first):
            sure = calibration(first, found.field)
            content = measuring.confusion(found, unit)
            content += "" if sure is None else measuring.confidence(sure, unit)
            parts.append(section(f"Choices: {found.field}", content))
        parts.append('<section id="rows"><h2>Rows</h2><noscript>This table needs JavaScript.</noscript>')
        parts.append("</section>")
    return f"<main>\n{''.join(parts)}\n</main>"


def _header(report: Report) -> str:
    facts = " · ".join(f"{text(name)}: <b>{text(value)}</b>" for name, value in report.facts.items())
    figures = measuring.result_tiles(report.results[0]) if report.results else ""
    return (
        f'<header><h1>{text(report.title)}</h1><button id="theme" title="Light or dark">◐</button>'
        f"{f'<p>{facts}</p>' if facts else ''}</header>\n{figures}"
    )
