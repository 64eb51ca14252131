"""The parts of the page about evaluations: figures, programs beside each other, comparison, confusions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..calibration import Calibration
from ..comparison import Comparison
from ..costs import render_cost
from ..measured import Measured
from . import charts
from .choices import Confusion
from .markup import details, plural, seconds, table, text, tile, tiles

MOST_TABLED = 12
"""Up to how many choices the confusions are a table of figures; those of more are drawn."""


def result_tiles(result: Measured) -> str:
    """The figures of a result."""
    return tiles(*_figures(result))


def _figures(result: Measured) -> Iterator[str]:
    interval = result.interval()
    sure = "" if interval is None else f"{interval[0]:.1f} to {interval[1]:.1f} (95 %)"
    reached = result.require is not None and result.score >= result.require
    kind = "" if result.require is None else "good" if reached else "bad"
    yield tile("score", f"{result.score:.1f} %", sure, kind)
    if result.require is not None:
        yield tile("required", f"{result.require:g} %", "reached" if reached else "not reached")
    if result.repeats > 1:
        for k in (1, result.repeats):
            yield tile(f"pass@{k}", f"{result.pass_at(k):.1f} %", f"of {result.repeats} runs")
    examples = len(result.by_example())
    yield tile("rows", f"{examples:,}", f"{result.repeats} runs of each" if result.repeats > 1 else "")
    errors = sum(row.error is not None for row in result.rows)
    yield tile("errors", f"{errors:,}", "", "bad" if errors else "")
    used = result.usage
    if used.calls:
        yield tile("model calls", f"{used.calls:,}", f"{used.tokens:,} tokens" if used.tokens else "")
    if used.cost:
        yield tile("cost", render_cost(used.cost), f"{render_cost(used.cost / max(examples, 1))} a row")
    yield tile("time", seconds(result.seconds))


def programs(results: Sequence[Measured]) -> str:
    """Several results beside each other."""
    rows = []
    for number, result in enumerate(results):
        interval = result.interval()
        name = text(result.program or f"program {number + 1}")
        rows.append(
            [
                f'<a href="#rows" data-result="{number}">{name}</a>',
                text(result.metric),
                f"<b>{result.score:.1f} %</b>",
                "" if interval is None else f"{interval[0]:.1f} to {interval[1]:.1f}",
                f"{sum(row.error is not None for row in result.rows):,}",
                render_cost(result.usage.cost),
                seconds(result.seconds),
            ]
        )
    return table(["program", "metric", "score", "95 % interval", "errors", "cost", "time"], rows, numbers=2)


def comparison(found: Comparison) -> str:
    """Whether one result is better than another one, in a sentence and in figures."""
    low, high = found.interval
    worse, better = found.discordant
    kind, meaning = _MEANINGS[found.verdict]
    sure = f"{low:+.1f} to {high:+.1f} ({100 * found.level:g} %)"
    count = f"of {len(found.differences):,}"
    return f'<p class="verdict {kind}">{meaning}</p>' + tiles(
        tile("first run", f"{found.before.score:.1f} %", found.before.program),
        tile("second run", f"{found.after.score:.1f} %", found.after.program),
        tile("difference", f"{found.difference:+.1f}", sure, kind),
        tile("p value", f"{found.p_value:.3f}", found.test),
        tile("rows better", f"{better:,}", count),
        tile("rows worse", f"{worse:,}", count),
    )


_MEANINGS = {
    "better": ("good", "The second run is better than the first."),
    "worse": ("bad", "The second run is worse than the first."),
    "indistinguishable": (
        "same",
        "The two runs are indistinguishable: chance alone can explain a difference of this size.",
    ),
}


def confusion(found: Confusion, unit: str = "row") -> str:
    """Which choices were taken for which.

    Args:
        found: the confusions.
        unit: what they are counts of: a row, or where rows ran several times a run.
    """
    labels = found.labels
    right = f"{100 * found.accuracy:.1f} % of {plural(found.counts.total(), unit)}"
    parts = [f"<p>{right} have the right one of {len(labels)} choices.</p>"]
    is_small = len(labels) <= MOST_TABLED
    columns = []
    if not is_small:
        note = (
            '<p class="note">A line for each label, a column for each answer; point at a cell to read it.</p>'
        )
        columns.append(charts.heat_map(found) + note)
    if wrong := found.most_frequent(12):
        rows = [[text(label), text(other), f"{count:,}"] for label, other, count in wrong]
        listed = table(["expected", "given", f"{unit}s"], rows, numbers=2)
        columns.append(f"<h3>Most frequent confusions</h3>{listed}")
    if is_small:
        columns.insert(0, _matrix(found))
    parts.append('<div class="two">' + "".join(f"<div>{column}</div>" for column in columns) + "</div>")
    figures = []
    for one in found.figures():
        shares = (one.precision, one.recall, one.f1)
        figures.append([text(one.name), f"{one.count:,}", *(f"{100 * share:.0f} %" for share in shares)])
    listed = table(["choice", f"{unit}s", "precision", "recall", "F1"], figures, numbers=1)
    return "".join(parts) + details("Precision and recall", listed)


def confidence(found: Calibration, unit: str = "row") -> str:
    """How the probabilities of choices compare with what was right; see `confusion`."""
    figures = tiles(
        tile("calibration error", f"{100 * found.error:.1f} %", "0 is best"),
        tile("Brier score", f"{found.brier:.3f}", "0 is best, 2 worst"),
        tile("the label's probability", f"{100 * found.label_probability:.1f} %", "on average"),
    )
    rows = [
        [
            f"{100 * one.low:.0f} to {100 * one.low + 10:.0f} %",
            f"{one.count:,}",
            f"{100 * one.confidence:.1f} %",
            f"{100 * one.accuracy:.1f} %",
        ]
        for one in found.bins
    ]
    titles = ["probability of the choice", f"{unit}s", "on average", "were right"]
    return f"<h3>How sure the program was</h3>{figures}{table(titles, rows, numbers=1)}"


def _matrix(found: Confusion) -> str:
    labels = found.labels
    head = "".join(f"<th>{text(name)}</th>" for name in labels)
    most = max(found.counts.values())
    lines = []
    for label in labels:
        cells = [_matrix_cell(found.counts[label, other], most, label == other) for other in labels]
        lines.append(f"<tr><th>{text(label)}</th>{''.join(cells)}</tr>")
    return (
        '<div class="scroll"><table class="matrix"><thead><tr><th>expected ↓ given →</th>'
        f"{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _matrix_cell(count: int, most: int, is_right: bool) -> str:
    if not count:
        return "<td></td>"
    # A single confusion among hundreds of rows has to be seen, too.
    level = max(1, round(5 * (count / most) ** 0.5))
    return f'<td class="{"right" if is_right else "wrong"} l{level}">{count:,}</td>'
