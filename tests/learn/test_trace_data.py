"""`bootstrap_trace_data`, and the failures that it keeps."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.teleprompt.bootstrap_trace import FailedPrediction, bootstrap_trace_data

ROWS = [dspy.Example(text=text, answer=1).with_inputs("text") for text in ("good", "bad", "half", "crash")]


class Reads(dspy.BaseLM):
    """Answers by what the last message holds."""

    def complete(self, request: dspy.Request) -> dspy.Response:
        asked = str(request.messages[-1].text)
        if "good" in asked or "crash" in asked:
            return dspy.Response(["[[ ## answer ## ]]\n1\n\n[[ ## why ## ]]\nx\n\n[[ ## completed ## ]]"])
        return dspy.Response(["[[ ## answer ## ]]\n1" if "half" in asked else "I cannot."])


class Program(dspy.Module):
    def __init__(self) -> None:
        self.first = dspy.Predict("text -> answer: int, why", max_retries=0)

    def forward(self, text: str) -> Any:
        found = self.first(text=text)
        if text == "crash":
            raise KeyError("nothing here")
        return found


def same(example: Any, pred: Any, trace: Any = None) -> float:
    return 5.0 * (example.answer == pred.answer)


@pytest.fixture(autouse=True)
def model() -> Any:
    with dspy.context(lm=Reads(model="reads")):
        yield


def test_failures_are_left_out() -> None:
    data = bootstrap_trace_data(Program(), ROWS, same, num_threads=2)
    assert [(one["example_ind"], one["score"]) for one in data] == [(0, 5.0)]


def test_answers_that_cannot_be_read_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "dspyc"):
        data = bootstrap_trace_data(
            Program(), ROWS, same, num_threads=2, capture_failed_parses=True, log_format_failures=True
        )
    assert [one["example_ind"] for one in data] == [0, 1, 2]
    assert [one["score"] for one in data] == [5.0, -1.0, -0.5]
    bad = data[1]["prediction"]
    assert bad == FailedPrediction("I cannot.", -1.0)
    predictor, inputs, last = data[1]["trace"][-1]
    assert predictor.signature.signature == "text -> answer, why"
    assert (inputs, last) == ({"text": "bad"}, bad)
    assert "an answer could not be read" in caplog.text


def test_what_failures_score_can_be_said() -> None:
    data = bootstrap_trace_data(
        Program(), ROWS, same, capture_failed_parses=True, failure_score=0.2, format_failure_score=0.0
    )
    assert [one["score"] for one in data] == [5.0, 0.0, 0.1]


def test_crashes_are_kept_with_the_steps_before() -> None:
    data = bootstrap_trace_data(Program(), ROWS, same, capture_crashes=True)
    assert [one["example_ind"] for one in data] == [0, 3]
    crashed = data[1]
    assert crashed["prediction"] == FailedPrediction("KeyError: 'nothing here'")
    assert [step[2].answer for step in crashed["trace"]] == [1]


def test_an_error_that_takes_no_attributes_stays_itself() -> None:
    class Sealed(Exception):
        def __setattr__(self, name: str, value: Any) -> None:
            raise TypeError("an error of this kind cannot be changed")

    class Fails(Program):
        def forward(self, text: str) -> Any:
            self.first(text=text)
            raise Sealed(text)

    data = bootstrap_trace_data(Fails(), ROWS[:1], same, capture_crashes=True)
    assert data[0]["prediction"] == FailedPrediction("Sealed: good")
    assert [step[2].answer for step in data[0]["trace"]] == [1]


def test_a_model_that_cannot_be_asked_is_no_crash() -> None:
    class Down(dspy.BaseLM):
        def complete(self, request: dspy.Request) -> dspy.Response:
            raise dspy.LMServerError("down", model="down")

    with dspy.context(lm=Down(model="down")), pytest.raises(dspy.OptimizerError, match="all 4 examples"):
        bootstrap_trace_data(Program(), ROWS, same, capture_crashes=True, capture_failed_parses=True)


def test_callbacks_hear_of_the_run() -> None:
    heard: list[Any] = []

    class Listener(dspy.BaseCallback):
        def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            heard.append(inputs["callback_metadata"])

    with dspy.context(callbacks=[Listener()]):
        bootstrap_trace_data(Program(), ROWS[:1], same, callback_metadata={"disable_logging": True})
    assert heard == [{"disable_logging": True}]
