"""The rows of an evaluation as CSV, JSON and JUnit's XML."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from ...base.secrets import redact
from ..values.rendering import to_json_types
from .measured import EvaluatedRow, Measured


def records(result: Measured) -> list[dict[str, Any]]:
    """See `EvaluationResult.records`."""
    optional = [name for name in ("feedback", "error") if any(getattr(row, name) for row in result.rows)]
    names = _Names(result)
    return [_record(row, names, result.metric, optional, result.repeats > 1) for row in result.rows]


def own_names(metric: str) -> frozenset[str]:
    """The names of a record that are neither the example's nor the prediction's."""
    return frozenset({metric, "repeat", "feedback", "error"})


class _Names:
    """The names of the fields of all rows of a result, so that each stands under one name in every row, and
    no two under the same.
    """

    def __init__(self, result: Measured) -> None:
        given = {name for row in result.rows for name in row.example.toDict()}
        predicted = {name for row in result.rows for name in row.prediction.toDict()}
        self._own = own_names(result.metric)
        self._prefixed = (given & predicted) | self._own
        # What is called as another one is to be called makes room for it.
        while more := {
            name
            for name in (given | predicted) - self._prefixed
            if name in {self.given(other) for other in given & self._prefixed}
            or name in {self.predicted(other) for other in predicted & self._prefixed}
        }:
            self._prefixed |= more

    def given(self, name: str) -> str:
        """The name of an example's field."""
        return self._named("example_", name)

    def predicted(self, name: str) -> str:
        """The name of a prediction's field."""
        return self._named("pred_", name)

    def _named(self, prefix: str, name: str) -> str:
        if name not in self._prefixed:
            return name
        found = prefix + name
        while found in self._own:
            found = prefix + found
        return found


def _record(
    row: EvaluatedRow, names: _Names, metric: str, optional: Iterable[str], repeated: bool
) -> dict[str, Any]:
    record = {names.given(name): value for name, value in row.example.toDict().items()}
    record |= {names.predicted(name): value for name, value in row.prediction.toDict().items()}
    if repeated:
        record["repeat"] = row.repeat
    record[metric] = row.value
    for name in optional:
        value = getattr(row, name)
        record[name] = describe(value) if isinstance(value, Exception) else value
    return record


def render_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV, with a column for each name that one of them has."""
    import csv
    import io

    text = io.StringIO()
    columns = list(dict.fromkeys(name for record in rows for name in record))
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in record.items()} for record in rows)
    return text.getvalue()


def render_json(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as a JSON list."""
    return json.dumps(as_json(list(rows)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_json(value: Any) -> Any:
    """A value in JSON's types; JSON has no NaN and no infinity, so that they are null."""
    return _finite(to_json_types(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def render_junit(results: Sequence[Measured]) -> str:
    """Results as JUnit's XML: a suite for each result, a case for each row."""
    from ...base.xml import Element, document

    root = Element("testsuites", name="dspyc", **_totals(results))
    for result in results:
        name = f"{result.program}: {result.metric}" if result.program else result.metric
        suite = root.add("testsuite", name=name, skipped=0, **_totals([result]))
        properties = suite.add("properties")
        properties.add("property", name="score", value=str(result.score))
        for number, several in enumerate(result.by_example(), 1):
            for row in several:
                title = row.example.origin or f"row {number}"
                if result.repeats > 1:
                    title += f", run {row.repeat + 1}"
                case = suite.add("testcase", name=title, classname=name, time=f"{row.seconds:.3f}")
                if row.error is not None:
                    text = describe(row.error)
                    first = text.partition("\n")[0]
                    case.add("error", text, message=first, type=type(row.error).__name__)
                elif row.value < 1:
                    case.add("failure", _difference(row), message=f"score {row.value:g}", type="score")
    return document(root)


def _totals(results: Sequence[Measured]) -> dict[str, Any]:
    rows = [row for result in results for row in result.rows]
    return {
        "tests": len(rows),
        "failures": sum(row.error is None and row.value < 1 for row in rows),
        "errors": sum(row.error is not None for row in rows),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }


def _difference(row: EvaluatedRow) -> str:
    """The inputs, what was expected and what was predicted, a line for each field."""
    inputs = row.example._input_keys or frozenset()
    example = row.example.toDict()
    lines = [f"{name}: {_cell(value)}" for name, value in example.items() if name in inputs]
    lines += [f"expected {name}: {_cell(value)}" for name, value in example.items() if name not in inputs]
    lines += [f"predicted {name}: {_cell(value)}" for name, value in row.prediction.toDict().items()]
    return "\n".join([*lines, *([row.feedback] if row.feedback else [])])


def describe(error: Exception) -> str:
    """An error as a report shows it, without keys: "ValueError: the message"."""
    return redact(f"{type(error).__name__}: {error}")


def _cell(value: Any) -> Any:
    value = to_json_types(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    return json.dumps(value, ensure_ascii=False)
