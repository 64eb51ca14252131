"""What flows in a body from its inputs to its outputs: the schedule's units, and which wait for which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from ...grammar import syntax
from .. import types
from ..program import Item, Program
from . import dependence, effects
from .dependence import Unit
from .here import Here
from .names import targets
from .view import reads

Shape: TypeAlias = Literal["input", "step", "call", "choice", "output"]
"""`call` waits for a model or for Python code, `choice` decides what runs, or how often."""

_LONGEST = 60
"""How long a label is at most."""


class Node(Struct, frozen=True):
    """Something that has a value, or that is done."""

    number: int
    shape: Shape
    label: str
    inside: tuple[str, ...] = ()
    """The `for` and `if` around it, the outermost first."""


class Edge(Struct, frozen=True, order=True):
    """A value that goes from one node to another; `order` where only the one before has to be done."""

    start: int
    end: int
    kind: Literal["value", "order"] = "value"


class Graph(Struct, frozen=True):
    """The flow in one module or function."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def layers(self) -> list[list[Node]]:
        """The nodes by when they can begin: those of a layer wait for nothing in it."""
        depth = [0] * len(self.nodes)
        for edge in sorted(self.edges, key=lambda each: each.start):
            depth[edge.end] = max(depth[edge.end], depth[edge.start] + 1)
        last = max(depth, default=0)
        found: list[list[Node]] = [[] for _ in range(last + 1)]
        for node in self.nodes:
            found[last if node.shape == "output" else depth[node.number]].append(node)
        return [each for each in found if each]


def graphs(program: Program) -> Iterator[Graph]:
    """The flow in each module with a `forward:`, and in each function that calls modules or models."""
    for item in program.items:
        found = graph(program, item)
        if found is not None:
            yield found


def graph(program: Program, item: Item) -> Graph | None:
    """The flow in a declaration; None where it has no body, or a function that calls no module or model."""
    match item.declaration:
        case syntax.ModuleDeclaration(name=name, forward=forward) as module if forward is not None:
            parameters = frozenset(id(each.name) for each in module.parameters)
            here = Here(program, item, body=forward, is_module=True, parameters=parameters)
            interface = program.interface(name.text)
            given = [*_parameters(module.parameters), *_names(interface.inputs)]
            return _Drawing(here).draw(name.text, given, forward, _names(interface.outputs))
        case syntax.FunctionDeclaration(name=name, body=body, parameters=declared):
            here = Here(program, item, body=body)
            if not program.function_kind(name.text).awaits:
                return None
            return _Drawing(here).draw(name.text, _parameters(declared), body, ())
        case _:
            return None


def _parameters(declared: Iterable[syntax.Parameter]) -> list[str]:
    """The names of parameters; a bare `*` has none."""
    return [each.name.text for each in declared if each.name is not None]


def _names(fields: Iterable[types.Field]) -> list[str]:
    return [each.name for each in fields]


Writers: TypeAlias = Mapping[str, frozenset[int]]
"""The nodes that may have given a variable its value."""


