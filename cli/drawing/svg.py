"""A graph as SVG: a row for each layer, so that what runs at the same time stands side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...compiler.render.cells import width
from ...compiler.schedule.graph import Edge, Graph, Node
from ..formats.xml import Element, document

_CHARACTER = 7.3
"""How wide a character is, in pixels; the font has characters of one width."""
_HEIGHT, _GAP, _ROW, _MARGIN, _TITLE = 34, 24, 84, 24, 34
_STYLE = """
text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #1f2328 }
.title { font-weight: bold; font-size: 14px }
.inside { font-size: 10px; fill: #656d76; paint-order: stroke; stroke: white; stroke-width: 3px }
rect { fill: #f6f8fa; stroke: #8c959f }
.call rect { fill: #ddf4ff; stroke: #0969da }
.choice rect { fill: #fff8c5; stroke: #9a6700 }
.input rect, .output rect { fill: #dafbe1; stroke: #1a7f37 }
path { fill: none; stroke: #656d76 }
.order { stroke-dasharray: 4 4 }
"""


class _Box(NamedTuple):
    """Where a node is drawn."""

    x: float
    y: float
    width: float


def render(graphs: Sequence[Graph]) -> str:
    """A document with the graphs below each other."""
    drawn = [_Layout(each) for each in graphs]
    wide = max((each.width for each in drawn), default=0) + 2 * _MARGIN
    root = Element("svg", xmlns="http://www.w3.org/2000/svg")
    root.add("style", _STYLE)
    root.add("defs").add("marker", **_MARKER).add("path", d="M0,0 L8,4 L0,8 z", style="fill:#656d76")
    top = float(_MARGIN)
    for each in drawn:
        each.draw(root.add("g", transform=f"translate({_number((wide - each.width) / 2)},{_number(top)})"))
        top += each.height + _MARGIN
    root.attributes |= {"viewBox": f"0 0 {_number(wide)} {_number(top)}", "width": _number(wide)}
    root.attributes["height"] = _number(top)
    return document(root)


_MARKER = {
    "id": "arrow",
    "viewBox": "0 0 8 8",
    "refX": "8",
    "refY": "4",
    "markerWidth": "7",
    "markerHeight": "7",
    "orient": "auto",
}


class _Layout:
    """The places of a graph's nodes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        layers = _ordered(graph)
        rows = [sum(map(_width, layer)) + _GAP * (len(layer) - 1) for layer in layers]
        self.width = max([*rows, width(graph.name) * 9.0])
        self.height = _TITLE + _ROW * (len(layers) - 1) + _HEIGHT + 14 if layers else _TITLE
        self._boxes: dict[int, _Box] = {}
        for index, (layer, row) in enumerate(zip(layers, rows, strict=True)):
            x = (self.width - row) / 2
            for node in layer:
                self._boxes[node.number] = _Box(x, _TITLE + 10 + index * _ROW, _width(node))
                x += _width(node) + _GAP

    def draw(self, root: Element) -> None:
        """Draw it: the edges first, the nodes over them."""
        root.add("text", self._graph.name, **{"class": "title"}, x=0, y=14)
        for edge in self._graph.edges:
            root.add("path", **{"class": edge.kind, "marker-end": "url(#arrow)"}, d=self._curve(edge))
        for node in self._graph.nodes:
            self._node(root.add("g", **{"class": node.shape}), node, self._boxes[node.number])

    def _node(self, root: Element, node: Node, box: _Box) -> None:
        round_ = _HEIGHT / 2 if node.shape in ("input", "output") else 4
        place = {"x": box.x, "y": box.y, "width": box.width, "height": _HEIGHT, "rx": round_}
        root.add("rect", **{name: _number(value) for name, value in place.items()})
        middle = _number(box.x + box.width / 2)
        root.add("text", node.label, x=middle, y=_number(box.y + 21), **{"text-anchor": "middle"})
        if node.inside:
            words = " › ".join(node.inside)
            root.add("text", words, **{"class": "inside"}, x=_number(box.x), y=_number(box.y - 5))

    def _curve(self, edge: Edge) -> str:
        start, end = self._boxes[edge.start], self._boxes[edge.end]
        x1, y1 = start.x + start.width / 2, start.y + _HEIGHT
        x2, y2 = end.x + end.width / 2, end.y
        bend = max(24.0, (y2 - y1) / 2)
        points = (x1, y1, x1, y1 + bend, x2, y2 - bend, x2, y2)
        return "M{},{} C{},{} {},{} {},{}".format(*map(_number, points))


def _ordered(graph: Graph) -> list[list[Node]]:
    """The layers, in each the nodes below what they come from, so that few edges cross."""
    sources: dict[int, list[int]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.end, []).append(edge.start)
    places: dict[int, float] = {}
    found = []
    for layer in graph.layers():
        ordered = sorted(layer, key=lambda each: (_middle(sources.get(each.number, ()), places), each.number))
        for index, node in enumerate(ordered):
            places[node.number] = (index + 1) / (len(ordered) + 1)
        found.append(ordered)
    return found


def _middle(sources: Sequence[int], places: Mapping[int, float]) -> float:
    known = [places[each] for each in sources if each in places]
    return sum(known) / len(known) if known else 0.5


def _width(node: Node) -> float:
    text = width(node.label) * _CHARACTER
    inside = width(" › ".join(node.inside)) * _CHARACTER * 10 / 12
    return max(text, inside) + 24


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
