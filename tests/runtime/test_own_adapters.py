"""Adapters of a user's own, by DSPy's hooks, and the memory of what examples were written as."""

from __future__ import annotations

import random
from typing import Any

import pytest

import dspyc.runtime as dspy


class Lines(dspy.Adapter):
    """Fields as lines `name = value`, by exactly the hooks that are enough in DSPy."""

    def format_field_description(self, signature: Any) -> str:
        return f"In: {', '.join(signature.input_fields)}. Out: {', '.join(signature.output_fields)}."

    def format_field_structure(self, signature: Any) -> str:
        return "Write lines `name = value`."

    def format_task_description(self, signature: Any) -> str:
        return f"Task: {signature.instructions}"

    def format_user_message_content(
        self, signature: Any, inputs: Any, prefix: str = "", suffix: str = "", main_request: bool = False
    ) -> str:
        lines = [f"{name} = {inputs[name]}" for name in signature.input_fields if name in inputs]
        return "\n".join([*([prefix] if prefix else []), *lines, *(["Go."] if main_request else [])])

    def format_assistant_message_content(
        self, signature: Any, outputs: Any, missing_field_message: str | None = None
    ) -> str:
        return "\n".join(
            f"{name} = {outputs.get(name, missing_field_message)}" for name in signature.output_fields
        )

    def parse(self, signature: Any, completion: str) -> dict[str, Any]:
        found = dict(line.split(" = ", 1) for line in completion.splitlines() if " = " in line)
        missing = signature.output_fields.keys() - found.keys()
        if missing:
            raise dspy.AdapterParseError(type(self).__name__, signature, completion, f"no {missing}")
        return {name: found[name] for name in signature.output_fields}


def test_the_hooks_of_dspy_are_enough() -> None:
    lm = dspy.DummyLM(["answer = 4"])
    predict = dspy.Predict(
        dspy.Signature("question -> answer", "Reckon."), demos=[{"question": "1+1?", "answer": "2"}]
    )
    with dspy.context(lm=lm, adapter=Lines()):
        assert predict(question="2+2?").answer == "4"
    assert [message["content"] for message in lm.history[-1]["messages"]] == [
        "In: question. Out: answer.\nWrite lines `name = value`.\nTask: Reckon.",
        "question = 1+1?",
        "answer = 2",
        "question = 2+2?\nGo.",
    ]


def test_what_it_cannot_read_goes_back_to_the_model() -> None:
    lm = dspy.DummyLM(["no idea", "answer = 5"])
    with dspy.context(lm=lm, adapter=Lines()):
        assert dspy.Predict("question -> answer")(question="x").answer == "5"
    assert "no {'answer'}" in lm.history[-1]["messages"][-1]["content"]


def test_its_answers_can_be_scripted_and_conversations_and_agents_are_written_by_it() -> None:
    assert Lines().format_answer({"a": 1, "b": "x"}) == "a = 1\nb = x"
    assert Lines().format_untyped({"thought": "hm"}) == "thought = hm"
    with dspy.context(lm=dspy.DummyLM([{"answer": "7"}], adapter=Lines()), adapter=Lines()):
        assert dspy.Predict("question -> answer")(question="x").answer == "7"
    talk = dspy.Signature("question, history: History -> answer")
    turns = dspy.History(messages=[{"question": "a", "answer": "b"}])
    made = Lines().format(talk, [], {"question": "c", "history": turns})
    assert [message["content"] for message in made[1:]] == [
        "question = a\nGo.",
        "answer = b",
        "question = c\nGo.",
    ]
    data = Lines().format_finetune_data(dspy.Signature("q -> a"), [], {"q": "1"}, {"a": "2"})
    assert data["messages"][-1] == {"role": "assistant", "content": "a = 2"}


@pytest.mark.parametrize(
    "hook",
    [
        "format_field_description",
        "format_field_structure",
        "format_task_description",
        "format_user_message_content",
        "format_assistant_message_content",
        "parse",
    ],
)
def test_a_hook_that_is_missing_is_named(hook: str) -> None:
    class Partial(Lines):
        pass

    setattr(Partial, hook, getattr(dspy.Adapter, hook))
    lm = dspy.DummyLM(["answer = 4"])
    predict = dspy.Predict("question -> answer", demos=[{"question": "q", "answer": "a"}])
    with (
        dspy.context(lm=lm, adapter=Partial()),
        pytest.raises(NotImplementedError, match=f"`Partial` does not implement `{hook}`"),
    ):
        predict(question="x")


