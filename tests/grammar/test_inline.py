"""The string form of a signature."""

from __future__ import annotations

import pytest

from dspyc.grammar.parse import parse_signature_string

GOOD = {
    "question -> answer": (["question"], ["answer"]),
    "question->answer": (["question"], ["answer"]),
    "context: list[str], question -> answer: float": (["context: list[str]", "question"], ["answer: float"]),
    "a: Literal['x, y', \"->\"] -> b: dict[str, list[int]] | None": (
        ["a: Literal['x, y', \"->\"]"],
        ["b: dict[str, list[int]] | None"],
    ),
    "input: str -> output": (["input: str"], ["output"]),
    "type, match, forward -> test: pkg.Kind": (["type", "match", "forward"], ["test: pkg.Kind"]),
    "\n  a,\n  b\n  -> c\n": (["a", "b"], ["c"]),
    "-> b": ([], ["b"]),
}


@pytest.mark.parametrize("text", GOOD)
def test_fields_and_their_places(text: str) -> None:
    found = parse_signature_string(text)
    assert found.problems == ()
    inputs, outputs = GOOD[text]
    assert [text[slice(*field.span)] for field in found.inputs] == inputs
    assert [text[slice(*field.span)] for field in found.outputs] == outputs
    assert {field.direction for field in found.inputs} <= {"input"}
    assert {field.direction for field in found.outputs} <= {"output"}


BAD = {
    "question, answer": ("E001", "expected `->` between the inputs and the outputs of this signature"),
    "": ("E001", "expected `->` between the inputs and the outputs of this signature"),
    "a b -> c": ("E001", "a field name must be one word: `a_b`"),
    "a -> b -> c": ("E001", "a signature has only one `->`, between its inputs and its outputs"),
    "a: -> c": ("E001", "expected a value after `:`, found `->`"),
    "a: list[str -> c": ("E002", "`[` is never closed"),
    "class -> c": ("E007", "`class` is a reserved word; use `class_`"),
    "a, -> b": ("E001", "expected a name after `,`, found `->`"),
    "a: list[str], b, -> c": ("E001", "expected a name after `,`, found `->`"),
    "a -> b,": ("E001", "expected a name after `,`, found the end"),
    "a -> b: Literal['x',],\n": ("E001", "expected a name after `,`, found the end"),
    "a: int = 3 -> b": ("E001", "`a` cannot have a default in the string form of a signature"),
    "a -> b: list[str] = []": ("E001", "`b` cannot have a default in the string form of a signature"),
    "a=None, c -> b": ("E001", "`a` cannot have a default in the string form of a signature"),
    "a: Literal['='] = ('=') -> b": ("E001", "`a` cannot have a default in the string form of a signature"),
    "a -> 3": ("E001", "expected a name after `->`, found `3`"),
}


@pytest.mark.parametrize("text", BAD)
def test_one_mistake_is_one_problem(text: str) -> None:
    found = parse_signature_string(text)
    assert [(problem.code, problem.message) for problem in found.problems] == [BAD[text]]


def test_a_broken_form_keeps_the_fields_around_the_mistake() -> None:
    found = parse_signature_string("context: list[str, question -> answer: float")
    assert [field.name.text for field in found.outputs] == ["answer"]


@pytest.mark.parametrize(
    "text", ["a -> b: Name list[str]", "a -> b: str 3", "a -> b: x y", "a: int = 3 -> b"]
)
def test_what_is_mended_into_a_default_is_a_problem_and_no_crash(text: str) -> None:
    found = parse_signature_string(text)
    assert found.problems
    assert all(0 <= each.span.start <= each.span.end <= len(text) for each in found.problems)
