"""Patterns of paths: many at once give what each gives alone."""

from __future__ import annotations

import pytest

from dspyc.base.patterns import any_matches_itself, matches

PATTERNS = ("old", "*.tmp.dspy", "build/*", "a/**/z.dspy", "draft[12].dspy", "what?.dspy", "./top.dspy", "x[")
PATHS = {
    "old": True,
    "deep/down/old": True,
    "older": False,
    "a.tmp.dspy": True,
    "x/a.tmp.dspy": True,
    "build/x.dspy": True,
    "x/build/y.dspy": False,
    "a/z.dspy": True,
    "a/b/c/z.dspy": True,
    "b/z.dspy": False,
    "draft1.dspy": True,
    "draft3.dspy": False,
    "whats.dspy": True,
    "what.dspy": False,
    "top.dspy": True,
    "x[": True,
    "x": False,
    "line\nold": False,
}


@pytest.mark.parametrize("path", PATHS)
def test_several_patterns(path: str) -> None:
    assert any_matches_itself(PATTERNS)(path) is PATHS[path]
    assert any(any_matches_itself((each,))(path) for each in PATTERNS) is PATHS[path]
    assert any(matches(each, path) for each in PATTERNS) is PATHS[path]


def test_no_patterns() -> None:
    assert not any_matches_itself(())("a.dspy")
