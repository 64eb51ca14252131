"""A place in a program at which calls are counted: the item, its variables, what its parameters stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from ...grammar import syntax
from .. import types
from ..program import CallKind, Item, Program, Symbol
from ..trees import walk
from .count import ONE, Count, length, size
from .names import targets

_LONGEST = 40
"""How long a quoted expression is at most."""


class Defaults(Struct, frozen=True):
    """What a file's `configure` says, for the predictors that the file makes."""

    retries: Count | None = None
    answers: Count | None = None


class Around(Struct, frozen=True):
    """What holds for the predictors beneath, while a module runs."""

    call: Count | None = None
    """The `max_retries` of the nearest call that has one."""
    parts: Count | None = None
    """The `max_retries` that the nearest module with one was made with."""
    answers: tuple[Count, ...] = ()
    """How many answers the models and settings around ask for at once."""


class Here(Struct, frozen=True, eq=False):
    """An item, or a body in it; see `view.View` for what a schedule asks of it."""

    program: Program
    item: Item
    defaults: Defaults | None = None
    given: Mapping[str, Given] = field(default_factory=dict)
    """What the parameters of the module stand for; a parameter that is not here is a size of its own."""
    around: Around = Around()
    body: tuple[syntax.Statement, ...] = ()
    attempts: Count = ONE
    """How often a region of the body runs that a failed `assert` runs again."""
    is_retried: bool = False
    """Whether a failed `assert` makes calls again: in `forward`."""
    is_module: bool = False
    asynchronous: bool = True
    parameters: frozenset[int] = frozenset()
    replaced: dict[int, str] = field(default_factory=dict)
    programs: dict[str, Program | None] = field(default_factory=dict)
    """The other files, as they are during the count."""

    def symbol(self, node: syntax.Node) -> Symbol | None:
        """What a name stands for."""
        return self.item.symbol_of(node)

    def call_kind(self, node: syntax.Call) -> CallKind:
        """What a call runs."""
        return self.program.call_kind(self.item, node)

    def local(self, text: str) -> str:
        """What a variable is called; nothing is renamed here."""
        return text

    def fresh(self, hint: str) -> str:
        """A variable that no text can name."""
        return f"{hint} {len(self.replaced)}"

    def at(self, place: types.Place | None) -> Here | None:
        """The item of this or another file that declares something; None for what no `.dspy` file does."""
        if place is None or not place.item:
            return None
        program = self._program(place.path)
        item = program.item(place.item) if program is not None else None
        if program is None or item is None:
            return None
        return Here(program, item, around=self.around, programs=self.programs)

    def _program(self, path: str) -> Program | None:
        if path == self.program.path:
            return self.program
        if path not in self.programs:
            self.programs[path] = self.program.beside(path)
        return self.programs[path]

    def with_around(self, around: Around) -> Here:
        """The same place, with other settings around."""
        return replace(self, around=around)

    def text(self, node: syntax.Node) -> str:
        """What is written, on one line and not too long."""
        text = " ".join(self.item.text[node.span.start : node.span.end].split())
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

    def size(self, node: syntax.Node) -> Count:
        """A number that only a run decides."""
        return size(self.text(node), self.item.key)

    def length(self, node: syntax.Node) -> Count:
        """A length that only a run decides."""
        return length(self.text(node), self.item.key)

    def value_of(self, symbol: Symbol) -> Given | None:
        """The expression that a name stands for: a parameter's argument, a part, a constant, a module …"""
        if symbol.kind == "parameter":
            return self.given.get(symbol.name) if id(symbol.node) in self.parameters else None
        declaration = self.item.declaration
        if symbol.kind == "part" and isinstance(declaration, syntax.ModuleDeclaration):
            parts = (each for each in declaration.parts if each.name.text == symbol.name)
            part = next(parts, None)
            return None if part is None else (self, part.value)
        there = self.at(symbol.place)
        match there.item.declaration if there is not None else None:
            case syntax.ValueDeclaration(value=value) | syntax.ConstantDeclaration(value=value):
                return None if there is None else (there, value)
            case _:
                return None

    def values_of_local(self, name: str) -> Iterator[syntax.Expression]:
        """What a variable of the body may be bound to: values, or what a loop takes them from."""
        for node in (each for statement in self.body for each in walk(statement)):
            match node:
                case syntax.Assign(target=target, value=value):
                    found = targets(target)
                case syntax.AnnotatedAssign(target=identifier, value=value):
                    found = frozenset((identifier.text,))
                case (
                    syntax.For(target=target, iterable=value)
                    | syntax.ComprehensionClause(target=target, iterable=value)
                ):
                    found = targets(target)
                case _:
                    continue
            if name in found:
                yield value


Given: TypeAlias = tuple[Here, syntax.Expression]
"""An expression, and where it stands."""
