"""Programs as a newcomer writes them, with one mistake each: one finding, on its characters, in its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyc.compiler.analysis import Project
from support.carets import Expected, actual
from support.mistakes import MAIN, Mistake, agrees, read_mistakes, updated

FAMILIES = sorted((Path(__file__).parent / "mistakes").glob("*.txt"))
PROGRAMS = [(path.stem, each) for path in FAMILIES for each in read_mistakes(path)]


def check(mistake: Mistake) -> list[Expected]:
    return actual(Project(mistake.read).check(MAIN))


@pytest.mark.parametrize(
    "mistake", [each for _, each in PROGRAMS], ids=[f"{family}: {each.title}" for family, each in PROGRAMS]
)
def test_one_mistake_is_one_finding(mistake: Mistake) -> None:
    found = check(mistake)
    assert len(found) == len(mistake.wanted) == 1
    assert agrees(found[0], mistake.wanted[0]), found[0]


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_the_carets_are_written_as_they_are_read(path: Path, request: pytest.FixtureRequest) -> None:
    found = {each.title: check(each) for each in read_mistakes(path)}
    text = updated(path, found)
    if request.config.getoption("--update"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_there_are_many_and_no_title_stands_twice() -> None:
    titles = [(family, each.title) for family, each in PROGRAMS]
    assert len(titles) == len(set(titles))
    assert len(titles) >= 450
    assert len({each.thread for _, each in PROGRAMS if each.thread}) >= 60
