"""Predict and the settings around a call: who decides, what is refused, what is tried again."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.settings import apply_defaults


def answers(*values: Any) -> dspy.DummyLM:
    return dspy.DummyLM(list(values))


def say(text: str, times: int = 1) -> dspy.DummyLM:
    return dspy.DummyLM([{"answer": text}] * times)


def test_a_call_predicts_sync_and_async() -> None:
    predict = dspy.Predict("question -> answer: int")
    lm = dspy.DummyLM([{"answer": "4"}, {"answer": "5"}])
    assert predict(question="x", lm=lm).answer == 4
    assert asyncio.run(predict.acall(question="x", lm=lm)).answer == 5
    assert [entry["outputs"] for entry in lm.history] == [
        ["[[ ## answer ## ]]\n4"],
        ["[[ ## answer ## ]]\n5"],
    ]


def test_it_works_below_a_running_loop() -> None:
    async def notebook() -> Any:
        return dspy.Predict("question -> answer")(question="x", lm=say("4"))

    assert asyncio.run(notebook()).answer == "4"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"qestion": "x"}, "has no input `qestion`; did you mean `question`?"),
        ({"question": "x", "zzz": 1}, "has no input `zzz`; it has `question` and `context`"),
        ({"context": "x"}, "is missing the input `question`"),
        ({}, "is missing the inputs `question` and `context`"),
    ],
)
def test_wrong_inputs_are_refused_before_any_call(inputs: dict[str, Any], message: str) -> None:
    lm = say("never")
    with pytest.raises(dspy.InputError) as caught:
        dspy.Predict("question, context -> answer")(**inputs, lm=lm)
    assert message in str(caught.value)
    assert not lm.history


def test_positional_inputs_are_refused() -> None:
    with pytest.raises(dspy.InputError, match=r"by name: \(question=…\)"):
        dspy.Predict("question -> answer")("x")


def test_optional_inputs_and_defaults() -> None:
    signature = dspy.Signature(
        {
            "question": dspy.InputField(),
            "hint": (str | None, dspy.InputField()),
            "k": (int, dspy.InputField(default=3)),
            "answer": dspy.OutputField(),
        }
    )
    predict = dspy.Predict(signature)
    sent = predict.messages(question="q")[-1]["content"]
    assert "[[ ## k ## ]]\n3" in sent
    assert "## hint ##" not in sent
    assert "[[ ## hint ## ]]\nNone" in predict.messages(question="q", hint=None)[-1]["content"]


def test_an_input_may_have_the_name_of_a_setting() -> None:
    predict = dspy.Predict("lm, config -> answer", lm=say("own"))
    assert predict(lm="an input", config="too").answer == "own"
    assert "an input" in predict.lm.history[0]["messages"][-1]["content"]


def test_no_lm_says_what_to_do() -> None:
    with pytest.raises(dspy.NotConfiguredError, match=r"configure\(lm=LM\("):
        dspy.Predict("question -> answer")(question="x")
    with pytest.raises(dspy.ConfigurationError, match=r'write lm=LM\("openai/x"\)'):
        dspy.configure(lm="openai/x")
    with pytest.raises(dspy.ConfigurationError, match="write lm=LM"):
        dspy.Predict("question -> answer")(question="x", lm="openai/x")


def test_who_decides_from_the_nearest_to_the_furthest() -> None:
    predict = dspy.Predict("question -> answer")
    dspy.configure(lm=say("global", 9))
    assert predict(question="x").answer == "global"
    apply_defaults({"lm": say("file", 9)}, predict)
    assert predict(question="x").answer == "file"
    with dspy.context(lm=say("context", 9)):
        assert predict(question="x").answer == "context"
        predict.lm = say("part", 9)
        assert predict(question="x").answer == "part"
        assert predict(question="x", lm=say("call")).answer == "call"
    predict.lm = None
    assert predict(question="x").answer == "file"
    apply_defaults({"lm": say("other file")}, predict)
    assert predict(question="x").answer == "file"


class Pair(dspy.Module):
    def __init__(self) -> None:
        self.first = dspy.Predict("question -> answer")
        self.second = dspy.ChainOfThought("question -> answer")

    def forward(self, question: str) -> Any:
        return dspy.Prediction(
            answer=self.first(question=question).answer + self.second(question=question).answer
        )


def test_a_module_takes_settings_for_its_parts() -> None:
    def lm(text: str) -> dspy.DummyLM:
        return dspy.DummyLM([{"answer": text}] * 9, reasoning=True)

    pair = Pair()
    dspy.configure(lm=lm("g"))
    pair.use_for_parts(lm=lm("m"))
    assert pair(question="x").answer == "mm"
    pair.first.lm = lm("p")
    assert pair(question="x").answer == "pm"
    assert pair(question="x", lm=lm("c")).answer == "cc"
    assert asyncio.run(pair.acall(question="x", lm=lm("c"))).answer == "cc"
    seen = lm("s")
    pair(question="x", lm=seen, config={"temperature": 0.7})
    assert [entry["kwargs"]["temperature"] for entry in seen.history] == [0.7, 0.7]


def test_config_of_predictor_and_call() -> None:
    lm = say("a", 3)
    predict = dspy.Predict("question -> answer", temperature=0.2, top_p=0.5)
    predict(question="x", lm=lm, config={"temperature": 0.9})
    assert lm.history[0]["kwargs"] == {"temperature": 0.9, "max_tokens": 1000, "top_p": 0.5}
    predict.update_config(top_p=0.1)
    assert predict.get_config() == {"temperature": 0.2, "top_p": 0.1}


def test_several_answers() -> None:
    lm = say("a", 3)
    prediction = dspy.Predict("question -> answer", n=3)(question="x", lm=lm)
    assert prediction.completions.answer == ["a", "a", "a"]
    assert lm.history[0]["kwargs"]["temperature"] == 0.7


# --- follow-up turns ------------------------------------------------------------------------------------


def test_an_answer_that_cannot_be_read_is_shown_to_the_model() -> None:
    lm = dspy.DummyLM(["nonsense", {"answer": "many"}, {"answer": "4"}])
    assert dspy.Predict("question -> answer: int")(question="x", lm=lm).answer == 4
    second, third = lm.history[1]["messages"], lm.history[2]["messages"]
    assert [message["role"] for message in third] == ["system", "user", "assistant", "user"]
    assert second[2]["content"] == "nonsense"
    assert third[2]["content"] == "[[ ## answer ## ]]\nmany"
    assert third[3]["content"].startswith(
        "That answer cannot be used: `answer` is 'many', which contains no number."
    )


def test_after_the_last_try_the_error_has_the_whole_chain() -> None:
    lm = dspy.DummyLM([{"answer": "a"}, {"answer": "b"}, {"answer": "c"}])
    with pytest.raises(dspy.AdapterParseError) as caught:
        dspy.Predict("question -> answer: int")(question="x", lm=lm)
    assert [attempt.reason[:15] for attempt in caught.value.attempts] == [
        "`answer` is 'a'",
        "`answer` is 'b'",
    ]
    assert caught.value.lm_response == "[[ ## answer ## ]]\nc"
    assert len(caught.value.messages or []) == 4
    assert "try 1: `answer` is 'a'" in str(caught.value)


@pytest.mark.parametrize("where", ["call", "part", "context"])
def test_max_retries_is_settable(where: str) -> None:
    lm = dspy.DummyLM([{"answer": "a"}, {"answer": "4"}])
    predict = dspy.Predict("question -> answer: int", lm=lm, max_retries=0 if where == "part" else None)
    with (
        dspy.context(**({"max_retries": 0} if where == "context" else {})),
        pytest.raises(dspy.AdapterParseError),
    ):
        predict(question="x", **({"max_retries": 0} if where == "call" else {}))
    assert len(lm.history) == 1


def test_only_the_bad_one_of_several_answers_is_asked_again() -> None:
    lm = dspy.DummyLM([{"answer": "1"}, {"answer": "x"}, {"answer": "3"}])
    prediction = dspy.Predict("question -> answer: int", n=2)(question="x", lm=lm)
    assert prediction.completions.answer == [1, 3]
    assert "n" not in lm.history[1]["kwargs"]


def test_constraints_and_conditions_are_enforced() -> None:
    signature = dspy.Signature(
        {
            "limit": (int, dspy.InputField()),
            "number": (
                int,
                dspy.OutputField(ge=0, where=(("number <= limit", lambda v: v["number"] <= v["limit"]),)),
            ),
        }
    )
    lm = dspy.DummyLM([{"number": "-1"}, {"number": "9"}, {"number": "3"}])
    assert dspy.Predict(signature)(limit=5, lm=lm).number == 3
    feedback = [entry["messages"][-1]["content"].splitlines()[0] for entry in list(lm.history)[1:]]
    assert [line.removeprefix("That answer cannot be used: ") for line in feedback] == [
        "`number` is -1, which violates the condition: greater than or equal to: 0.",
        "`number` is 9, which violates the condition: number <= limit.",
    ]
    with pytest.raises(dspy.ConditionError) as caught:
        dspy.Predict(signature)(limit=5, lm=dspy.DummyLM([{"number": "9"}] * 3))
    assert (caught.value.condition, caught.value.value) == ("number <= limit", 9)


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        ({"gt": 0}, "1", "0"),
        ({"lt": 1}, "0.5", "1"),
        ({"multiple_of": 0.1}, "0.3", "0.35"),
        ({"allow_inf_nan": False}, "1", "inf"),
    ],
)
def test_each_number_constraint(constraint: dict[str, Any], good: str, bad: str) -> None:
    signature = dspy.Signature({"q": dspy.InputField(), "n": (float, dspy.OutputField(**constraint))})
    predict = dspy.Predict(signature, max_retries=0)
    assert predict(q="x", lm=dspy.DummyLM([{"n": good}])).n == float(good)
    with pytest.raises(dspy.ConditionError):
        predict(q="x", lm=dspy.DummyLM([{"n": bad}]))


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [({"min_length": 2}, "ab", "a"), ({"max_length": 2}, "ab", "abc"), ({"pattern": r"^\d+$"}, "12", "a")],
)
def test_each_text_constraint(constraint: dict[str, Any], good: str, bad: str) -> None:
    signature = dspy.Signature({"q": dspy.InputField(), "t": dspy.OutputField(**constraint)})
    predict = dspy.Predict(signature, max_retries=0)
    assert predict(q="x", lm=dspy.DummyLM([{"t": good}])).t == good
    with pytest.raises(dspy.ConditionError):
        predict(q="x", lm=dspy.DummyLM([{"t": bad}]))


def test_a_condition_on_an_input_raises_before_any_call() -> None:
    signature = dspy.Signature(
        {
            "text": dspy.InputField(max_length=3),
            "k": (int, dspy.InputField(where=(("k > len(text)", lambda v: v["k"] > len(v["text"])),))),
            "a": dspy.OutputField(),
        }
    )
    lm = dspy.DummyLM([])
    with pytest.raises(dspy.InputError, match="maximum length: 3"):
        dspy.Predict(signature)(text="long", k=9, lm=lm)
    with pytest.raises(dspy.InputError, match=r"k > len\(text\)"):
        dspy.Predict(signature)(text="abc", k=3, lm=lm)
    assert not lm.history


# --- state ----------------------------------------------------------------------------------------------


def test_state_comes_back_with_typed_demos() -> None:
    signature = dspy.Signature("question -> label: Literal['a', 'b'], n: int")
    learned = dspy.Predict(signature, temperature=0.3)
    learned.demos = [dspy.Example(question="q", label="a", n=3, augmented=True)]
    learned.signature = learned.signature.with_instructions("Learned.")
    learned.lm = dspy.LM("openai/gpt-4o-mini", api_key="sk-secret", temperature=0.5)
    state = learned.dump_state()
    assert "sk-secret" not in str(state)
    fresh = dspy.Predict(signature).load_state(state)
    assert dict(fresh.demos[0]) == {"question": "q", "label": "a", "n": 3, "augmented": True}
    assert fresh.signature.instructions == "Learned."
    assert fresh.config == {"temperature": 0.3}
    assert fresh.lm is not None
    assert (fresh.lm.model, fresh.lm.kwargs["temperature"]) == ("openai/gpt-4o-mini", 0.5)


def test_a_state_cannot_send_requests_elsewhere() -> None:
    state = dspy.Predict("a -> b").dump_state()
    state["lm"] = {"model": "openai/x", "api_base": "http://evil.example", "_dspy_lm_class": "os.system"}
    fresh = dspy.Predict("a -> b").load_state(state)
    assert fresh.lm is not None
    assert "api_base" not in fresh.lm.kwargs


def test_a_state_of_another_signature_changes_nothing() -> None:
    predict = dspy.Predict("a -> b")
    with pytest.raises(dspy.StateError, match="field `c`"):
        predict.load_state(dspy.Predict("c -> b").dump_state())
    assert list(predict.signature.fields) == ["a", "b"]


class Color(dspy.Signature):
    """Name the color."""

    thing: str = dspy.InputField()
    color: Literal["red", "blue"] = dspy.OutputField()


def test_dummy_lm_answers_by_text_and_by_demos() -> None:
    lm = dspy.DummyLM({"sky": {"color": "blue"}, "rose": {"color": "red"}})
    predict = dspy.Predict(Color, lm=lm)
    assert (predict(thing="the sky").color, predict(thing="a rose").color) == ("blue", "red")
    follower = dspy.DummyLM([{"color": "red"}], follow_examples=True)
    predict.demos = [dspy.Example(thing="the sky", color="blue")]
    assert predict(thing="the sky", lm=follower).color == "blue"
    assert predict(thing="other", lm=follower).color == "red"
    assert dspy.DummyLM(["plain"])("x") == ["plain"]
    assert "No more responses" in dspy.DummyLM([])("x")[0]


def test_an_error_says_when_a_scripted_model_had_nothing_to_say() -> None:
    predict = dspy.Predict(Color)
    ended, other, wrong = dspy.DummyLM([]), dspy.DummyLM({"sky": "blue"}), dspy.DummyLM([{"shade": "green"}])
    for lm, words in ((ended, "has no answers left"), (other, "no text of the scripted model")):
        with pytest.raises(dspy.AdapterParseError, match=words):
            predict(thing="rose", lm=lm)
    with pytest.raises(dspy.AdapterParseError) as caught:
        predict(thing="rose", lm=wrong, max_retries=0)
    assert "scripted" not in str(caught.value)
    with pytest.raises(dspy.AdapterParseError, match="has no answers left"):
        predict(thing="rose", lm=dspy.DummyLM([{"shade": "green"}]), max_retries=1)  # asked again


def test_an_excuse_is_none_for_the_next_answer() -> None:
    follower = dspy.DummyLM([], follow_examples=True)
    predict = dspy.Predict(Color, lm=follower, demos=[dspy.Example(thing="rose", color="red")])
    follower("x")
    assert follower.excuse
    assert predict(thing="rose").color == "red"
    assert follower.excuse is None


def test_dummy_lm_reads_the_text_beside_a_picture() -> None:
    image = dspy.Image("https://example.com/a.png")
    predict = dspy.Predict("image: Image, thing -> color")
    lm = dspy.DummyLM({"sky": {"color": "blue"}, "rose": {"color": "red"}})
    assert predict(image=image, thing="a rose", lm=lm).color == "red"
    follower = dspy.DummyLM([{"color": "none"}], follow_examples=True)
    predict.demos = [dspy.Example(image=image, thing="the sky", color="blue")]
    assert predict(image=image, thing="the sky", lm=follower).color == "blue"


def test_an_input_may_be_called_self() -> None:
    lm = dspy.DummyLM([{"answer": "me"}] * 5)

    class Outer(dspy.Module):
        def __init__(self) -> None:
            self.part = dspy.Predict("self -> answer")

        def forward(this, **inputs: Any) -> Any:  # noqa: N805
            return this.part(**inputs)

    one = dspy.Predict("self -> answer")
    with dspy.context(lm=lm):
        for module in (one, Outer(), dspy.BestOfN(one, N=1, reward_fn=lambda args, pred: 1.0)):
            module(**{"self": "who"})
        asyncio.run(one.acall(**{"self": "who"}))
    assert all("[[ ## self ## ]]\nwho" in entry["messages"][-1]["content"] for entry in lm.history)
    assert len(lm.history) == 4


def test_a_dummy_tells_what_was_said_in_each_call() -> None:
    lm = dspy.DummyLM([{"answer": "one"}, {"answer": "two"}])
    predict = dspy.Predict("question -> answer", lm=lm)
    predict(question="first?")
    predict(question="second?")
    messages, outputs = lm.get_convo(0)
    assert "first?" in messages[-1]["content"]
    assert "one" in outputs[0]
    messages, outputs = lm.get_convo(-1)
    assert "second?" in messages[-1]["content"]
    assert "two" in outputs[0]
