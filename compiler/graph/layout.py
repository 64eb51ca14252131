"""Where the boxes of a graph stand: layers from top to bottom, laid out for each group on its own.

An arrow that crosses layers or the border of a group goes through a point of its own in each of them, which
the layers keep room for like for a box. So no arrow runs through a box, and no text meets another.
The order in a layer follows the middle of what stands above (the barycenter method of Sugiyama, Tagawa and
Toda, 1981).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct, field

from .model import Edge, Graph, Step

CHARACTER = 7.25
"""The width of a character of the monospaced font at its size, in pixels."""
LINE = 17.0
PADDING = 10.0
GAP = 26.0
"""Between boxes of a layer."""
LAYER_GAP = 34.0
_POINT = 10.0
"""The room that an arrow on its way takes in a layer."""


class Box(Struct):
    """A step on the picture; for an arrow on its way, a point."""

    key: str
    step: Step | None
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    """The corner at the upper left, first in its group, in the end on the picture."""
    layer: int = 0
    inside: list[Box] = field(default_factory=list)

    @property
    def middle(self) -> float:
        """The middle between left and right."""
        return self.x + self.width / 2


class Route(Struct):
    """An arrow, and the points that it goes through, from its source to its target."""

    edge: Edge
    points: list[tuple[float, float]]


class Layout(Struct):
    """A whole picture, in pixels."""

    boxes: list[Box]
    routes: list[Route]
    width: float
    height: float


def lay_out(graph: Graph) -> Layout:
    """The places of all boxes and arrows; arrows back to earlier calls are left to the texts."""
    plan = _Plan(graph)
    top = Box("", None, 0, 0, inside=plan.boxes_in(None))
    plan.place(top, title=0)
    _shift(top, PADDING, PADDING)
    boxes = [box for box in _all_boxes(top) if box.step is not None]
    return Layout(boxes, plan.routes(top), top.width + 2 * PADDING, top.height + 2 * PADDING)


def _all_boxes(box: Box) -> list[Box]:
    return [each for inner in box.inside for each in (inner, *_all_boxes(inner))]


def _shift(box: Box, x: float, y: float) -> None:
    for inner in box.inside:
        inner.x += x
        inner.y += y
        _shift(inner, inner.x, inner.y)


class _Plan:
    """The graph with its arrows cut at the borders of groups."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._parents = {step.id: step.parent for step in graph.steps}
        self._edges = [edge for edge in graph.edges if edge.kind != "again"]
        self._parts: dict[str | None, list[tuple[str, str]]] = defaultdict(list)
        """For each group, the pieces of arrows in it, between boxes of it and ports at its borders."""
        self._ports: dict[str | None, list[tuple[str, bool]]] = defaultdict(list)
        """The ports of each group, and whether an arrow comes in there."""
        self._chains: list[list[str]] = []
        """For each arrow the keys of the boxes and points that it goes through."""
        self._far: dict[tuple[str, str], list[str]] = {}
        """The points in the layers between two boxes."""
        for number, edge in enumerate(self._edges):
            self._cut(number, edge)

    def _around(self, step: str) -> list[str | None]:
        """The groups that a step stands in, the innermost first, down to the picture itself."""
        found: list[str | None] = []
        parent = self._parents[step]
        while parent is not None:
            found.append(parent)
            parent = self._parents[parent]
        return [*found, None]

    def _cut(self, number: int, edge: Edge) -> None:
        """Cut an arrow into pieces, each in one group."""
        source_in, target_in = self._around(edge.source), self._around(edge.target)
        shared = next(group for group in source_in if group in target_in)
        leaving = source_in[: source_in.index(shared)]
        entering = list(reversed(target_in[: target_in.index(shared)]))
        chain, before, item = [edge.source], edge.source, edge.source
        for group in leaving:
            port = f"{number}<{group}"
            self._ports[group].append((port, False))
            self._parts[group].append((before, port))
            chain.append(port)
            before = item = str(group)
        pieces: list[tuple[str | None, str]] = []
        for index, group in enumerate(entering):
            port = f"{number}>{group}"
            self._ports[group].append((port, True))
            following = entering[index + 1] if index + 1 < len(entering) else edge.target
            self._parts[group].append((port, str(following)))
            pieces.append((group, port))
        self._parts[shared].append((item, str(entering[0]) if entering else edge.target))
        self._chains.append([*chain, *(port for _, port in pieces), edge.target])

    def boxes_in(self, parent: str | None) -> list[Box]:
        """The boxes of a group, with what stands in them."""
        boxes = []
        for step in self._graph.inside(parent):
            width = max(len(line) for line in (step.title, *step.details)) * CHARACTER + 2 * PADDING
            height = (1 + len(step.details)) * LINE + 2 * PADDING
            boxes.append(Box(step.id, step, width, height, inside=self.boxes_in(step.id)))
        return [*boxes, *(Box(key, None, _POINT, 0) for key, _ in self._ports[parent])]

    def place(self, group: Box, *, title: float) -> None:
        """Lay out what stands in a group, and give it the size that this takes."""
        for box in group.inside:
            if box.inside:
                self.place(box, title=box.height - PADDING)
        key = group.key or None
        ports = [port for port, enters in self._ports[key] if enters]
        beside = (group.width - PADDING if title else 0.0) if ports else 0.0
        pieces = list(dict.fromkeys(self._parts[key]))
        layers = self._layers(key, group.inside, pieces)
        self._order(layers, pieces)
        width = max((_width(layer) for layer in layers), default=0.0)
        if ports:
            width = max(width, beside + _width(layers[0]))
        y = title + (LAYER_GAP / 2 if title else 0)
        for number, layer in enumerate(layers):
            height = max((box.height for box in layer), default=0.0)
            x = (width - _width(layer)) / 2 + (PADDING if title else 0)
            if number == 0 and ports:
                y, height = 0.0, title
                x = max(x, beside + PADDING)
            for box in layer:
                if box.step is None:
                    box.height = height
                box.x, box.y = x, y + (height - box.height) / 2
                x += box.width + GAP
            y += height + (LAYER_GAP / 2 if number == 0 and ports else LAYER_GAP)
        group.inside = [box for layer in layers for box in layer]
        bottom = y - LAYER_GAP if layers else y
        group.width = max(group.width, width + (2 * PADDING if title else 0))
        spare = group.width - width - (2 * PADDING if title else 0)
        for box in group.inside:
            box.x += 0 if box.key in ports else spare / 2
        group.height = bottom + (LAYER_GAP / 2 if title else 0)

    def _layers(
        self, key: str | None, boxes: Sequence[Box], pieces: list[tuple[str, str]]
    ) -> list[list[Box]]:
        """The boxes in layers, each below all that it waits for; ports in the first and in the last."""
        by_key = {box.key: box for box in boxes}
        before: dict[str, list[str]] = defaultdict(list)
        for source, target in pieces:
            before[target].append(source)
        entries = {port for port, enters in self._ports[key] if enters}
        exits = {port for port, enters in self._ports[key] if not enters}
        depth: dict[str, int] = dict.fromkeys(entries, 0)
        least = 1 if entries else 0

        def layer_of(name: str) -> int:
            if name not in depth:
                depth[name] = least
                depth[name] = max((layer_of(each) + 1 for each in before[name]), default=least)
            return depth[name]

        for box in boxes:
            box.layer = layer_of(box.key)
        last = max((box.layer for box in boxes if box.key not in exits), default=0)
        for box in boxes:
            if box.key in exits:
                box.layer = last + 1
            elif box.step is not None and box.step.kind == "outputs":
                box.layer = last
        layers: list[list[Box]] = [[] for _ in range(max((box.layer for box in boxes), default=-1) + 1)]
        for box in boxes:
            layers[box.layer].append(box)
        for source, target in pieces:
            points = [
                f"{source}|{target}|{at}" for at in range(by_key[source].layer + 1, by_key[target].layer)
            ]
            self._far[source, target] = points
            for name, at in zip(points, range(by_key[source].layer + 1, by_key[target].layer), strict=True):
                layers[at].append(Box(name, None, _POINT, 0, layer=at))
        return layers

    def _order(self, layers: list[list[Box]], pieces: list[tuple[str, str]]) -> None:
        """Order each layer by where what stands above and below it is, a few times down and up."""
        above: dict[str, list[str]] = defaultdict(list)
        below: dict[str, list[str]] = defaultdict(list)
        for source, target in pieces:
            chain = [source, *self._far[source, target], target]
            for one, other in pairwise(chain):
                above[other].append(one)
                below[one].append(other)
        for neighbours, order in ((above, layers), (below, layers[::-1])) * 4:
            places = {box.key: at for layer in layers for at, box in enumerate(layer)}
            for layer in order:
                layer.sort(
                    key=lambda box: _mean([places[each] for each in neighbours[box.key]], places[box.key])
                )
                places |= {box.key: at for at, box in enumerate(layer)}

    def routes(self, top: Box) -> list[Route]:
        """The points of all arrows."""
        boxes = {box.key: box for box in _all_boxes(top)}
        found = []
        for edge, chain in zip(self._edges, self._chains, strict=True):
            points = [(boxes[chain[0]].middle, boxes[chain[0]].y + boxes[chain[0]].height)]
            for one, other in pairwise(chain):
                source, target = self._piece(one, other)
                for key in self._far.get((source, target), []):
                    points += _through(boxes[key])
                if other != chain[-1]:
                    points += _through(boxes[other])
            points.append((boxes[chain[-1]].middle, boxes[chain[-1]].y))
            found.append(Route(edge, points))
        return found

    def _piece(self, one: str, other: str) -> tuple[str, str]:
        """The piece of an arrow between two of its points, as the group it is in knows it."""
        source = one.partition("<")[2] if "<" in one and "<" not in other else one
        if "<" in one and "<" in other:
            source = one.partition("<")[2]
        target = other.partition(">")[2] if ">" in other and ">" not in one else other
        if ">" in one and ">" in other:
            target = other.partition(">")[2]
        return source, target


def _through(box: Box) -> list[tuple[float, float]]:
    """The points at which an arrow comes into a layer and leaves it."""
    return [(box.middle, box.y), (box.middle, box.y + box.height)]


def _width(layer: Sequence[Box]) -> float:
    return sum(box.width for box in layer) + GAP * (len(layer) - 1) if layer else 0.0


def _mean(places: list[int], default: int) -> float:
    return sum(places) / len(places) if places else float(default)
