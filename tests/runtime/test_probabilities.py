"""Probabilities of decisions, from the log probabilities of an answer's tokens."""

from __future__ import annotations

import copy
import enum
import math
from typing import Any, Literal

import pytest

import dspyc.runtime as dspy
from support.openai_server import OpenAIServer, Reply


class Kind(enum.Enum):
    A = "first"
    B = "second"


def logs(*tokens: Any) -> dict[str, Any]:
    """Log probabilities: each token a text, or the alternatives with their probabilities, the taken first."""
    content = []
    for token in tokens:
        ways = {token: 1.0} if isinstance(token, str) else token
        top = [{"token": text, "logprob": math.log(share)} for text, share in ways.items()]
        content.append({**top[0], "top_logprobs": top})
    return {"content": content}


def text_of(logprobs: dict[str, Any]) -> str:
    return "".join(each["token"] for each in logprobs["content"])


def ask(
    signature: Any, *answers: dict[str, Any], adapter: Any = None, **more: Any
) -> tuple[Any, dict[str, Any]]:
    with OpenAIServer() as server:
        for each in answers:
            server.script(Reply(text_of(each), logprobs=each))
        settings = {"probabilities": True, **more}
        lm = dspy.LM("openai/gpt-4o-mini", api_base=server.api_base, api_key="k", cache=False, **settings)
        with dspy.context(lm=lm, adapter=adapter or dspy.ChatAdapter()):
            found = dspy.Predict(signature)(q="x")
        return found, server.requests[0].body


LABEL = dspy.Signature("q -> label: Literal['billing', 'bill', 'other']")
HEAD = ("[[ ## ", "label", " ## ]]\n")
END = ("\n\n[[ ## ", "completed ## ]]")


def test_alternatives_become_the_choices_that_they_begin() -> None:
    answer = logs(*HEAD, {"oth": 0.6, "b": 0.2, "Sure": 0.2}, "er", *END)
    found, body = ask(LABEL, answer)
    assert found.label == "other"
    # `b` may become either of two, and "Sure" no choice.
    assert found.probabilities["label"] == pytest.approx({"other": 0.75, "billing": 0.125, "bill": 0.125})
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    assert "probabilities" not in body


def test_later_tokens_decide_between_choices_that_begin_alike() -> None:
    answer = logs(*HEAD, {"bill": 0.8, "other": 0.2}, {"ing": 0.25, "\n\n[[ ## ": 0.75}, *END)
    found, _ = ask(LABEL, answer)
    assert found.label == "billing"
    assert found.probabilities["label"] == pytest.approx({"billing": 0.2, "bill": 0.6, "other": 0.2})


def test_a_choice_that_others_begin_with_may_end_the_answer() -> None:
    found, _ = ask(LABEL, logs(*HEAD, {"bill": 0.9, "other": 0.1}))
    assert found.label == "bill"
    assert found.probabilities["label"] == pytest.approx({"billing": 0.0, "bill": 0.9, "other": 0.1})


@pytest.mark.parametrize(
    ("annotation", "ways", "expected"),
    [
        (bool, {"True": 0.7, " False": 0.3}, {True: 0.7, False: 0.3}),
        (Kind, {"second": 0.9, "First": 0.1}, {Kind.B: 0.9, Kind.A: 0.1}),
        (Literal["yes", "no"] | None, {"no": 0.5, "None": 0.5}, {"yes": 0.0, "no": 0.25 + 0.25, None: 0.5}),
    ],
)
def test_every_closed_type_decides(annotation: Any, ways: Any, expected: Any) -> None:
    signature = dspy.Signature("q -> label").with_updated_fields("label", type_=annotation)
    found, _ = ask(signature, logs(*HEAD, ways, *END))
    assert found.probabilities["label"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("adapter", "tokens", "expected"),
    [
        (dspy.ChatAdapter(), (*HEAD, {"Yes": 0.5, "No": 0.2, "True": 0.2, "false": 0.1}), 0.7),
        (dspy.ChatAdapter(), (*HEAD, {"TR": 0.6, "NO": 0.3, "Sure": 0.1}, "UE"), 0.6 / 0.9),
        (dspy.ChatAdapter(), (*HEAD, {"o": 0.8, "no": 0.2}, {"ff": 0.75, "n": 0.25}), 0.2),
        (dspy.JSONAdapter(), ('{"label": ', {'"': 0.9, "true": 0.1}, {"yes": 0.6, "No": 0.4}, '"}'), 0.64),
        (dspy.XMLAdapter(), ("<label>\n", {"no": 0.9, "1": 0.1}, "\n</label>"), 0.1),
    ],
)
def test_all_words_of_a_truth_value_count_for_it(adapter: Any, tokens: Any, expected: float) -> None:
    found, _ = ask(dspy.Signature("q -> label: bool"), logs(*tokens), adapter=adapter)
    assert found.probabilities["label"] == pytest.approx({True: expected, False: 1 - expected})
    assert found.label is (expected > 0.5)


