"""Comments that suppress all findings of a file: where they stand, and that nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.compiler.fixing import meaning
from dspyc.compiler.suppressing import can_be_suppressed, suppress

PATH = "/p/case.dspy"
SAMPLES = sorted(Path(__file__).parent.glob("cases/**/*.dspy"))


def check(text: str) -> FileAnalysis:
    return Project({PATH: text}.get).check(PATH)


def left(text: str) -> list[str]:
    return [each.code for each in check(text).diagnostics]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = y\n", "x = y  # dspyc: ignore[E101]\n"),
        ("x = y", "x = y  # dspyc: ignore[E101]"),
        ("x = y  \nz = 1\n", "x = y  # dspyc: ignore[E101]  \nz = 1\n"),
        ("x = y\r\nz = 1\r\n", "x = y  # dspyc: ignore[E101]\r\nz = 1\r\n"),
        ("x = y  # why\n", "x = y  # why  # dspyc: ignore[E101]\n"),
        ("x = y + z\n", "x = y + z  # dspyc: ignore[E101]\n"),
        ("x: strr = y\n", "x: strr = y  # dspyc: ignore[E110, E101]\n"),
        (
            "x: strr = y  # dspyc: ignore[E110] a plugin\n",
            "x: strr = y  # dspyc: ignore[E110, E101] a plugin\n",
        ),
        ("x = [\n    y,\n    1,\n]\n", "x = [\n    y,  # dspyc: ignore[E101]\n    1,\n]\n"),
        # A line that ends inside a string: the comment speaks for the statement.
        ('x = (y, """a\nb""")\n', 'x = (y, """a\nb""")  # dspyc: ignore[E101]\n'),
        ('x = f"""{y}\n{z}\n"""\n', 'x = f"""{y}\n{z}\n"""  # dspyc: ignore[E101]\n'),
        (
            "def f(a: int) -> int:\n    if b:\n        return c\n    return a\n",
            "def f(a: int) -> int:\n    if b:  # dspyc: ignore[E101]\n"
            "        return c  # dspyc: ignore[E101]\n    return a\n",
        ),
        ("from json import dumps\n\nx = 1\n", "from json import dumps  # dspyc: ignore[W101]\n\nx = 1\n"),
        ("x = 1\n", "x = 1\n"),
        # Of an unknown name only the first mention is told; the next one follows.
        (
            "a = z\nb = z\nc = z + q\n",
            "a = z  # dspyc: ignore[E101]\nb = z  # dspyc: ignore[E101]\nc = z + q  # dspyc: ignore[E101]\n",
        ),
    ],
)
def test_where_comments_are_put(before: str, after: str) -> None:
    result = suppress(before, check)
    assert result.text == after
    assert left(after) == []
    assert (result.count == 0) == (before == after)
    assert suppress(after, check).text == after


def test_what_cannot_be_suppressed_stays() -> None:
    text = "x = y\nz = 1 +\n"
    result = suppress(text, check)
    assert result.text == "x = y  # dspyc: ignore[E101]\nz = 1 +\n"
    assert left(result.text) == ["E001"]
    unused = "x = 1  # dspyc: ignore[E101]\n"
    assert suppress(unused, check).text == unused


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_finding_of_the_cases_can_be_suppressed(path: Path) -> None:
    """All that is found in the cases of the rules, line by line, and the program stays what it is."""
    text = path.read_text(encoding="utf-8")
    before = check(text)
    result = suppress(text, check)
    after = check(result.text)
    assert not [each for each in after.diagnostics if can_be_suppressed(each)]
    assert meaning(before) == meaning(after)
    assert suppress(result.text, check).text == result.text
