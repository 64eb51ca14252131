"""`Evaluate`: scores, errors, threads, files, and what it refuses."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as runtime
from dspyc.runtime import (
    ConfigurationError,
    DummyLM,
    Evaluate,
    EvaluationError,
    Example,
    Module,
    NotConfiguredError,
    Predict,
    Prediction,
    Score,
    context,
    settings,
)
from dspyc.runtime.evaluate.rows import describe_error
from dspyc.runtime.execution.progress import Progress, reporting_to
from support.counting import calls_of, growth_of


class Double(Module):
    """Doubles a number; fails on odd ones when told to."""

    def __init__(self, fail_on_odd: bool = False) -> None:
        self.fail_on_odd = fail_on_odd

    def forward(self, n: int) -> Prediction:
        if self.fail_on_odd and n % 2:
            raise ValueError(f"{n} is odd")
        return Prediction(twice=2 * n)


class Sum(Module):
    """The same, asynchronously."""

    async def aforward(self, n: int) -> Prediction:
        import asyncio

        await asyncio.sleep(0)
        return Prediction(twice=n + n)


def rows(count: int) -> list[Example]:
    return [Example(n=n, twice=2 * n if n != 3 else 0).with_inputs("n") for n in range(count)]


def right(example: Any, pred: Any) -> bool:
    return bool(example.twice == pred.twice)


@pytest.mark.parametrize("program", [Double(), Sum()])
@pytest.mark.parametrize("num_threads", [1, 4])
def test_the_score_is_the_mean_in_percent(program: Module, num_threads: int) -> None:
    result = Evaluate(devset=rows(6), metric=right, num_threads=num_threads)(program)
    assert result.score == 83.33
    assert float(result) == 83.33
    # DSPy's results are predictions, which are numbers in sums and quotients, too.
    assert (sum([result, result]), result + 1, result / 2, 100 / result) == (
        166.66,
        84.33,
        41.665,
        100 / 83.33,
    )
    assert (result + result, result / result, f"{result:.1f}", f"{result}") == (
        166.66,
        1,
        "83.3",
        repr(result),
    )
    assert result > 83
    assert result >= 83.33
    assert result < 84
    assert result <= result
    assert (len(result), [row.value for row in result]) == (6, [1, 1, 1, 0, 1, 1])
    assert [score for _, _, score in result.results] == [True, True, True, False, True, True]
    assert [example.n for example, _, _ in result.results] == [0, 1, 2, 3, 4, 5]
    assert [prediction.twice for _, prediction, _ in result.results] == [0, 2, 4, 6, 8, 10]
    assert result.errors == {}
    assert (result.metric, result.program, result.passed) == ("right", type(program).__name__, None)


def test_the_names_are_where_dspys_users_look_for_them() -> None:
    assert runtime.evaluate.answer_exact_match is runtime.answer_exact_match
    assert runtime.evaluate.Evaluate is Evaluate


def test_a_predictor_with_a_model() -> None:
    lm = DummyLM({"sky": {"answer": "blue"}, "grass": {"answer": "green"}})
    dev = [
        Example(question=f"the {thing}?", answer="blue").with_inputs("question") for thing in ("sky", "grass")
    ]
    with context(lm=lm):
        result = Evaluate(
            Predict("question -> answer"), devset=dev, metric=lambda e, p: e.answer == p.answer
        )()
    assert result.score == 50.0
    assert result.metric == "<lambda>"


def test_examples_run_at_the_same_time() -> None:
    barrier = threading.Barrier(4, timeout=10)

    class Meet(Module):
        def forward(self, n: int) -> Prediction:
            barrier.wait()
            return Prediction(twice=2 * n)

    assert Evaluate(devset=rows(4), metric=lambda e, p: True, num_threads=4)(Meet()).score == 100


def test_a_failed_row_keeps_its_error_and_the_others_count() -> None:
    result = Evaluate(devset=rows(4), metric=right, failure_score=0.5)(Double(fail_on_odd=True))
    assert result.score == 75.0
    assert {index: str(error) for index, error in result.errors.items()} == {1: "1 is odd", 3: "3 is odd"}
    assert dict(result.results[1][1]) == {}
    assert repr(result) == "EvaluationResult(score=75.0, results=<list of 4 results, 2 of them failed>)"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("it was cut off\nraise max_tokens", "ValueError: it was cut off; raise max_tokens"),
        ("the answer was:\n  a\n\n  b", "ValueError: the answer was: a; b"),
        ("one.\ntwo\n", "ValueError: one. two"),
    ],
)
def test_lines_of_an_error_on_one_line_are_told_apart(message: str, told: str) -> None:
    assert describe_error(ValueError(message)) == told


def test_the_prediction_survives_an_error_of_the_metric() -> None:
    result = Evaluate(devset=rows(2), metric=lambda e, p: e.nothing if e.n else True)(Double())
    assert result.score == 50
    assert result.rows[1].prediction.twice == 2
    assert "has no field `nothing`" in str(result.errors[1])
    assert describe_error(result.errors[1]).endswith(", raised by the metric `<lambda>`")


def test_an_error_of_the_program_is_not_called_one_of_the_metric() -> None:
    result = Evaluate(devset=rows(2), metric=right)(Double(fail_on_odd=True))
    assert describe_error(result.errors[1]) == "ValueError: 1 is odd"


def test_a_metric_without_a_result_is_an_error_of_its_row() -> None:
    result = Evaluate(devset=rows(2), metric=lambda e, p: True if e.n else None)(Double())  # type: ignore[arg-type]
    assert "returned None; it must return a bool, a number or a Score" in str(result.errors[0])


@pytest.mark.parametrize("failure_score", [0.0, 1.0])
@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("broken", ["program", "metric", "score"])
def test_an_evaluation_of_which_every_row_failed_is_no_score(
    broken: str, count: int, failure_score: float
) -> None:
    class Breaks(Module):
        def forward(self, n: int) -> Prediction:
            raise AttributeError(f"no attribute {n}")

    program: Module = Breaks() if broken == "program" else Double()
    metrics: dict[str, Any] = {"metric": lambda e, p: e.nothing, "score": lambda e, p: "good"}
    evaluate = Evaluate(devset=rows(count), metric=metrics.get(broken, right), failure_score=failure_score)
    with pytest.raises(EvaluationError, match=f"all {count} examples failed, ") as raised:
        evaluate(program)
    assert len(raised.value.result.errors) == count
    assert raised.value.__cause__ is raised.value.result.errors[count - 1]
    if broken == "program" and count == 9:
        assert "first with AttributeError: no attribute 0; AttributeError: no attribute 1" in str(
            raised.value
        )
        assert str(raised.value).endswith("and 6 other errors")


def test_what_fails_on_every_row_ends_it_at_the_first() -> None:
    class Asks(Module):
        asked = 0

        def __init__(self) -> None:
            self.ask = Predict("n -> twice")

        def forward(self, n: int) -> Any:
            Asks.asked += 1
            return self.ask(n=n)

    with pytest.raises(NotConfiguredError, match="no language model is set"):
        Evaluate(devset=rows(9), metric=right, num_threads=1)(Asks())
    assert Asks.asked == 1


def test_too_many_errors_break_off_and_lose_nothing() -> None:
    program = Double(fail_on_odd=True)
    with pytest.raises(
        EvaluationError, match="3 of 6 examples failed, the last with ValueError: 5 is odd"
    ) as raised:
        Evaluate(devset=rows(10), metric=right, num_threads=1, max_errors=3)(program)
    partial = raised.value.result
    assert [row.example.n for row in partial.rows] == [0, 1, 2, 3, 4, 5]
    assert partial.score == 50.0
    assert str(raised.value.__cause__) == "5 is odd"
    with context(max_errors=1), pytest.raises(EvaluationError):
        Evaluate(devset=rows(10), metric=right)(program)


def test_as_many_errors_as_allowed_on_the_last_row_are_no_break() -> None:
    assert Evaluate(devset=rows(2), metric=right, max_errors=1)(Double(fail_on_odd=True)).score == 50.0


def test_an_interrupt_ends_it_at_once() -> None:
    class Interrupted(Module):
        def forward(self, n: int) -> Prediction:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Evaluate(devset=rows(50), metric=right, num_threads=2)(Interrupted())


def test_settings_of_here_hold_in_the_threads_and_no_trace_is_kept() -> None:
    seen: set[int] = set()

    class Look(Module):
        def forward(self, n: int) -> Prediction:
            seen.add(settings.max_retries)
            assert settings.trace is None
            return Prediction(twice=2 * n)

    trace: list[Any] = []
    with context(max_retries=7, trace=trace):
        Evaluate(devset=rows(8), metric=right, num_threads=4, max_errors=1)(Look())
    assert (seen, trace) == ({7}, [])


def test_scores_with_feedback() -> None:
    result = Evaluate(devset=rows(2), metric=lambda e, p: Score(0.5, feedback=f"row {e.n}"))(Double())
    assert result.score == 50.0
    assert [row.feedback for row in result.rows] == ["row 0", "row 1"]
    assert result.records()[1] == {
        "n": 1,
        "example_twice": 2,
        "pred_twice": 2,
        "<lambda>": 0.5,
        "feedback": "row 1",
    }


@pytest.mark.parametrize(("require", "passed"), [(83.33, True), (83.34, False), (None, None)])
def test_the_gate(require: float | None, passed: bool | None) -> None:
    assert Evaluate(Double(), devset=rows(6), metric=right, require=require)().passed is passed


def test_several_programs_are_compared() -> None:
    evaluate = Evaluate([Double(), Double(fail_on_odd=True)], devset=rows(6), metric=right)
    assert [result.score for result in evaluate.compare()] == [83.33, 50.0]
    with pytest.raises(ConfigurationError, match=r"has 2 programs: use compare\(\)"):
        evaluate()
    assert evaluate(Double()).score == 83.33


def test_the_call_may_say_otherwise() -> None:
    evaluate = Evaluate(devset=rows(6), metric=right)
    assert evaluate(Double(), devset=rows(2)).score == 100.0
    assert evaluate(Double(), metric=lambda e, p: 2).score == 200.0


def test_rows_are_saved(tmp_path: Path) -> None:
    evaluate = Evaluate(
        devset=rows(2),
        metric=right,
        save_as_csv=str(tmp_path / "rows.csv"),
        save_as_json=str(tmp_path / "rows.json"),
    )
    evaluate(Double(fail_on_odd=True))
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        saved = list(csv.DictReader(file))
    first = {"n": "0", "example_twice": "0", "pred_twice": "0", "right": "1.0", "error": ""}
    second = {"n": "1", "example_twice": "2", "right": "0.0", "error": "ValueError: 1 is odd"}
    assert saved == [first, {"pred_twice": "", **second}]
    assert json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))[1] == {
        "n": 1,
        "example_twice": 2,
        "right": 0.0,
        "error": "ValueError: 1 is odd",
    }


def test_a_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Evaluate(devset=rows(6), metric=right, display_table=2)(Double())
    printed = capsys.readouterr().out
    assert "right: 83.33 %" in printed
    assert "4 more rows" in printed


def test_progress_is_reported_in_order() -> None:
    told: list[Progress] = []
    with reporting_to(told.append):
        Evaluate(devset=rows(6), metric=right, num_threads=3, display_progress=True)(Double())
    assert [step.done for step in told] == [1, 2, 3, 4, 5, 6]
    assert {(step.stage, step.total) for step in told} == {("evaluate", 6)}
    assert told[-1].score == pytest.approx(83.333, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"devset": []}, "`devset` is empty"),
        ({"devset": [Example(n=1)]}, "do not say which of their fields are inputs"),
        ({"devset": [{"n": 1}]}, "must contain examples, but item 0 is dict"),
        ({"devset": rows(1), "metric": None}, "the evaluation has no metric"),
        ({"devset": rows(1), "program": None}, "there is no program to evaluate"),
        ({"devset": rows(1), "num_thread": 3}, "has no parameter `num_thread`; did you mean `num_threads`?"),
        ({"devset": rows(1), "num_threads": 0}, "`num_threads` of `Evaluate` must be at least 1"),
        ({"devset": rows(1), "require": 101}, "`require` of `Evaluate` must be at most 100"),
        ({}, "`Evaluate` needs the parameter `devset`"),
    ],
)
def test_what_it_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Evaluate(**{"program": Double(), "metric": right, **arguments})()
    assert message in str(raised.value)


def test_a_row_costs_few_calls_however_many_there_are() -> None:
    def evaluate(count: int) -> None:
        Evaluate(devset=rows(count), metric=right, num_threads=8)(Double())

    assert growth_of(evaluate, 300) < 2.1
    assert calls_of(lambda: evaluate(300)) < 130 * 300, "97 a row when this was written"


@pytest.mark.parametrize("given", [runtime.Predict, [runtime.Predict("q -> a"), runtime.Predict], "m", [3]])
def test_what_is_no_module_is_named(given: Any) -> None:
    rows = [runtime.Example(q="1", a="1").with_inputs("q")]
    evaluation = runtime.Evaluate(given, devset=rows, metric=lambda example, pred: True)
    with pytest.raises(runtime.ConfigurationError, match="an evaluation measures modules, not "):
        evaluation.compare()
    with pytest.raises(runtime.ConfigurationError, match="measures modules"):
        evaluation()


def test_rows_that_end_together_are_judged_as_one_after_another() -> None:
    """All four are running before the first fails: none is left to be stopped."""
    together = threading.Barrier(4)

    class Together(Module):
        def forward(self, n: int) -> Prediction:
            together.wait(20)
            if n < 2:
                raise ValueError(n)
            return Prediction(twice=2 * n)

    with pytest.raises(EvaluationError, match="was stopped: 2 of 4 examples failed"):
        Evaluate(devset=rows(4), metric=right, num_threads=4, max_errors=1)(Together())
