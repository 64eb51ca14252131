"""Text that looks like another: characters that turn the direction of writing, names that look alike."""

from __future__ import annotations

import unicodedata

import pytest

from dspyc.grammar import syntax
from dspyc.grammar.confusables import skeleton
from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.parse import parse_item

CONTROLS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


def applied(text: str) -> str:
    for found in parse_item(text).problems:
        for edit in sorted(found.fix.edits if found.fix else (), key=lambda edit: edit.span, reverse=True):
            text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


@pytest.mark.parametrize("control", CONTROLS, ids=[f"{ord(each):x}" for each in CONTROLS])
@pytest.mark.parametrize(
    "text",
    [
        'x = "a%sb"\n',
        "x = 1  # a%sb\n",
        "# a%sb\nx = 1\n",
        'x = """a\n%s\n"""\n',
        'signature S:\n    """a%s"""\n    input q: str\n    output a: str\n',
        "x = [\n    # a%sb\n    1,\n]\n",
    ],
)
def test_a_hidden_control_is_one_problem_with_a_fix_that_keeps_the_program(text: str, control: str) -> None:
    text = text % control
    (found,) = parse_item(text).problems
    assert found.code == "E028"
    assert unicodedata.name(control).lower() in found.message
    assert found.fix is not None
    assert found.fix.is_safe
    mended = applied(text)
    assert control not in mended
    assert parse_item(mended).problems == ()


def test_the_value_of_a_string_is_kept() -> None:
    mended = parse_item(applied('x = "a\u202eb\u202c"\n')).declaration
    assert isinstance(mended, syntax.ConstantDeclaration)
    assert isinstance(mended.value, syntax.String)
    assert mended.value.value == "a\u202eb\u202c"


@pytest.mark.parametrize("text", ['x = r"a\u202e"\n', 'x = f"a\u202e{b}"\n'])
def test_where_an_escape_would_mean_something_else_no_fix_is_offered(text: str) -> None:
    (found,) = parse_item(text).problems
    assert (found.code, found.fixes) == ("E028", ())


def test_outside_of_strings_it_is_an_unexpected_character() -> None:
    assert [each.code for each in parse_item("x = a\u202e + b\n").problems] == ["E008"]


@pytest.mark.parametrize("text", ['x = "שלום"\n', 'x = "مرحبا"  # שלום\n', 'x = "a\u200fb"\n'])
def test_text_that_is_written_from_right_to_left_is_no_problem(text: str) -> None:
    assert parse_item(text).problems == ()
    assert format_source(text) == text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("page", "раge"),
        ("scope", "ѕсоре"),
        ("Model", "Моdel"),
        ("file", "ﬁle"),
        ("A", "Α"),
        ("x", "х"),
        ("oo", "οо"),
        ("user", "ｕser"),
        ("id", "ıd"),
    ],
)
def test_names_that_look_alike(first: str, second: str) -> None:
    assert first != second
    assert skeleton(first) == skeleton(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "b"), ("naive", "naïve"), ("l", "I"), ("имя", "имена"), ("é", "è")],
)
def test_names_that_do_not(first: str, second: str) -> None:
    assert skeleton(first) != skeleton(second)
