"""Types of expressions and what tests leave of them: expectations stand behind the lines, as `#: type`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dspyc.compiler import types
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
    ("body", "shown"),
    [
        ("    return example.a == pred.a", "bool"),
        ("    return 1.0 if pred.a else 0", "float | int"),
        ("    if pred.a:\n        return 1.0\n    return len(str(pred.a))", "float | int"),
        ("    if pred.a:\n        return 'x'", "str | None"),
        ("    for each in pred.a:\n        return 1\n    return 'x'", "int | str"),
        ("    return measure(example, pred)", "bool"),
        ("    return metric(example, pred) + 1", "Unknown"),
        ("    return first(example, pred)", "Unknown"),
        ("    return pred.a", "Unknown"),
        ("    pass", "None"),
    ],
)
def test_what_a_function_returns_is_read_off_its_body(body: str, shown: str) -> None:
    text = (
        f"def metric(example, pred):\n{body}\n\ndef measure(example, pred):\n    return True\n\n"
        "def first(example, pred):\n    return second(example, pred)\n\n"
        "def second(example, pred):\n    return first(example, pred)\n"
    )
    analysis = Project({"m.dspy": text}.get).check("m.dspy")
    kind = analysis.program.symbols["metric"].type
    assert isinstance(kind, types.Function)
    assert display(kind.returns) == shown


def test_a_metric_that_returns_a_text_is_found_without_its_return_type() -> None:
    text = (
        'module qa = Predict("question -> answer")\n\ndef metric(example, pred):\n'
        "    return pred.answer.lower()\n\ndef brief(args, pred):\n    return str(len(pred.answer))\n\n"
        "module best = BestOfN(qa, N=3, reward_fn=brief, threshold=0.5)\n"
    )
    found = Project({"m.dspy": text}.get).check("m.dspy").diagnostics
    assert [each.message for each in found] == ["a reward returns a number, but `brief` returns `str`"]


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
