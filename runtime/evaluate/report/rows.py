"""The rows of a result as the page's script reads them: numbers, and texts by their number."""

from __future__ import annotations

from typing import Any

from ....base.secrets import redact
from ..comparison import Comparison
from ..exports import describe
from ..measured import EvaluatedRow, Measured
from .texts import Texts, as_text


def result_data(result: Measured, comparison: Comparison | None, texts: Texts) -> dict[str, Any]:
    """A result in JSON's types.

    Args:
        result: the result.
        comparison: what its rows are compared with, where that is its `after`.
        texts: takes in the texts.
    """
    changed = _changed(comparison) if comparison is not None and comparison.after is result else {}
    rows = []
    for index, several in enumerate(result.by_example()):
        for row in several:
            plain = _row_data(row, index, texts)
            if index in changed:
                before, difference = changed[index]
                plain["delta"] = round(difference, 6)
                plain["earlier"] = _fields(before.prediction.toDict(), texts)
            rows.append(plain)
    return {
        "name": texts.number(result.program or result.metric),
        "metric": texts.number(result.metric),
        "repeats": result.repeats,
        "rows": rows,
    }


def _changed(comparison: Comparison) -> dict[int, tuple[EvaluatedRow, float]]:
    changes = [*comparison.worse, *comparison.better]
    return {change.index: (change.before, change.difference) for change in changes}


def _row_data(row: EvaluatedRow, index: int, texts: Texts) -> dict[str, Any]:
    inputs = row.example._input_keys or frozenset()
    example = row.example.toDict()
    plain: dict[str, Any] = {
        "n": index + 1,
        "score": round(row.value, 6),
        "seconds": round(row.seconds, 3),
        "inputs": _fields({name: value for name, value in example.items() if name in inputs}, texts),
        "expected": _fields({name: value for name, value in example.items() if name not in inputs}, texts),
        "given": _fields(row.prediction.toDict(), texts),
    }
    optional: dict[str, Any] = {
        "run": row.repeat or None,
        "origin": texts.number(row.example.origin) if row.example.origin else None,
        "feedback": texts.number(row.feedback) if row.feedback else None,
        "error": texts.number(describe(row.error)) if row.error is not None else None,
        "tokens": row.usage.tokens if row.usage is not None and row.usage.tokens else None,
        "cost": row.usage.cost if row.usage is not None and row.usage.cost else None,
        "calls": [
            {
                "model": texts.number(call.model),
                "messages": [[role, texts.number(text)] for role, text in call.messages],
                "answer": texts.number(call.answer),
                "cached": call.cached,
                "tokens": call.tokens,
            }
            for call in row.calls
        ],
    }
    if row.prediction.probabilities:
        optional["probabilities"] = _probabilities(row.prediction.probabilities)
    return plain | {name: value for name, value in optional.items() if value is not None and value != []}


def _fields(values: dict[str, Any], texts: Texts) -> dict[str, int]:
    return {redact(name): texts.number(as_text(value)) for name, value in values.items()}


def _probabilities(found: dict[str, dict[Any, float]]) -> dict[str, list[list[Any]]]:
    """The most probable choices of each output, each with its probability."""
    return {
        redact(name): [
            [redact(as_text(choice)), round(share, 4)]
            for choice, share in sorted(choices.items(), key=lambda one: -one[1])[:_SHOWN]
        ]
        for name, choices in found.items()
    }


_SHOWN = 5
