"""A result again from the rows that `save_json` has written, to compare another one with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...base.files import UnreadableFile, read_bytes
from ..errors import EvaluationError
from ..example import Example
from ..prediction import Prediction
from ..values.rendering import to_json_types
from .measured import EvaluatedRow
from .result import EvaluationResult

LARGEST = 2**31
"""The size in bytes up to which a file is read."""


def load_result(path: Path, like: EvaluationResult) -> EvaluationResult:
    """The result in a file, on the same rows and by the same metric as another one.

    Args:
        path: what `EvaluationResult.save_json` wrote.
        like: the result that it is to be compared with.

    Raises:
        EvaluationError: the file cannot be read, or its rows are others.
    """
    try:
        records = json.loads(read_bytes(path, LARGEST))
    except UnreadableFile as error:
        raise EvaluationError(f"{path} {error.message}") from None
    except (ValueError, RecursionError):
        raise EvaluationError(f"{path} is not a result: it is not JSON; write one with --output") from None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise EvaluationError(f"{path} is not a result: it must be a list of rows; write one with --output")
    examples = [rows[0].example for rows in like.by_example()]
    rows, number = [], -1
    for record in records:
        number += record.get("repeat", 0) == 0
        if number >= len(examples):
            break
        rows.append(_row(path, number, record, examples[number], like.metric))
    if number + 1 != len(examples):
        more = "more" if number >= len(examples) else f"{number + 1}"
        raise EvaluationError(f"{path} has {more} rows, and the evaluation has {len(examples)}")
    return EvaluationResult(rows, metric=like.metric, program=path.name)


def _row(path: Path, number: int, record: dict[str, Any], example: Example, metric: str) -> EvaluatedRow:
    value = record.get(metric)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise EvaluationError(f"{path} has no score of `{metric}` in row {number + 1}")
    given = to_json_types(example.toDict())
    for name, field in given.items():
        there = record.get(f"example_{name}", record.get(name))
        if there != field:
            raise EvaluationError(
                f"{path} is the result of other rows: row {number + 1} has another `{name}`"
            )
    own = {metric, "repeat", "feedback", "error", *(f"example_{name}" for name in given)}
    own |= {name for name in given if f"example_{name}" not in record}
    predicted = {
        name.removeprefix("pred_") if name.removeprefix("pred_") in given else name: field
        for name, field in record.items()
        if name not in own
    }
    return EvaluatedRow(
        example,
        Prediction(predicted),
        value,
        float(value),
        record.get("feedback"),
        EvaluationError(str(record["error"])) if record.get("error") else None,
        repeat=record.get("repeat", 0),
    )
