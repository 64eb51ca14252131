"""Whatever the text is, checking gives an analysis and raises nothing."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from dspyc.compiler.analysis import Project
from support.single_edits import edited

HERE = Path(__file__).parent
PROGRAMS = sorted([*HERE.glob("samples/*.dspy"), *HERE.glob("right/*.dspy")])


def read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return None


def check(path: Path, text: str) -> int:
    found = Project(lambda each: text if each == str(path) else read(each)).check(str(path)).diagnostics
    for each in found:
        assert 0 <= each.span.start <= each.span.end <= len(text)
        assert each.message
    return len(found)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_beginnings(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number in range(0, len(lines), 3):
        check(path, "".join(lines[:number]) + lines[number][: len(lines[number]) // 2])


def test_one_slip_is_about_one_finding() -> None:
    """Single edits of characters and tokens; `DSPYC_EDITS=4000` tries so many."""
    number = int(os.environ.get("DSPYC_EDITS", "150"))
    chance = random.Random(7)
    texts = {path: path.read_text(encoding="utf-8") for path in PROGRAMS}
    healthy = [path for path, text in texts.items() if check(path, text) == 0]
    findings = []
    for _ in range(number):
        path = chance.choice(healthy)
        findings.append(check(path, edited(texts[path], chance)))
    assert sum(findings) / number <= 1.05
    assert max(findings) <= 5
