"""Diagnostics as they are shown: goldens of every format, and what holds for any text and span."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyc.base.diagnostic import Diagnostic, Edit, Fix, Label
from dspyc.cli.formats import NAMES, render
from dspyc.cli.optimize import render_saved
from dspyc.compiler.render import CheckedFile, Report, ansi, plain, summary
from dspyc.compiler.render.cells import width
from dspyc.compiler.render.excerpt import Mark, excerpt
from dspyc.grammar.source import Source, Span

TEXT = '''\
signature Answer:
    """Answer."""
    input question: str
\toutput 答え: flaot "日本語" key="sk-abcdefghijklmnop"

module answer(
    a: int,
    b: int,
    c: int,
    d: int,
    e: int,
    f: int,
):
    forward:
        return 1
'''
OTHER = "def metric(example):\n    return 1\n"


def at(words: str, upto: str | None = None) -> Span:
    """The span of some words of the text, or from them to others."""
    start = TEXT.index(words)
    return Span(start, start + len(words) if upto is None else TEXT.index(upto, start) + len(upto))


FINDINGS = (
    Diagnostic(
        "E201", "unknown-type", "error", at("flaot"), "unknown type `flaot`; did you mean `float`?",
        labels=(Label(at("signature Answer"), "in this signature"), Label(at("答え"), "of this field")),
        fixes=(Fix("replace it by `float`", (Edit(at("flaot"), "float"),), "safe"),),
    ),
    Diagnostic("W101", "two-labels", "warning", at("日本語"), "labels hang", labels=(
        Label(at("答え"), "the first"), Label(at("output"), "the second"), Label(at("key"), "the third"))),
    Diagnostic("E301", "a-block", "error", at("module answer", "):"), "a block of many lines",
               labels=(Label(at("return 1"), "returned here"),)),
    Diagnostic("E302", "a-block", "error", at("(\n    a", "c: int"), "a block that starts inside a line"),
    Diagnostic("E303", "two-files", "warning", at("forward"), "the metric takes one argument",
               labels=(Label(Span(4, 10), "declared here", "/elsewhere/tools.py"),),
               help="a metric is called with an example and a prediction, and may name `trace`, `pred_name` "
               "and `pred_trace`; declare it as `def metric(example, pred)`"),
    Diagnostic("E001", "at-the-end", "info", Span(len(TEXT), len(TEXT)), "the file ends here"),
    Diagnostic("E000", "unreadable-file", "error", Span(14, 14),
               "a key is not shown: sk-abcdefghijklmnop"),
)  # fmt: skip


def report() -> Report:
    tools = ("elsewhere/tools.py", Source("/elsewhere/tools.py", OTHER))
    checked = (
        CheckedFile("answer.dspy", Source("answer.dspy", TEXT), FINDINGS),
        CheckedFile(
            "no,text:.dspy", Source("", ""), (Diagnostic("E000", "x", "error", Span(0, 0), "no\ntext"),)
        ),
        CheckedFile("good.dspy", Source("good.dspy", "x = 1\n"), ()),
    )
    return Report(checked, lambda path: tools if path == "/elsewhere/tools.py" else None)


GOLDENS = [name for name in NAMES if name != "sarif"]
"""SARIF has the pages of the rules in it."""


@pytest.mark.parametrize("name", [*GOLDENS, "full-with-colors", "full-in-40-columns"])
def test_format(name: str, request: pytest.FixtureRequest) -> None:
    palette = ansi if name.endswith("colors") else plain
    columns = 40 if name.endswith("40-columns") else 100
    got = render(name if name in NAMES else "full", report(), palette, columns)
    golden = Path(__file__).parent / "goldens" / f"{name}.txt"
    if request.config.getoption("--update", default=False):
        golden.write_text(got, encoding="utf-8")
    assert got == golden.read_text(encoding="utf-8")


def test_the_formats_agree() -> None:
    found = json.loads(render("json", report(), plain, 100))["diagnostics"]
    places = [
        f"{one['path']}:{one['start']['line']}:{one['start']['column']}: {one['code']} " for one in found
    ]
    lines = render("concise", report(), plain, 100)
    assert all(place in lines for place in places)
    assert summary(report()) == "Found 5 errors, 2 warnings and 1 note in 2 files."


def test_no_format_shows_a_key() -> None:
    for name in NAMES:
        assert "abcdefghijklmnop" not in render(name, report(), plain, 100)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=80) | st.text(
    "ab\t\n\r é答\u0301\u202e\x1b", max_size=80
)


@given(TEXTS, st.data())
def test_carets_stand_under_what_is_meant(text: str, data: st.DataObject) -> None:
    """Of a span inside one line: the carets begin where, on a terminal, the text before the span ends."""
    source = Source("x", text)
    span = source.line_span(data.draw(st.integers(0, source.line_count - 1)))
    start = data.draw(st.integers(span.start, span.end))
    end = data.draw(st.integers(start, span.end))
    lines = excerpt(source, [Mark(Span(start, end), "", "error", primary=True)], plain, 1000, 3)
    carets = lines[2].partition("| ")[2]
    assert len(lines) == 3
    assert carets.lstrip(" ") == "^" * max(1, width(text[span.start : end]) - width(text[span.start : start]))
    assert carets.index("^") == width(text[span.start : start])


@given(TEXTS, st.data())
def test_any_marks_can_be_shown(text: str, data: st.DataObject) -> None:
    """Whatever is marked: nothing raises, no control character is written, no line is too wide."""
    source = Source("x", text)
    offsets = st.integers(0, len(text))
    spans = [
        Span(*sorted((data.draw(offsets), data.draw(offsets)))) for _ in range(data.draw(st.integers(1, 4)))
    ]
    marks = [Mark(span, "", "error", primary=not index) for index, span in enumerate(spans)]
    for line in excerpt(source, marks, plain, 50, 3):
        assert not [one for one in line if unicodedata.category(one) in {"Cc", "Zl", "Zp"}]
        assert "\u202e" not in line
        assert width(line) <= 50


@pytest.mark.parametrize(
    ("files", "end"),
    [
        (["a.state.json"], "in `a.state.json`; commit it with the program."),
        (["a.state.json", "a.gguf"], "in `a.state.json` and `a.gguf`; commit both with the program."),
        (["a.state.json", "a.gguf", "b.gguf"], "and `b.gguf`; commit all of them with the program."),
    ],
)
def test_all_files_of_a_state_are_to_be_committed(files: list[str], end: str) -> None:
    assert render_saved(files).endswith(end)
