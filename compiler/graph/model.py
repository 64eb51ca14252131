"""What a graph of a program is: steps, some inside others, and what each needs from the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

StepKind: TypeAlias = Literal[
    "inputs",
    "call",
    "assert",
    "return",
    "outputs",
    "forward",
    "fallback",
    "branch",
    "loop",
    "each",
    "try",
]
"""`each` is a comprehension, whose items run at the same time; `loop` a `for`, whose items run in order.
From `forward` on, a kind holds other steps."""

EdgeKind: TypeAlias = Literal["data", "order", "again", "failure"]
"""Why a step comes after another: it needs its value; it only waits for it; a failed `assert` makes the call
again; the first one failed."""


class Step(Struct, frozen=True):
    """A box of the picture."""

    id: str
    kind: StepKind
    title: str
    """What it is, in one line."""
    details: tuple[str, ...] = ()
    """Further lines: what a call calls, how often a run makes it, when it is made again."""
    parent: str | None = None
    """The step that it stands in."""


class Edge(Struct, frozen=True):
    """An arrow from a step to one that comes after it."""

    source: str
    target: str
    kind: EdgeKind = "data"
    label: str = ""


class Graph(Struct, frozen=True):
    """The data flow of a module or program."""

    name: str
    calls: str
    """How many calls of models a run makes at most, as a sentence; empty where that is not known."""
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]

    def inside(self, parent: str | None) -> Iterator[Step]:
        """The steps that stand directly in one, or in none."""
        return (step for step in self.steps if step.parent == parent)

    def is_group(self, step: Step) -> bool:
        """Whether other steps stand in a step."""
        return any(each.parent == step.id for each in self.steps)
