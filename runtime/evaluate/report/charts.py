"""The page's drawings, as SVG whose colours the page's style gives."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ....base.secrets import redact
from .choices import Confusion
from .markup import text
from .model import TrialRecord

_WIDTH, _HEIGHT = 860, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 14, 34


def trials_chart(trials: Sequence[TrialRecord], baseline: float | None) -> str:
    """The score of each trial as a point, the best one so far as a line, the score before as a broken one."""
    scores = [trial.score for trial in trials if trial.score is not None]
    shown = [*scores, *([] if baseline is None else [baseline])]
    if not shown:
        return ""
    ticks = _ticks(min(shown), max(shown))
    plot = _Plot(len(trials), ticks[0], ticks[-1])
    parts = [_axes(plot, ticks)]
    if baseline is not None:
        y = plot.y(baseline)
        parts.append(
            f'<line class="base" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
            f'<text class="base" x="{_LEFT + 6}" y="{y - 5}">before: {baseline:.1f} %</text>'
        )
    parts.append(_best_line(plot, trials))
    best = best_score(trials)
    for index, trial in enumerate(trials):
        parts.append(_point(plot, index, trial, trial.is_full and trial.score == best))
    title = "The score of each trial, in percent"
    return _svg(_WIDTH, _HEIGHT, title, "".join(parts))


def best_score(trials: Sequence[TrialRecord]) -> float | None:
    """The best score on all rows, in percent; None where there is none."""
    return max((one.score for one in trials if one.score is not None and one.is_full), default=None)


def histogram(values: Sequence[float], unit: str = "row") -> str:
    """How many rows, or runs of them, have which score, in ten columns."""
    low, high = min(0.0, *values), max(1.0, *values)
    width = (high - low) / 10
    counts = [0] * 10
    for value in values:
        # A score of 0.6 is in the column that begins there, though 0.6 / 0.1 is less than 6.
        counts[min(9, int(round(10 * (value - low) / (high - low), 9)))] += 1
    most, height, step = max(counts), 120, 56
    bars = []
    for index, count in enumerate(counts):
        tall = round(height * count / most, 1)
        start, end = low + index * width, low + (index + 1) * width
        x, y = index * step, 20 + height - tall
        bars.append(
            f"<g><title>{start:.2g} to {end:.2g}: {count:,} {unit}s</title>"
            f'<rect class="bar" x="{x + 3}" y="{y}" width="{step - 6}" height="{max(tall, 1)}" rx="3"/>'
            f'<text class="tick" x="{x + step / 2}" y="{y - 5}" text-anchor="middle">{count or ""}</text>'
            f'<text class="tick" x="{x + step / 2}" y="{height + 36}" text-anchor="middle">{start:.2g}</text>'
            "</g>"
        )
    return _svg(step * 10, height + 42, f"How many {unit}s have which score", "".join(bars), fixed=True)


def heat_map(confusion: Confusion) -> str:
    """The confusions as a square of cells: rows are labels, columns predictions, in the same order."""
    labels = confusion.labels
    cell = max(4, min(22, 620 // len(labels)))
    places = {name: index for index, name in enumerate(labels)}
    size = cell * len(labels)
    most = max(confusion.counts.values())
    cells = [f'<rect class="field" width="{size}" height="{size}"/>']
    for (label, other), count in sorted(confusion.counts.items()):
        kind = "right" if label == other else "wrong"
        # A single confusion among hundreds of rows has to be seen, too.
        strength = 0.3 + 0.7 * math.sqrt(count / most)
        what = f"{label} → {other}: {count:,}"
        cells.append(
            f'<rect class="{kind}" x="{places[other] * cell}" y="{places[label] * cell}" width="{cell}" '
            f'height="{cell}" opacity="{strength:.2f}"><title>{text(what)}</title></rect>'
        )
    return _svg(size, size, f"Confusions of {confusion.field}", "".join(cells), fixed=True)


class _Plot:
    """Where trials and scores are on the drawing."""

    def __init__(self, count: int, low: float, high: float) -> None:
        self._count, self._low, self._high = count, low, high

    def x(self, index: int) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        return round(_LEFT + room * (index + 0.5) / self._count, 1)

    def y(self, score: float) -> float:
        room = _HEIGHT - _TOP - _BOTTOM
        return round(_TOP + room * (self._high - score) / (self._high - self._low), 1)

    @property
    def foot(self) -> float:
        return _HEIGHT - _BOTTOM


def _axes(plot: _Plot, ticks: Sequence[float]) -> str:
    lines = [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{plot.y(tick)}" y2="{plot.y(tick)}"/>'
        f'<text class="tick" x="{_LEFT - 8}" y="{plot.y(tick) + 4}" text-anchor="end">{tick:g}</text>'
        for tick in ticks
    ]
    every = max(1, math.ceil(plot._count / 20))
    lines += [
        f'<text class="tick" x="{plot.x(index)}" y="{plot.foot + 20}" text-anchor="middle">{index + 1}</text>'
        for index in range(0, plot._count, every)
    ]
    return "".join(lines)


def _best_line(plot: _Plot, trials: Sequence[TrialRecord]) -> str:
    """A step line through the best score on all rows so far."""
    path, best = "", None
    for index, trial in enumerate(trials):
        if trial.score is not None and trial.is_full and (best is None or trial.score > best):
            x, y = plot.x(index), plot.y(trial.score)
            path += f"M{x} {y}" if best is None else f"H{x}V{y}"
            best = trial.score
    return f'<path class="best" d="{path}H{plot.x(len(trials) - 1)}"/>' if path else ""


def _point(plot: _Plot, index: int, trial: TrialRecord, is_best: bool) -> str:
    x = plot.x(index)
    what = f"trial {trial.number}{': ' + trial.label if trial.label else ''}"
    if trial.score is None:
        y = plot.foot - 6
        title = text(redact(f"{what}, failed: {trial.error}")[:300])
        return (
            f'<g class="failed"><title>{title}</title>'
            f'<path d="M{x - 4} {y - 4}L{x + 4} {y + 4}M{x - 4} {y + 4}L{x + 4} {y - 4}"/></g>'
        )
    kind = "full" if trial.is_full else "part"
    title = text(f"{what}, {trial.score:.1f} %{'' if trial.is_full else ' on a minibatch'}")
    radius = 6 if is_best else 4
    return (
        f'<circle class="{kind}{" top" if is_best else ""}" cx="{x}" '
        f'cy="{plot.y(trial.score)}" r="{radius}"><title>{title}</title></circle>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round figures around a range, four to eight of them."""
    spread = max(high - low, 4.0)
    rough = spread / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first = math.floor((low - spread * 0.05) / step)
    last = math.ceil((high + spread * 0.05) / step)
    # Scores from 0 to 100 stay there.
    values = [round(step * number, 10) for number in range(first, last + 1)]
    kept = [value for value in values if (value >= 0 or low < 0) and (value <= 100 or high > 100)]
    return kept if len(kept) > 1 else values


def _svg(width: float, height: float, title: str, content: str, *, fixed: bool = False) -> str:
    # One that fits the page would be too small to read on a phone: there it is moved sideways instead.
    size = f' width="{width}" height="{height}"' if fixed else ' class="wide"'
    drawn = f'<svg viewBox="0 0 {width} {height}"{size} role="img" aria-label="{text(title)}">{content}</svg>'
    return drawn if fixed else f'<div class="scroll">{drawn}</div>'
