"""Line endings are a matter of the file, never of the program: LF, CRLF and CR mean the same."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dspyc
from dspyc.grammar import syntax
from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.lossless import tokenize
from dspyc.grammar.parse import File, parse
from dspyc.grammar.source import Source
from support.syntax_cases import FOLDER, read
from support.syntax_dump import dump

VALID = [read(path).replace("\r\n", "\n") for path in sorted((FOLDER / "valid").glob("*.dspy"))]
LAYOUTS = [read(path).replace("\r\n", "\n") for path in sorted((FOLDER / "format").glob("*.dspy"))]
INVALID = [read(path).replace("\r\n", "\n") for path in sorted((FOLDER / "invalid").glob("*.dspy"))]
MULTI_LINE = '''"""The file.

  Second line.
"""
# about A

signature A:
    """Doc
    two.

        three
    """
    input q: str """the
      question"""  # why
    output a: str where len(
        a  # the answer
    ) > 1

TEXT = r"""raw \\d
lines"""
ESCAPED = "a\\r\\nb" + """joined \\
line\\r"""
F = f"""x {TEXT}
y {
    TEXT
}"""
'''
TEXTS = [text for text in [*VALID, *LAYOUTS, MULTI_LINE] if "\n" in text]
ENDINGS = ["\r\n", "\r"]


def meaning(file: File) -> list[str]:
    """The trees without spans, and without how a string is written."""
    shown = [dump(item.declaration, spans=False) for item in file.items if item.declaration]
    return [re.sub(r" raw=('[^']*'|\"[^\"]*\")", "", text) for text in shown]


def read_text(text: str) -> File:
    return parse(Source("a.dspy", text))


def mixed(text: str, seed: int) -> str:
    """The text with line endings of all kinds; never a CR before an LF, which would be one."""
    chance = random.Random(seed)

    def endings(found: re.Match[str]) -> str:
        chosen = ""
        for _ in found[0]:
            chosen += chance.choice(["\r\n", "\r"] if chosen.endswith("\r") else ["\n", "\r\n", "\r"])
        return chosen

    return re.sub("\n+", endings, text)


@pytest.mark.parametrize("ending", ENDINGS, ids=["crlf", "cr"])
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_file_with_another_line_ending_means_the_same(text: str, ending: str) -> None:
    file = read_text(text.replace("\n", ending))
    assert [each.code for each in file.problems()] == [each.code for each in read_text(text).problems()]
    assert meaning(file) == meaning(read_text(text))
    assert len(file.items) == len(read_text(text).items)


@pytest.mark.parametrize("ending", ENDINGS, ids=["crlf", "cr"])
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_the_layout_keeps_the_line_ending_and_is_settled_after_one_run(text: str, ending: str) -> None:
    formatted = format_source(text.replace("\n", ending))
    assert formatted == format_source(text).replace("\n", ending)
    assert format_source(formatted) == formatted


@given(st.sampled_from(TEXTS), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_mixed_line_endings_mean_the_same_and_become_one(text: str, seed: int) -> None:
    changed = mixed(text, seed)
    assert meaning(read_text(changed)) == meaning(read_text(text))
    formatted = format_source(changed)
    assert format_source(formatted) == formatted
    if not list(read_text(text).problems()):
        assert len(set(re.findall(r"\r\n?|\n", formatted))) <= 1
        assert re.sub(r"\r\n?", "\n", formatted) == format_source(text)


@given(st.sampled_from([*TEXTS, *INVALID]), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_mixed_line_endings_lose_nothing(text: str, seed: int) -> None:
    changed = mixed(text, seed)
    assert "".join(item.text for item in read_text(changed).items) == changed
    assert "".join(lexeme.text for lexeme in tokenize(changed)) == changed
    assert format_source(format_source(changed)) == format_source(changed)


@pytest.mark.parametrize("ending", ENDINGS, ids=["crlf", "cr"])
@pytest.mark.parametrize("text", INVALID, ids=range(len(INVALID)))
def test_mistakes_are_the_same_ones(text: str, ending: str) -> None:
    assert [(each.code, each.message) for each in read_text(text.replace("\n", ending)).problems()] == [
        (each.code, each.message) for each in read_text(text).problems()
    ]


@pytest.mark.parametrize("ending", ["\n", *ENDINGS], ids=["lf", "crlf", "cr"])
def test_an_escaped_line_ending_is_no_line_ending(ending: str) -> None:
    file = read_text(MULTI_LINE.replace("\n", ending))
    values = {
        item.declaration.name.text: item.declaration.value
        for item in file.items
        if isinstance(item.declaration, syntax.ConstantDeclaration)
    }
    escaped = values["ESCAPED"]
    assert isinstance(escaped, syntax.Binary)
    assert isinstance(escaped.left, syntax.String)
    assert escaped.left.value == "a\r\nb"
    assert isinstance(escaped.right, syntax.String)
    assert escaped.right.value == "joined line\r"
    raw = values["TEXT"]
    assert isinstance(raw, syntax.String)
    assert raw.value == "raw \\d\nlines"


def test_the_compiled_program_is_the_same(tmp_path: Path) -> None:
    text = MULTI_LINE.partition("TEXT =")[0]
    found = []
    for number, ending in enumerate(["\n", *ENDINGS]):
        path = tmp_path / f"program{number}.dspy"
        path.write_bytes(text.replace("\n", ending).encode())
        signature = dspyc.load(path).A
        fields = {**signature.input_fields, **signature.output_fields}
        found.append(
            (signature.instructions, [(name, field.json_schema_extra) for name, field in fields.items()])
        )
    assert found[0] == found[1] == found[2]
    assert "\r" not in str(found)
