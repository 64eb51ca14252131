"""The explanations of the syntax problems: each example has its one problem, its correction none."""

from __future__ import annotations

import pytest

from dspyc.grammar.pages import PAGES
from dspyc.grammar.parse import parse
from dspyc.grammar.problems import KINDS
from dspyc.grammar.source import Source


def test_every_problem_has_a_page() -> None:
    assert list(PAGES) == list(KINDS)


@pytest.mark.parametrize("code", PAGES)
def test_the_examples_of_a_page_are_what_they_say(code: str) -> None:
    page = PAGES[code]
    assert [problem.code for problem in parse(Source("wrong.dspy", page.wrong)).problems()] == [code]
    assert list(parse(Source("right.dspy", page.right)).problems()) == []
    assert page.text.endswith(".")
