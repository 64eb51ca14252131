"""The queries never raise: at every place of a program, and where one is cut off or a piece is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.compiler.completion.complete import complete
from dspyc.compiler.query.definition import definition
from dspyc.compiler.query.hover import hover
from dspyc.compiler.query.symbols import outline
from dspyc.project.workspace import find_package

WORKSPACE = Path(__file__).parent / "workspace"
PROGRAM = '''\
"""Everything once."""
from common import Classify, classify
from tools import search as find
import statistics

lm gpt = LM("openai/gpt", temperature=0.5)
configure(lm=gpt)
enum Kind:
    ONE = "one"
    TWO
type Pair:
    """Two."""
    left: str = "a" "the left one"
    kind: Kind
signature Ask:
    input question: str
    output answer: Literal["yes", "no"] where len(answer) > 1 "short"
    demo question="x", answer="yes"
module ask = Predict("question, n: int -> answer: list[str]")
module Both(width: int = 3):
    input text: str
    output label: str
    output count: int
    first = ChainOfThought(Ask, lm=gpt)
    forward:
        found = classify(text=text)
        answers = [first(question=f"{each.name!r}: {text}").answer for each in found.entities]
        for answer in answers:
            if answer == "yes" and found.label in ["lost_card"]:
                continue
            elif not answer:
                break
        match found.label:
            case "lost_card" | "card_arrival" as label:
                total = {"a": 1}["a"] + sum(x * 2 for x in [1, 2])
            case _:
                total = 0 if text else 1
        suggest total > 0, "more"
        return label=found.label, count=total
    fallback:
        return label="", count=0
def same(example: Classify, pred: Classify) -> bool:
    """The same label."""
    return example.label == pred.label and any(map(lambda a: a > 1, [1, 2]))
dataset train, dev = Dataset("rows.csv", inputs=["text"]).split(0.5, 0.5, seed=0)
optimizer tune = BootstrapFewShot(metric=same)
program tuned = tune.compile(classify, trainset=train)
evaluate score = Evaluate(tuned, devset=dev, metric=same)
LIMIT: int = 3
test "all of it":
    pred = tuned(text="x")
    assert pred.label == "lost_card", "lost"
'''
PIECES = [
    "",
    '"',
    '"""',
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    "=",
    ":",
    "\n",
    "    ",
    "#",
    'f"{',
    "->",
    "🦊",
    "lm x",
]


def analyse(text: str) -> FileAnalysis:
    path = str(WORKSPACE / "any.dspy")

    def read(wanted: str) -> str | None:
        if wanted == path:
            return text
        try:
            return Path(wanted).read_text(encoding="utf-8")
        except OSError:
            return None

    return Project(read, (str(WORKSPACE),), find_package).check(path)


def ask_everything(analysis: FileAnalysis, offset: int) -> None:
    size = len(analysis.source.text)
    found = hover(analysis, offset)
    assert found is None or 0 <= found.span.start <= offset <= found.span.end <= size
    definition(analysis, offset)
    for each in complete(analysis, offset, lambda level, packages: ("tools",)):
        assert each.label
        assert 0 <= each.replaced.start <= each.replaced.end == offset


def test_the_program_is_correct() -> None:
    assert [each for each in analyse(PROGRAM).diagnostics if each.severity == "error"] == []


@pytest.mark.parametrize("part", range(4))
def test_everywhere_in_a_program(part: int) -> None:
    analysis = analyse(PROGRAM)
    for offset in range(part, len(PROGRAM) + 1, 4):
        ask_everything(analysis, offset)
    for entry in outline(analysis):
        assert entry.span.start <= entry.name_span.start <= entry.name_span.end <= entry.span.end


@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(0, len(PROGRAM)),
    length=st.integers(0, 12),
    piece=st.sampled_from(PIECES),
    cut=st.booleans(),
)
def test_at_a_mistake(start: int, length: int, piece: str, cut: bool) -> None:
    rest = "" if cut else PROGRAM[start + length :]
    analysis = analyse(PROGRAM[:start] + piece + rest)
    outline(analysis)
    for offset in {start, start + len(piece), min(start + len(piece) + 3, len(analysis.source.text))}:
        ask_everything(analysis, offset)
