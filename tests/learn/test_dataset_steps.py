"""Rows from lists and functions, steps as methods, and joined datasets."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pydantic
import pytest

from dspyc.runtime import (
    ConfigurationError,
    DataError,
    Dataset,
    DummyLM,
    Evaluate,
    EvaluationError,
    Example,
    InputField,
    OutputField,
    Predict,
    Signature,
    context,
)

ROWS = [
    {"text": "a", "label": "x", "size": 1},
    {"text": "b", "label": "y", "size": 2},
    {"text": "a", "label": "x", "size": 3},
    {"text": "c", "label": "x", "size": 4},
]


def plain(dataset: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in dataset]


class Order(pydantic.BaseModel):
    id: int
    city: str


@dataclass
class Pair:
    text: str
    label: str


def is_x(row: Any) -> bool:
    return row.label == "x"


def larger(row: Any) -> Any:
    return row.copy(size=row.size * 10)


@pytest.mark.parametrize(
    ("parameters", "by_methods"),
    [
        ({"rename": {"label": "kind"}}, lambda rows: rows.rename({"label": "kind"})),
        ({"copy": {"label": "hint"}}, lambda rows: rows.copy({"label": "hint"})),
        ({"columns": ["size", "text"]}, lambda rows: rows.columns(["size", "text"])),
        ({"filter": is_x}, lambda rows: rows.filter(is_x)),
        ({"unique": "text"}, lambda rows: rows.unique("text")),
        ({"unique": True}, lambda rows: rows.unique()),
        ({"unique": ["text", "size"]}, lambda rows: rows.unique(["text", "size"])),
        ({"map": larger}, lambda rows: rows.map(larger)),
        ({"shuffle": 3}, lambda rows: rows.shuffle(3)),
        ({"skip": 1}, lambda rows: rows.skip(1)),
        ({"take": 2}, lambda rows: rows.take(2)),
        ({"inputs": ["text"]}, lambda rows: rows.inputs(["text"])),
        (
            {"rename": {"label": "kind"}, "unique": "text", "shuffle": 1, "skip": 1, "take": 1}
            | {"inputs": ["kind"]},
            lambda rows: (
                rows.rename({"label": "kind"}).unique("text").shuffle(1).skip(1).take(1).inputs(["kind"])
            ),
        ),
    ],
)
def test_a_step_is_a_parameter_or_a_method(
    parameters: dict[str, Any], by_methods: Callable[[Dataset], Dataset]
) -> None:
    one, other = Dataset(ROWS, **parameters), by_methods(Dataset(ROWS))
    assert plain(one) == plain(other)
    assert [row._input_keys for row in one] == [row._input_keys for row in other]
    assert [row.origin for row in one] == [row.origin for row in other]


def test_methods_run_in_the_order_in_which_they_are_called() -> None:
    rows = Dataset(ROWS)
    assert [row.size for row in rows.take(3).filter(is_x)] == [1, 3]
    assert [row.size for row in rows.filter(is_x).take(3)] == [1, 3, 4]


@pytest.mark.parametrize(
    "source",
    [
        [{"text": "a", "label": "x"}],
        ({"text": "a", "label": "x"},),
        [Example(text="a", label="x")],
        [Pair("a", "x")],
        lambda: [{"text": "a", "label": "x"}],
        lambda: ({"text": each, "label": "x"} for each in "a"),
        Dataset([{"text": "a", "label": "x"}]),
    ],
)
def test_rows_come_from_lists_and_functions(source: Any) -> None:
    rows = Dataset(source, inputs=["text"])
    assert plain(rows) == [{"text": "a", "label": "x"}]
    assert dict(rows[0].inputs()) == {"text": "a"}
    assert rows.file is None
    assert rows[0].origin == "row 1"


def test_rows_are_records() -> None:
    assert plain(Dataset([Order(id=1, city="Bonn")])) == [{"id": 1, "city": "Bonn"}]


def test_a_function_is_called_once_and_late() -> None:
    calls: list[int] = []

    def make() -> list[dict[str, str]]:
        calls.append(1)
        return [{"text": "a"}]

    rows = Dataset(make, inputs=["text"])
    part = rows.take(1) + rows
    assert "not read yet" in repr(rows)
    assert not calls
    assert len(part) == 2
    assert len(rows) == 1
    assert len(calls) == 1


def test_the_inputs_of_examples_are_kept() -> None:
    rows = Dataset([Example(text="a", label="x").with_inputs("text")], rename={"text": "question"})
    assert rows[0]._input_keys == {"question"}
    with pytest.raises(DataError, match="has no column `question`, which `inputs` names; it has `label`"):
        len(rows.columns(["label"]))


def test_datasets_are_joined() -> None:
    first, second = Dataset(ROWS[:2], inputs=["text"]), Dataset(ROWS[2:], inputs=["text"])
    assert plain(first + second) == ROWS
    assert [row.size for row in (first + second)[1:3]] == [2, 3]
    assert len(first + Dataset([], inputs=["text"])) == 2
    with pytest.raises(TypeError):
        first + ROWS  # type: ignore[operator]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            Dataset([{"text": "a", "kind": "x"}], inputs=["text"]),
            "different columns: `label`, `size` and `text` in one, `kind` and `text` in the other",
        ),
        (Dataset(ROWS, inputs=["size"]), "different inputs: `text` in one, `size` in the other"),
        (Dataset(ROWS), "different inputs: `text` in one, none in the other"),
    ],
)
def test_datasets_that_do_not_fit(other: Dataset, message: str) -> None:
    with pytest.raises(DataError, match=message):
        len(Dataset(ROWS, inputs=["text"]) + other)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([{"text": "a"}, 3], "row 2 of the dataset must be a dict, an example or a record, not `int`"),
        ([{1: "a"}], "row 1: the names of columns are strings, not 1"),
        (lambda: None, "must return a list of dicts, examples or records, not `NoneType`"),
        (lambda: {"text": "a"}, "must return a list of dicts, examples or records, not `dict`"),
        ([{"text": "a"}, {"txt": "b"}], "row 2 has no column `text`, which `inputs` names; it has `txt`"),
    ],
)
def test_what_are_no_rows(source: Any, message: str) -> None:
    with pytest.raises(DataError) as raised:
        len(Dataset(source, inputs=["text"]))
    assert message in str(raised.value)


@pytest.mark.parametrize("source", [3, {"text": "a"}, None, b"rows", ""])
def test_what_cannot_be_a_source(source: Any) -> None:
    with pytest.raises(ConfigurationError, match="`source` of `Dataset`"):
        Dataset(source)


def test_a_method_names_a_column_that_is_not_there() -> None:
    rows = Dataset(ROWS)
    with pytest.raises(DataError, match="the dataset has no column `lable`, which `rename` names"):
        len(rows.rename({"lable": "kind"}))
    with pytest.raises(DataError, match="row 1 has no column `txt`, which `unique` names"):
        len(rows.unique("txt"))
    with pytest.raises(ConfigurationError, match="`take` of `Dataset` must be at least 0"):
        rows.take(-1)
    with pytest.raises(ConfigurationError, match=r"write columns=\['text'\]"):
        rows.columns("text")  # type: ignore[arg-type]


def test_rows_go_to_another_process() -> None:
    rows = Dataset(lambda: ROWS, inputs=["text"]).filter(lambda row: row.label == "x")
    twin = pickle.loads(pickle.dumps(rows))  # noqa: S301 what was written a moment ago
    assert plain(twin) == plain(rows)
    assert twin[0]._input_keys == {"text"}
    assert plain(twin.take(1)) == ROWS[:1]


class Send(Signature):
    """Say where an order goes."""

    order: Order = InputField()
    side: str = OutputField()


def test_a_dict_becomes_the_record_that_a_program_declares() -> None:
    rows = Dataset([{"order": {"id": 1, "city": "Bonn"}, "side": "west"}], inputs=["order"])
    seen: list[Any] = []

    def same(example: Any, pred: Any) -> bool:
        seen.append(example.order.city)
        return bool(example.side == pred.side)

    with context(lm=DummyLM([{"side": "west"}])):
        assert Evaluate(Predict(Send), devset=rows, metric=same)().score == 100
    assert seen == ["Bonn"]
    wrong = Dataset([{"order": {"id": "one", "city": "Bonn"}, "side": "west"}], inputs=["order"])
    with (
        context(lm=DummyLM([{"side": "west"}])),
        pytest.raises(EvaluationError, match=r"row 1: the input `order\.id` is 'one'"),
    ):
        Evaluate(Predict(Send), devset=wrong, metric=same, max_errors=5)()
