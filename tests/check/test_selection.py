"""Which findings settings select, and what is said of settings that select nothing that exists."""

from __future__ import annotations

import tomllib

import pytest

from dspyc.compiler.analysis import Project
from dspyc.compiler.selection import Selection, matches, read_selection
from dspyc.grammar.source import Source

PROGRAM = "from statistics import mean\na = x\nb: int = 'z'\nc: strr = ''\n"
"""Its findings: W101 in line 1, E101 in 2, E212 in 3, E110 in 4."""


def found(settings: str, path: str = "/p/case.dspy", text: str = PROGRAM) -> list[str]:
    """The findings of a program under a table of settings, as `line code`, with the severity of warnings."""
    selection, problems = read_selection(tomllib.loads(settings), "/p")
    assert not problems
    source = Source(path, text)
    return [
        f"{source.line_of(each.span.start) + 1} {each.code}"
        + ("" if each.severity == "error" else " " + each.severity)
        for each in Project({path: text}.get, selection=selection).check(path).diagnostics
    ]


def test_everything_is_selected() -> None:
    assert found("") == ["1 W101 warning", "2 E101", "3 E212", "4 E110"]


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ('select = ["E"]', ["2 E101", "3 E212", "4 E110"]),
        ('select = ["E1"]', ["2 E101", "4 E110"]),
        ('select = ["names"]', ["2 E101"]),
        ('select = ["unknown-name", "W101"]', ["1 W101 warning", "2 E101"]),
        ('ignore = ["E1"]', ["1 W101 warning", "3 E212"]),
        ('ignore = ["ALL"]\nselect = ["E110"]', ["4 E110"]),
        ('ignore = ["E1"]\nselect = ["ALL", "E110"]', ["1 W101 warning", "3 E212", "4 E110"]),
        ('ignore = ["E"]\nselect = ["E110", "names"]', ["4 E110"]),
        ('ignore = ["E110"]\nselect = ["E110"]', []),
        ('ignore = ["names"]\nselect = ["E101"]', ["2 E101"]),
        ("select = []", ["1 W101 warning", "2 E101", "3 E212", "4 E110"]),
    ],
)
def test_the_narrowest_selector_decides(settings: str, codes: list[str]) -> None:
    assert found(settings) == codes


def test_severities() -> None:
    settings = '[severity]\nE = "warning"\nE101 = "error"\nimports = "info"'
    assert found(settings) == ["1 W101 info", "2 E101", "3 E212 warning", "4 E110 warning"]


def test_a_file_of_its_own() -> None:
    settings = '[per-file-ignores]\n"drafts/**" = ["E1"]\n"case.dspy" = ["W101"]'
    assert found(settings) == ["2 E101", "3 E212", "4 E110"]
    assert found(settings, "/p/drafts/a/b.dspy") == ["1 W101 warning", "3 E212"]
    assert found(settings, "/p/other/case.dspy") == ["2 E101", "3 E212", "4 E110"]
    assert len(found(settings, "/p/other/drafts.dspy")) == 4


def test_syntax_errors_are_always_found() -> None:
    assert found('ignore = ["ALL"]', text="a = (1\n") == ["1 E002"]


def test_a_suppression_of_what_is_not_selected_is_not_unused() -> None:
    text = "a = 1  # dspyc: ignore[E101]\n"
    assert found("", text=text) == ["1 W901 warning"]
    assert found('ignore = ["E101"]', text=text) == []


def test_options_replace_what_is_selected_and_add_to_what_is_ignored() -> None:
    selection = Selection(select=("E1",), ignore=("E110",)).with_options([], ["E101"])
    assert (selection.select, selection.ignore) == (("E1",), ("E110", "E101"))
    assert selection.with_options(["W"], []).select == ("W",)


@pytest.mark.parametrize(
    ("settings", "message", "advice"),
    [
        ('selct = ["E1"]', "unknown setting `rules.selct`; did you mean `select`?", None),
        ('select = ["E1O1"]', "unknown rule or category `E1O1`; did you mean `E101`?", None),
        ('select = ["E9"]', "unknown rule or category `E9`", "`dspyc explain` lists the rules"),
        (
            'select = ["unknown-nam"]',
            "unknown rule or category `unknown-nam`; did you mean `unknown-name`?",
            None,
        ),
        ('ignore = ["nmaes"]', "unknown rule or category `nmaes`; did you mean `names`?", None),
        ('ignore = ["E001"]', "`E001` cannot be selected or ignored: such errors are always reported", None),
        (
            'ignore = ["syntax"]',
            "`syntax` cannot be selected or ignored: such errors are always reported",
            None,
        ),
        ('ignore = "E1"', '`ignore` must be a list of strings, like ["E201", "W1"]', None),
        ("[severity]\nE101 = 3", "the severity of `E101` must be `error`, `warning` or `info`", None),
        (
            '[severity]\nE101 = "warn"',
            "the severity of `E101` must be `error`, `warning` or `info`; did you mean `warning`?",
            None,
        ),
        ('severity = "error"', "`severity` must be a table", None),
        (
            '[per-file-ignores]\n"a.dspy" = "E1"',
            '`a.dspy` must be a list of strings, like ["E201", "W1"]',
            None,
        ),
    ],
)
def test_what_is_wrong_with_settings(settings: str, message: str, advice: str | None) -> None:
    _, (problem,) = read_selection(tomllib.loads(settings), "/p")
    assert (problem.message, problem.help) == (message, advice)


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("*.dspy", "a/b.dspy", True),
        ("a/*.dspy", "a/b.dspy", True),
        ("a/*.dspy", "a/c/b.dspy", False),
        ("a/**", "a/c/b.dspy", True),
        ("a/**/b.dspy", "a/b.dspy", True),
        ("a/", "a/c/b.dspy", True),
        ("a", "c/a/b.dspy", True),
        ("./a.dspy", "a.dspy", True),
        ("b?.dspy", "a/b1.dspy", True),
        ("b", "a/bc.dspy", False),
        ("**", "a.dspy", True),
    ],
)
def test_patterns_of_paths(pattern: str, path: str, is_match: bool) -> None:
    assert matches(pattern, path) is is_match
