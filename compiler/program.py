"""The resolved program of one file: what each name means and what type each expression has.

Made by `resolve`, read by the rules, by `emit` and by the editor's queries. What could not be resolved has the
type `Unknown` and no symbol; nothing is ever absent because of a mistake.

    item = program.items[3]
    item.symbol_of(node)   # what a Name, an Identifier or an Attribute's name stands for
    item.type_of(node)     # the type of an expression
    item.binding_of(call)  # which argument is which parameter
    program.call_kind(item, call)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from ..grammar import parse, syntax
from ..grammar.source import Source, Span
from . import types

SymbolKind: TypeAlias = Literal[
    "lm",
    "type",
    "alias",
    "enum",
    "signature",
    "module",  # a module that can be called: `module NAME = …`
    "module class",  # `module NAME(…):`, which constructs modules
    "function",
    "tools",
    "dataset",
    "optimizer",
    "program",
    "evaluate",
    "constant",
    "python",  # an imported Python module
    "imported",  # a name of a Python module
    "unresolved",  # declared or imported, but nothing is known of it
    "input",
    "output",
    "parameter",
    "part",
    "local",
    "field",  # of a record, a prediction, an example
    "member",  # of an enumeration or of a class
    "runtime",
    "builtin",
]

N = TypeVar("N", bound=syntax.Node)


@dataclass(frozen=True, eq=False)
class Symbol:
    """What a name stands for."""

    name: str
    kind: SymbolKind
    type: types.Type
    """The type of the name used as a value; `types.TypeForm` and the like for the name of a type."""
    place: types.Place | None = None
    """Where it is declared; spans count from the start of that file. None for built-ins."""
    item: int | None = None
    """The index, in the same file, of the item that declares it; None for names of other files."""
    node: syntax.Node | None = None
    """The declaration, field, part or parameter, of this or another `.dspy` file."""
    doc: str = ""


@dataclass(frozen=True)
class Binding:
    """Which argument of a call is which parameter."""

    callee: types.Type
    parameters: tuple[types.Parameter, ...] | None
    """What the callee takes; None when that cannot be known."""
    matched: tuple[tuple[syntax.Argument, types.Parameter], ...] = ()
    missing: tuple[types.Parameter, ...] = ()
    """Required parameters without an argument."""
    unknown: tuple[syntax.Argument, ...] = ()
    """Named arguments that the callee does not have."""
    repeated: tuple[syntax.Argument, ...] = ()
    """Arguments for a parameter that has one already."""
    surplus: tuple[syntax.Argument, ...] = ()
    """Positional arguments that the callee does not take."""

    def argument(self, name: str) -> syntax.Argument | None:
        """The argument of a parameter."""
        for argument, parameter in self.matched:
            if parameter.name == name:
                return argument
        return None


@dataclass(frozen=True)
class CallKind:
    """What running a call means for the generated code."""

    target: Literal["module", "lm", "function", "python", "constructor", "builtin", "unknown"]
    """A module; an LM called with a text; a `def`; a Python function; a class or record; a pure built-in."""
    awaits: bool
    """Whether it makes model calls (itself or through a `def`) or is an async Python function."""
    effects: bool
    """Whether it must keep its order among the other calls with effects."""


@dataclass(frozen=True)
class SignatureString:
    """A signature written as a string: its fields, whose spans count from the start of the item."""

    interface: types.Interface
    fields: tuple[syntax.Field, ...]
    problems: tuple[parse.Problem, ...] = ()


@dataclass(eq=False)
class Item:
    """A declaration or import with what was found out about its nodes (by identity)."""

    index: int
    start: int
    """Where it stands in the file; node spans count from here."""
    text: str
    declaration: syntax.Declaration | None
    symbol_by_node: dict[int, Symbol] = field(default_factory=dict, repr=False)
    type_by_node: dict[int, types.Type] = field(default_factory=dict, repr=False)
    binding_by_node: dict[int, Binding] = field(default_factory=dict, repr=False)
    string_by_node: dict[int, SignatureString] = field(default_factory=dict, repr=False)

    def symbol_of(self, node: syntax.Node) -> Symbol | None:
        """What a `Name`, an `Identifier` or the name of an `Attribute` stands for."""
        return self.symbol_by_node.get(id(node))

    def type_of(self, node: syntax.Node) -> types.Type:
        """The type of an expression; of an annotation, the type it names."""
        return self.type_by_node.get(id(node), types.UNKNOWN)

    def binding_of(self, call: syntax.Call) -> Binding | None:
        """How the arguments of a call fit."""
        return self.binding_by_node.get(id(call))

    def signature_string(self, node: syntax.String) -> SignatureString | None:
        """The fields of a string that stands where a signature is expected."""
        return self.string_by_node.get(id(node))

    def at(self, node: syntax.Node | Span) -> Span:
        """The range of a node in the file."""
        return (node.span if isinstance(node, syntax.Node) else node).shifted(self.start)

    def nodes(self, kind: type[N]) -> Iterator[N]:
        """All nodes of a class in this item, in the order of the text."""
        raise NotImplementedError


@dataclass(eq=False)
class Program:
    """The resolved program of one file."""

    path: str
    source: Source
    items: tuple[Item, ...]
    """One for each item of the parsed file, in the same order."""
    symbols: Mapping[str, Symbol]
    """What the file declares and imports, by name."""

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file: its own names, the runtime's, the built-ins."""
        raise NotImplementedError

    def names_at(self, offset: int) -> Mapping[str, Symbol]:
        """The names that may be used at a place, nearest first: locals, fields, parts, the file's, the runtime's."""
        raise NotImplementedError

    def members(self, kind: types.Type) -> Mapping[str, Symbol]:
        """What may follow the dot behind a value of this type."""
        raise NotImplementedError

    def call_kind(self, item: Item, call: syntax.Call) -> CallKind:
        """What a call runs."""
        raise NotImplementedError

    def function_kind(self, name: str) -> CallKind:
        """What calling a `def` of this file runs; `awaits` says that it is compiled to an `async def`."""
        raise NotImplementedError

    def interface(self, name: str) -> types.Interface:
        """The fields of a declared signature, module or program; outputs without a type have the inferred one."""
        raise NotImplementedError
