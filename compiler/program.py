"""The resolved program of one file: what each name means and what type each expression has.

Made by `resolve`, read by the rules, by `emit` and by the editor's queries. What could not be resolved has
the type `Unknown` and no symbol; nothing is ever absent because of a mistake.

    item = program.items[3]
    item.symbol_of(node)   # what a Name, an Identifier or an Attribute's name stands for
    item.type_of(node)     # the type of an expression
    item.binding_of(call)  # which argument is which parameter
    program.call_kind(item, call)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeVar

from ..grammar import syntax
from ..grammar.source import Source, Span
from . import types
from .diagnostic import Diagnostic

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
    """Whether it must keep its order among the other calls with effects.

    A module's call has none of its own, though its `forward` may call Python functions: those keep their
    order within one call of the module.
    """


UNKNOWN_CALL = CallKind("unknown", awaits=False, effects=True)


@dataclass(frozen=True)
class SignatureString:
    """A signature written as a string: its fields and problems; spans count from the start of the item."""

    interface: types.Interface
    fields: tuple[syntax.Field, ...]
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class ImportTarget:
    """Where an import leads."""

    kind: Literal["dspy", "python", "opaque", "missing", "ambiguous", "self"]
    """To a `.dspy` or `.py` file, a module that is not read, nothing, two files at once, the file itself."""
    path: str = ""
    names: Callable[[], Sequence[str]] = field(default=tuple, repr=False)
    """What can be imported from it, as far as that is known."""
    valid: bool = True
    """Whether a Python file could be parsed."""
    circle: tuple[str, ...] = ()
    """The files through which values are imported in a circle, this file first and last."""
    circular: bool = False
    """Whether the imported file imports this one, itself or through others, be it types or values."""


@dataclass(eq=False)
class Item:
    """A declaration or import with what was found out about its nodes (by identity)."""

    index: int
    start: int
    """Where it stands in the file; node spans count from here."""
    text: str
    declaration: syntax.Declaration | None
    broken: bool = False
    """Whether it has syntax problems, so that what seems to be missing may only be unfinished."""
    symbol_by_node: dict[int, Symbol] = field(default_factory=dict, repr=False)
    type_by_node: dict[int, types.Type] = field(default_factory=dict, repr=False)
    binding_by_node: dict[int, Binding] = field(default_factory=dict, repr=False)
    string_by_node: dict[int, SignatureString] = field(default_factory=dict, repr=False)
    annotations: dict[int, syntax.Expression] = field(default_factory=dict, repr=False)
    """The expressions that stand where a type is expected."""
    unresolved: dict[int, syntax.Name] = field(default_factory=dict, repr=False)
    """The names in expressions that mean nothing where they stand."""
    visible: list[tuple[Span, Symbol]] = field(default_factory=list, repr=False)
    """The names that the item itself brings, each with the range in which it can be used."""
    target: ImportTarget | None = None
    """Where an import leads."""

    def symbol_of(self, node: syntax.Node) -> Symbol | None:
        """What a `Name`, an `Identifier` or the name of an `Attribute` stands for."""
        return self.symbol_by_node.get(id(node))

    def type_of(self, node: syntax.Node) -> types.Type:
        """The type of an expression; of an annotation, the type it names."""
        return self.type_by_node.get(id(node), types.UNKNOWN)

    def binding_of(self, call: syntax.Call | syntax.ConfigureDeclaration) -> Binding | None:
        """How the arguments of a call fit."""
        return self.binding_by_node.get(id(call))

    def signature_string(self, node: syntax.String) -> SignatureString | None:
        """The fields of a string that stands where a signature is expected."""
        return self.string_by_node.get(id(node))

    def at(self, node: syntax.Node | Span) -> Span:
        """The range of a node in the file."""
        return (node.span if isinstance(node, syntax.Node) else node).shifted(self.start)

    def nodes(self, kind: type[N]) -> Sequence[N]:
        """All nodes of a class in this item, in the order of the text."""
        return self._nodes.get(kind, ())

    @cached_property
    def _nodes(self) -> Mapping[type, Sequence[Any]]:
        found: dict[type, list[syntax.Node]] = {}
        for node in walk(self.declaration) if self.declaration is not None else ():
            found.setdefault(type(node), []).append(node)
        return found


@dataclass(eq=False)
class Program:
    """The resolved program of one file."""

    path: str
    source: Source
    items: tuple[Item, ...]
    """One for each item of the parsed file, in the same order."""
    symbols: Mapping[str, Symbol]
    """What the file declares and imports, by name."""
    lookup: Callable[[str], Symbol | None] = field(repr=False)
    """What a name means at the top of the file: its own names, the runtime's, the built-ins."""
    names: Callable[[], Sequence[str]] = field(repr=False)
    """All names that mean something at the top of the file."""
    members: Callable[[types.Type], Mapping[str, Symbol]] = field(repr=False)
    """What may follow the dot behind a value of a type."""
    call_kind: Callable[[Item, syntax.Call], CallKind] = field(repr=False)
    """What a call runs."""
    function_kind: Callable[[str], CallKind] = field(repr=False)
    """What calling a `def` of this file runs; `awaits` says that it is compiled to an `async def`."""
    kind_of_function: Callable[[types.Function], CallKind] = field(repr=False)
    """What calling a function runs, by its type: one of this or another file, of Python or of the runtime."""
    locate: Callable[[types.Place], types.Place] = field(repr=False)
    """Where a declared thing stands in its file as that is now."""

    def names_at(self, offset: int) -> Mapping[str, Symbol]:
        """The names that may be used at a place, nearest first; what `lookup` finds comes last."""
        found = dict(self._locals_at(offset))
        for name in self.names():
            symbol = None if name in found else self.lookup(name)
            if symbol is not None:
                found[name] = symbol
        return found

    def spellings_at(self, offset: int) -> Sequence[str]:
        """The names that may be used at a place, without what they mean, which costs less."""
        return tuple(dict.fromkeys((*self._locals_at(offset), *self.names())))

    def _locals_at(self, offset: int) -> Mapping[str, Symbol]:
        found: dict[str, Symbol] = {}
        for item in self.items:
            if item.start <= offset <= item.start + len(item.text):
                for span, symbol in reversed(item.visible):
                    if span.contains(offset - item.start):
                        found.setdefault(symbol.name, symbol)
        return found

    def interface(self, name: str) -> types.Interface:
        """The fields of a signature, module or program; an output without a type has the inferred one."""
        symbol = self.symbols.get(name)
        match symbol.type if symbol else types.UNKNOWN:
            case types.Signature(interface=interface) | types.Module(interface=interface):
                return interface
            case types.ModuleClass() as declared:
                return declared.interface
            case _:
                return types.OPEN


