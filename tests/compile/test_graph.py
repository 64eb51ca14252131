"""The data flow that is drawn: what waits for what, as the schedule has it, in well-formed pictures."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dspyc.cli.drawing import mermaid, svg
from dspyc.compiler.schedule.graph import Graph, graphs
from dspyc.project.workspace import Workspace

ROOT = Path(__file__).parents[2]
FOLDERS = ("compile/calls", "compile/run", "compile/together", "check/right")
PROGRAMS = sorted(
    path
    for folder in (*(ROOT / "tests" / each for each in FOLDERS), ROOT / "examples")
    for path in folder.rglob("*.dspy")
)
HEAD = '''\
configure(lm=LM("openai/gpt-4o-mini"))

module M:
    """M."""
    input a: str
    input b: str
    output out: str
    first = Predict("x -> y")
    second = Predict("x, y -> z")

    forward:
'''


def drawn(body: str) -> Graph:
    """The graph of a `forward:`."""
    text = HEAD + "".join(f"        {line}\n" for line in body.splitlines())
    analysis = Workspace({"/p/a.dspy": text}).analyse("/p/a.dspy")
    assert not [each for each in analysis.diagnostics if each.severity == "error"], analysis.diagnostics
    (graph,) = graphs(analysis.program)
    return graph


def edges(graph: Graph) -> set[str]:
    """The edges, by labels: `a -> b`, or `a ~> b` for the order alone."""
    labels = [each.label for each in graph.nodes]
    signs = {"value": "->", "order": "~>"}
    return {f"{labels[each.start]} {signs[each.kind]} {labels[each.end]}" for each in graph.edges}


def test_independent_calls_stand_side_by_side() -> None:
    graph = drawn("x = first(x=a)\nz = first(x=b)\nreturn out=second(x=x.y, y=z.y).z")
    assert edges(graph) == {
        "a -> x = first(x=a)",
        "b -> z = first(x=b)",
        "x = first(x=a) -> second(x=x.y, y=z.y).z",
        "z = first(x=b) -> second(x=x.y, y=z.y).z",
        "second(x=x.y, y=z.y).z -> out",
    }
    labels = [[node.label for node in layer] for layer in graph.layers()]
    assert labels == [
        ["a", "b"],
        ["x = first(x=a)", "z = first(x=b)"],
        ["second(x=x.y, y=z.y).z"],
        ["out"],
    ]
    assert [node.shape for node in graph.nodes].count("call") == 3


def test_an_assert_is_waited_for() -> None:
    graph = drawn('x = first(x=a)\nassert x.y, "empty"\nz = first(x=b)\nreturn out=z.y')
    assert 'assert x.y, "empty" ~> z = first(x=b)' in edges(graph)


def test_a_value_comes_from_each_branch_that_may_give_it() -> None:
    graph = drawn("x = a\nif b:\n    x = first(x=a).y\nreturn out=x")
    assert {"x = a -> out", "x = first(x=a).y -> out", "if b ~> x = first(x=a).y"} <= edges(graph)
    both = drawn("x = a\nif b:\n    x = first(x=a).y\nelse:\n    x = b\nreturn out=x")
    assert "x = a -> out" not in edges(both)
    assert [node.inside for node in both.nodes if node.inside] == [("if b",), ("else",)]


def test_a_loop_may_not_run() -> None:
    graph = drawn('x = "none"\nfor each in [a, b]:\n    x = first(x=each).y\nreturn out=x')
    assert {'x = "none" -> out', "for each in [a, b] -> x = first(x=each).y"} <= edges(graph)


def test_what_is_named_twice_is_the_later_one() -> None:
    graph = drawn("x = a\nx = first(x=x).y\nreturn out=x")
    assert edges(graph) == {"a -> x = a", "x = a -> x = first(x=x).y", "x = first(x=x).y -> out"}


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_program_can_be_drawn(path: Path) -> None:
    found = list(graphs(Workspace().analyse(str(path)).program))
    for graph in found:
        assert [each.number for each in graph.nodes] == list(range(len(graph.nodes)))
        assert all(each.start < each.end < len(graph.nodes) for each in graph.edges)
        layers = {node.number: at for at, layer in enumerate(graph.layers()) for node in layer}
        assert len(layers) == len(graph.nodes)
        assert all(layers[each.start] < layers[each.end] for each in graph.edges)
    root = ElementTree.fromstring(svg.render(found))
    count = sum(len(graph.nodes) for graph in found)
    assert len(root.findall(".//{http://www.w3.org/2000/svg}rect")) == count
    lines = mermaid.render(found).splitlines()
    assert lines[0] == "flowchart TD"
    text = r'"[^"]*"'
    shapes = rf"\(\[{text}\]\)|\[{text}\]|\[\[{text}\]\]|\{{\{{{text}\}}\}}"
    statement = re.compile(rf"subgraph \w+ \[{text}\]|end|\w+(?:{shapes})|\w+ (?:-->|-\.->) \w+")
    for line in lines[1:]:
        assert statement.fullmatch(line.strip()), line
    opened = sum(line.strip().startswith("subgraph") for line in lines)
    assert opened == sum(line.strip() == "end" for line in lines)
