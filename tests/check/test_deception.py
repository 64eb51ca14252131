"""Names that look alike, and characters that turn the text around."""

from __future__ import annotations

import pytest

from dspyc.compiler.analysis import Project
from dspyc.compiler.fixing import fix


def found(text: str) -> list[str]:
    diagnostics = Project({"case.dspy": text}.get).check("case.dspy").diagnostics
    return [f"{each.code} {text[slice(*each.span)]}" for each in diagnostics if each.code in ("W401", "E028")]


def fixed(text: str) -> str:
    return fix(text, lambda text: Project({"case.dspy": text}.get).check("case.dspy")).text


@pytest.mark.parametrize(
    "name",
    ["lim\u0456t", "\u217cimit", "limi\uff54", "\U0001d425imit"],
    ids=["cyrillic", "roman-numeral", "fullwidth", "mathematical"],
)
def test_a_name_that_looks_like_another(name: str) -> None:
    assert found(f"limit = 5\n{name} = 6\nother = limit\n") == [f"W401 {name}"]


def test_a_field_that_looks_like_another() -> None:
    text = "signature S:\n    input p\u0430ge: str\n    output page: str\n"
    assert found(text) == ["W401 p\u0430ge"]


def test_a_name_that_looks_like_one_of_the_runtime() -> None:
    assert found("def \u0420redict(a: str) -> str:\n    return a\n") == ["W401 \u0420redict"]


@pytest.mark.parametrize("name", ["größe", "размер", "名前", "naïve"])
def test_names_of_other_languages_are_fine(name: str) -> None:
    assert found(f"{name} = 5\nother = {name}\n") == []


def test_a_control_in_a_comment_is_removed() -> None:
    text = "a = 1  # \u202e} begin\n"
    assert found(text) == ["E028 \u202e"]
    assert fixed(text) == "a = 1  # } begin\n"


def test_a_control_in_a_string_is_escaped() -> None:
    text = 'a = "user\u2066"\n'
    assert found(text) == ["E028 \u2066"]
    assert fixed(text) == 'a = "user\\u2066"\n'


@pytest.mark.parametrize("prefix", ["r", "f"])
def test_a_control_elsewhere_is_only_found(prefix: str) -> None:
    text = f'a = {prefix}"user\u2066"\n'
    assert found(text) == ["E028 \u2066"]
    assert fixed(text) == text


def test_a_file_of_comments() -> None:
    assert found("# \u202a\n") == ["E028 \u202a"]


def test_a_control_that_is_escaped_is_fine() -> None:
    assert found('a = "\\u202e"\nb = "é"\n') == []
