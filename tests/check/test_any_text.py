"""Whatever the text is, checking gives an analysis and raises nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from dspyc.compiler.analysis import Project

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


def test_one_slip_is_about_one_message() -> None:
    chance = random.Random(7)
    messages = slips = 0
    before = {path: check(path, path.read_text(encoding="utf-8")) for path in PROGRAMS}
    for _ in range(150):
        path = chance.choice(PROGRAMS)
        text = path.read_text(encoding="utf-8")
        at = chance.randrange(len(text))
        other = text[chance.randrange(len(text))]
        changed = chance.choice([text[:at] + text[at + 1 :], text[:at] + other + text[at:]])
        messages += max(0, check(path, changed) - before[path])
        slips += 1
    assert messages / slips <= 1.3
