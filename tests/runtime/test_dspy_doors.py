"""What DSPy's programs and tests do to the runtime beside calling it."""

from __future__ import annotations

import pathlib
from pathlib import Path
from typing import Any

import pydantic
import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import InputError, SignatureError

ROWS = [dspy.Example(question="1+1?", answer="2").with_inputs("question")]


class Mood(pydantic.BaseModel):
    """A type of this module."""

    name: str


# --- types in signatures --------------------------------------------------------------------------------


def test_types_of_the_module_and_of_the_function() -> None:
    class Inner(pydantic.BaseModel):
        value: int

    signature = dspy.Predict("text, p: Path, q: pathlib.Path -> mood: Mood, all: list[Inner]").signature
    assert signature.output_fields["mood"].annotation is Mood
    assert signature.output_fields["all"].annotation == list[Inner]
    assert signature.input_fields["p"].annotation is Path
    assert signature.input_fields["q"].annotation is pathlib.Path


def test_types_of_the_runtime_by_its_name() -> None:
    fields = dspy.Signature("history: dspy.History, q -> a").fields
    assert fields["history"].annotation is dspy.History


def test_custom_types_come_first() -> None:
    class Other(pydantic.BaseModel):
        value: int

    assert dspy.Signature("a -> b: Mood", custom_types={"Mood": Other}).fields["b"].annotation is Other


def _outside() -> None:
    dspy.Signature("text -> hidden: Hidden")


def test_types_of_callers_further_away_are_not_found() -> None:
    class Hidden(pydantic.BaseModel):
        value: int

    assert Hidden
    with pytest.raises(SignatureError, match="unknown type `Hidden`"):
        _outside()


def test_a_value_is_no_type() -> None:
    answer = "text"
    assert answer
    with pytest.raises(SignatureError, match="unknown type `answer`"):
        dspy.Signature("a -> b: answer")


def test_a_validator_is_refused() -> None:
    with pytest.raises(SignatureError, match="the validator `check` of `Checked` would never run"):

        class Checked(dspy.Signature):
            a: str = dspy.InputField()
            b: int = dspy.OutputField()

            @pydantic.field_validator("b")
            @classmethod
            def check(cls, value: int) -> int:
                return value


def test_the_fields_under_pydantics_name() -> None:
    assert list(dspy.Signature("a -> b").model_fields) == ["a", "b"]


# --- evaluations ----------------------------------------------------------------------------------------


def program(question: str) -> dspy.Prediction:
    """A plain function."""
    return dspy.Prediction(answer="2")


async def async_program(question: str) -> dspy.Prediction:
    """An async function."""
    return dspy.Prediction(answer="2")


class Callable:
    """An object that is called."""

    def __call__(self, question: str) -> dspy.Prediction:
        """Answer."""
        return dspy.Prediction(answer="3")


@pytest.mark.parametrize(("given", "score"), [(program, 100.0), (async_program, 100.0), (Callable(), 0.0)])
def test_a_function_is_evaluated(given: Any, score: float) -> None:
    evaluate = dspy.Evaluate(devset=ROWS, metric=dspy.answer_exact_match)
    assert evaluate(given) == score
    assert dspy.Evaluate(given, devset=ROWS, metric=dspy.answer_exact_match)() == score
    assert dspy.Evaluate([given], devset=ROWS, metric=dspy.answer_exact_match).compare()[0].score == score


def test_the_functions_name_is_the_programs() -> None:
    assert dspy.Evaluate(devset=ROWS, metric=dspy.answer_exact_match)(program).program == "program"


def test_a_metric_that_hands_its_arguments_on() -> None:
    seen: list[dict[str, Any]] = []

    def metric(example: Any, pred: Any, **kwargs: Any) -> bool:
        seen.append(kwargs)
        return dspy.answer_exact_match(example, pred, **kwargs)

    def naming(example: Any, pred: Any, trace: Any = 1, **kwargs: Any) -> bool:
        seen.append({"trace": trace, **kwargs})
        return True

    assert dspy.Evaluate(devset=ROWS, metric=metric)(program) == 100.0
    assert dspy.Evaluate(devset=ROWS, metric=naming)(program) == 100.0
    assert seen == [{}, {"trace": None}]


