"""Programs as files: those without mistakes, those with carets under their mistakes, and layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.parse import parse, parse_item
from dspyc.grammar.problems import KINDS
from dspyc.grammar.source import Source
from support.carets import expected, with_carets
from support.syntax_cases import FOLDER, problems_of, read
from support.syntax_dump import dump

VALID = sorted((FOLDER / "valid").glob("*.dspy"))
INVALID = sorted((FOLDER / "invalid").glob("*.dspy"))
LAYOUTS = sorted((FOLDER / "format").glob("*.dspy"))
EXAMPLES = ["agent", "article", "banking", "classify", "compose", "extract", "math", "rag", "refine"]


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


@named(VALID)
def test_a_valid_program_has_this_tree(path: Path, request: pytest.FixtureRequest) -> None:
    text = read(path)
    file = parse(Source(path.name, text))
    assert list(file.problems()) == []
    assert "".join(item.text for item in file.items) == text
    written = "".join(dump(item.declaration) + "\n" for item in file.items if item.declaration)
    golden = path.with_suffix(".tree")
    if request.config.getoption("--update"):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")


@named(INVALID)
def test_an_invalid_program_has_these_problems(path: Path, request: pytest.FixtureRequest) -> None:
    text = read(path)
    if request.config.getoption("--update"):
        bare = with_carets(text, [])
        path.write_text(with_carets(bare, problems_of(bare)), encoding="utf-8")
        text = read(path)
    assert problems_of(text) == expected(text)
    assert expected(text)


@named(INVALID)
def test_a_fix_mends_what_it_belongs_to(path: Path) -> None:
    text = with_carets(read(path), [])
    problems = list(parse(Source(path.name, text)).problems())
    for problem in problems:
        if problem.fix is None:
            continue
        mended = text
        for edit in sorted(problem.fix.edits, key=lambda edit: edit.span, reverse=True):
            mended = mended[: edit.span.start] + edit.replacement + mended[edit.span.end :]
        left = list(parse(Source(path.name, mended)).problems())
        before = [each.message for each in problems]
        after = [each.message for each in left]
        assert after.count(problem.message) < before.count(problem.message), f"{problem.message}\n{mended}"


def test_every_problem_has_a_case() -> None:
    used = {each.code for path in INVALID for each in expected(read(path))}
    elsewhere = {"E006", "E026", "E028"}
    assert used == set(KINDS) - elsewhere


@named(LAYOUTS)
def test_a_text_has_this_layout(path: Path, request: pytest.FixtureRequest) -> None:
    formatted = format_source(read(path))
    golden = path.with_suffix(".formatted")
    if request.config.getoption("--update"):
        golden.write_bytes(formatted.encode())
    assert formatted == read(golden)
    assert format_source(formatted) == formatted


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_have_the_layout_already(name: str) -> None:
    text = read(FOLDER / "valid" / f"{name}.dspy")
    assert format_source(text) == text


@named(VALID)
def test_formatting_keeps_the_tree_and_is_done_in_one_pass(path: Path) -> None:
    text = read(path)
    formatted = format_source(text)
    assert format_source(formatted) == formatted
    assert _trees(formatted) == _trees(text)


def _trees(text: str) -> list[str]:
    file = parse(Source("case.dspy", text))
    return [dump(item.declaration, spans=False) for item in file.items if item.declaration]


@named(INVALID)
def test_formatting_leaves_broken_declarations_as_they_are(path: Path) -> None:
    text = read(path)
    formatted = format_source(text)
    for item in parse(Source(path.name, text)).items:
        if item.parsed.problems:
            assert item.text in formatted


def test_parsing_is_remembered_by_the_text_of_an_item() -> None:
    before = parse(Source("a.dspy", 'lm a = LM("x")\n\nlm b = LM("y")\n'))
    after = parse(Source("a.dspy", 'lm long_name = LM("x")\n\nlm b = LM("y")\n'))
    assert before.items[1].parsed is after.items[1].parsed
    assert before.items[1].start != after.items[1].start
    assert parse_item("lm a = 1\n") is parse_item("lm a = 1\n")
