"""Programs with one mistake each, and programs without any."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyc.compiler.analysis import Project
from support.carets import actual, expected, with_carets

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("cases/*.dspy")) + sorted(HERE.glob("cases/*/main.dspy"))
RIGHT = sorted(HERE.glob("right/*.dspy"))
SAMPLES = sorted(HERE.glob("samples/*.dspy"))


def read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return None


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(HERE / "cases")))
def test_one_mistake(path: Path, request: pytest.FixtureRequest) -> None:
    text = path.read_text(encoding="utf-8")
    found = actual(Project(read).check(str(path)))
    if request.config.getoption("--update", default=False):
        path.write_text(with_carets(text, found), encoding="utf-8")
        text = path.read_text(encoding="utf-8")
        found = actual(Project(read).check(str(path)))
    assert found == expected(text)
    assert len(found) == 1, "one mistake is one message"


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_no_false_alarm(path: Path) -> None:
    assert not actual(Project(read).check(str(path)))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    assert not actual(Project(read).check(str(path)))
