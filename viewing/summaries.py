"""What the page is told of a trace: a line of the list, and the whole of it without what was said."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ..base.secrets import redact, redact_mapping
from .traces import Call, Trace, number_of

_KINDS = {"eval": "evaluation", "optimize": "optimisation"}
MOST_CALLS = 20_000
"""So many calls of a trace are drawn; a page of more is of no use to anybody."""


def trace_line(trace: Trace) -> dict[str, Any]:
    """A trace in the list."""
    models = [call for call in trace.calls.values() if call.what == "lm"]
    command = str(trace.head.get("command") or "")
    last = trace.results[-1] if trace.results else None
    best = max((one["score"] for one in trace.trials if one.get("score") is not None), default=None)
    return {
        "what": _KINDS.get(command, "run"),
        "program": redact(str(trace.head.get("program") or "")),
        "state": trace.state,
        "seconds": trace.last if trace.finished is None else trace.finished,
        "began": number_of(trace.head.get("began")),
        "error": redact(trace.error) if trace.error else None,
        "calls": len(models),
        "tokens": sum(sum(call.tokens) for call in models if call.tokens),
        "cost": sum(call.cost or 0 for call in models),
        "score": best if last is None else last.score,
        "content": bool(trace.head.get("content")),
        "results": [
            {
                "number": number,
                "metric": str(one.facts.get("metric") or ""),
                "program": str(one.facts.get("program") or ""),
                "score": one.score,
                "rows": len(one.rows),
                "errors": one.errors,
                "require": number_of(one.facts.get("require")),
            }
            for number, one in enumerate(trace.results)
        ],
        "progress": [{"stage": stage, **one} for stage, one in trace.progress.items()],
    }


def whole_trace(trace: Trace) -> dict[str, Any]:
    """Everything of a trace but what was said."""
    calls = list(trace.calls.values())
    now = trace.last if trace.finished is None else trace.finished
    # Looking for secrets takes longer than all else, and calls have few names.
    redact_once = cache(redact)
    return {
        **trace_line(trace),
        "length": now,
        "total": len(calls),
        "together": most_together(calls, now),
        "trials": redact_mapping(trace.trials),
        "steps": [_call(call, redact_once) for call in calls[:MOST_CALLS]],
    }


def _call(call: Call, redact: Callable[[str], str]) -> list[Any]:
    """A call as a row: number, within, what, name, start, end, error, place, tokens, cost, cached."""
    return [
        call.number,
        call.within,
        call.what,
        redact(call.name),
        call.start,
        call.end,
        redact(call.error) if call.error else None,
        call.place,
        call.tokens,
        call.cost,
        call.cached,
    ]


def most_together(calls: list[Call], now: float) -> int:
    """How many requests to models were under way at the same time, at most."""
    moments: list[tuple[float, int]] = []
    for call in calls:
        if call.what == "lm":
            moments += [(call.start, 1), (now if call.end is None else call.end, -1)]
    most = count = 0
    # What ends at a moment has ended before what begins there.
    for _, step in sorted(moments):
        count += step
        most = max(most, count)
    return most
