"""A result again from the rows that `save_json` has written, to compare another one with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from ...base.files import UnreadableFile, read_bytes
from ..errors import EvaluationError
from ..example import Example
from ..prediction import Prediction
from .comparison import is_same
from .exports import as_json, own_names
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
    return load_rows(path, [rows[0].example for rows in like.by_example()], like.metric)


def load_rows(path: Path, examples: Sequence[Example], metric: str) -> EvaluationResult:
    """The result in a file, by a metric on these examples.

    Args:
        path: what `EvaluationResult.save_json` wrote.
        examples: the examples that it must be of.
        metric: the name of the metric.

    Raises:
        EvaluationError: the file cannot be read, or its rows are others.
    """
    rows: list[EvaluatedRow] = []
    number = -1
    for record in _records(path):
        repeat = record.get("repeat", 0)
        if not isinstance(repeat, int) or isinstance(repeat, bool) or repeat < 0 or (number < 0 < repeat):
            raise EvaluationError(f"{path} is not a result: the `repeat` of row {number + 2} counts no run")
        number += repeat == 0
        if number >= len(examples):
            break
        rows.append(_row(path, number, record, examples[number], metric))
    if number + 1 != len(examples):
        more = "more" if number >= len(examples) else f"{number + 1}"
        raise EvaluationError(f"{path} has {more} rows, and the evaluation has {len(examples)}")
    return EvaluationResult(rows, metric=metric, program=path.name)


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        records = json.loads(read_bytes(path, LARGEST))
    except UnreadableFile as error:
        raise EvaluationError(f"{path} {error.message}") from None
    except (ValueError, RecursionError):
        raise EvaluationError(f"{path} is not a result: it is not JSON; write one with --output") from None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise EvaluationError(f"{path} is not a result: it must be a list of rows; write one with --output")
    return records


def _row(path: Path, number: int, record: dict[str, Any], example: Example, metric: str) -> EvaluatedRow:
    value = record.get(metric)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise EvaluationError(f"{path} has no score of `{metric}` in row {number + 1}")
    given, own = as_json(example.toDict()), own_names(metric)
    places = {name: _place(name, record, given, own) for name in given}
    for name, field in given.items():
        if not is_same(record.get(places[name]), field):
            raise EvaluationError(
                f"{path} is the result of other rows: row {number + 1} has another `{name}`"
            )
    predicted = {
        _predicted(name, {*given, *own}): field
        for name, field in record.items()
        if name not in own and name not in places.values()
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


def _place(name: str, record: Collection[str], given: Collection[str], own: Collection[str]) -> str:
    """Where a field of the example stands, as the exports name it."""
    prefixed = f"example_{name}"
    while prefixed in own:
        prefixed = f"example_{prefixed}"
    if prefixed not in record:
        return name
    # It may be another field of that name, in its own place.
    return prefixed if prefixed not in given or _place(prefixed, record, given, own) != prefixed else name


def _predicted(name: str, others: Collection[str]) -> str:
    """The field of a prediction that stands under a name."""
    plain = name.removeprefix("pred_")
    return plain if plain in others else name
