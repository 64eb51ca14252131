"""The pages of the rules: what they call wrong is found, at those characters; what they call right is not."""

from __future__ import annotations

import re

import pytest

from dspyc.compiler.analysis import Project
from dspyc.compiler.rules import RULES
from dspyc.compiler.rules.rule import Rule
from support.carets import actual, expected

_BLOCK = re.compile(r"^```dspy\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def check(text: str):
    return Project({"page.dspy": text}.get).check("page.dspy")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_page(rule: Rule) -> None:
    blocks = _BLOCK.findall(rule.page)
    for index, block in enumerate(blocks):
        wanted = expected(block)
        assert actual(check(block)) == wanted, block
        if index == 0:
            assert [each.code for each in wanted] == [rule.code]
        else:
            assert not wanted


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES) == len({rule.name for rule in RULES})


def test_rules_are_in_the_order_of_their_codes() -> None:
    assert [rule.code for rule in RULES] == sorted(rule.code for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_page_says_what_is_wrong(rule: Rule) -> None:
    first = rule.page.partition("\n")[0]
    assert first.endswith("."), first