def test_results_compare_as_their_score() -> None:
    result = dspy.EvaluationResult(score=80.0, results=[(ROWS[0], dspy.Prediction(answer="2"), True)])
    assert result == 80.0
    assert result != 79
    assert result >= 80.0
    assert len(result) == 1
    assert result.results[0][2] is True
    assert result == dspy.EvaluationResult(score=80.0, results=[(ROWS[0], dspy.Prediction(answer="2"), True)])
    assert result != dspy.EvaluationResult(score=80.0)
    assert hash(result) == hash(80.0)
    assert dspy.EvaluationResult(results=[(ROWS[0], dspy.Prediction(), 0.5)] * 2).score == 50.0
    assert (result == "80") is False


# --- modules --------------------------------------------------------------------------------------------


def test_a_part_that_is_a_function() -> None:
    asked: list[dict[str, Any]] = []

    def fake(**inputs: Any) -> dspy.Prediction:
        asked.append(inputs)
        return dspy.Prediction(answer="fake")

    async def fake_later(**inputs: Any) -> dspy.Prediction:
        return fake(**inputs)

    for stand_in in (fake, fake_later):
        for module in (
            dspy.ChainOfThought("question -> answer"),
            dspy.ChainOfThoughtWithHint("question -> answer"),
        ):
            module.predict = stand_in
            assert dspy.syncify(module.acall)(question="q").answer == "fake"
    assert asked == [{"question": "q"}] * 4


def test_predicted_output_is_for_the_provider() -> None:
    lm = dspy.DummyLM([{"answer": "2"}] * 2)
    content = {"type": "content", "content": "a long draft"}
    predict = dspy.Predict("question -> answer", lm=lm)
    predict(question="q", prediction=content)
    assert lm.history[-1]["kwargs"]["prediction"] == content
    with_input = dspy.Predict("prediction -> answer", lm=lm)
    with_input(prediction="mine")
    assert "prediction" not in lm.history[-1]["kwargs"]


def test_replacing_the_predictor_of_itself() -> None:
    predict = dspy.Predict("question -> answer")
    other = dspy.Predict("question -> answer")
    assert predict.map_named_predictors(lambda one: other) is other
    module = dspy.ChainOfThought("question -> answer")
    assert module.map_named_predictors(func=lambda one: other) is module
    assert module.named_predictors() == [("predict", other)]


def test_an_example_gives_lists() -> None:
    example = dspy.Example(a=1, b=2, dspy_id=3)
    assert example.items()[0] == ("a", 1)
    assert example.keys() == ["a", "b"]
    assert example.items(include_dspy=True)[-1] == ("dspy_id", 3)
    assert dict(example) == {"a": 1, "b": 2}


def test_the_parameters_of_an_optimizer_with_a_constructor() -> None:
    class Mine(dspy.Teleprompter):
        def __init__(self, depth: int) -> None:
            super().__init__()
            self.depth = depth

    assert Mine(3).get_params() == {"depth": 3}
    assert dspy.LabeledFewShot(k=4).get_params() == {"k": 4}


# --- MultiChainComparison -------------------------------------------------------------------------------

ATTEMPTS = [
    dspy.Prediction(reasoning="Rayleigh scattering.\nMore.", answer="blue"),
    {"rationale": "I looked up.", "answer": "grey\n(today)"},
]


def test_attempts_are_compared() -> None:
    lm = dspy.DummyLM([{"rationale": "both", "answer": "blue"}] * 2)
    compare = dspy.MultiChainComparison("question -> answer", M=2, lm=lm)
    assert compare(ATTEMPTS, question="sky?").answer == "blue"
    sent = lm.history[-1]["messages"][-1]["content"]
    assert "«I'm trying to Rayleigh scattering. I'm not sure but my prediction is blue»" in sent
    assert "«I'm trying to I looked up. I'm not sure but my prediction is grey»" in sent
    assert lm.history[-1]["kwargs"]["temperature"] == 0.7
    found = dspy.syncify(compare.acall)(completions=ATTEMPTS, question="sky?")
    assert found.rationale == "both"


@pytest.mark.parametrize(
    ("attempts", "words"),
    [
        (ATTEMPTS[:1], "there are 1 attempts to compare, and M is 2"),
        ([], "there are 0 attempts"),
        ([ATTEMPTS[0], {"answer": "x"}], "attempt 2 needs `reasoning` and `answer`"),
        ([ATTEMPTS[0], "blue"], "attempt 2 needs"),
    ],
)
def test_attempts_that_cannot_be_compared(attempts: Any, words: str) -> None:
    compare = dspy.MultiChainComparison("question -> answer", M=2, lm=dspy.DummyLM([]))
    with pytest.raises(InputError, match=words):
        compare(attempts, question="sky?")
