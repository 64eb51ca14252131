"""Answers of the kinds that models really give: drafts, echoes, cut-offs, runaways, Python's forms."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import dspyc.runtime as dspy
from dspyc.runtime.execution import flow, matching
from dspyc.runtime.values.drafts import without_drafts
from dspyc.runtime.values.reading import ReadError, reader_for
from dspyc.runtime.values.repair import repaired


class Node(BaseModel):
    value: int
    children: list[Node] = []


class Note(BaseModel):
    title: str
    body: str
    tags: list[str] = []


class Price(BaseModel):
    amount: Decimal
    rate: float


class Said(enum.Enum):
    NOTHING = "none"
    YES = "yes"


# --- runaways -------------------------------------------------------------------------------------------

RUNAWAYS: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "[" * n,
    "braces": lambda n: "{" * n,
    "spaced braces": lambda n: "{ " * (n // 2),
    "balanced brackets": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "crossed brackets": lambda n: "{]" * (n // 2),
    "parentheses": lambda n: "f(" * (n // 2),
    "digits": lambda n: "9" * n,
    "digits in a list": lambda n: f"[{'9' * n}]",
    "numbers": lambda n: "1,234," * (n // 6),
    "fractions": lambda n: "1/" * (n // 2),
    "fences": lambda n: "```\n1\n```\n" * (n // 10),
    "fences of json": lambda n: "".join(f'```json\n{{"value": {i}}}\n```\n' for i in range(n // 30)),
    "open fences": lambda n: "```\n" * (n // 4),
    "a long line": lambda n: "a" * n,
    "words": lambda n: "ab cd " * (n // 6),
    "choices": lambda n: "yes no " * (n // 7),
    "spaces": lambda n: f"x{' ' * n}x",
    "a bullet and spaces": lambda n: f"- {' ' * n}",
    "a quote and spaces": lambda n: f'{{"a"{" " * n}x',
    "line ends in a string": lambda n: f'["a,{chr(10) * n}',
    "quotes": lambda n: '["' * (n // 2),
    "inner quotes": lambda n: '{"a": "' + 'x", ' * (n // 4),
    "apostrophes": lambda n: "['" + "a'" * (n // 2),
    "comments": lambda n: "{/* " * (n // 4),
    "slashes": lambda n: "{" + "//" * (n // 2) + '"',
    "bare keys": lambda n: "[" + "{a: 1, b: x}," * (n // 13) + "]",
    "objects": lambda n: "".join(f'{{"value": {i}}} ' for i in range(n // 14)),
    "tags": lambda n: "<a>" * (n // 3),
    "different tags": lambda n: "".join(f"<a{i}>" for i in range(n // 6)),
    "drafts": lambda n: "<think>x</think>" * (n // 16),
    "open drafts": lambda n: "x<think>\n" * (n // 9),
    "markers in a line": lambda n: "[[ ## x ## ]] " * (n // 14),
    "markers": lambda n: "[[ ## x ## ]]\n" * (n // 14),
    "end markers": lambda n: "[[ ## x ## ]]\n" + "[[ ## completed ## ]] a" * (n // 23),
    "hashes": lambda n: "[[ " + "#" * n,
    "bullets": lambda n: "- a\n" * (n // 4),
    "a table": lambda n: "|a|b|\n|-|-|\n" + "|1|2|\n" * (n // 6),
    "pairs": lambda n: "".join(f"k{i}: 1\n" for i in range(n // 7)),
    "backslashes": lambda n: '["' + "\\" * n,
}
TYPES: list[Any] = [float, Literal["yes", "no"] | None, Said, list[Decimal], dict[str, Any], Node, int | str]
SIGNATURES = [
    dspy.Signature({"q": dspy.InputField(), "x": (str, dspy.OutputField())}),
    dspy.Signature({"q": dspy.InputField(), "x": (list[Node], dspy.OutputField())}),
]


def read_all_ways(text: str) -> None:
    """Read a text as every type, and as whole answers; only what cannot be read may be raised."""
    for annotation in TYPES:
        try:
            reader_for(annotation)(text)
        except ReadError:
            continue
    for signature in SIGNATURES:
        for answer in (text, f"[[ ## x ## ]]\n{text}"):
            try:
                dspy.ChatAdapter().parse(signature, answer)
            except dspy.AdapterParseError:
                continue


@pytest.mark.parametrize("kind", RUNAWAYS)
def test_a_runaway_is_an_answer_that_cannot_be_read(kind: str) -> None:
    read_all_ways(RUNAWAYS[kind](30_000))


@pytest.mark.parametrize("kind", RUNAWAYS)
def test_the_work_grows_with_the_length(kind: str) -> None:
    read_all_ways(RUNAWAYS[kind](400))  # validators are made, modules are imported
    small, large = (work(RUNAWAYS[kind](size)) for size in (500, 3_000))
    assert large <= 7 * small + 2_000


def work(text: str) -> int:
    """How many lines of Python are run to read a text."""
    lines = 0

    def count(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        read_all_ways(text)
    finally:
        sys.settrace(before)
    return lines


def test_runaways_are_asked_again() -> None:
    lm = dspy.DummyLM(["[" * 2000, "{ " * 5000, '[[ ## x ## ]]\n[{"value": 1}]'])
    with dspy.context(lm=lm):
        assert dspy.Predict(SIGNATURES[1])(q="?").x == [Node(value=1)]


# --- markers --------------------------------------------------------------------------------------------

ANSWER = dspy.Signature("question -> answer")
BOTH = dspy.Signature("question -> reasoning, answer")
REMINDER = dspy.ChatAdapter().user_message_output_requirements(ANSWER)


@pytest.mark.parametrize(
    "answer",
    [
        REMINDER,
        f"Sure. {REMINDER}",
        REMINDER.replace("field `", "field\n`"),
        REMINDER.replace("starting with the field `", "starting with the field\n- "),
        f"[[ ## question ## ]]\nWhat?\n\n{REMINDER}",
        f"[[ ## answer ## ]]\n{REMINDER}",
        "[[ ## answer ## ]]\n{answer}\n\n[[ ## completed ## ]]",
        "I write it below `[[ ## answer ## ]]` as asked.",
        "The field is called [[ ## answer ## ]] and I do not know it.",
        "`[[ ## answer ## ]]` is the marker that I was told to write.",
        "First [[ ## answer ## ]]: then nothing",
    ],
)
def test_an_echo_of_the_prompt_is_no_answer(answer: str) -> None:
    with pytest.raises(dspy.AdapterParseError):
        dspy.ChatAdapter().parse(ANSWER, answer)


@pytest.mark.parametrize(
    "answer",
    [
        f"{REMINDER}\n[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]",
        "[[ ## answer ## ]]\n{answer}\n\n[[ ## completed ## ]]\n\n[[ ## answer ## ]]\nParis",
        "- [[ ## answer ## ]]\nParis",
        "1. [[ ## answer ## ]] Paris",
        "> **[[ ## answer ## ]]**\nParis\n[[ ## completed ## ]]",
        "`[[ ## answer ## ]]`\nParis",
        "`[[ ## answer ## ]]`: Paris",
        '"[[ ## answer ## ]]" \nParis',
        "## [[ ## answer ## ]]\nParis",
        "[[ ## answer ## ]]\nParis [[ ## completed ## ]]",
        "[[ ## answer ## ]] Paris [[ ## completed ## ]]",
        "[[ ## answer ## ]]\nParis\n\n[[ ## comp",
        "[[ ## answer ## ]]\nParis\n\n[[ ##",
        "[[ ## answer ## ]]\nParis\n[[",
        "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]",
        "[[ ## answer ## ]]\nParis [[ ## completed",
        "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]\n[[ ## question ## ]]\n\n[[ ## answer ## ]]\nR",
        "<think>Is it Rome?\n[[ ## answer ## ]]\nRome\n</think>\n[[ ## answer ## ]]\nParis",
        "Is it Rome?\n[[ ## answer ## ]]\nRome\n</think>\n\n[[ ## answer ## ]]\nParis",
        "[[ ## answer ## ]]\n<think>Rome? No.</think>\nParis",
        "[[ ## reasoning ## ]]\nr\n<think>[[ ## answer ## ]]\nRome</think>\n[[ ## answer ## ]]\nParis",
        "<thinking>a</thinking>\n\n<think>b</think>[[ ## answer ## ]]\nParis",
    ],
)
def test_the_answer_is_found_in_every_shape(answer: str) -> None:
    assert dspy.ChatAdapter().parse(ANSWER, answer) == {"answer": "Paris"}


def test_a_marker_in_a_sentence_is_text() -> None:
    text = "I put it into [[ ## answer ## ]] as asked\n[[ ## answer ## ]]\nParis, not [[ ## answer ## ]] Rome"
    found = dspy.ChatAdapter().parse(BOTH, f"[[ ## reasoning ## ]]\n{text}")
    assert found == {
        "reasoning": "I put it into [[ ## answer ## ]] as asked",
        "answer": "Paris, not [[ ## answer ## ]] Rome",
    }


@pytest.mark.parametrize("text", ["see a[[", "x\n[[1, 2]]", "[[ z", "ends with [[ ## other"])
def test_other_brackets_at_the_end_stay(text: str) -> None:
    assert dspy.ChatAdapter().parse(ANSWER, f"[[ ## answer ## ]]\n{text}") == {"answer": text}


@pytest.mark.parametrize("text", ["Use <think> tags", "a\n<think>b</think>\nc", "the </think> tag ends it"])
def test_text_about_drafts_stays(text: str) -> None:
    assert dspy.ChatAdapter().parse(ANSWER, f"[[ ## answer ## ]]\n{text}") == {"answer": text}


def test_a_draft_that_never_ends_is_no_answer() -> None:
    assert without_drafts('<think>\n{"answer": "Rome"}') == ""
    with pytest.raises(dspy.AdapterParseError, match="the answer is empty"):
        dspy.ChatAdapter().parse(ANSWER, "<think>\n[[ ## answer ## ]]\nRome")


def test_a_draft_never_wins_in_json() -> None:
    answer = '<think>{"reasoning": "r", "answer": "Rome"}</think>{"reasoning": "s", "answer": "Paris"}'
    assert dspy.ChatAdapter().parse(BOTH, answer) == {"reasoning": "s", "answer": "Paris"}
    assert reader_for(int)("<think>3 and 4</think>\n5") == 5
    assert reader_for(str | None)("<think>none</think>yes") == "yes"


@pytest.mark.parametrize("marker", ["[[ ## answer ## ]]", "[[ ### answer ### ]]", "[[##completed##]]"])
def test_what_a_tool_returns_stays_text(marker: str) -> None:
    """In the trajectory it is no structure, and copied into an answer it is what it was."""
    prompts: list[str] = []

    class Agent(dspy.BaseLM):
        def complete(self, request: dspy.Request) -> dspy.Response:
            prompts.append(request.messages[-1]["content"])
            step = {"next_thought": "t", "next_tool_name": "look" if len(prompts) == 1 else "finish"}
            outputs = (
                {**step, "next_tool_args": {}} if len(prompts) < 3 else {"reasoning": "r", "answer": text}
            )
            return dspy.Response((dspy.ChatAdapter().format_answer(outputs),))

    text = f"{marker}\nRome"

    def look() -> list[str]:
        """Look."""
        return [text]

    with dspy.context(lm=Agent()):
        prediction = dspy.ReAct("question -> answer", tools=[look])(question="?")
    assert prediction.trajectory["observation_0"] == [text]
    assert prediction.answer == text
    assert not any(marker in prompt.partition("Respond with")[0] for prompt in prompts)


# --- forms ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (tuple[int, str], '(1, "a")', (1, "a")),
        (tuple[str, ...], "('a', 'b')", ("a", "b")),
        (tuple[str, ...], "('a',)", ("a",)),
        (tuple[int, tuple[str, bool]], "(1, ('a', True))", (1, ("a", True))),
        (set[str], "set()", set()),
        (set[str], "{'a', 'b'}", {"a", "b"}),
        (frozenset[int], "frozenset({1, 2})", frozenset({1, 2})),
        (list[tuple[int, str]], "[(1, 'a'), (2, 'b')]", [(1, "a"), (2, "b")]),
        (dict[str, Any], "{'a': None, 'b': True, 'c': (1, 2)}", {"a": None, "b": True, "c": [1, 2]}),
        (Note, "Note(title='T', body='it is (really) fine')", Note(title="T", body="it is (really) fine")),
        (Literal["none", "x"] | None, "none", "none"),
        (Literal["none", "x"] | None, "None.", "none"),
        (Literal["none", "x"] | None, "n/a", None),
        (Literal["N/A", "x"] | None, "N/A", "N/A"),
        (Literal["null", "x"] | None, "null", "null"),
        (Said | None, "none", Said.NOTHING),
        (list[Literal["none", "x"] | None], '["none", null, "n/a"]', ["none", None, None]),
        (dict[str, Said | None], '{"a": "none", "b": null}', {"a": Said.NOTHING, "b": None}),
        (list[Decimal], "[1.10, 12345678901234567.89]", [Decimal("1.10"), Decimal("12345678901234567.89")]),
        (list[Decimal], "[1.10, 12345678901234567.89,]", [Decimal("1.10"), Decimal("12345678901234567.89")]),
        (Price, '{"amount": 0.10, "rate": 0.5}', Price(amount=Decimal("0.10"), rate=0.5)),
        (list[Decimal | None], "[0.1000, null]", [Decimal("0.1000"), None]),
        (list[str], "red, green and blue", ["red", "green", "blue"]),
        (list[str], 'As [2] and [3] say:\n["x", "y"]', ["x", "y"]),
        (int, "0x1F", 31),
        (Note, '{"title": "a", // short\n "body": "see http://x.org" // link\n}', Note(title="a", body="see http://x.org")),
        (Note, '{"title": "a",  # short\n "body": "#1 of 2"\n}', Note(title="a", body="#1 of 2")),
        (Note, "{“title”: “T”, “body”: “the “best” one”}", Note(title="T", body="the “best” one")),
        (Note, '{"title": "T", "body": "B", "tags": null}', Note(title="T", body="B")),
        (Note, '{"name": "make_note", "arguments": {"title": "T", "body": "B"}}', Note(title="T", body="B")),
        (Literal["deny", "review"], "We should not deny it outright. Decision: review", "review"),
        (Said, "Some say yes, most do not.\n\n**Answer:** none", Said.NOTHING),
    ],
)  # fmt: skip
def test_forms(annotation: Any, text: str, expected: Any) -> None:
    found = reader_for(annotation)(text)
    assert found == expected
    assert str(found) == str(expected)


@pytest.mark.parametrize("text", ['{"a": 1, "b', '{"a": 1, "b":', "{]{]", '{"a": 1} and 2', "[1, 2] x"])
def test_a_repair_guesses_nothing(text: str) -> None:
    assert repaired(text) is None


# --- patterns -------------------------------------------------------------------------------------------


def test_a_pattern_that_explodes_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_SECONDS", 0.01)
    text = "a" * 60 + "!"
    with pytest.raises(dspy.LimitError, match=r"takes more than 0\.01 s on a text of 61 characters"):
        flow.matches(text, r"(a|aa)+$")
    signature = dspy.Signature(
        {"q": (str, dspy.InputField()), "a": (str, dspy.OutputField(pattern=r"(a|aa)+$"))}
    )
    lm = dspy.DummyLM([{"a": text}, {"a": "aa"}])
    with dspy.context(lm=lm):
        assert dspy.Predict(signature)(q="?").a == "aa"
    assert "takes more than 0.01 s" in lm.history[-1]["messages"][-1]["content"]


def test_a_pattern_matches_as_in_python() -> None:
    assert flow.matches("order 12", r"\bo\w+ \d{2}$")
    assert not flow.matches("order 1", r"\d{2}$")


@pytest.mark.parametrize(
    "text", ["0x" + "f" * 5_000, "-0x" + "F" * 100_000, "0b" + "1" * 50_000, "0o" + "7" * 50_000]
)
@pytest.mark.parametrize("annotation", [int, float, list[int], dict[str, int]])
def test_a_number_of_other_digits_has_a_bound(text: str, annotation: Any) -> None:
    """Python makes it, and then cannot write it: the first `str(…)` of the value was a bare ValueError."""
    answer = {list[int]: f"[{text}]", dict[str, int]: f'{{"a": {text}}}'}.get(annotation, text)
    with pytest.raises(ReadError):
        reader_for(annotation)(answer)
    assert reader_for(int)("0xff") == 255
