"""A graph as Mermaid, which GitHub, GitLab and many editors draw.

https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...compiler.schedule.graph import Graph, Node

_SHAPES = {
    "input": ("([", "])"),
    "output": ("([", "])"),
    "step": ("[", "]"),
    "call": ("[[", "]]"),
    "choice": ("{{", "}}"),
}
_ENTITIES = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\\": "#92;"}


def render(graphs: Sequence[Graph]) -> str:
    """A flowchart with a box for each graph, and boxes in it for loops and branches."""
    lines = ["flowchart TD"]
    for index, graph in enumerate(graphs):
        lines += (f"    {line}" for line in _graph(graph, f"g{index}"))
    return "\n".join(lines) + "\n"


def _graph(graph: Graph, prefix: str) -> Iterator[str]:
    yield f'subgraph {prefix} ["{_escaped(graph.name)}"]'
    yield from (f"    {line}" for line in _nodes(graph.nodes, prefix, ()))
    for edge in graph.edges:
        arrow = "-->" if edge.kind == "value" else "-.->"
        yield f"    {prefix}n{edge.start} {arrow} {prefix}n{edge.end}"
    yield "end"


def _nodes(nodes: Sequence[Node], prefix: str, inside: tuple[str, ...]) -> Iterator[str]:
    """The nodes of a box in their order, and the boxes in it."""
    index = 0
    while index < len(nodes):
        node = nodes[index]
        if node.inside == inside:
            start, end = _SHAPES[node.shape]
            yield f'{prefix}n{node.number}{start}"{_escaped(node.label)}"{end}'
            index += 1
            continue
        box = node.inside[: len(inside) + 1]
        count = 1
        while index + count < len(nodes) and nodes[index + count].inside[: len(box)] == box:
            count += 1
        yield f'subgraph {prefix}b{node.number}x{len(box)} ["{_escaped(box[-1])}"]'
        yield from (f"    {line}" for line in _nodes(nodes[index : index + count], prefix, box))
        yield "end"
        index += count


def _escaped(text: str) -> str:
    return "".join(_ENTITIES.get(each, each) for each in text)
