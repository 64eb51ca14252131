"""Metrics and the majority vote, as tables of cases; values are DSPy's unless a comment says why not."""

from __future__ import annotations

from typing import Any

import pytest

from dspyc.runtime import (
    EM,
    F1,
    EvaluationError,
    Example,
    Prediction,
    Score,
    Signature,
    answer_exact_match,
    answer_passage_match,
    majority,
    normalize_text,
)
from dspyc.runtime.evaluate.scores import as_number, feedback_of, judge, succeeded


class Array:
    """As one of numpy."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def tolist(self) -> Any:
        return self.content


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Eiffel Tower!", "eiffel tower"),
        ("an Apple, a Day", "apple day"),
        ("there", "there"),
        ("Café", "cafe\u0301"),
        ("U.S.A.", "usa"),
        (" \n", ""),
    ],
)
def test_normalize_text(text: str, normal: str) -> None:
    assert normalize_text(text) == normal


@pytest.mark.parametrize(
    ("prediction", "answers", "exact", "overlap"),
    [
        ("The Eiffel Tower", ["Louvre", "Eiffel Tower"], True, 1.0),
        ("Paris, France", ["Paris"], False, 2 / 3),
        ("London", ["Paris"], False, 0.0),
        ("", ["Paris"], False, 0.0),
        # DSPy has 0 for answers of articles alone, though they are equal.
        ("A", ["B", "A"], True, 1.0),
        ("", [""], True, 1.0),
        ("a b b", ["b b c"], False, 0.8),
    ],
)
def test_exact_match_and_f1(prediction: str, answers: list[str], exact: bool, overlap: float) -> None:
    assert EM(prediction, answers) is exact
    assert F1(prediction, answers) == pytest.approx(overlap)


def test_a_bare_string_is_no_list_of_answers() -> None:
    with pytest.raises(EvaluationError, match="must be a list"):
        EM("a", "a")


@pytest.mark.parametrize(
    ("answer", "predicted", "frac", "match"),
    [
        ("4", "4", 1.0, True),
        (["four", "4"], "Four.", 1.0, True),
        ("4", "5", 1.0, False),
        ("Paris", "Paris, France", 0.6, True),
        ("Paris", "Paris, France", 0.7, False),
        # A typed program predicts numbers; DSPy raises here.
        (4, 4, 1.0, True),
        # Several answers in another kind of collection; DSPy takes lists alone.
        ({"four", "4"}, "four", 1.0, True),
        (frozenset({"four", "4"}), "five", 1.0, False),
        (Array(["four", "4"]), "four", 1.0, True),
        (Array("four"), "four", 1.0, True),
        ("A", "A", 0.9, True),
    ],
)
def test_answer_exact_match(answer: Any, predicted: Any, frac: float, match: bool) -> None:
    assert answer_exact_match(Example(answer=answer), Prediction(answer=predicted), frac=frac) is match


@pytest.mark.parametrize(
    ("answer", "passages", "match"),
    [
        ("Eiffel Tower", ["Paris has the Eiffel Tower."], True),
        ("tower eiffel", ["Paris has the Eiffel Tower."], False),
        (["Louvre", "Paris"], ["Rome.", "It is in PARIS"], True),
        ("art", ["a start"], False),
        ("", ["anything"], False),
    ],
)
def test_answer_passage_match(answer: Any, passages: list[str], match: bool) -> None:
    assert answer_passage_match(Example(answer=answer), Prediction(context=passages)) is match


@pytest.mark.parametrize(
    ("answers", "winner"),
    [
        # DSPy leaves out "A", of which nothing is left without articles, and "B" wins.
        (["A", "a ", "B"], "A"),
        (["...", "!", "B"], "B"),
        (["", None, "B"], "B"),
        (["The B", "b", "A"], "The B"),
    ],
)
def test_a_choice_that_is_an_article_has_a_vote(answers: list[str | None], winner: str) -> None:
    assert majority([Prediction(answer=answer) for answer in answers]).answer == winner


def test_majority_takes_the_first_answer_with_the_most_frequent_value() -> None:
    votes = Prediction.from_completions(
        [
            {"reasoning": "p", "answer": "Rome"},
            {"reasoning": "b", "answer": "The Paris"},
            {"reasoning": "c", "answer": "paris."},
            {"reasoning": "d", "answer": ""},
            {"reasoning": "e", "answer": ""},
            {"reasoning": "f", "answer": ""},
        ],
        Signature("question -> reasoning, answer"),
    )
    assert dict(majority(votes)) == {"reasoning": "b", "answer": "The Paris"}
    assert majority(votes.completions).answer == "The Paris"
    assert majority(votes, normalize=None).answer == ""
    assert majority(votes, field="reasoning").reasoning == "p"


def test_majority_of_a_list_of_predictions() -> None:
    assert majority([Prediction(answer=answer) for answer in (3, 4, 4)]).answer == 4
    assert majority([Prediction(answer="x"), Prediction(answer="y")]).answer == "x"
    assert majority(Prediction(answer="only")).answer == "only"
    with pytest.raises(EvaluationError, match="no answer"):
        majority([])
    with pytest.raises(EvaluationError, match="no answer has a value for `answer`"):
        majority([Prediction(answer="")])


def _metric(example: Any, pred: Any, trace: Any = None) -> Any:
    return pred.value


class _Judge:
    """A metric that is an object."""

    def __call__(self, example: Any, pred: Any) -> bool:
        return bool(example.value == pred.value)


async def _waiting(example: Any, pred: Any, pred_name: Any = None, **more: Any) -> Score:
    return Score(0.25, feedback=f"{sorted([*more, pred_name and 'pred_name'])}")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (True, 1.0),
        (False, 0.0),
        (0.5, 0.5),
        (3, 3.0),
        (Score(0.5), 0.5),
        (Prediction(score=2), 2.0),
        ({"score": 1}, 1.0),
    ],
)
def test_what_a_metric_may_return(value: Any, number: float) -> None:
    assert as_number(_metric, judge(_metric, Example(), Prediction(value=value))) == number


@pytest.mark.parametrize("value", [None, "good", Prediction(answer=1), float("nan")])
def test_what_a_metric_may_not_return(value: Any) -> None:
    with pytest.raises(EvaluationError, match="the metric `_metric` returned"):
        as_number(_metric, value)


def test_metrics_get_what_they_name_and_async_ones_are_awaited() -> None:
    example, prediction = Example(value=1), Prediction(value=1)
    assert judge(_Judge(), example, prediction, trace=[]) is True
    score = judge(_waiting, example, prediction, trace=[], pred_name="self")
    # What a metric with `**` arguments does not name it might hand on to one that does not take it.
    assert (as_number(_waiting, score), feedback_of(score)) == (0.25, "['pred_name']")


@pytest.mark.parametrize(
    ("value", "threshold", "good"),
    [
        (True, None, True),
        (0.2, None, True),
        (0, None, False),
        (0.2, 0.5, False),
        (0.5, 0.5, True),
        (0, 0.0, True),
    ],
)
def test_what_is_good_enough_to_learn_from(value: Any, threshold: float | None, good: bool) -> None:
    assert succeeded(_metric, value, threshold) is good
