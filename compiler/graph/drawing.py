"""A graph while it is being drawn: its steps and edges so far, and where variables come from."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from ..schedule.here import Here
from .model import Edge, EdgeKind, Step, StepKind

_MOST_STEPS = 400
"""Nobody looks at more boxes; what follows is left out."""


class Drawing(Struct):
    """The steps and edges that have been found so far."""

    steps: list[Step] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    by_call: dict[int, str] = field(default_factory=dict)
    """The step of each call, by the identity of its node."""

    def add(self, kind: StepKind, title: str, details: Iterable[str] = (), parent: str | None = None) -> str:
        """Add a step; its id."""
        step = Step(f"s{len(self.steps)}", kind, title, tuple(each for each in details if each), parent)
        self.steps.append(step)
        return step.id

    def connect(self, sources: Iterable[str], target: str, kind: EdgeKind = "data", label: str = "") -> None:
        """Add edges, each once: none to a step around its source, none where one to its group is there."""
        around = set(self.around(target))
        for source in sorted(sources, key=number_of):
            is_known = any(each.source == source and each.target in around for each in self.edges)
            if not is_known and source not in around and target not in self.around(source):
                self.edges.append(Edge(source, target, kind, label))

    def around(self, step: str) -> list[str]:
        """A step, and those that it stands in."""
        found = [step]
        while (parent := self.steps[number_of(found[-1])].parent) is not None:
            found.append(parent)
        return found

    def is_full(self) -> bool:
        """Whether there are as many steps as a picture may have."""
        return len(self.steps) >= _MOST_STEPS

    def reaches(self, source: str, target: str) -> bool:
        """Whether a step waits for another already, over steps between them."""
        waiting, seen = [source], {source}
        while waiting:
            step = waiting.pop()
            if step == target:
                return True
            following = {each.target for each in self.edges if each.source == step and each.kind != "again"}
            following |= {each.id for each in self.steps if each.parent == step}
            waiting += following - seen
            seen |= following
        return False


class Block(Struct):
    """Where a block of statements stands: which steps each variable comes from, and what comes before it."""

    here: Here
    values: dict[str, frozenset[str]]
    parent: str | None
    outputs: str
    is_last: bool = True
    """Whether a `return` in it is the end of `forward`, which needs no step of its own."""
    barriers: frozenset[str] = frozenset()
    """The steps that all calls that follow wait for."""

    def inside(self, parent: str) -> Block:
        """A block in a step of this one."""
        return replace(self, values=dict(self.values), parent=parent, is_last=False, barriers=frozenset())

    def sources(self, variables: Iterable[str]) -> frozenset[str]:
        """The steps that variables come from."""
        return frozenset(step for name in variables for step in self.values.get(name, ()))


def number_of(step: str) -> int:
    """The index of a step among all."""
    return int(step[1:])
