"""Comments that suppress findings: what they cover, what they do not, and what is said of those in vain."""

from __future__ import annotations

import pytest

from dspyc.base.diagnostic import Diagnostic
from dspyc.compiler.analysis import Project
from dspyc.grammar.source import Source
from support.counting import growth_of


def check(text: str) -> tuple[Diagnostic, ...]:
    return Project({"case.dspy": text}.get).check("case.dspy").diagnostics


def found(text: str) -> list[str]:
    """The findings as `line code`, lines from 1."""
    source = Source("case.dspy", text)
    return [f"{source.line_of(each.span.start) + 1} {each.code}" for each in check(text)]


def removed(text: str) -> str:
    """The text after the first safe fix of each finding about a comment."""
    edits = [
        edit
        for each in check(text)
        if each.code.startswith("W90")
        for edit in next(fix for fix in each.fixes if fix.is_safe).edits
    ]
    for edit in sorted(set(edits), key=lambda each: each.span, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


@pytest.mark.parametrize("name", ["E101", "unknown-name", "W101, E101", "E101,W101", " E101 "])
def test_a_finding_is_named_by_its_code_or_name(name: str) -> None:
    assert "1 E101" not in found(f"a = x  # dspyc: ignore[{name}]\n")


@pytest.mark.parametrize(
    "text",
    [
        'a = "# dspyc: ignore[E101]" + x\n',
        'a = f"# dspyc: ignore[E101]" + x\n',
        'a = """\n # dspyc: ignore[E101]\n """ + x\n',
        '"""# dspyc: ignore[E101]"""\na = x\n',
        'signature S:\n    input q: str\n    output a: str = x "# dspyc: ignore[E101]"\n',
    ],
)
def test_a_string_suppresses_nothing(text: str) -> None:
    assert "E101" in [each.code for each in check(text)]


def test_a_comment_covers_its_statement_from_the_first_line_or_the_last() -> None:
    assert found("a = [  # dspyc: ignore[E101]\n    x,\n    y,\n]\n") == []
    assert found("a = [\n    x,\n    y,\n]  # dspyc: ignore[E101]\n") == []


def test_a_comment_between_covers_its_line() -> None:
    assert found("a = [\n    x,\n    y,  # dspyc: ignore[E101]\n]\n") == ["2 E101"]


def test_a_comment_covers_no_other_statement() -> None:
    text = "a = x\n# dspyc: ignore[E101]\nb = y\nc = z  # dspyc: ignore[E101]\nd = w\n"
    assert found(text) == ["1 E101", "2 W901", "3 E101", "5 E101"]


def test_a_comment_at_a_head_does_not_cover_the_block() -> None:
    text = "def f(a: int) -> int:  # dspyc: ignore[E101]\n    return x\n"
    assert found(text) == ["1 W901", "2 E101"]


def test_a_comment_covers_a_head_over_several_lines() -> None:
    text = "def f(\n    a: nope,\n) -> int:  # dspyc: ignore[E110]\n    return 1\n"
    assert found(text) == []


def test_windows_line_ends() -> None:
    text = "a = [  # dspyc: ignore[E101]\r\n    x,\r\n]\r\nb = 1  # dspyc: ignore[E101]\r\n"
    assert found(text) == ["4 W901"]
    assert removed(text) == "a = [  # dspyc: ignore[E101]\r\n    x,\r\n]\r\nb = 1\r\n"


def test_a_comment_that_quotes_one_suppresses_nothing() -> None:
    assert found("a = x  # write `# dspyc: ignore[E101]`\n") == ["1 E101"]


def test_a_whole_file() -> None:
    assert found("a = x\n# dspyc: ignore-file[E101]\nb = y\nc: int = 'z'\n") == ["4 E212"]


def test_two_comments_that_cover_a_finding_are_both_used() -> None:
    assert found("# dspyc: ignore-file[E101]\na = x  # dspyc: ignore[E101]\n") == []


# --- in vain --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "findings", "after"),
    [
        ("a = 1  # dspyc: ignore[E101]\n", ["1 W901"], "a = 1\n"),
        ("a = x  # dspyc: ignore[E101, W101]\n", ["1 W901"], "a = x  # dspyc: ignore[E101]\n"),
        ("a = x  # dspyc: ignore[W101, E101]\n", ["1 W901"], "a = x  # dspyc: ignore[E101]\n"),
        ("a = 1  # dspyc: ignore[E101, W101] later\n", ["1 W901", "1 W901"], "a = 1\n"),
        ("a = 1  # dspyc: ignore[X1]\n", ["1 W902"], "a = 1\n"),
        ("a = x  # dspyc: ignore[X1, E101]\n", ["1 W902"], "a = x  # dspyc: ignore[E101]\n"),
        ("a = 1  # dspyc: ignore[E001]\n", ["1 W902"], "a = 1\n"),
        ("a = 1  # dspyc: ignore[]\n", ["1 W903"], "a = 1\n"),
        ("a = 1  # dspyc: ignore\n", ["1 W903"], "a = 1\n"),
        ("a = 1  # dspyc:ignore[ , ]\n", ["1 W903"], "a = 1\n"),
        ("a = 1  # dspyc: ignore-file\n", ["1 W903"], "a = 1\n"),
        ("a = 1  # dspyc: ignroe[E101]\n", ["1 W902"], "a = 1\n"),
        ("# dspyc: ignore-file[E101]\na = 1\n", ["1 W901"], "a = 1\n"),
        ("a = 1\n    # dspyc: ignore[E101]\n", ["2 W901"], "a = 1\n"),
        ("a = 1  # why # dspyc: ignore[E101]\n", ["1 W901"], "a = 1  # why\n"),
        ("a = 1  # dspyc: ignore[E101] # why\n", ["1 W901"], "a = 1  # why\n"),
        ("a = 1  # dspyc: ignore[E101]", ["1 W901"], "a = 1"),
    ],
)
def test_what_is_in_vain_is_found_and_removed(text: str, findings: list[str], after: str) -> None:
    assert found(text) == findings
    assert removed(text) == after


def test_a_near_code_is_suggested() -> None:
    (only,) = check("a = 1  # dspyc: ignore[unknown-nam]\n")
    assert only.message == "unknown rule `unknown-nam`; did you mean `unknown-name`?"
    assert [fix.title for fix in only.fixes] == ["Remove the comment", "Change to `unknown-name`"]


def test_nothing_is_unused_where_not_all_was_looked_at() -> None:
    assert found("a = (1 +)  # dspyc: ignore[E101]\n") == ["1 E001"]
    assert found("# dspyc: ignore-file[E101]\nb = (\n") == ["2 E002"]


def test_findings_about_comments_can_be_suppressed() -> None:
    assert found("# dspyc: ignore-file[W901]\na = 1  # dspyc: ignore[E101]\n") == []


def test_a_syntax_error_is_not_suppressed() -> None:
    assert "1 E001" in found("a = (1 +)  # dspyc: ignore[E001]\n")


def test_many_comments_are_looked_through_in_linear_time() -> None:
    def look(count: int) -> None:
        assert len(found("# dspyc: ignore[E101]\n" * count)) == count

    look(10)
    assert growth_of(look, 200) < 2.5
