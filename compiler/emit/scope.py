"""The function that is being compiled: its names in Python, and which of them are still in flight."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from msgspec import Struct, field
from msgspec.structs import replace

from ...base.once import once
from ...grammar import syntax
from .. import catalog
from ..program import CallKind, Symbol
from ..schedule.names import free_names, targets, written
from ..schedule.view import is_local, reads
from ..trees import walk
from .code import Here, attribute, load
from .names import Names


class Handle(Struct, frozen=True):
    """A step in flight: the variable that holds it, and the variables that its result is for."""

    name: str
    targets: tuple[str, ...] = ()
    """Empty when the result is the value of the variable that holds the step."""


class Closure(Struct):
    """A nested function whose body runs later, when the variables that it reads may have changed."""

    arguments: ast.arguments
    reads: frozenset[str]
    made: int


class Function(Struct, dict=True):
    """What is one for all of a function: its names, its nested functions, whether it starts steps."""

    taken: set[str]
    body: tuple[syntax.Node, ...] = ()
    """What is being compiled, with all nested functions."""
    given: frozenset[str] = frozenset()
    """The variables that it begins with: its parameters."""
    inherited: frozenset[Handle] = frozenset()
    """The steps that the functions around it have started."""
    starts: bool = False
    closures: list[Closure] = field(default_factory=list)
    changes: list[tuple[str, int]] = field(default_factory=list)
    """Each assignment of a variable, with the time at which it was written down."""
    time: int = 0

    @property
    def assigned(self) -> frozenset[str]:
        """The variables that have been given a value so far, on some way at least."""
        return self.given | {name for name, _ in self.changes}

    def tick(self) -> int:
        """The next moment."""
        self.time += 1
        return self.time

    def fresh(self, hint: str) -> str:
        """A variable that the function does not have yet."""
        name, number = hint, 1
        while name in self.taken or hasattr(builtins, name):
            number += 1
            name = f"{hint}_{number}"
        self.taken.add(name)
        return name

    @once
    def names(self) -> Mapping[str, frozenset[int]]:
        """All names in the function's text, without the comprehensions' own, with the nodes' identities."""
        found: dict[str, set[int]] = {}
        for body in self.body:
            for name in free_names(body):
                found.setdefault(name.text, set()).add(id(name))
        return {name: frozenset(nodes) for name, nodes in found.items()}

    @once
    def rebound(self) -> frozenset[str]:
        """The variables that are given a value at several places, or again and again in a loop."""
        times: Counter[str] = Counter()
        for part in self.body:
            for node in walk(part):
                match node:
                    case syntax.Assign(target=target) | syntax.AugmentedAssign(target=target):
                        times.update(targets(target))
                    case syntax.AnnotatedAssign(target=name):
                        times[name.text] += 1
                    case syntax.For():
                        times.update([*written(node), *written(node)])
        return frozenset(name for name, number in times.items() if number > 1)

    def closes(self, arguments: ast.arguments, reads: Iterable[str]) -> None:
        """A nested function has been made that reads these variables when it runs."""
        self.closures.append(Closure(arguments, frozenset(reads), self.tick()))

    def bind_closures(self, names: Names) -> None:
        """Give nested functions the values that their variables have now, where they change later."""
        for closure in self.closures:
            later = {name for name, moment in self.changes if moment > closure.made}
            for name in sorted(closure.reads & later):
                closure.arguments.kwonlyargs.append(ast.arg(name, names.standard("Any")))
                closure.arguments.kw_defaults.append(load(name))


class Scope(Struct):
    """A stretch of a function: how expressions are written in it."""

    here: Here
    function: Function
    asynchronous: bool = False
    """Whether calls of modules are awaited: in `forward`, and in a `def` or test that makes such calls."""
    receiver: str | None = None
    """What `self` is called; None outside of module classes."""
    parameters: frozenset[int] = frozenset()
    """The module's parameters (the identities of their names), which are attributes of the receiver."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Variables that have another name in Python."""
    pending: dict[str, Handle] = field(default_factory=dict)
    """Variables whose value is still in flight."""
    replaced: dict[int, str] = field(default_factory=dict)
    """Expressions that were worked out before: the node's identity to the variable that has the value."""
    values: str | None = None
    """In a `where` condition, the dict that holds the fields' values."""
    attempt: str | None = None
    """Inside a stretch that is tried again, the variable that holds the attempt."""
    tried: frozenset[int] = frozenset()
    """The calls (by identity) that are given the reason when they are made again."""
    retried: bool = False
    """Whether a failed `assert` makes calls again: in `forward`."""
    outside_loop: dict[str, Handle] = field(default_factory=dict)
    """What was in flight when the loop around began."""
    outputs: tuple[str, ...] = ()
    """Of a `forward` or `fallback`: the declared outputs."""
    returns: syntax.Expression | None = None
    """Of a `def`: the declared type of what it returns."""
    output_types: dict[str, syntax.Expression] = field(default_factory=dict)
    """Of a `forward` or `fallback`: the declared types of outputs."""
    prelude: list[ast.stmt] = field(default_factory=list)
    """Small functions that the expression being written needs defined before its statement."""

    def nested(self) -> Scope:
        """The same stretch for a nested function: what is in flight outside of it is awaited inside."""
        inner = Function(
            self.function.taken,
            self.function.body,
            inherited=self.function.inherited | frozenset(self.pending.values()),
        )
        return replace(self, function=inner, pending=dict(self.pending), prelude=[])

    def local(self, text: str) -> str:
        """A variable's name in Python."""
        return self.renamed.get(text, text)

    def part(self, text: str) -> ast.expr:
        """An attribute of the module: a part or a parameter."""
        assert self.receiver is not None
        return attribute(load(self.receiver), attribute_name(text))

    @property
    def is_module(self) -> bool:
        """Whether the function belongs to a module, whose parts it calls."""
        return self.receiver is not None

    def symbol(self, node: syntax.Node) -> Symbol | None:
        """What a name stands for."""
        return self.here.symbol(node)

    def call_kind(self, node: syntax.Call) -> CallKind:
        """What a call runs."""
        return self.here.program.call_kind(self.here.item, node)

    def fresh(self, hint: str) -> str:
        """A variable that the function does not have yet."""
        return self.function.fresh(hint)

    def reads(self, *nodes: syntax.Node) -> frozenset[str]:
        """The variables that expressions or statements read, as they are called in Python."""
        return reads(self, *nodes)

    def is_local(self, node: syntax.Name) -> bool:
        """Whether a name stands for a variable of this function (or for a value made on the way)."""
        return is_local(self, node)


def attribute_name(text: str) -> str:
    """What a module's part or parameter is called in Python: another name where all modules have that one."""
    return f"{text}_" if text in _own_names() else text


@cache
def _own_names() -> frozenset[str]:
    definition = catalog.definition("Module")
    members = frozenset(definition.members) if definition is not None else frozenset()
    return members | {"signature", "configure_parts"}
