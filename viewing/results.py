"""Results of evaluations, from wherever they were written: a trace, a report, the rows of `--output`.

All of them come with texts for values, so that results from different kinds of file can be compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..base.files import read_bytes
from ..runtime.evaluate.calls import ModelCall
from ..runtime.evaluate.measured import EvaluatedRow
from ..runtime.evaluate.report.texts import as_text
from ..runtime.evaluate.result import EvaluationResult
from ..runtime.example import Example
from ..runtime.prediction import Prediction
from ..runtime.work.task import Usage
from .finding import Found
from .traces import Trace, number_of

LARGEST = 2**30
"""The size in bytes up to which a report or a file of rows is read."""
_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
_ORIGIN = re.compile(r"`(?P<file>.+)`, line (?P<line>[0-9]{1,18})|row (?P<row>[0-9]{1,18})", re.DOTALL)
"""As `Example.origin` says it."""
_OWN = ("feedback", "error")
"""What may stand behind the score in the rows of `--output`."""


class Unusable(Exception):
    """A file that does not hold what it seemed to, as a clause that follows its name."""


def of_trace(trace: Trace, number: int) -> EvaluationResult:
    """A result of a trace.

    Raises:
        Unusable: the trace has no such result, or the content of its rows was not written.
    """
    if not 0 <= number < len(trace.results):
        raise Unusable(f"has no result {number + 1}")
    found = trace.results[number]
    facts = found.facts
    rows = [_row(trace.content(span)) for span in found.rows]
    return EvaluationResult(
        rows,
        str(facts.get("metric") or "score"),
        str(facts.get("program") or ""),
        number_of(facts.get("require")),
        number_of(facts.get("seconds")) or 0.0,
        int(number_of(facts.get("total")) or 0),
    )


def of_file(found: Found) -> list[EvaluationResult]:
    """The results of a report, or of a file of rows.

    Raises:
        Unusable: it holds none.
        UnreadableFile: it cannot be read.
    """
    text = read_bytes(found.path, LARGEST).decode("utf-8", "replace")
    try:
        return _of_report(text) if found.kind == "report" else [_of_rows(json.loads(text), found.name)]
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
        raise Unusable("does not hold the rows of an evaluation") from None


def _row(record: Mapping[str, Any]) -> EvaluatedRow:
    inputs, expected = _texts(record.get("inputs")), _texts(record.get("expected"))
    prediction = Prediction(_texts(record.get("given")))
    if chances := record.get("probabilities"):
        shares = {name: {as_text(choice): share for choice, share in each} for name, each in chances.items()}
        object.__setattr__(prediction, "_probabilities", shares)
    usage = record.get("usage")
    example = Example({**inputs, **expected}).with_inputs(*inputs)
    if origin := _ORIGIN.fullmatch(str(record.get("origin"))):
        place = (origin["file"] or "", int(origin["line"] or origin["row"]))
        object.__setattr__(example, "_origin", place)
    return EvaluatedRow(
        example,
        prediction,
        float(record["score"]),
        float(record["score"]),
        record.get("feedback"),
        error_of(record.get("error")),
        float(record.get("seconds") or 0),
        int(record.get("repeat") or 0),
        Usage(*usage) if usage else None,
        tuple(map(ModelCall.from_json, record.get("calls") or ())),
    )


def _of_report(text: str) -> list[EvaluationResult]:
    match = _DATA.search(text)
    data = json.loads(match[1]) if match is not None else {"results": [], "texts": []}
    texts = data["texts"]

    def fields(numbers: Mapping[str, int]) -> dict[str, str]:
        return {name: texts[number] for name, number in numbers.items()}

    def row(one: Mapping[str, Any]) -> EvaluatedRow:
        asked = sum(not call["cached"] for call in one.get("calls", ()))
        used = (asked, one.get("tokens", 0), one.get("cost", 0.0))
        record = {
            **one,
            **{name: fields(one[name]) for name in ("inputs", "expected", "given")},
            **{name: texts[one[name]] for name in ("feedback", "error", "origin") if name in one},
            "usage": used if any(used[1:]) else None,
            "repeat": one.get("run", 0),
            "calls": [
                [
                    texts[call["model"]],
                    [[role, texts[number]] for role, number in call["messages"]],
                    texts[call["answer"]],
                    call["cached"],
                    call["tokens"],
                    None,
                ]
                for call in one.get("calls", ())
            ],
        }
        return _row(record)

    return [
        EvaluationResult(map(row, each["rows"]), texts[each["metric"]], texts[each["name"]])
        for each in data["results"]
    ]


def _of_rows(records: Sequence[Mapping[str, Any]], name: str) -> EvaluationResult:
    """What `EvaluationResult.save_json` has written: which columns are which is told by their names, and by
    their order: the example's, the prediction's, the score.
    """
    # A row without a prediction lacks columns.
    whole = [record for record in records if any(column.startswith("pred_") for column in record)]
    columns = list(dict.fromkeys(column for record in whole for column in record))
    metric = [column for column in columns if column not in _OWN][-1]
    last = max(index for index, column in enumerate(columns) if column.startswith("example_"))
    if columns.index(metric) <= last or metric.startswith("pred_"):
        raise ValueError("there is no score")
    given = [column for column in columns[last + 1 :] if column not in {metric, "repeat", *_OWN}]
    inputs = [column for column in columns[: last + 1] if not column.startswith("example_")]
    expected = [column for column in columns[: last + 1] if column.startswith("example_")]

    def row(record: Mapping[str, Any]) -> EvaluatedRow:
        return _row(
            {
                "inputs": {one: record[one] for one in inputs},
                "expected": {one.removeprefix("example_"): record.get(one) for one in expected},
                "given": {one.removeprefix("pred_"): record[one] for one in given if one in record},
                "score": record[metric],
                "repeat": record.get("repeat"),
                "feedback": record.get("feedback"),
                "error": record.get("error"),
            }
        )

    return EvaluationResult(map(row, records), metric, name)


def _texts(values: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(name): as_text(value) for name, value in (values or {}).items()}


def error_of(text: str | None) -> Exception | None:
    """An error that is shown as it was: "ValueError: the message"."""
    if not text:
        return None
    kind, colon, message = text.partition(": ")
    if not colon or not kind.isidentifier():
        kind, message = ("Error", text) if not text.isidentifier() else (text, "")
    error: Exception = type(kind, (Exception,), {})(message)
    return error