def test_bounded_numbers_decide_and_others_do_not() -> None:
    signature = dspy.Signature(
        {
            "q": dspy.InputField(),
            "score": (int, dspy.OutputField(ge=1, lt=11)),
            "free": (int, dspy.OutputField()),
            "note": dspy.OutputField(),
        }
    )
    answer = logs(
        "[[ ## score ## ]]\n", {"1": 0.5, "9": 0.5}, {"0": 0.4, "\n\n": 0.6}, "\n\n",
        "[[ ## free ## ]]\n", {"7": 0.5, "8": 0.5}, "\n\n[[ ## note ## ]]\nfine\n\n", "[[ ## completed ## ]]",
    )  # fmt: skip
    found, _ = ask(signature, answer)
    assert found.score == 10
    assert found.probabilities.keys() == {"score"}
    shares = found.probabilities["score"]
    assert sum(shares.values()) == pytest.approx(1)
    assert (shares[1], shares[9], shares[10]) == pytest.approx((0.3, 0.5, 0.2))


@pytest.mark.parametrize(
    ("adapter", "tokens"),
    [
        (dspy.JSONAdapter(), ('{"label"', ": ", {'"other': 0.9, '"bill"': 0.1}, '"}')),
        (dspy.XMLAdapter(), ("<label>", "\n", {"other": 0.9, "bill</": 0.1}, "\n</label>")),
    ],
)
def test_every_adapter_says_where_its_values_stand(adapter: Any, tokens: Any) -> None:
    found, _ = ask(LABEL, logs(*tokens), adapter=adapter)
    assert found.probabilities["label"] == pytest.approx({"other": 0.9, "bill": 0.1, "billing": 0.0})


def test_the_value_may_begin_inside_of_a_token() -> None:
    answer = logs("[[ ## label ##", {" ]]\nother": 0.8, " ]]\nbilling": 0.2}, *END)
    found, _ = ask(LABEL, answer)
    assert found.probabilities["label"] == pytest.approx({"other": 0.8, "billing": 0.2, "bill": 0.0})


def test_nothing_is_asked_where_nothing_decides_or_nobody_wants_it() -> None:
    open_ = dspy.Signature("q -> label")
    found, body = ask(open_, logs(*HEAD, "x", *END))
    assert found.probabilities == {}
    assert "logprobs" not in body
    found, body = ask(LABEL, logs(*HEAD, "other", *END), probabilities=False)
    assert "logprobs" not in body


def test_a_model_without_log_probabilities_answers_without_them() -> None:
    lm = dspy.DummyLM([{"label": "other"}])
    with dspy.context(lm=lm):
        assert dspy.Predict(LABEL, probabilities=True)(q="x").probabilities == {}


@pytest.mark.parametrize(
    "broken", [{}, {"content": None}, {"content": ["x", {"token": None}]}, {"content": []}]
)
def test_log_probabilities_of_another_form_are_none(broken: dict[str, Any]) -> None:
    with OpenAIServer() as server:
        server.script(Reply("[[ ## label ## ]]\nother", logprobs=broken))
        lm = dspy.LM("openai/gpt-4o-mini", api_base=server.api_base, api_key="k", cache=False)
        with dspy.context(lm=lm):
            found = dspy.Predict(LABEL, probabilities=True)(q="x")
    assert (found.label, found.probabilities) == ("other", {})


def test_an_output_of_that_name_keeps_it() -> None:
    lm = dspy.DummyLM([{"probabilities": "[0.5]"}])
    with dspy.context(lm=lm):
        found = dspy.Predict("q -> probabilities: list[float]")(q="x")
    assert found.probabilities == [0.5]


def test_copies_keep_them_and_metrics_read_them() -> None:
    found, _ = ask(LABEL, logs(*HEAD, {"other": 0.6, "bill\n": 0.4}, *END))
    assert copy.copy(found).probabilities == found.probabilities
    assert copy.deepcopy(found).probabilities == found.probabilities
    assert found.toDict() == {"label": "other"}


def test_a_real_model_decides_in_this_process() -> None:
    pytest.importorskip("xllamacpp")
    lm = dspy.LM("embedded/banking", cache=False)
    labels = dspy.Signature("text -> label: Literal['card_arrival', 'exchange_rate', 'pin_blocked']")
    with dspy.context(lm=lm):
        found = dspy.Predict(labels, probabilities=True)(text="My card has not arrived")
    shares = found.probabilities["label"]
    assert sum(shares.values()) == pytest.approx(1)
    assert max(shares, key=shares.__getitem__) == found.label
