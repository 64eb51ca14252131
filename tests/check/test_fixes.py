"""Fixes: applied, they take their finding away and bring no error."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyc.base.diagnostic import Fix
from dspyc.compiler.analysis import Project
from dspyc.compiler.rules import RULES
from dspyc.project.workspace import Workspace
from support.mistakes import MAIN, read_mistakes

HERE = Path(__file__).parent
CASES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(HERE.glob("cases/*.dspy"))}
PAGES = {rule.name: rule.page.wrong for rule in RULES if rule.page.wrong}
PROGRAMS = CASES | PAGES


def check(text: str):
    return Project({"case.dspy": text}.get).check("case.dspy").diagnostics


FIXED = {name: found[0].fix for name, text in PROGRAMS.items() if (found := check(text)) and found[0].fix}


def applied(text: str, fix: Fix) -> str:
    for edit in sorted(fix.edits, key=lambda each: each.span, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def test_many_findings_have_a_fix() -> None:
    assert len(FIXED) >= 25


@pytest.mark.parametrize("name", FIXED)
def test_fix(name: str) -> None:
    fix = FIXED[name]
    assert fix is not None
    left = check(applied(PROGRAMS[name], fix))
    assert not [each.message for each in left if each.severity == "error"]


def test_a_fix_inside_a_signature_written_as_a_string_is_made_where_the_string_stands() -> None:
    text = '# above\n\nmodule m = Predict("city, from -> answer")\n'
    (found,) = check(text)
    assert found.fix is not None
    assert applied(text, found.fix) == text.replace("from", "from_")


def test_a_signature_string_with_escapes_offers_no_fix_at_a_guessed_place() -> None:
    text = 'module m = Predict("city,\\x20from -> answer")\n'
    (found,) = check(text)
    assert found.code == "E007"
    assert found.fixes == ()


def test_a_tuple_is_not_written_into_the_brackets_of_bool() -> None:
    (found,) = check("def f(x: str) -> bool:\n    return x, x\n")
    assert found.code == "E216"
    assert found.fixes == ()


def test_a_rule_that_is_said_to_have_a_fix_has_one_in_a_case(tmp_path: Path) -> None:
    mistakes = [each for path in sorted(HERE.glob("mistakes/*.txt")) for each in read_mistakes(path)]
    found = {each.code for text in PROGRAMS.values() for each in check(text) if each.fix}
    for each in mistakes:
        found |= {one.code for one in Project(each.read).check(MAIN).diagnostics if one.fix}
    # What lies beside a missing file is known only of a disk.
    (tmp_path / "train.csv").write_text("text\n", encoding="utf-8")
    (tmp_path / "small.gguf").write_bytes(b"GGUF")
    text = 'dataset rows = Dataset("trian.csv")\nlm own = LM("gguf/smal.gguf")\n'
    (tmp_path / "a.dspy").write_text(text, encoding="utf-8")
    found |= {each.code for each in Workspace().analyse(str(tmp_path / "a.dspy")).diagnostics if each.fix}
    assert {rule.code for rule in RULES if rule.fix != "none"} <= found
    assert {rule.code for rule in RULES if rule.fix == "none"}.isdisjoint(found)


def test_most_rules_have_a_fix() -> None:
    assert sum(rule.fix != "none" for rule in RULES) >= 0.6 * len(RULES)
