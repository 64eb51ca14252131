"""Types of expressions and what tests leave of them: expectations stand behind the lines, as `#: type`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.compiler.query.hover import hover
from dspyc.compiler.types.display import display
from dspyc.grammar import syntax

HERE = Path(__file__).parent
FILES = sorted((HERE / "types").glob("*.dspy"))
_EXPECTED = re.compile(r"  #: (.*)$")


class Line(NamedTuple):
    """An expression on a line of its own: what is expected of it, and what was found."""

    number: int
    text: str
    wanted: str
    found: str


def read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return None


def analyse(path: Path) -> FileAnalysis:
    return Project(read).check(str(path))


def lines(analysis: FileAnalysis) -> Iterator[tuple[str, Line]]:
    """The expressions with expectations, each with the declaration that it stands in."""
    texts = analysis.source.text.splitlines()
    for item in analysis.program.items:
        for node in item.nodes(syntax.ExpressionStatement):
            number = analysis.source.position(item.start + node.span.start).line
            wanted = _EXPECTED.search(texts[number])
            if wanted is not None:
                text = texts[number].partition("  #: ")[0].strip()
                yield item.key, Line(number + 1, text, wanted[1], display(item.type_of(node.value)))


PROGRAMS: dict[str, list[Line]] = {}
for _path in FILES:
    for _key, _line in lines(analyse(_path)):
        PROGRAMS.setdefault(f"{_path.stem}:{_key}", []).append(_line)


@pytest.mark.parametrize("program", PROGRAMS)
def test_types(program: str) -> None:
    wrong = [line for line in PROGRAMS[program] if line.found != line.wanted]
    assert not wrong


def test_every_expectation_is_looked_at() -> None:
    written = sum(len(re.findall(r"  #: ", path.read_text(encoding="utf-8"))) for path in FILES)
    assert written == sum(map(len, PROGRAMS.values()))
    assert sum(len(each) for name, each in PROGRAMS.items() if name.startswith("expressions:")) >= 200
    assert sum(name.startswith("narrowing:") for name in PROGRAMS) >= 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_false_alarm(path: Path) -> None:
    assert not [each.message for each in analyse(path).diagnostics if each.severity == "error"]


@pytest.mark.parametrize(
    ("body", "at", "shown"),
    [
        ("    if x:\n        return x\n    return ''", "return x", "(parameter) x: str"),
        ("    if x is None:\n        return x or ''\n    return x", "return x or", "(parameter) x: None"),
        ("    assert x\n    y = x\n    return y", "y = x", "(local) y: str"),
        ("    return s.city if s.city else ''", "s.city if", "(field) city: str"),
        ("    return [c for c in s.city or ''][0]", "c for", "(local) c: str"),
    ],
)
def test_a_hover_shows_what_tests_have_left(body: str, at: str, shown: str) -> None:
    text = f"type S:\n    city: str | None\n\ndef f(x: str | None, s: S) -> str:\n{body}\n"
    analysis = Project({"m.dspy": text}.get).check("m.dspy")
    offset = text.index(at) + (0 if at.startswith(("y", "c")) else at.index("x") if "x" in at else 2)
    found = hover(analysis, offset)
    assert found is not None
    assert found.code == shown
