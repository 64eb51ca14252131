"""Programs whose messages are compared with DSPy's own; runs on either library, given as `dspy`.

The files `tests/runtime/goldens/*_messages.json` were written by DSPy 3.4.1: this file, run where that is
installed, with the folder to write them to.
"""

from __future__ import annotations

import datetime
import enum
import json
import sys
from pathlib import Path
from typing import Any, Literal, Optional, Union

import pydantic


class Kind(enum.Enum):
    A = "a"
    B = "b"


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0, description="years")
    kind: Kind = Kind.A


class Node(pydantic.BaseModel):
    label: str
    children: list[Node] = []


def messages(dspy: Any, adapter: Any = None) -> dict[str, Any]:
    adapter = adapter or dspy.ChatAdapter()
    every_type = dspy.Signature(
        {
            "question": (str, dspy.InputField(desc="what is asked")),
            "context": (list[str], dspy.InputField()),
            "optional": (Optional[int], dspy.InputField(default=3)),  # noqa: UP045
            "answer": (Literal["yes", "no's", 'q"x', 3], dspy.OutputField()),
            "score": (float, dspy.OutputField(ge=0, le=1, desc="how good")),
            "ok": (bool, dspy.OutputField()),
            "kind": (Kind, dspy.OutputField()),
            "person": (Person, dspy.OutputField()),
            "people": (list[Person], dspy.OutputField()),
            "table": (dict[str, list[int]], dspy.OutputField()),
            "maybe": (str | None, dspy.OutputField()),
            "either": (Union[int, str], dspy.OutputField()),  # noqa: UP007
            "several": (tuple[int, ...], dspy.OutputField()),
            "day": (datetime.date, dspy.OutputField()),
            "tree": (Node, dspy.OutputField()),
            "anything": (Any, dspy.OutputField()),
        },
        "Answer the question.\n\n  Indented line.\n\nLast line.",
    )
    inputs = {"question": "hi «x»", "context": ["a", "b\nc"], "optional": None}
    person = Person(name="é", age=3)
    full = {
        "question": ["one"], "context": [], "optional": 1, "answer": "yes", "score": 0.5, "ok": True,
        "kind": Kind.A,
        "person": person, "people": [person], "table": {"a": [1]}, "maybe": "s", "either": 3,
        "several": (1, 2),
        "day": datetime.date(2020, 1, 2), "tree": Node(label="r"), "anything": {"x": None},
    }  # fmt: skip
    part = {"question": ["one", "two\nthree"], "score": 0.25, "person": person}
    plain = dspy.Signature("question, n: int -> answer: float, words: list[str]")
    talk = dspy.Signature("question, history -> answer").with_updated_fields("history", type_=dspy.History)
    history = dspy.History(messages=[{"question": "a", "answer": "b"}, {"question": "c"}])
    changed = (
        plain.with_instructions("  Do:\n    it\n")
        .append("extra", dspy.InputField(desc="x"), type_=bool)
        .prepend("first", dspy.OutputField(), type_=Literal[True, None, "x"])
        .delete("n")
        .insert(1, "mid", dspy.OutputField(desc="M"))
    )
    chain = dspy.ChainOfThought("question -> answer").predict.signature
    two = {"question": "q", "n": 1}
    return {
        "every type": adapter.format(every_type, [], inputs),
        "demos": adapter.format(every_type, [full, part, {"question": "only"}, full], inputs),
        "string": adapter.format(plain, [{**two, "answer": 0.1, "words": ["a"]}], {"question": "", "n": 2}),
        "chain of thought": adapter.format(chain, [], {"question": "q"}),
        "history": adapter.format(
            talk,
            [{"question": "d", "answer": "e", "history": dspy.History(messages=[])}],
            {"question": "q", "history": history},
        ),
        "training data": training(adapter, plain, two),
        "changed": adapter.format(changed, [], {"question": "q", "extra": True}),
        "appended": adapter.format(
            plain.append_instructions("More."), [], {"question": {"a": [1, None, True]}, "n": 2}
        ),
    }


def tool_messages(dspy: Any) -> dict[str, Any]:
    def search(query: str, k: int = 3) -> list[str]:
        """Search the archive."""
        return []

    signature = dspy.Signature(
        {
            "question": (str, dspy.InputField()),
            "history": (dspy.History, dspy.InputField()),
            "tools": (list[dspy.Tool], dspy.InputField()),
            "calls": (dspy.ToolCalls, dspy.OutputField()),
            "answer": (str | None, dspy.OutputField()),
        },
        "Search, then answer.",
    )
    two = [{"name": "search", "args": {"query": "a"}}, {"name": "search", "args": {"query": "é", "k": 1}}]
    named = [{"id": f"c{number}", **call} for number, call in enumerate(two)]
    done = dspy.ToolCalls.from_dict_list(named)
    done.tool_call_results = dspy.ToolCallResults.from_tool_calls_and_values(done, [["x", 1], "y"])
    turns = [
        {"question": "q1", "calls": done},
        {"calls": dspy.ToolCalls.from_dict_list(two), "answer": "so far"},
        {"calls": done, "answer": "both"},
        {"answer": "the end"},
    ]
    inputs = {
        "question": "q2",
        "history": dspy.History(messages=turns),
        "tools": [dspy.Tool(search)],
    }
    demo = {"question": "d", "tools": [], "calls": dspy.ToolCalls.from_dict_list(two), "answer": "e"}
    made: dict[str, Any] = {}
    for kind in (dspy.ChatAdapter, dspy.JSONAdapter):
        for native in (False, True):
            adapter = kind(use_native_function_calling=native)
            made[f"{kind.__name__} {native}"] = adapter.format(signature, [demo], inputs)
    return made


def training(adapter: Any, signature: Any, inputs: Any) -> Any:
    """Training data; None where DSPy's adapter makes none."""
    try:
        return adapter.format_finetune_data(signature, [], inputs, {"answer": 3.0, "words": ["z"]})
    except (AttributeError, NotImplementedError):
        return None


if __name__ == "__main__":
    import dspy

    adapters = {
        "chat": dspy.ChatAdapter(),
        "json": dspy.JSONAdapter(),
        "xml": dspy.XMLAdapter(),
        "two_step": dspy.TwoStepAdapter(dspy.LM("openai/none")),
    }
    text = json.dumps(tool_messages(dspy), indent=1, ensure_ascii=False)
    (Path(sys.argv[1]) / "tool_messages.json").write_text(f"{text}\n", encoding="utf-8")
    for name, made in adapters.items():
        text = json.dumps(messages(dspy, made), indent=1, ensure_ascii=False)
        (Path(sys.argv[1]) / f"{name}_messages.json").write_text(f"{text}\n", encoding="utf-8")
