"""The pages of the rules: what they call wrong is found, at those characters; what they call right is not."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from msgspec.structs import replace

from dspyc.compiler.analysis import Project
from dspyc.compiler.rules import RULES, dispatch, look
from dspyc.compiler.rules.found_elsewhere import FOUND_ELSEWHERE
from dspyc.compiler.rules.kind import Kind
from dspyc.compiler.rules.register import KINDS, SYNTAX
from dspyc.compiler.rules.rule import ItemRule, Rule
from dspyc.compiler.rules.walking import nodes_by_class
from dspyc.grammar import syntax
from support.carets import actual, expected


def check(text: str):
    return Project({"page.dspy": text}.get).check("page.dspy")


CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("rule", [*RULES, *FOUND_ELSEWHERE], ids=lambda rule: rule.name)
def test_page(rule: Kind) -> None:
    wrong, right = expected(rule.page.wrong), expected(rule.page.right)
    assert actual(check(rule.page.wrong)) == wrong
    assert actual(check(rule.page.right)) == right == []
    if rule.page.wrong:
        assert [each.code for each in wrong] == [rule.code]


def test_codes_and_names_are_unique() -> None:
    kinds = (*SYNTAX, *RULES, *FOUND_ELSEWHERE)
    assert len({kind.code for kind in kinds}) == len(kinds) == len({kind.name for kind in kinds})


def test_rules_are_in_the_order_of_their_codes() -> None:
    assert [rule.code for rule in RULES] == sorted(rule.code for rule in RULES)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_page_says_what_is_wrong(kind: Kind) -> None:
    first = kind.page.text.partition("\n")[0]
    assert first.endswith("."), first


def classes(rule: ItemRule) -> set[type]:
    """The classes of nodes that a rule looks at; a kind of calls is a class beneath theirs."""
    return {syntax.Call if issubclass(each, syntax.Call) else each for each in rule.on}


def test_a_rule_is_asked_about_the_nodes_it_declares_and_no_others() -> None:
    asked: dict[str, set[type]] = {}

    def watched(rule: ItemRule) -> ItemRule:
        def look(program, item, node):
            asked.setdefault(rule.name, set()).add(type(node))
            return rule.look(program, item, node)

        return replace(rule, look=look)

    wanted = {rule.name: classes(rule) for rule in RULES if isinstance(rule, ItemRule)}
    rules = tuple(watched(rule) for rule in RULES if isinstance(rule, ItemRule))
    for path in sorted(Path(__file__).parent.glob("right/*.dspy")):
        program = Project({str(path): path.read_text(encoding="utf-8")}.get).check(str(path)).program
        for item in program.items:
            list(look(program, item, dispatch(rules)))
    assert len(asked) > 30
    assert all(found <= wanted[name] for name, found in asked.items())


def test_an_item_is_walked_once_whatever_the_number_of_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[int] = []

    def counted(item):
        walks.append(item.index)
        return nodes_by_class(item)

    monkeypatch.setattr("dspyc.compiler.rules.nodes_by_class", counted)
    analysis = check("a = 1\nb = a + 1\n\ndef f(x: int) -> int:\n    return x + b\n")
    assert walks == [item.index for item in analysis.program.items if item.declaration is not None]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_category_is_the_folder(rule: Rule) -> None:
    assert rule.look.__module__.split(".")[-2] == rule.category
    assert importlib.import_module(f"dspyc.compiler.rules.{rule.category}").__doc__


@pytest.mark.parametrize(
    "rule", [each for each in RULES if isinstance(each, ItemRule)], ids=lambda rule: rule.name
)
def test_a_rule_declares_the_nodes_that_its_function_takes(rule: ItemRule) -> None:
    taken = get_type_hints(rule.look)["node"]
    assert set(get_args(taken) or (taken,)) == classes(rule)


def test_a_rule_says_whether_it_brings_fixes() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(CASES.glob("*.dspy"))]
    texts += [kind.page.wrong for kind in (*RULES, *FOUND_ELSEWHERE) if kind.page.wrong]
    found = [each for text in texts for each in check(text).diagnostics]
    for kind in (*RULES, *FOUND_ELSEWHERE):
        fixes = [bool(each.fixes) for each in found if each.code == kind.code]
        if kind.fix == "none":
            assert not any(fixes), kind.name
        elif kind.fix == "always":
            assert fixes, kind.name
            assert all(fixes), kind.name
    assert sum(kind.fix != "none" for kind in RULES) >= 15
