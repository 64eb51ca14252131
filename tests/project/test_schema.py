"""The published schema and the reading of settings agree on what is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyc.compiler.selection import selectors
from dspyc.project.schema import FILE, PROPERTIES, render_schema, schema
from dspyc.project.settings import Found, _settings, left_out
from dspyc.project.toml_places import find, places

SCHEMA = schema(selectors())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_that_is_shipped_is_that_of_the_code() -> None:
    assert FILE.read_text(encoding="utf-8") == render_schema(), "run `python -m dspyc.project.schema`"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_setting_is_described() -> None:
    rules = PROPERTIES["rules"]["properties"]
    assert all(each["description"].endswith(".") for each in (*PROPERTIES.values(), *rules.values()))


ANYTHING = st.one_of(
    st.integers(0, 9),
    st.booleans(),
    st.sampled_from(["a", "lib"]),
    st.lists(st.sampled_from(["a", 1]), max_size=2),
)
STRINGS = st.lists(st.sampled_from([".", "a/**", "ä b"]), max_size=2) | ANYTHING
RIGHT = ["E201", "E2", "E", "W", "unknown-field", "names", "ALL"]
WRONG = ["E999", "e201", "E001", "syntax", "E0", "", "nmaes"]
SELECTORS = st.lists(st.sampled_from([*RIGHT, *WRONG]), max_size=2) | ANYTHING
SELECTOR = st.sampled_from(["E201", "W", "names", "nmaes", "E001"])
SEVERITIES = st.sampled_from(["error", "warning", "info", "fatal"]) | ANYTHING
RULES = st.fixed_dictionaries(
    {},
    optional={
        "select": SELECTORS,
        "extend-select": SELECTORS,
        "ignore": SELECTORS,
        "severity": st.dictionaries(SELECTOR, SEVERITIES) | ANYTHING,
        "per-file-ignores": st.dictionaries(st.sampled_from(["a/**", "b"]), SELECTORS) | ANYTHING,
        "selct": SELECTORS,
    },
)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        "src": STRINGS,
        "pure": st.lists(st.sampled_from(["a.b", "a", "a.b()", "1.a", "ä.b.c"]), max_size=2) | ANYTHING,
        "exclude": STRINGS,
        "extend-exclude": STRINGS,
        "respect-gitignore": ANYTHING,
        "baseline": ANYTHING,
        "rules": RULES | ANYTHING,
        "sorce": STRINGS,
    },
)


def as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {as_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@given(TABLES)
def test_what_the_schema_refuses_is_a_finding_and_nothing_else(table: dict[str, Any]) -> None:
    text = "".join(f"{key} = {as_toml(value)}\n" for key, value in table.items())
    problems = _settings("/p/dspyc.toml", text).problems
    refused = list(VALIDATOR.iter_errors(table))
    assert bool(problems) == bool(refused), (text, problems, refused)


@pytest.mark.parametrize("name", ["dspyc.toml", "pyproject.toml"])
def test_what_is_wrong_counts_as_not_set(name: str) -> None:
    above = "[tool.dspyc]\n" if name == "pyproject.toml" else ""
    text = f"{above}exclude = 3\nextend-exclude = ['a']\nrespect-gitignore = 'no'\nbaseline = 3\nsrc = 1\n"
    settings = _settings(f"/p/{name}", text)
    assert (settings.src, settings.respects_gitignore, settings.baseline) == (("",), True, "")
    assert settings.exclude[-1] == "a"
    assert len(settings.problems) == 4
    assert left_out(Found("/p", f"/p/{name}", text)).exclude == settings.exclude


# --- places ---------------------------------------------------------------------------------------------

OTHERS = """\
[project]
name = "x"  # select
[tool.ruff.lint]
select = ["E1O1"]
ignore = ["E501"]
[tool.dspyc]  # the table
src = ["."]
"rules".ignore = [
    'names',  # "E1O1"
    "E1O1",
]
[tool.other]
src = "E1O1"
"""


def test_a_finding_stands_in_our_table_whatever_other_tools_set() -> None:
    (problem,) = _settings("/p/pyproject.toml", OTHERS).problems
    assert problem.message.startswith("unknown rule or category `E1O1`")
    before = OTHERS[: problem.span.start]
    assert before.endswith('\'names\',  # "E1O1"\n    "')
    assert OTHERS[problem.span.start : problem.span.end] == "E1O1"


@pytest.mark.parametrize(
    ("text", "table", "about", "before"),
    [
        ("a = 1\nb = 2", (), "b", "a = 1\n"),
        ("[t]\nb = 1\n[u]\nb = 2", ("u",), "b", "[t]\nb = 1\n[u]\n"),
        ("[t.u]\n'b' = 1", ("t", "u"), "b", "[t.u]\n'"),
        ("t.u.b = 1", ("t", "u"), "b", "t.u."),
        ("t = { x = 1.5, b = [1, 'c'] }", ("t",), "b", "t = { x = 1.5, "),
        ("t = { x = 1.5, b = [1, 'c'] }", ("t", "b"), "c", "t = { x = 1.5, b = [1, '"),
        ('t = """\nb = 1\n"""\nb = 2', (), "b", 't = """\nb = 1\n"""\n'),
        ("t = '''\nb = '1'''''\nb = 2", (), "b", "t = '''\nb = '1'''''\n"),
        ('t = "b = \\" # "\nb = 2', (), "b", 't = "b = \\" # "\n'),
        ("[[t]]\na = 1\n[[t]]\nb = 2", ("t",), "b", "[[t]]\na = 1\n[[t]]\n"),
        ('x = ["\\u0041"]', ("x",), "A", 'x = ["'),
        ("d = 1979-05-27T07:32:00Z\nf = -1.5e3\nb = inf", (), "b", "d = 1979-05-27T07:32:00Z\nf = -1.5e3\n"),
    ],
)
def test_places(text: str, table: tuple[str, ...], about: str, before: str) -> None:
    span = find(text, table, about)
    assert span is not None
    assert text[: span.start] == before


def test_places_of_a_table_and_of_nothing() -> None:
    assert find("a = 1", ("b",), "c") is None
    span = find("[t]\nb = 1", ("t",), "other")
    assert span is not None
    assert span.start == 1
    assert places("") == ()


def test_many_keys_take_linear_time() -> None:
    text = "".join(f"k{index} = ['v', {{a = 1}}]\n" for index in range(10_000))
    assert len(places(text)) == 30_000


def test_the_schema_is_shipped(tmp_path: Path) -> None:
    assert FILE.name in {each.name for each in Path(FILE).parent.iterdir()}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("a = 1\n" + '\\"""\n' * 50_000, ["a", "\\"], id="quotes without an end"),
        pytest.param("a = " + "[" * 50_000, ["a"], id="brackets without an end"),
        ("a = \"\\q\"\nb = '''x", ["a", "\\q", "b"]),
    ],
)
def test_places_of_what_is_not_toml_yet(text: str, values: list[str]) -> None:
    assert [each.value for each in places(text)] == values
