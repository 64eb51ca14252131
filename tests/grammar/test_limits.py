"""Texts that are not programs, and programs beyond reason."""

from __future__ import annotations

from pathlib import Path

import pytest

import dspyc
from dspyc.compiler.analysis import Project
from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.parse import MAX_BROKEN, parse, parse_item, parse_signature_string
from dspyc.grammar.source import Source
from support.counting import calls_of, growth_of
from support.remembered import parse_anew


def codes(text: str) -> list[str]:
    file = parse(Source("a.dspy", text))
    assert "".join(item.text for item in file.items) == text
    return [problem.code for problem in file.problems()]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("\x80\x04\x95\x10", "a pickled program"),
        ("\ufffd\x04\x95", "a pickled program"),
        ("cdspy.module\nModule\np0\n", "a pickled program"),
        ("(dp0\nS'a'\n", "a pickled program"),
        ("\x7fELF\x00\x00", "a binary file"),
        ('{"signature": {}}', "a JSON file"),
        ('\n[\n  {"a": 1}\n]', "a JSON file"),
        ("{}", "a JSON file"),
        ("<!DOCTYPE html>\n<p>", "an HTML or XML page"),
        ("<%@ page %>", "an HTML or XML page"),
        ("\ufeff<?xml version='1.0'?>", "an HTML or XML page"),
    ],
)
def test_other_formats_are_named_once(text: str, what: str) -> None:
    file = parse(Source("a.dspy", text))
    (problem,) = file.problems()
    assert problem.code == "E006"
    assert f"this looks like {what}" in problem.message
    assert format_source(text) == text


@pytest.mark.parametrize("text", ["(a, b)", "c = 1", "constant = 1", "lm = 2", '"""{"""'])
def test_programs_are_not_taken_for_other_formats(text: str) -> None:
    assert "E006" not in codes(text)


DEEP = [
    "x = " + "(" * 10_000 + ")" * 10_000,
    "x = " + "[" * 10_000,
    "x = " + "f(" * 10_000 + ")" * 10_000,
    "x = " + "{1: " * 5_000,
    "x = " + "not " * 10_000 + "a",
    "x = " + "-" * 10_000 + "a",
    "x = a" + ".b" * 10_000,
    "x = a" + "()" * 10_000,
    "x = a" + " + a" * 10_000,
    "x = " + "a if b else " * 3_000 + "c",
    "x = f(" + "lambda: " * 3_000 + "c)",
    "def f():\n" + "".join(" " * depth + "if a:\n" for depth in range(1, 400)) + " " * 400 + "x\n",
    "def f():\n" + "".join(" " * depth + "for a in b:\n" for depth in range(1, 2_000)) + " " * 2_000 + "x\n",
    'x = f"' + "{(" * 3_000 + '"',
]


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:12])
def test_what_is_nested_beyond_reason_is_a_problem_and_no_crash(text: str) -> None:
    assert 1 <= len(codes(text)) <= 2
    assert format_source(text) == text
    parse_signature_string(text)


def test_what_is_nested_within_reason_is_none() -> None:
    assert codes("x = " + "[" * 40 + "]" * 40 + "\n") == []
    assert codes("x = a" + " + a" * 500 + "\n") == []
    assert codes("type T = a" + " | a" * 500 + "\n") == []


@pytest.mark.parametrize("operator", [" + ", " | ", " - ", " * "])
def test_too_long_a_sum_is_one_problem(operator: str) -> None:
    (found,) = parse_item("x = a" + f"{operator}a" * 5_000 + "\n").problems
    assert found.code == "E026"
    assert "500 operators in a row" in found.message


@pytest.mark.parametrize("around", ["[{}][0]", "({})", "f({})", "-{}", "({} if a else b)"])
def test_operators_of_sums_in_sums_are_counted_together(around: str) -> None:
    def nested(length: int) -> str:
        inner = "a" + " + a" * length
        for _ in range(3):
            inner = around.format(inner) + " + a" * length
        return f"x = {inner}\n"

    assert codes(nested(100)) == []
    assert codes(nested(300)) == ["E026"]


