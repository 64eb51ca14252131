"""A graph as text: Mermaid, the dot language of Graphviz, JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import to_builtins

from .model import Edge, Graph, Step

_INDENT = "    "
_SHAPES = {
    "inputs": ('(["', '"])'),
    "outputs": ('(["', '"])'),
    "assert": ('{{"', '"}}'),
    "return": ('>"', '"]'),
}
_ENTITIES = {'"': "quot", "#": "35", "<": "lt", ">": "gt", "&": "amp", "`": "96"}
_ARROWS = {"data": "-->", "order": "-.->", "again": "-.->", "failure": "-.->"}
_FORMS = {"inputs": "oval", "outputs": "oval", "assert": "hexagon", "return": "cds"}
_STYLES = {"order": "dotted", "again": "dashed", "failure": "dashed"}


def as_mermaid(graph: Graph) -> str:
    """A flowchart of Mermaid, which GitHub and others draw in Markdown."""
    lines = ["---", f"title: {_yaml(graph.name)}", "---", "flowchart TD"]
    lines += _mermaid_steps(graph, None, 1)
    for edge in graph.edges:
        label = f"|{_mermaid(edge.label)}|" if edge.label else ""
        lines.append(f"{_INDENT}{edge.source} {_ARROWS[edge.kind]}{label} {edge.target}")
    if graph.calls:
        lines.append(f"{_INDENT}%% {graph.calls}")
    return "\n".join(lines) + "\n"


def _mermaid_steps(graph: Graph, parent: str | None, level: int) -> Iterator[str]:
    margin = _INDENT * level
    for step in graph.inside(parent):
        text = "<br/>".join(map(_mermaid, (step.title, *step.details)))
        if graph.is_group(step):
            yield f'{margin}subgraph {step.id}["{text}"]'
            yield from _mermaid_steps(graph, step.id, level + 1)
            yield f"{margin}end"
        else:
            opening, closing = _SHAPES.get(step.kind, ('["', '"]'))
            yield f"{margin}{step.id}{opening}{text}{closing}"


def _mermaid(text: str) -> str:
    """Text between quotes of Mermaid, which reads entities and HTML there."""
    return "".join(f"#{_ENTITIES[each]};" if each in _ENTITIES else each for each in text)


def _yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_dot(graph: Graph) -> str:
    """A digraph for Graphviz."""
    title = "\\n".join(_dot(each) for each in (graph.name, graph.calls) if each)
    head = [f'label="{title}"', "compound=true", "node [shape=box]"]
    lines = ["digraph {", *(_INDENT + each for each in head)]
    lines += _dot_steps(graph, None, 1)
    lines += [f"{_INDENT}{_dot_edge(graph, edge)}" for edge in graph.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_steps(graph: Graph, parent: str | None, level: int) -> Iterator[str]:
    margin = _INDENT * level
    for step in graph.inside(parent):
        text = "\\n".join(map(_dot, (step.title, *step.details)))
        if graph.is_group(step):
            yield f"{margin}subgraph cluster_{step.id} {{"
            yield f'{margin}{_INDENT}label="{text}"'
            yield from _dot_steps(graph, step.id, level + 1)
            yield f"{margin}}}"
        else:
            form = _FORMS.get(step.kind)
            yield f'{margin}{step.id} [label="{text}"' + (f", shape={form}]" if form else "]")


def _dot_edge(graph: Graph, edge: Edge) -> str:
    """An edge; Graphviz joins clusters by steps inside them."""
    by_id = {step.id: step for step in graph.steps}
    options = [f'label="{_dot(edge.label)}"'] if edge.label else []
    options += [f"style={_STYLES[edge.kind]}"] if edge.kind in _STYLES else []
    ends = []
    for end, name in ((edge.source, "ltail"), (edge.target, "lhead")):
        step = by_id[end]
        options += [f"{name}=cluster_{end}"] if graph.is_group(step) else []
        ends.append(_first_inside(graph, step).id)
    return f"{ends[0]} -> {ends[1]}" + (f" [{', '.join(options)}]" if options else "")


def _first_inside(graph: Graph, step: Step) -> Step:
    inside = next(graph.inside(step.id), None)
    return step if inside is None else _first_inside(graph, inside)


def _dot(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def as_record(graph: Graph) -> dict[str, Any]:
    """The graph as JSON has it: its steps with what stands inside them, and its edges."""
    return dict(to_builtins(graph))
