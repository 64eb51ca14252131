"""The parts of the page about a search: its trials, and what the predictors have learned."""

from __future__ import annotations

from ....base.secrets import redact
from ..costs import render_cost
from . import charts
from .markup import details, plural, seconds, table, text, tile, tiles
from .model import Learned, Report, TrialRecord
from .texts import as_text


def _figures(report: Report) -> str:
    """The figures of a search."""
    best, before = charts.best_score(report.trials), report.baseline
    found = []
    if best is not None:
        found.append(tile("best", f"{best:.1f} %", "" if before is None else f"{best - before:+.1f} points"))
    if before is not None:
        found.append(tile("before", f"{before:.1f} %"))
    failed = sum(trial.score is None for trial in report.trials)
    found.append(tile("trials", f"{len(report.trials):,}", f"{failed} failed" if failed else ""))
    used = [trial.usage for trial in report.trials if trial.usage is not None]
    if calls := sum(one.calls for one in used):
        found.append(tile("model calls", f"{calls:,}", f"{sum(one.tokens for one in used):,} tokens"))
    if cost := sum(one.cost for one in used):
        found.append(tile("cost", render_cost(cost)))
    return tiles(*found)


def trials(report: Report) -> str:
    """The score over the trials, and a table of them."""
    best = charts.best_score(report.trials)
    legend = '<i class="full"></i>all rows'
    if any(not trial.is_full for trial in report.trials):
        legend += '<i class="part"></i>minibatch'
    legend += '<i class="line"></i>best so far'
    rows = [_trial(trial, trial.is_full and trial.score == best) for trial in report.trials]
    titles = ["trial", "score", "rows", "candidate", "calls", "cost", "time"]
    shown = [index for index in range(len(titles)) if index < 4 or any(row[index] for row in rows)]
    listed = table([titles[index] for index in shown], [[row[index] for index in shown] for row in rows])
    chart = charts.trials_chart(report.trials, report.baseline)
    return (
        f'{_figures(report)}{chart}<p class="legend">{legend}</p>'
        f"{details('All trials', listed, is_open=len(rows) <= _OPEN)}"
    )


_OPEN = 12
_PREVIEW = 90


def _trial(trial: TrialRecord, is_best: bool) -> list[str]:
    what = [f"<div>{text(trial.label)}</div>"] if trial.label else []
    if trial.error:
        what.append(f'<div class="bad">{text(trial.error)}</div>')
    for name, instructions in trial.instructions.items():
        demos = trial.demos.get(name, 0)
        note = f" · {plural(demos, 'demo')}" if demos else ""
        flat = " ".join(redact(instructions).split())
        start = flat if len(flat) <= _PREVIEW else flat[:_PREVIEW] + "…"
        what.append(details(f"<b>{text(name)}</b>{note}: {text(start)}", f"<pre>{text(instructions)}</pre>"))
    if not trial.instructions and trial.demos:
        counts = ", ".join(f"{name}: {plural(count, 'demo')}" for name, count in trial.demos.items())
        what.append(f"<div>{text(counts)}</div>")
    score = "failed" if trial.score is None else f"{trial.score:.1f} %"
    used = trial.usage
    return [
        str(trial.number),
        f'<b class="good">{score} ★</b>' if is_best and trial.score is not None else score,
        "all" if trial.is_full else "minibatch",
        "".join(what),
        f"{used.calls:,}" if used is not None and used.calls else "",
        "" if used is None else render_cost(used.cost),
        "" if trial.seconds is None else seconds(trial.seconds),
    ]


def learned(one: Learned) -> str:
    """What one predictor has learned."""
    parts = [f"<h3>{text(one.predictor)}</h3>"]
    if one.model:
        parts.append(f"<p>A model of its own: <code>{text(one.model)}</code></p>")
    if one.before == one.after:
        parts.append(f"<p>Its instructions are unchanged:</p><pre>{text(one.after)}</pre>")
    else:
        parts.append(
            f'<div class="two"><div><h4>before</h4><pre>{text(one.before)}</pre></div>'
            f"<div><h4>after</h4><pre>{text(one.after)}</pre></div></div>"
        )
    if one.demos:
        names = list(dict.fromkeys(name for demo in one.demos for name in demo if name != "augmented"))
        rows = [[_clipped(as_text(demo.get(name, ""))) for name in names] for demo in one.demos]
        parts.append(details(plural(len(rows), "demo"), table(names, rows), is_open=True))
    return "".join(parts)


def _clipped(given: str) -> str:
    return f'<div class="clip">{text(given)}</div>'
