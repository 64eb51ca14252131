"""Pictures of programs: the right steps and arrows, and nothing that runs into anything else."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dspyc.compiler import types
from dspyc.compiler.graph.flow import draw
from dspyc.compiler.graph.layout import CHARACTER, LINE, PADDING, Box, lay_out
from dspyc.compiler.graph.model import Graph
from dspyc.compiler.graph.svg import as_svg
from dspyc.compiler.graph.text import as_dot, as_mermaid
from dspyc.loader.compiling import analyse

HERE = Path(__file__).parent
DRAWN = sorted((HERE / "graph").glob("*.dspy"))
PROGRAMS = [
    *DRAWN,
    *sorted((HERE / "run").glob("*.dspy")),
    *sorted((HERE / "built").glob("*.dspy")),
    *sorted((HERE.parent / "check" / "right").glob("*.dspy")),
    *sorted((HERE.parents[1] / "examples").rglob("*.dspy")),
]


def graphs(path: Path) -> dict[str, Graph]:
    """The graphs of all modules and programs of a file."""
    program = analyse(str(path)).program
    found = {
        name: draw(program, symbol)
        for name, symbol in program.symbols.items()
        if isinstance(symbol.type, types.Module | types.ModuleClass)
    }
    return {name: graph for name, graph in found.items() if graph is not None}


def titled(graph: Graph, start: str) -> str:
    """The step whose title begins like this."""
    (found,) = (step.id for step in graph.steps if step.title.startswith(start))
    return found


def reached(graph: Graph, source: str) -> set[str]:
    """The steps that wait for a step."""
    inside = defaultdict(set)
    for step in graph.steps:
        inside[step.parent].add(step.id)
    found, waiting = set(), [source]
    while waiting:
        step = waiting.pop()
        following = {edge.target for edge in graph.edges if edge.source == step and edge.kind != "again"}
        following |= inside[step]
        waiting += following - found
        found |= following
    return found


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.stem)
def test_the_picture_is_as_expected(path: Path, request: pytest.FixtureRequest) -> None:
    drawn = as_mermaid(graphs(path)[path.stem])
    golden = path.with_suffix(".mermaid")
    if request.config.getoption("--update"):
        golden.write_text(drawn, encoding="utf-8")
    assert drawn == golden.read_text(encoding="utf-8")


def test_what_is_independent_has_no_arrow_between_and_what_needs_a_value_has() -> None:
    graph = graphs(HERE / "graph" / "triage.dspy")["triage"]
    classify, language = titled(graph, "classify"), titled(graph, "language")
    assert language not in reached(graph, classify)
    assert classify not in reached(graph, language)
    reply = titled(graph, "draft = reply")
    assert {reply, titled(graph, "judge")} <= reached(graph, language)
    ended = titled(graph, 'if kind == "other"')
    assert titled(graph, "for hop") in reached(graph, ended), "what follows a `return` waits for it"
    again = {(edge.source, edge.target) for edge in graph.edges if edge.kind == "again"}
    assert again == {(titled(graph, "assert judge"), reply), (titled(graph, "assert len"), reply)}
    kinds = [step.kind for step in graph.steps if graph.is_group(step)]
    assert kinds == ["forward", "branch", "loop", "each", "fallback"]
    assert [edge for edge in graph.edges if edge.kind == "failure"]
    assert graph.calls.startswith("at most ")


def test_a_module_without_a_body_is_one_call() -> None:
    graph = graphs(HERE.parents[1] / "examples" / "extract.dspy")["extract"]
    assert [step.kind for step in graph.steps] == ["inputs", "call", "outputs"]
    assert len(graph.edges) == 2


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_outputs_come_from_somewhere_and_no_arrow_goes_in_a_circle(path: Path) -> None:
    for graph in graphs(path).values():
        assert [step.kind for step in graph.steps[:2]] == ["inputs", "outputs"] or len(graph.steps) == 3
        for step in graph.steps:
            assert step.id not in reached(graph, step.id)
        outputs = next(step.id for step in graph.steps if step.kind == "outputs")
        assert any(edge.target == outputs for edge in graph.edges)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_nothing_runs_into_anything_else(path: Path) -> None:
    for graph in graphs(path).values():
        layout = lay_out(graph)
        by_step = {box.key: box for box in layout.boxes}
        for box in layout.boxes:
            assert box.x >= 0
            assert box.x + box.width <= layout.width
            assert box.y >= 0
            assert box.y + box.height <= layout.height
            widest = max(len(line) for line in (box.step.title, *box.step.details)) if box.step else 0
            assert widest * CHARACTER <= box.width - PADDING
            for inner in box.inside:
                assert box.x <= inner.x
                assert inner.x + inner.width <= box.x + box.width
                assert box.y <= inner.y
                assert inner.y + inner.height <= box.y + box.height
        siblings = defaultdict(list)
        for step in graph.steps:
            siblings[step.parent].append(by_step[step.id])
        for boxes in siblings.values():
            assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
        texts = [(box.key, *area(graph, box)) for box in layout.boxes]
        for route in layout.routes:
            assert [y for _, y in route.points] == sorted(y for _, y in route.points), "arrows go down"
            for x, y in between(route.points):
                for key, left, top, right, bottom in texts:
                    if key not in {route.edge.source, route.edge.target}:
                        assert not (left < x < right and top < y < bottom), (key, route.edge)


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not (beside or one.y + one.height <= other.y or other.y + other.height <= one.y)


def area(graph: Graph, box: Box) -> tuple[float, float, float, float]:
    """Where nothing else may be: a box; of a group, its text."""
    assert box.step is not None
    if not graph.is_group(box.step):
        return box.x + 1, box.y + 1, box.x + box.width - 1, box.y + box.height - 1
    left, top = box.x + PADDING, box.y + PADDING
    return left, top, left + len(box.step.title) * CHARACTER, top + LINE


def between(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points on the curves that are drawn through some points."""
    found = []
    for (x, y), (to_x, to_y) in pairwise(points):
        for step in range(21):
            at = step / 20
            share = 3 * at * at * (1 - at) + at**3
            down = 3 * at * (1 - at) * 0.5 + at**3
            found.append((x + (to_x - x) * share, y + (to_y - y) * down))
    return found


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_pictures_are_well_formed(path: Path) -> None:
    for graph in graphs(path).values():
        root = ElementTree.fromstring(as_svg(graph))
        written = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
        assert {step.title for step in graph.steps} <= set(written)
        for line in as_mermaid(graph).splitlines():
            assert line.count('"') in {0, 2}
        dot = as_dot(graph)
        assert dot.count("{") - dot.count("}") == sum(
            text.count("{") - text.count("}")
            for step in graph.steps
            for text in (step.title, *step.details, graph.name)
        )


def test_the_picture_of_the_documentation_is_that_of_the_program(request: pytest.FixtureRequest) -> None:
    drawn = as_svg(graphs(HERE / "graph" / "triage.dspy")["triage"])
    picture = HERE.parents[1] / "docs" / "images" / "triage.svg"
    if request.config.getoption("--update"):
        picture.write_text(drawn, encoding="utf-8")
    assert drawn == picture.read_text(encoding="utf-8")
