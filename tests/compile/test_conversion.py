"""Values get their declared types everywhere: parameters, results, variables, constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dspyc
import dspyc.runtime as dspy

PYTHON = """
import json
from typing import Any

def parsed(text: str) -> Any:
    return json.loads(text)
"""
PROGRAM = """
from parsing import parsed

type Term:
    name: str
    source: str

enum Kind:
    a = "ay"
    b = "bee"

FIRST: Term = {"name": "first", "source": "constant"}
KINDS: list[Kind] = ["ay", "bee"]

def constants() -> str:
    return f"{FIRST.source} {KINDS[1].name}"

def source(term: Term = {"name": "n", "source": "default"}) -> str:
    return term.source

def names(terms: list[Term], kind: Kind | None = "bee") -> list[str]:
    return [term.name for term in terms] + ([kind.name] if kind is not None else [])

def called() -> str:
    return source({"name": "n", "source": "argument"})

def made(text: str) -> Term:
    return parsed(text)

def listed() -> list[Term]:
    return [{"name": "n", "source": "result"}]

def results(text: str) -> str:
    local: Term = {"name": "n", "source": "variable"}
    return f"{made(text).source} {listed()[0].source} {local.source}"

module Make(term: Term, kind: Kind = "ay"):
    input text: str
    output best: Term
    output all: dict[str, Term]
    output kind: Kind

    forward:
        first: Term = parsed(text)
        second: list[Term] = [parsed(text)]
        assert first.source == second[0].source, "the same"
        return best={"name": term.name, "source": first.source}, all={"x": parsed(text)}, kind="bee"

module make = Make(term={"name": "given", "source": "s"})

module Use:
    input term: Term = {"name": "n", "source": "input"}
    input kind: Kind = "bee"
    output said: str

    forward:
        found = make(text="{\\"name\\": \\"n\\", \\"source\\": \\"json\\"}")
        return said=f"{term.source} {found.best.name} {found.all["x"].source} {found.kind.name} {kind.name}"

def right(args, pred) -> float:
    return 1.0 if args.term.source == "input" and args.kind.name == "b" else 0.0

module best = BestOfN(Use(), N=1, reward_fn=right, threshold=1.0)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("conversion")
    (folder / "parsing.py").write_text(PYTHON, encoding="utf-8")
    program = folder / "program.dspy"
    program.write_text(PROGRAM.replace('{found.all["x"]', "{found.all['x']"), encoding="utf-8")
    assert not [found for found in dspyc.check(str(program)).diagnostics if found.severity == "error"]
    return dspyc.load(program)


TERM = {"name": "n", "source": "python"}


def test_constants_variables_and_results(file: Any) -> None:
    assert file.constants() == "constant b"
    assert file.results('{"name": "n", "source": "json"}') == "json result variable"
    assert isinstance(file.made('{"name": "n", "source": "s"}'), file.Term)


def test_parameters_of_functions(file: Any) -> None:
    assert file.called() == "argument"
    assert file.source() == "default"
    assert file.source(TERM) == "python"
    assert file.names([TERM, file.Term(**TERM)]) == ["n", "n", "b"]
    assert file.names([TERM], kind=None) == ["n"]
    assert dspy.Tool(file.names)(terms=[TERM], kind="ay") == ["n", "a"]


def test_parameters_and_outputs_of_modules(file: Any) -> None:
    found = file.Make(term=TERM, kind="bee")(text='{"name": "n", "source": "json"}')
    assert (found.best.source, found.all["x"].source, found.kind) == ("json", "json", file.Kind.b)
    assert file.Use()().said == "input given json b b"
    assert file.best().said == "input given json b b"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda file: file.source({"name": "n"}), r"`term` is \{'name': 'n'\}, which lacks `source`"),
        (lambda file: file.names([TERM, {"name": 1}]), r"`terms\[1\].name` is 1"),
        (lambda file: file.names([], kind="sea"), "`kind` is 'sea'"),
        (lambda file: file.made("[1]"), r"`return` is \[1\]"),
        (lambda file: file.Make(term={}), r"`term` is \{\}"),
    ],
)
def test_what_does_not_fit_is_named(file: Any, call: Any, message: str) -> None:
    with pytest.raises(dspy.InputError, match=message):
        call(file)