# --- trees ----------------------------------------------------------------------------------------------


def walk(node: syntax.Node) -> Iterator[syntax.Node]:
    """A node and all nodes in it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: syntax.Node) -> Iterator[syntax.Node]:
    """The nodes right beneath a node."""
    for name in syntax.parts_of(type(node)):
        value = getattr(node, name)
        if isinstance(value, syntax.Node):
            yield value
        elif isinstance(value, tuple):
            yield from _inside(value)


def _inside(values: tuple[Any, ...]) -> Iterator[syntax.Node]:
    for value in values:
        if isinstance(value, syntax.Node):
            yield value
        elif isinstance(value, tuple):
            yield from _inside(value)


def declared_names(declaration: syntax.Declaration | None) -> tuple[syntax.Identifier, ...]:
    """The names that a declaration or import gives to the file."""
    match declaration:
        case syntax.ValueDeclaration(names=names):
            return names
        case syntax.FromImport(names=imported):
            return tuple(each.alias or each.name for each in imported)
        case syntax.Import(module=module, alias=alias):
            return (alias or module[0],) if alias or module else ()
        case (
            syntax.TypeAliasDeclaration(name=name)
            | syntax.TypeDeclaration(name=name)
            | syntax.EnumDeclaration(name=name)
            | syntax.SignatureDeclaration(name=name)
            | syntax.ModuleDeclaration(name=name)
            | syntax.FunctionDeclaration(name=name)
            | syntax.ConstantDeclaration(name=name)
        ):
            return (name,)
        case _:
            return ()
