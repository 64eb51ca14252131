"""The tutorial, followed word by word: its files, its commands, and what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.walkthrough import ROOT, Walk, agrees, rewritten

PAGES = sorted((ROOT / "docs" / "tutorial").glob("*.md"), key=lambda page: (page.stem != "index", page.name))
IMPROVING = "4-improving.md"
_NO_STATE = re.compile(r"^warning: the program `router` has no state .*\n", re.MULTILINE)


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    """Somebody with an empty home folder, who starts in the repository's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    walk = Walk(tmp_path)
    yield walk
    walk.close()


def follow(walk: Walk, update: bool, trained: bool) -> list[str]:
    """Where a page says other than what happens; `update` writes what happens into the pages."""
    wrong = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        skipped = ("dspyc", "ls") if page.name == IMPROVING and not trained else ()
        printed = [
            (step, output if trained else _NO_STATE.sub("", output))
            for step, output in walk.follow(text, skipped)
        ]
        if update:
            page.write_text(rewritten(text, printed), encoding="utf-8")
        wrong += [
            f"{page.name}: $ {step.command}\n{output}"
            for step, output in printed
            if step.expected.strip() and not agrees(step.expected, output, numbers=not trained)
        ]
    return [] if update else wrong


def test_it_can_be_followed_without_training(walk: Walk, request: pytest.FixtureRequest) -> None:
    """All but what part 4 prints, which needs torch; its program is used by part 5 as it is."""
    assert follow(walk, request.config.getoption("--update", default=False), trained=False) == []


@pytest.mark.train
def test_it_can_be_followed_to_the_end(walk: Walk, request: pytest.FixtureRequest) -> None:
    assert follow(walk, request.config.getoption("--update", default=False), trained=True) == []


def test_the_finished_program_is_the_example() -> None:
    """`examples/tutorial` holds the program as part 4 leaves it."""
    page = (ROOT / "docs" / "tutorial" / IMPROVING).read_text(encoding="utf-8")
    shown = re.search(r'^```dspy title="triage.dspy"\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)
    assert shown is not None
    example = (ROOT / "examples" / "tutorial" / "triage.dspy").read_text(encoding="utf-8")
    assert shown[1] == re.sub(r'"data/(\w+\.csv)"', r'"\1"', example)