class _Drawing:
    """A graph that is being made."""

    def __init__(self, here: Here) -> None:
        self._here = here
        self._nodes: list[Node] = []
        self._edges: set[Edge] = set()
        self._next: dict[int, list[tuple[int, str]]] = {}
        self._barriers: frozenset[int] = frozenset()
        """Behind what the calls wait that come next."""
        self._results: dict[str, set[int]] = {}
        """The nodes that give an output its value; those under "" give all there are."""

    def draw(
        self, name: str, given: Sequence[str], body: Sequence[syntax.Statement], outputs: Sequence[str]
    ) -> Graph:
        """The graph of a body; an input that nothing reads is left out."""
        inputs = {each: frozenset({self._add("input", each)}) for each in given}
        self._block(body, inputs, (), frozenset())
        for each in outputs or (["result"] if self._results else []):
            sources = self._results.get(each, set()) | self._results.get("", set())
            self._join(sources, self._add("output", each))
        return self._without_unused(name)

    def _without_unused(self, name: str) -> Graph:
        ends = {each.start for each in self._edges}
        kept = [each for each in self._nodes if each.shape != "input" or each.number in ends]
        numbers = {each.number: index for index, each in enumerate(kept)}
        nodes = tuple(Node(numbers[each.number], each.shape, each.label, each.inside) for each in kept)
        edges = {
            Edge(numbers[each.start], numbers[each.end], each.kind)
            for each in self._edges
            if each.kind == "value" or not self._is_clear(each)
        }
        return Graph(name, nodes, tuple(sorted(edges)))

    def _is_clear(self, edge: Edge) -> bool:
        """Whether one node waits for another one anyway, by what stands between them."""
        waiting, seen = [edge.start], {edge.start}
        while waiting:
            at = waiting.pop()
            for end, kind in self._behind().get(at, ()):
                if end == edge.end and (at, kind) != (edge.start, "order"):
                    return True
                if end < edge.end and end not in seen:
                    seen.add(end)
                    waiting.append(end)
        return False

    def _behind(self) -> Mapping[int, list[tuple[int, str]]]:
        if len(self._next) == 0:
            for each in self._edges:
                self._next.setdefault(each.start, []).append((each.end, each.kind))
        return self._next

    def _add(self, shape: Shape, label: str, inside: tuple[str, ...] = ()) -> int:
        self._nodes.append(Node(len(self._nodes), shape, _shortened(label), inside))
        return len(self._nodes) - 1

    def _join(self, sources: Iterable[int], target: int, kind: Literal["value", "order"] = "value") -> None:
        self._edges.update(Edge(each, target, kind) for each in sources if each < target)

    def _block(
        self,
        statements: Sequence[syntax.Statement],
        before: Writers,
        inside: tuple[str, ...],
        above: frozenset[int],
    ) -> Writers:
        """Draw the units of a block; who has written what behind it."""
        now = dict(before)
        for unit in dependence.units(self._here, statements):
            match unit.statement:
                case syntax.If() | syntax.For() | syntax.Match() | syntax.Try() as compound:
                    now = self._compound(compound, unit, now, inside, above)
                case syntax.Return() as statement if unit.taken_out is None:
                    self._return(statement, now, inside, above)
                case statement:
                    label = self._source(unit.taken_out or statement)
                    number = self._unit(unit, label, now, inside, above)
                    now.update(dict.fromkeys(unit.writes, frozenset({number})))
        return now

    def _unit(
        self, unit: Unit, label: str, now: Writers, inside: tuple[str, ...], above: frozenset[int]
    ) -> int:
        number = self._add("call" if unit.calls else "step", label, inside)
        self._join((each for name in unit.reads for each in now.get(name, ())), number)
        self._join(above, number, "order")
        if unit.calls:
            self._join(self._barriers, number, "order")
        if unit.barrier and not isinstance(unit.statement, syntax.Return):
            self._barriers = frozenset({number})
        return number

    def _compound(
        self,
        node: dependence.Compound,
        unit: Unit,
        before: Writers,
        inside: tuple[str, ...],
        above: frozenset[int],
    ) -> dict[str, frozenset[int]]:
        """Draw a statement with blocks: what it decides by, and the blocks behind that."""
        head, *labels = self._labels(node)
        number = self._add("choice", head, inside)
        read = frozenset().union(*(reads(self._here, each) for each in _deciding(node)))
        self._join((each for name in read for each in before.get(name, ())), number)
        self._join(above, number, "order")
        bound = targets(node.target) if isinstance(node, syntax.For) else frozenset()
        here = {**before, **dict.fromkeys(bound, frozenset({number}))}
        ways = [
            self._block(block, here, (*inside, _shortened(label)), frozenset({number}))
            for label, block in zip(labels, dependence.blocks(node), strict=True)
        ]
        if unit.barrier:
            self._barriers = frozenset({number})
        surely = dependence.surely_written(node)
        found: dict[str, frozenset[int]] = {}
        for name in {name for way in ways for name in way}:
            writers = [way.get(name, frozenset()) for way in ways]
            found[name] = frozenset().union(*writers, () if name in surely else before.get(name, ()))
        return found

    def _labels(self, node: dependence.Compound) -> list[str]:
        """What a compound statement is called, and each of its blocks."""
        source = self._source
        match node:
            case syntax.If(branches=branches):
                words = ["if", *["elif"] * (len(branches) - 1)]
                heads = [f"{word} {source(each.test)}" for word, each in zip(words, branches, strict=True)]
                return [heads[0], *heads, "else"]
            case syntax.For(target=target, iterable=iterable):
                head = f"for {source(target)} in {source(iterable)}"
                return [head, head]
            case syntax.Match(subject=subject, cases=cases):
                return [f"match {source(subject)}", *(f"case {source(each.pattern)}" for each in cases)]
            case syntax.Try(clauses=clauses):
                return ["try", "try", *(f"except {source(each.kind)}" for each in clauses)]

    def _return(
        self, node: syntax.Return, now: Writers, inside: tuple[str, ...], above: frozenset[int]
    ) -> None:
        """Note what gives the outputs their values; what is more than a variable is a node of its own."""
        given = [(each.name.text if each.name else "", each.value) for each in node.outputs or ()]
        for name, value in given or ([("", node.value)] if node.value is not None else []):
            sources = {each for read in reads(self._here, value) for each in now.get(read, ())}
            if not isinstance(value, syntax.Name) and id(value) not in self._here.replaced:
                number = self._add(
                    "call" if effects.waits(self._here, value) else "step", self._source(value), inside
                )
                self._join(sources, number)
                self._join(above, number, "order")
                if self._nodes[number].shape == "call":
                    self._join(self._barriers, number, "order")
                sources = {number}
            self._results.setdefault(name, set()).update(sources)

    def _source(self, node: syntax.Node) -> str:
        return self._here.item.text[node.span.start : node.span.end]


def _shortened(text: str) -> str:
    """A text on one line, cut at its end where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"


def _deciding(node: dependence.Compound) -> Iterator[syntax.Expression]:
    """The expressions by which a compound statement decides what runs."""
    match node:
        case syntax.If(branches=branches):
            yield from (each.test for each in branches)
        case syntax.For(iterable=iterable):
            yield iterable
        case syntax.Match(subject=subject, cases=cases):
            yield subject
            yield from (each.guard for each in cases if each.guard is not None)
        case syntax.Try():
            return
