"""Long programs without a finding load, and their tests pass on scripted models: clean means that it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import dspyc
from dspyc.compiler.analysis import Project
from support.carets import actual

RIGHT = Path(__file__).parent / "right"
TESTS = {
    "clinic": 3,
    "desk_of_parts": 3,
    "letters": 4,
    "market": 2,
    "press": 2,
    "school": 3,
    "trip": 3,
    "zoo": 3,
}
"""Programs with models of their own, and how many tests each has."""


def read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return None


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("name", TESTS)
def test_what_is_clean_runs(name: str) -> None:
    path = RIGHT / f"{name}.dspy"
    assert not actual(Project(read).check(str(path)))
    tests = dict(dspyc.load(path).__dspyc__.tests)
    assert len(tests) == TESTS[name]
    for run in tests.values():
        run()
