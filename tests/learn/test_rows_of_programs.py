"""Rows of data files as programs and metrics get them: in their types, complete, bad ones named by line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

import pydantic
import pytest

import dspyc
from dspyc.runtime import (
    BootstrapFewShot,
    DataError,
    Dataset,
    DummyLM,
    Evaluate,
    EvaluationError,
    EvaluationResult,
    Example,
    InputError,
    InputField,
    LabeledFewShot,
    OutputField,
    Predict,
    Prediction,
    Signature,
    context,
)
from dspyc.runtime.evaluate.labels import warn_of_odd_labels
from dspyc.runtime.evaluate.measured import EvaluatedRow
from dspyc.runtime.evaluate.rows import evaluate_row, row_codec
from dspyc.runtime.values.cells import EMPTY
from dspyc.runtime.work.task import Task
from support.neighbour import Neighbour


class Term(pydantic.BaseModel):
    source: str
    weight: float = 1.0


class Find(Signature):
    """Find the best term."""

    text: str = InputField()
    limit: int = InputField(default=10)
    note: str = InputField(default="no note")
    hint: str | None = InputField()
    near: Term | None = InputField()
    best: Term = OutputField()


def seen(rows: Any, score: Any = lambda example, pred: True) -> list[Example]:
    """The examples as a metric gets them."""
    examples: list[Example] = []

    def metric(example: Any, pred: Any) -> bool:
        examples.append(example)
        return bool(score(example, pred))

    with context(lm=Neighbour({"best": '{"source": "x"}'})):
        Evaluate(Predict(Find), devset=rows, metric=metric, num_threads=1)()
    return examples


def test_a_metric_reads_records_and_defaults(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "best": {"source": "x"}, "near": {"source": "y", "weight": 2}},
        {"text": "b", "best": None},
    ]
    (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    first, second = seen(Dataset(tmp_path / "rows.json", inputs=["text"]))
    assert (first.best.source, first.best.weight, first.near.weight) == ("x", 1.0, 2.0)
    assert (first.limit, first.note) == (10, "no note")
    assert second.best is None


def test_empty_cells_are_defaults_and_none(tmp_path: Path) -> None:
    text = 'text,limit,note,hint,near,best\na,,,,,\nb,3,n,h,"{""source"": ""y""}","{""source"": ""x""}"\n'
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    data = Dataset(tmp_path / "rows.csv", inputs=["text", "limit", "note", "hint", "near"])
    empty, full = seen(data)
    assert [empty[name] for name in ("limit", "note", "hint", "near")] == [10, "no note", None, None]
    assert [full[name] for name in ("limit", "note", "hint")] == [3, "n", "h"]
    assert (full.near.source, full.best.source) == ("y", "x")
    # For a text that must be there, nothing is the empty text.
    (tmp_path / "rows.csv").write_text("text,hint\n,x\n", encoding="utf-8")
    [row] = seen(Dataset(tmp_path / "rows.csv", inputs=["text", "hint"]))
    assert row.text == ""


def test_an_empty_cell_is_an_empty_text_to_everything_else(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('a,b\n,x\n"",y\n', encoding="utf-8")
    rows = Dataset(tmp_path / "rows.csv", unique="a", filter=lambda row: row.a == "")
    [row] = rows
    assert (row.a, json.dumps({"a": row.a}), hash(row.a)) == ("", '{"a": ""}', hash(""))
    assert row.a == EMPTY == ""
    program = LabeledFewShot().compile(Predict("a -> b"), trainset=list(rows))
    assert program.dump_state()["demos"] == [{"a": "", "b": "x"}]


def test_in_json_an_empty_text_is_one(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "note": "", "hint": ""}\n', encoding="utf-8")
    [row] = seen(Dataset(tmp_path / "rows.jsonl", inputs=["text", "note", "hint"]))
    assert (row.note, row.hint) == ("", "")


@pytest.mark.parametrize("shuffle", [None, 3])
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, shuffle: int | None) -> None:
    text = 'text,limit\n"a\nb",1\nc,2\nd,many\n'
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    data = Dataset(tmp_path / "rows.csv", inputs=["text", "limit"], shuffle=shuffle)
    with context(lm=Neighbour({"best": '{"source": "x"}'})):
        result = Evaluate(Predict(Find), devset=data, metric=lambda e, p: True)()
        [error] = result.errors.values()
        assert isinstance(error, InputError)
        assert str(error).startswith("`rows.csv`, line 5: the input `limit` is 'many'")
        train, _ = data.split(1.0, 0.0, seed=1)
        optimizer = BootstrapFewShot(max_rounds=1, max_labeled_demos=0)
        program = optimizer.compile(Predict(Find), trainset=train)
        assert len(program.predictors()[0].demos) == 2


def test_a_bad_label_is_named_by_its_line(tmp_path: Path) -> None:
    lines = [{"text": "a", "best": {"source": "x"}}, {"text": "b", "best": {"sauce": "x"}}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"`rows\.jsonl`, line 2: the label `best` "):
        seen(Dataset(tmp_path / "rows.jsonl", inputs=["text"], skip=1))


def test_the_origin_of_a_row_stays_with_its_copies(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,x\na,1\nb,2\n", encoding="utf-8")
    row = Dataset(tmp_path / "rows.csv", map=lambda row: row.copy(x="3"))[1]
    assert row.origin == row.copy(x=4).origin == row.with_inputs("text").origin == "`rows.csv`, line 3"
    assert (Example(text="a").origin, Prediction(text="a").origin) == (None, None)
    assert row == Example(text="b", x="3")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    for name, what in (("rows.csv", "a named pipe"), ("folder.csv", "a folder"), ("zero.json", "a device")):
        with pytest.raises(DataError, match=f"is {what}, not a file"):
            len(Dataset(tmp_path / name))
    # Nothing but zeros, and no end of a line: what is too long is not read to its end.
    for name in ("large.jsonl", "large.csv"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(5 << 30)
        with pytest.raises(DataError, match=r"line 1: it is longer than 64 MB"):
            len(Dataset(tmp_path / name))


def test_a_file_with_records_checks_and_runs(tmp_path: Path) -> None:
    program = '''
type Term:
    source: str

signature Find:
    """Find it."""
    input text: str
    input limit: int = 10
    output best: Term

module find = Predict(Find)

def right(example: find, pred: find) -> bool:
    return example.best.source == pred.best.source and example.limit == 10

dataset rows = Dataset("rows.jsonl", inputs=["text"])
evaluate accuracy = Evaluate(find, devset=rows, metric=right)
'''
    (tmp_path / "p.dspy").write_text(program, encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "best": {"source": "x"}}\n', encoding="utf-8")
    loaded = dspyc.load(tmp_path / "p.dspy")
    with context(lm=Neighbour({"best": '{"source": "x"}'})):
        assert loaded.accuracy().score == 100.0


class Sure(Signature):
    """How sure."""

    text: str = InputField()
    team: Literal["cards", "loans"] = OutputField()
    urgent: bool = OutputField()


@pytest.mark.parametrize("signature", [Sure, None])
def test_probabilities_outlive_a_journal(signature: Any) -> None:
    program = Predict(Sure)
    if signature is None:
        program.declared_signature = lambda: None  # type: ignore[method-assign, assignment]
    example = Example(text="x").with_inputs("text")
    prediction = Prediction(team="cards", urgent=True)
    chances = {"team": {"cards": 0.75, "loans": 0.25}, "urgent": {True: 0.5, False: 0.5}}
    object.__setattr__(prediction, "_probabilities", chances)
    codec = row_codec(program, [example])
    written = json.loads(json.dumps(codec.write(EvaluatedRow(example, prediction, 1.0, 1.0))))
    assert codec.read(Task("evaluate", "", 0), written).prediction.probabilities == chances


def test_a_program_that_changes_its_inputs_changes_no_row() -> None:
    def growing(turns: list[str], seen: dict[str, Any], marks: set[str]) -> Prediction:
        turns.append("more")
        seen["in"]["x"] = "more"
        marks.add("more")
        return Prediction(count=len(turns) + len(seen["in"]) + len(marks))

    row = Example(turns=["one"], seen={"in": {"y": 1}}, marks={"a"}, count=6)
    result = Evaluate(
        [growing, growing],
        devset=[row.with_inputs("turns", "seen", "marks")],
        metric=lambda example, pred: example.count == pred.count and len(example.turns) == 1,
        repeats=2,
    ).compare()
    assert [each.score for each in result] == [100.0, 100.0]
    assert (row.turns, row.seen, row.marks) == (["one"], {"in": {"y": 1}}, {"a"})


def test_a_metric_that_fails_on_a_list() -> None:
    def metric(example: Any, pred: Any) -> float:
        raise ValueError("bad")

    rows = [Example(n=1).with_inputs("n")]
    result = EvaluationResult(
        [evaluate_row(Task("evaluate", "p", 0), _registry(metric, rows))], metric="metric"
    )
    assert result.records() == [
        {"n": 1, "predictions": ["a", "b"], "metric": 0.0, "error": "ValueError: bad"}
    ]


def _registry(metric: Any, rows: list[Example]) -> dict[str, Any]:
    from dspyc.runtime import Module

    class Listing(Module):
        def forward(self, n: int) -> Any:
            return ["a", "b"]

    return {"examples": rows, "metric": metric, "failure_score": 0.0, "p": Listing()}


@pytest.mark.parametrize(
    ("kind", "labels", "said"),
    [
        (Literal["card", "loan"], ["card", "loan", None], ""),
        (
            Literal["card", "loan"],
            ["card", "Card"],
            "a value of the label `team` is not of its type, so that no ",
        ),
        (
            Literal["card", "loan"],
            ["card ", "card", "Card"],
            "2 values of the label `team` are not of its type",
        ),
        (int, ["3", 3, " 3 ", "3.0"], ""),
        (int, ["3", "1,000"], "'1,000' in row 2"),
        (bool, ["yes", "0", True], ""),
        (str, ["x", 3, ""], ""),
        (list[str], [["a"], "a", []], "'a' in row 2"),
    ],
)
def test_labels_that_no_prediction_equals(
    kind: Any, labels: list[Any], said: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.evaluate.labels._told", set())
    signature = Signature({"text": (str, InputField()), "team": (kind, OutputField())})
    program = Predict(signature)
    rows = Dataset([{"text": "x", "team": label} for label in labels], inputs=["text"])
    warn_of_odd_labels(program, list(rows))
    assert [said in record.getMessage() for record in caplog.records] == [True] * bool(said)
    warn_of_odd_labels(program, list(rows))
    assert len(caplog.records) == bool(said), "once"


def test_an_empty_cell_is_no_odd_label_where_none_is_a_value(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.evaluate.labels._told", set())
    (tmp_path / "rows.csv").write_text("text,team,size\na,,1\nb,card,\n", encoding="utf-8")
    signature = Signature(
        {
            "text": (str, InputField()),
            "team": (Literal["card"] | None, OutputField()),
            "size": (int, OutputField()),
        }
    )
    rows = Dataset(tmp_path / "rows.csv", inputs=["text"])
    with context(lm=DummyLM([{"team": "card", "size": "1"}] * 2)):
        Evaluate(Predict(signature), devset=rows, metric=lambda example, pred: True)()
    (record,) = caplog.records
    assert record.getMessage() == (
        "a value of the label `size` is not of its type, so that no prediction equals it: "
        "'' in `rows.csv`, line 3"
    )
