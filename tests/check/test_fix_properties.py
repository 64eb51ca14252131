"""What holds of fixes: a safe one changes no meaning or repairs what did not parse, and none does damage."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.compiler.fixing import apply, fix, meaning
from support.mistakes import MAIN, read_mistakes
from support.single_edits import edited

HERE = Path(__file__).parent
MISTAKES = [each for path in sorted(HERE.glob("mistakes/*.txt")) for each in read_mistakes(path)]
HEALTHY = [path.read_text(encoding="utf-8") for path in sorted(HERE.glob("samples/*.dspy"))]


def checker(files: dict[str, str]) -> Callable[[str], FileAnalysis]:
    return lambda text: Project(lambda path: text if path == MAIN else files.get(path)).check(MAIN)


def syntax_errors(analysis: FileAnalysis) -> int:
    return sum(each.code.startswith("E0") for each in analysis.diagnostics)


def told(analysis: FileAnalysis) -> list[str]:
    return [each.message for each in analysis.diagnostics]


def has_errors(analysis: FileAnalysis) -> bool:
    return any(each.severity == "error" for each in analysis.diagnostics)


def assert_safe(text: str, check: Callable[[str], FileAnalysis]) -> None:
    before = check(text)
    for found in before.diagnostics:
        for each in found.fixes:
            if not each.is_safe:
                continue
            after = check(apply(text, [each]))
            if has_errors(before):
                assert found.code.startswith("E0"), found
                assert syntax_errors(after) <= syntax_errors(before), each
                assert told(after).count(found.message) < told(before).count(found.message), each
            else:
                assert meaning(before) == meaning(after), each


def assert_harmless(text: str, check: Callable[[str], FileAnalysis]) -> None:
    before = check(text)
    fixed = fix(text, check, unsafe=True)
    after = check(fixed.text)
    assert len(after.diagnostics) <= len(before.diagnostics), fixed
    assert syntax_errors(after) <= syntax_errors(before), fixed
    assert fix(fixed.text, check, unsafe=True).text == fixed.text


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[each.title for each in MISTAKES])
def test_a_mistake(number: int) -> None:
    mistake = MISTAKES[number]
    check = checker(mistake.files)
    assert_safe(mistake.text, check)
    assert_harmless(mistake.text, check)


def test_a_slip() -> None:
    """`DSPYC_EDITS=4000` tries so many."""
    chance = random.Random(11)
    tools = (HERE / "samples/tools.py").read_text(encoding="utf-8")
    check = checker({"tools.py": tools})
    for _ in range(int(os.environ.get("DSPYC_EDITS", "80"))):
        text = edited(chance.choice(HEALTHY), chance)
        assert_safe(text, check)
        assert_harmless(text, check)