def test_a_long_sum_is_checked_and_compiled(tmp_path: Path) -> None:
    path = tmp_path / "long.dspy"
    sums = (
        "X = " + " + ".join(["1"] * 500) + "\n\ndef f(x: int) -> int:\n    return " + " + ".join(["x"] * 500)
    )
    path.write_text(f"{sums}\n", encoding="utf-8")
    assert Project({"long.dspy": sums + "\n"}.get).check("long.dspy").diagnostics == ()
    compiled = dspyc.load(path)
    assert compiled.X == compiled.f(1) == 500


@pytest.mark.parametrize(
    "text",
    [
        "1" * 5_000,
        "1" * 1_000_000,
        "0x" + "f" * 5_000,
        "1" + "_1" * 5_000,
        "0." + "1" * 5_000,
        "1e" + "9" * 5_000,
    ],
    ids=lambda text: text[:6],
)
def test_a_number_beyond_reason_is_one_problem(text: str) -> None:
    (found,) = parse_item(f"x = {text}\n").problems
    assert (found.code, found.message) == ("E009", "a number cannot be longer than 4,000 digits")


def test_a_number_that_is_infinite_is_one_problem() -> None:
    assert codes("x = 1e308\n") == []
    assert codes("x = 1e309\n") == ["E009"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "]" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        "(" * 50_000 + "]" * 50_000,
        "(]" * 50_000,
        "([{" * 30_000,
        "(\n    " * 30_000,
        "[(" * 30_000 + "])" * 30_000,
    ],
    ids=range(8),
)
def test_brackets_beyond_reason_are_one_problem(text: str) -> None:
    assert len(codes(f"x = {text}\n")) == 1


def test_a_literal_of_sixty_thousand_entries_is_read() -> None:
    entries = ", ".join(f'"s{n}"' for n in range(60_000))
    (item,) = parse(Source("a.dspy", f"x = [{entries}]\n")).items
    assert item.parsed.problems == ()
    assert len(item.declaration.value.elements) == 60_000  # type: ignore[union-attr]


def test_a_file_of_garbage_is_given_up() -> None:
    found = codes("a b c\n" * (MAX_BROKEN + 500))
    assert len(found) == MAX_BROKEN + 1


@pytest.mark.parametrize(
    ("before", "unit", "after", "times"),
    [
        ("x = [\n", "    1, 'a', f(b),\n", "]\n", 400),
        ("x = [\n", "    1, 'a', f(b),\n", "", 400),
        ('x = """', "text and more of it\n", "", 4_000),
        ("", "(x y\n", "", 1_000),
        ("def f():\n", "    x = (1\n", "", 1_000),
        ("", " ", "", 50_000),
        ("", "# c\n", "", 10_000),
        ("x = f(", "a, ", ")", 2_000),
    ],
    ids=["list", "open list", "open string", "open brackets", "open body", "blanks", "comments", "arguments"],
)
def test_a_text_of_twice_the_length_takes_twice_the_work(
    before: str, unit: str, after: str, times: int
) -> None:
    def read(times: int) -> None:
        parse_anew()
        codes(before + unit * times + after)

    assert growth_of(read, times) < 2.2


@pytest.mark.parametrize(
    "text",
    [
        " " * 2_000_000,
        "# c\n" * 500_000,
        'x = """' + "text and more of it\n" * 100_000,
        "x = " + "9" * 1_000_000,
    ],
    ids=["blanks", "comments", "open string", "digits"],
)
def test_what_one_regular_expression_reads_is_read_once(text: str) -> None:
    """This does not end if it is read again from each of its characters, which no count of calls shows."""
    assert len(codes(text)) < 2


def test_a_line_is_read_with_few_calls() -> None:
    lines = [
        f'signature S{n}:\n    """Text."""\n    input question: str "what is asked"\n'
        f"    output answer: list[dict[str, int]] = [] where len(answer) <= {n}\n\n"
        f'module m{n} = ChainOfThought(S{n}, temperature=0.5, config={{"n": {n}}})\n\n'
        for n in range(200)
    ]
    text = "".join(lines)
    parse_anew()
    assert calls_of(lambda: codes(text)) < 200 * text.count("\n"), "153 a line when this was written"