@pytest.mark.parametrize("kind", [dspy.ChatAdapter, dspy.JSONAdapter, dspy.XMLAdapter, dspy.BAMLAdapter])
@pytest.mark.parametrize(
    "hook",
    [
        "format_system_message",
        "format_field_description",
        "format_field_structure",
        "format_task_description",
        "format_user_message_content",
        "format_assistant_message_content",
        "user_message_output_requirements",
        "format_demos",
        "format_conversation_history",
    ],
)
def test_each_hook_of_each_adapter_has_its_effect(kind: Any, hook: str) -> None:
    signature = dspy.Signature("question, history: History -> answer")
    inputs = {"question": "c", "history": dspy.History(messages=[{"question": "a", "answer": "b"}])}
    demos = [{"question": "d", "answer": "e", "history": dspy.History(messages=[])}]
    before = kind().format(signature, demos, inputs)

    def mine(self: Any, *given: Any, **named: Any) -> Any:
        found = getattr(super(Mine, self), hook)(*given, **named)
        return [*found, {"role": "user", "content": "mine"}] if isinstance(found, list) else f"{found} mine"

    Mine = type("Mine", (kind,), {hook: mine})  # noqa: N806
    after = Mine().format(signature, demos, inputs)
    assert before == kind().format(signature, demos, inputs)
    assert "mine" in str(after)
    assert "mine" not in str(before)


# --- examples that are remembered -----------------------------------------------------------------------


class Asked(dspy.ChatAdapter):
    """The same without a memory."""

    def format_assistant_message_content(
        self, signature: Any, outputs: Any, missing_field_message: str | None = None
    ) -> str:
        return super().format_assistant_message_content(signature, outputs, missing_field_message)


MANY = dspy.Signature(
    {"q": (Any, dspy.InputField()), "words": (list[Any], dspy.InputField()), "a": (Any, dspy.OutputField())}
)
_VALUES: list[Any] = ["x", "", 1, 1.0, True, None, 2**70, ["a", 1], [], [[1]], {"k": [1]}, (1, 2)]


def test_changed_examples_are_written_anew() -> None:
    source = random.Random(7)
    demos = [dspy.Example(q="x", words=["a"], a=1) for _ in range(4)]
    for _ in range(600):
        demo = source.choice(demos)
        name = source.choice(["q", "words", "a"])
        value = demo.get(name)
        if isinstance(value, list) and source.random() < 0.5:
            value.append(source.choice([1, True, 1.0, "b"]))
        elif isinstance(value, dict):
            value["k"].append(2)
        elif source.random() < 0.1 and name in demo:
            del demo[name]
        else:
            picked = source.choice(_VALUES)
            demo[name] = list(picked) if isinstance(picked, list) else picked
        given = {"q": "y", "words": []}
        assert dspy.ChatAdapter().format(MANY, demos, given) == Asked().format(MANY, demos, given)


def test_messages_of_examples_are_not_shared() -> None:
    demos = [dspy.Example(question="a", answer="b")]
    signature = dspy.Signature("question -> answer")
    first = dspy.ChatAdapter().format(signature, demos, {"question": "c"})
    first[1]["content"] = "changed"
    assert dspy.ChatAdapter().format(signature, demos, {"question": "c"})[1]["content"] != "changed"


def test_the_memory_of_examples_is_bounded() -> None:
    signature = dspy.Signature("question -> answer")
    for number in range(3000):
        dspy.ChatAdapter().format(signature, [{"question": f"q{number}", "answer": "a"}], {"question": "c"})
    kept = next(iter(signature.__compiled__.values()))
    assert 0 < len(kept.demos._kept) <= 1024
    assert 0 < len(kept.demos._sets) <= 64


def test_a_field_that_moves_from_one_example_to_the_next_is_written_there() -> None:
    signature = dspy.Signature("q, words -> a")
    word = "the same object"
    for demos in ([{"q": word, "words": word}, {"a": word}], [{"q": word}, {"words": word, "a": word}]):
        given = {"q": "y", "words": "z"}
        found = dspy.ChatAdapter().format(signature, demos, given)
        assert found == Asked().format(signature, demos, given)


def written(adapter: Any) -> str:
    signature = dspy.Signature("question -> answer")
    return str(adapter.format(signature, [], {"question": "q"})[-1]["content"])


def test_a_message_hook_on_an_object_or_on_the_class_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = dspy.ChatAdapter()
    assert "[[ ## question ## ]]" in written(adapter)
    adapter.format_user_message_content = lambda *given, **more: "mine"  # type: ignore[method-assign]
    assert written(adapter) == "mine"
    monkeypatch.setattr(dspy.ChatAdapter, "format_user_message_content", lambda *given, **more: "of all")
    assert written(dspy.ChatAdapter()) == "of all"
