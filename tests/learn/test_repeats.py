"""Several runs of each example: models answer anew, pass@k, intervals, exports, usage, async calls."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from dspyc.runtime import (
    ConfigurationError,
    DummyLM,
    Evaluate,
    EvaluationError,
    EvaluationResult,
    Example,
    JournalError,
    Predict,
    Prediction,
    context,
)
from dspyc.runtime.evaluate.measured import EvaluatedRow


def rows(count: int) -> list[Example]:
    return [Example(question=f"q{n}", answer="yes").with_inputs("question") for n in range(count)]


def same(example: Any, pred: Any) -> bool:
    return bool(example.answer == pred.answer)


def test_each_run_asks_the_model_anew() -> None:
    lm = DummyLM([{"answer": "yes"}, {"answer": "no"}, {"answer": "yes"}] * 2)
    with context(lm=lm):
        evaluate = Evaluate(devset=rows(2), metric=same, repeats=3, num_threads=1)
        result = evaluate(Predict("question -> answer", temperature=1.0))
    assert [entry["kwargs"].get("rollout_id") for entry in lm.history] == [None, 1, 2] * 2
    assert [(row.example.question, row.repeat, row.value) for row in result] == [
        (f"q{n}", repeat, value) for n in range(2) for repeat, value in enumerate((1.0, 0.0, 1.0))
    ]
    assert (result.score, result.repeats, len(result.by_example())) == (66.67, 3, 2)
    assert (result.pass_at(1), result.pass_at(2), result.pass_at(3)) == (66.67, 100.0, 100.0)


@pytest.mark.parametrize(
    ("temperature", "own", "warns"), [(0.0, None, True), (0.7, None, False), (0.0, 0.5, False)]
)
def test_runs_that_will_all_be_alike_are_said_once_and_for_the_evaluation(
    temperature: float,
    own: float | None,
    warns: bool,
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    lm = DummyLM([{"answer": "yes"}] * 6)
    lm.kwargs["temperature"] = temperature
    program = Predict("question -> answer", **({} if own is None else {"temperature": own}))
    with context(lm=lm):
        Evaluate(devset=rows(2), metric=same, repeats=2, num_threads=1)(program)
        Evaluate(devset=rows(2), metric=same, num_threads=1)(program)
    told = [message for message in caplog.messages if "alike" in message]
    assert len(told) == warns
    assert all("answers at temperature 0" in message for message in told)
    assert not [each for each in recwarn if "rollout_id" in str(each.message)]


@pytest.mark.parametrize(("k", "message"), [(4, "write Evaluate(…, repeats=4)"), (0, "at least one run")])
def test_pass_at_more_than_there_were(k: int, message: str) -> None:
    result = Evaluate(devset=rows(2), metric=same)(lambda question: Prediction(answer="yes"))
    with pytest.raises(EvaluationError) as raised:
        result.pass_at(k)
    assert message in str(raised.value)


def test_fewer_than_one_run_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="repeats"):
        Evaluate(devset=rows(1), metric=same, repeats=0)


def test_the_interval_of_the_score() -> None:
    def measured(values: list[float], repeats: int = 1) -> Any:
        given = iter(values)
        evaluate = Evaluate(
            devset=rows(len(values) // repeats), metric=lambda e, p: next(given), repeats=repeats
        )
        return evaluate(lambda question: Prediction(answer="yes"), num_threads=1)

    assert measured([1.0] * 81 + [0.0] * 182).interval() == (25.53, 36.62)
    low, high = measured([0.25, 0.5, 0.75] * 4).interval()
    assert 0 < low < 50 < high < 100
    assert measured([0.5]).interval() is None
    # Four runs of one example say less of others than four examples.
    few = measured([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], repeats=4).interval()
    assert few == (0.0, 100.0)
    # Runs that are all alike do not make the score certain.
    assert measured([1.0] * 12, repeats=4).interval() == measured([1.0] * 3).interval() == (43.85, 100.0)
    assert measured([0.0] * 4, repeats=4).interval() == measured([0.0]).interval() == (0.0, 79.35)


def test_runs_of_a_stopped_evaluation_stay_with_their_examples() -> None:
    first, second = rows(2)
    found = [EvaluatedRow(first, Prediction(), 1, 1.0), EvaluatedRow(second, Prediction(), 1, 1.0, repeat=1)]
    assert [[row.example for row in each] for each in EvaluationResult(found).by_example()] == [
        [first],
        [second],
    ]


def test_what_an_evaluation_used() -> None:
    lm = DummyLM([{"answer": "yes"}] * 4)
    with context(lm=lm):
        result = Evaluate(Predict("question -> answer"), devset=rows(4), metric=same)()
    assert result.usage.calls == 4
    assert result.cost is None
    assert all(row.calls == () for row in result)
    plain = Evaluate(devset=rows(2), metric=same)(lambda question: Prediction(answer="yes"))
    assert plain.usage.calls == 0
    assert plain.rows[0].usage is None


def test_calls_are_kept_when_they_are_asked_for() -> None:
    lm = DummyLM([{"answer": "yes"}] * 2)
    with context(lm=lm):
        result = Evaluate(Predict("question -> answer"), devset=rows(2), metric=same, keep_calls=True)()
    (call,) = result.rows[1].calls
    assert call.model == "dummy"
    assert [role for role, _ in call.messages] == ["system", "user"]
    assert "q1" in call.messages[1][1]
    assert "yes" in call.answer
    assert type(call).from_json(json.loads(json.dumps(call.as_json()))) == call


def test_an_evaluation_from_asynchronous_code() -> None:
    async def program(question: str) -> Prediction:
        await asyncio.sleep(0)
        return Prediction(answer="yes")

    async def main() -> Any:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        result = await Evaluate(devset=rows(20), metric=same).acall(program)
        ticking.cancel()
        return result.score, ticks

    score, ticks = asyncio.run(main())
    assert score == 100.0
    assert ticks > 1, "the event loop goes on meanwhile"


def test_exports_of_repeated_rows(tmp_path: Path) -> None:
    def program(question: str) -> Prediction:
        if question == "q1":
            raise ValueError("no <answer> & sk-abcdefghijklmnopqrstuvwxyz0123456789")
        return Prediction(answer="yes" if question == "q0" else "no")

    result = Evaluate(devset=rows(3), metric=same, repeats=2, num_threads=1)(program)
    result.save_csv(tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open() as file:
        assert [(row["question"], row["repeat"], row["same"]) for row in csv.DictReader(file)] == [
            (f"q{n}", str(run), "1.0" if n == 0 else "0.0") for n in range(3) for run in range(2)
        ]
    result.save_junit(tmp_path / "rows.xml")
    text = (tmp_path / "rows.xml").read_text()
    assert "sk-abc" not in text
    suites = ElementTree.fromstring(text)
    (suite,) = suites
    assert suites.attrib["name"] == "dspyc"
    assert {name: suite.attrib[name] for name in ("tests", "failures", "errors")} == {
        "tests": "6",
        "failures": "2",
        "errors": "2",
    }
    cases = suite.findall("testcase")
    assert cases[1].attrib["name"] == "row 1, run 2"
    error = cases[2].find("error")
    assert error is not None
    assert error.attrib["type"] == "ValueError"
    assert "no <answer> &" in (error.text or "")
    failure = cases[4].find("failure")
    assert failure is not None
    assert failure.text == "question: q2\nexpected answer: yes\npredicted answer: no"


def test_an_evaluation_goes_on_after_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    seen: list[str] = []

    def metric(example: Any, pred: Any) -> bool:
        if example.question == "q3" and "q3" not in seen:
            seen.append("q3")
            raise KeyboardInterrupt
        seen.append(example.question)
        return True

    lm = DummyLM([{"answer": "yes"}] * 5)
    evaluate = Evaluate(devset=rows(5), metric=metric, num_threads=1, journal=str(path), keep_calls=True)
    with context(lm=lm):
        with pytest.raises(KeyboardInterrupt):
            evaluate(Predict("question -> answer"))
        assert path.exists()
        with pytest.raises(JournalError, match="unfinished run of something else: `program` changed"):
            evaluate(Predict("question -> answer", temperature=0.3))
        result = evaluate(Predict("question -> answer"))
    assert not path.exists()
    assert result.score == 100.0
    assert seen == ["q0", "q1", "q2", "q3", "q3", "q4"], "rows that were done are not judged again"
    # The model has five answers: that to the row that was interrupted was kept, too.
    assert [row.prediction.answer for row in result] == ["yes"] * 5
    assert [len(row.calls) for row in result] == [1] * 5
    assert result.usage.calls == 5
