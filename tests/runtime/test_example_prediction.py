"""Examples, predictions, completions and scores."""

from __future__ import annotations

import copy

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy


def test_an_example_is_a_record_with_marked_inputs() -> None:
    example = dspy.Example(question="Why?", answer="Because.", dspy_id=1).with_inputs("question")
    assert example.question == example["question"] == "Why?"
    assert dict(example.inputs()) == {"question": "Why?"}
    assert list(example.labels().keys()) == ["answer"]
    assert len(example) == 2
    assert list(example.items(include_dspy=True))[-1] == ("dspy_id", 1)
    assert example.get("city", "none") == "none"
    assert "answer" in example
    assert example.without("answer").inputs().question == "Why?"
    assert example.copy(answer="No.").answer == "No."
    assert example.answer == "Because."
    assert dspy.Example(example, extra=1).inputs() == example.inputs()
    assert dspy.Example(base={"a": 1}).a == 1


def test_inputs_must_be_marked() -> None:
    with pytest.raises(ValueError, match="with_inputs"):
        dspy.Example(a=1).inputs()
    with pytest.raises(AttributeError, match="no field `b`; it has a"):
        dspy.Example(a=1).b  # noqa: B018 the access is what raises


def test_examples_compare_and_hash_by_their_fields() -> None:
    first, second = dspy.Example(a=[1, {"b": 2}], c="x"), dspy.Example(c="x", a=[1, {"b": 2}])
    assert first == second
    assert hash(first) == hash(second)
    assert first != dspy.Example(a=1)


def test_to_dict_and_copies_reach_inside() -> None:
    class Record(BaseModel):
        n: int

    example = dspy.Example(record=Record(n=1), inner=[dspy.Example(a=1)], table={"k": Record(n=2)})
    assert example.toDict() == {"record": {"n": 1}, "inner": [{"a": 1}], "table": {"k": {"n": 2}}}
    shallow, deep = copy.copy(example), copy.deepcopy(example)
    example["inner"].append(2)
    assert len(shallow["inner"]) == 2
    assert len(deep["inner"]) == 1


def test_fields_with_methods_names_are_reached_by_index() -> None:
    prediction = dspy.Prediction(items=[1], keys="k")
    assert prediction["items"] == [1]
    assert prediction["keys"] == "k"
    assert dict(prediction) == {"items": [1], "keys": "k"}


def test_completions_hold_all_answers() -> None:
    prediction = dspy.Prediction.from_completions([{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    assert prediction.a == 1
    assert prediction.completions.a == [1, 3]
    assert prediction.completions[1].b == 4
    assert prediction.completions[-1].b == 4
    assert [one.a for one in prediction.completions] == [1, 3]
    assert len(prediction.completions) == 2
    assert "1 completions omitted" in repr(prediction)
    with pytest.raises(IndexError):
        prediction.completions[2]
    assert dspy.Prediction.from_completions({"a": [1, 2]}).a == 1
    with pytest.raises(ValueError, match="the same length"):
        dspy.Completions({"a": [1], "b": []})


def test_predictions_with_a_score_are_numbers() -> None:
    half = dspy.Score(0.5, feedback="half right")
    assert float(half) == 0.5
    assert half + 1 == 1.5
    assert sum([half, half]) == 1.0
    assert half / 2 == 0.25
    assert half < 0.6 < dspy.Prediction(score=1)
    assert half >= 0.5
    assert half.feedback == "half right"
    assert not dspy.Score(0.0)
    with pytest.raises(ValueError, match="no field `score`"):
        float(dspy.Prediction(a=1))
