"""What formatting keeps, for every sample of the tests and the examples, in any layout."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyc.base.recursion import deep
from dspyc.compiler.analysis import Project
from dspyc.compiler.emit import emit
from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.formatting.measuring import DECLARATION_LENGTH, LINE_LENGTH
from dspyc.grammar.lossless import tokenize
from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source
from support.loosening import comments, loosened

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(
    path
    for folder in ("tests/check", "tests/compile", "tests/grammar/valid", "examples")
    for path in (ROOT / folder).rglob("*.dspy")
)
PROGRAMS = [path for path in SAMPLES if {"right", "run", "built", "graph", "examples"} & set(path.parts)]
TEXTS = {path: path.read_bytes().decode() for path in SAMPLES}


@deep
def compiled(text: str, path: Path) -> str:
    """What a program becomes, without where it stands in the file."""
    files = {str(path): text}

    def read(name: str) -> str | None:
        beside = Path(name)
        return files.get(name) or (beside.read_text(encoding="utf-8") if beside.is_file() else None)

    analysis = Project(read).check(str(path))
    assert [each.message for each in analysis.diagnostics if each.severity == "error"] == []
    return ast.dump(emit(analysis))


def words(text: str) -> list[str]:
    """The tokens of a text but for those that the layout may change, with the normal quotes and numbers."""
    kept = []
    for token in tokenize(text):
        if token.kind in {"name", "keyword", "operator"}:
            kept.append(token.text)
        elif token.kind == "string":
            kept.append(repr(ast.literal_eval(token.text)) if '"""' not in token.text else token.text)
        elif token.kind == "number":
            kept.append(str(ast.literal_eval(token.text)))
    return [word for word in kept if word != ","]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_formatting_a_sample_is_done_in_one_pass_and_keeps_its_words(path: Path) -> None:
    text = TEXTS[path]
    formatted = format_source(text)
    assert format_source(formatted) == formatted
    assert comments(formatted) == comments(text)
    if '"""' not in re.sub(r'^\s*"""[^"]*"""', "", text, flags=re.MULTILINE):
        assert words(formatted) == words(text)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_is_compiled_to_the_same(path: Path) -> None:
    chance = random.Random(f"{path.parent.name}/{path.name}")
    text = TEXTS[path]
    others = (loosened(text, chance, longer=False) for _ in range(12))
    # A line in column 0 that reads as the head of a declaration starts one, also inside brackets; and no line
    # ends inside an f-string.
    whole = [other for other in others if not list(parse(Source("a.dspy", other)).problems())]
    assert len(whole) > 2 or 'f"' in text
    expected = compiled(text, path)
    for other in [text, *whole[:3]]:
        assert compiled(format_source(other), path) == expected


@given(st.sampled_from(SAMPLES), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_any_layout_of_a_sample_is_settled_in_one_pass(path: Path, seed: int) -> None:
    text = loosened(TEXTS[path], random.Random(seed))
    formatted = format_source(text)
    assert format_source(formatted) == formatted
    assert comments(formatted) == comments(text)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_lines_are_short_unless_they_cannot_be(path: Path) -> None:
    """A line over the width holds a text, a name or a description that no break makes shorter."""
    for line in format_source(TEXTS[path]).splitlines():
        code = line.partition("  # ")[0]
        is_declaration = not line.startswith((" ", ")", "]", "}"))
        limit = DECLARATION_LENGTH if is_declaration else LINE_LENGTH
        assert len(code) <= limit or '"' in code or code.lstrip().startswith("#!"), line
