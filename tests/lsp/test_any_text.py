"""The queries never raise: at every place of a program, and where one is cut off or a piece is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dspyc.compiler.analysis import FileAnalysis
from dspyc.compiler.completion.complete import complete
from dspyc.compiler.completion.surroundings import Export, Nothing
from dspyc.compiler.query.definition import definition
from dspyc.compiler.query.hover import hover
from dspyc.compiler.query.symbols import outline
from support.programs import PROGRAM, analyse

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


class Around(Nothing):
    """Files around: one module, one data file, one name."""

    def modules(self, _level: int, _packages: Sequence[str]) -> Iterable[str]:
        return ("tools",)

    def files(self, _folder: str, _endings: Sequence[str]) -> Iterable[str]:
        return ("rows.csv", "data/")

    def exports(self, _prefix: str) -> Iterable[Export]:
        return (Export("Shared", "type", "tools"),)


def ask_everything(analysis: FileAnalysis, offset: int) -> None:
    size = len(analysis.source.text)
    found = hover(analysis, offset)
    assert found is None or 0 <= found.span.start <= offset <= found.span.end <= size
    definition(analysis, offset)
    for each in complete(analysis, offset, Around()):
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
@example(start=PROGRAM.index("module ask") + len("module as"), length=0, piece="=", cut=True)
def test_at_a_mistake(start: int, length: int, piece: str, cut: bool) -> None:
    rest = "" if cut else PROGRAM[start + length :]
    analysis = analyse(PROGRAM[:start] + piece + rest)
    outline(analysis)
    for offset in {start, start + len(piece), min(start + len(piece) + 3, len(analysis.source.text))}:
        ask_everything(analysis, offset)
