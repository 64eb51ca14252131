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

from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from ..base.span import Span
from ..base.text import Names
from ..grammar import syntax
from ..grammar.source import Source
from . import types
from .facts import UNBOUND as UNBOUND
from .facts import UNKNOWN_CALL as UNKNOWN_CALL
from .facts import Binding as Binding
from .facts import CallKind as CallKind
from .facts import DataFile as DataFile
from .facts import ImportTarget as ImportTarget
from .facts import ItemFacts, PythonFacts, evident_type
from .facts import SavedState as SavedState
from .facts import SignatureString as SignatureString
from .facts import Symbol as Symbol
from .facts import SymbolKind as SymbolKind
from .trees import by_class, member_named, walk

A = TypeVar("A", bound=Hashable)
N = TypeVar("N", bound=syntax.Node)
R = TypeVar("R")
T = TypeVar("T")


class Resolved(Protocol):
    """An item of a file as it is kept across edits."""

    @property
    def key(self) -> str:
        """What names the item in its file, whatever stands above it."""

    @property
    def text(self) -> str:
        """Its text."""

    @property
    def declaration(self) -> syntax.Declaration | None:
        """Its syntax."""

    @property
    def names(self) -> Sequence[syntax.Identifier]:
        """The names that it gives to the file."""

    @property
    def broken(self) -> bool:
        """Whether it has syntax problems."""

    @property
    def facts(self) -> ItemFacts:
        """What was found out about it."""

    @property
    def memory(self) -> dict[Hashable, Any]:
        """What has been gathered from it, kept for as long as the item and its facts stay the same."""


class Item:
    """A declaration or import with what was found out about its nodes (by identity).

    `start` is where it stands in the file; node spans count from there. `broken` says that it has syntax
    problems, so that what seems to be missing may only be unfinished. `names` are those that it gives to the
    file.
    """

    __slots__ = (
        "_facts",
        "_resolved",
        "broken",
        "declaration",
        "index",
        "key",
        "memory",
        "names",
        "start",
        "text",
    )

    def __init__(self, index: int, start: int, resolved: Resolved) -> None:
        self.index = index
        self.start = start
        self.key = resolved.key
        self.text = resolved.text
        self.declaration = resolved.declaration
        self.names = resolved.names
        self.broken = resolved.broken
        self.memory = resolved.memory
        self._resolved = resolved
        self._facts: ItemFacts | None = None

    @property
    def facts(self) -> ItemFacts:
        """What was found out about the item."""
        found = self._facts
        if found is None:
            found = self._facts = self._resolved.facts
        return found

    @property
    def symbol_by_node(self) -> Mapping[int, Symbol]:
        """What the names in the item stand for, by the identity of the node."""
        return self.facts.symbols

    @property
    def string_by_node(self) -> Mapping[int, SignatureString]:
        """The signatures that are written as strings, by the identity of the node."""
        return self.facts.strings

    @property
    def annotations(self) -> Mapping[int, syntax.Expression]:
        """The expressions that stand where a type is expected."""
        return self.facts.annotations

    @property
    def unresolved(self) -> Mapping[int, syntax.Name]:
        """The names in expressions that mean nothing where they stand."""
        return self.facts.unresolved

    @property
    def visible(self) -> Sequence[tuple[Span, Symbol]]:
        """The names that the item itself brings, each with the range in which it can be used."""
        return self.facts.visible

    @property
    def target(self) -> ImportTarget | None:
        """Where an import leads."""
        return self.facts.target

    def symbol_of(self, node: syntax.Node) -> Symbol | None:
        """What a `Name`, an `Identifier` or the name of an `Attribute` stands for."""
        return (self._facts or self.facts).symbols.get(id(node))

    def type_of(self, node: syntax.Node) -> types.Type:
        """The type of an expression; of an annotation, the type it names."""
        found = (self._facts or self.facts).types.get(id(node))
        return evident_type(node) if found is None else found

    def binding_of(self, call: syntax.Call | syntax.ConfigureDeclaration) -> Binding:
        """How the arguments of a call fit."""
        return self.facts.bindings.get(id(call), UNBOUND)

    def is_exhaustive(self, node: syntax.Match | syntax.If | syntax.IfBranch) -> bool:
        """Whether one of the cases of a `match`, of the branches of an `if` or above one, is always taken."""
        return id(node) in self.facts.exhaustive

    def untaken(self, node: syntax.Match | syntax.If) -> types.Type | None:
        """The choices for which a statement has no branch; None where it does not tell choices apart."""
        return self.facts.untaken.get(id(node))

    def data_of(self, node: syntax.Node) -> DataFile | None:
        """What is known of the data file that a string names, where a dataset is made of it."""
        return self.facts.data.get(id(node))

    @property
    def state(self) -> SavedState | None:
        """The state of the program that the item declares, where there is one."""
        return self.facts.state

    def signature_string(self, node: syntax.String) -> SignatureString | None:
        """The fields of a string that stands where a signature is expected."""
        return self.facts.strings.get(id(node))

    def at(self, node: syntax.Node | Span) -> Span:
        """The range of a node in the file."""
        return (node.span if isinstance(node, syntax.Node) else node).shifted(self.start)

    def all_nodes(self) -> Sequence[syntax.Node]:
        """All nodes of this item, in the order of the text."""
        found: Sequence[syntax.Node] | None = self.memory.get(Item.all_nodes)
        if found is None:
            found = walk(self.declaration) if self.declaration is not None else ()
            self.memory[Item.all_nodes] = found
        return found

    def nodes(self, kind: type[N]) -> Sequence[N]:
        """All nodes of a class in this item, in the order of the text."""
        return self.nodes_by_class().get(kind, ())

    def nodes_by_class(self) -> Mapping[type, Sequence[Any]]:
        """All nodes of this item by their classes, each in the order of the text."""
        found: Mapping[type, Sequence[Any]] | None = self.memory.get(Item.nodes)
        if found is None:
            found = self.memory[Item.nodes] = by_class(self.all_nodes())
        return found


class Surroundings(Protocol):
    """What a program asks about its file and the files around it."""

    def given(self, name: str) -> Symbol | None:
        """What a name means that the file does not declare."""

    def given_names(self) -> Sequence[str]:
        """All names that need no declaration."""

    def members(self, kind: types.Type) -> Mapping[str, Symbol]:
        """What may follow the dot behind a value of a type."""

    def call_kind(self, program: Program, item: Item, call: syntax.Call) -> CallKind:
        """What a call runs."""

    def function_kind(self, program: Program, name: str) -> CallKind:
        """What calling a `def` of the file runs."""

    def kind_of_function(self, program: Program, function: types.Function) -> CallKind:
        """What calling a function runs, by its type."""

    def python_facts(self, function: types.Function) -> PythonFacts:
        """What the text of an imported Python function tells beside its type."""

    def locate(self, place: types.Place) -> types.Place:
        """Where a declared thing stands in another file as that is now."""

    def beside(self, path: str) -> Program | None:
        """The program of another `.dspy` file, as it was when this one was checked."""


class Program:
    """The resolved program of one file."""

    __slots__ = (
        "_answers",
        "_by_key",
        "_edit",
        "_memory",
        "_names",
        "_starts",
        "_surroundings",
        "items",
        "path",
        "source",
        "symbols",
        "words",
    )

    def __init__(
        self,
        path: str,
        source: Source,
        items: tuple[Item, ...],
        symbols: Mapping[str, Symbol],
        surroundings: Surroundings,
        words: int = 0,
        memory: dict[Hashable, Any] | None = None,
        edit: tuple[int, Sequence[int] | None] = (0, None),
    ) -> None:
        self.path = path
        self.source = source
        self.items: Sequence[Item] = items
        """One for each item of the parsed file, in the same order."""
        self.symbols = symbols
        """What the file declares and imports, by name."""
        self.words = words
        """Of which state of the documentation it is, counted up."""
        self._surroundings = surroundings
        self._memory: dict[Hashable, Any] = {} if memory is None else memory
        """What was gathered and combined, handed on from one program of a file to the next."""
        self._edit = edit
        """How often the file has changed, and which items are new since the last time; None for all."""
        self._answers: dict[tuple[Callable[..., Any], Any], Any] = {}
        self._by_key: dict[str, Item] | None = None
        self._names: Sequence[str] | None = None
        self._starts: list[int] | None = None

    def ask(self, question: Callable[[Program, A], T], about: A) -> T | None:
        """The answer to a question, worked out once; None while it is being worked out."""
        key = (question, about)
        if key not in self._answers:
            self._answers[key] = None
            self._answers[key] = question(self, about)
        found: T | None = self._answers[key]
        return found

    def let_go(self) -> None:
        """Let go of the answers that were worked out."""
        self._answers.clear()
        self._by_key = self._names = self._starts = None

    def gather(self, look: Callable[[Item], T]) -> tuple[T, ...]:
        """What a remembered function finds in each item, in their order."""
        return self._gather(look)[0]

    def combine(self, look: Callable[[Item], T], make: Callable[[tuple[T, ...]], R]) -> R:
        """What is made of what is found in each item; made anew only when something else is found."""
        parts, since = self._gather(look)
        kept = self._memory.get((look, make))
        if kept is None or (kept[0] != since and kept[1] != parts):
            kept = (since, parts, make(parts))
        self._memory[look, make] = (since, *kept[1:])
        found: R = kept[2]
        return found

    def found(self, look: Callable[[Item], T]) -> list[tuple[Item, T]]:
        """The items in which a function finds something, each with that, in their order."""
        parts, since = self._gather(look)
        kept: tuple[int, list[int]] | None = self._memory.get((Program.found, look))
        if kept is None or kept[0] != since:
            kept = since, [index for index, each in enumerate(parts) if each]
            self._memory[Program.found, look] = kept
        return [(self.items[index], parts[index]) for index in kept[1]]

    def _gather(self, look: Callable[[Item], T]) -> tuple[tuple[T, ...], int]:
        """What is found in each item, and since which edit it has been that; only new items are looked at."""
        edit, fresh = self._edit
        kept: tuple[int, tuple[T, ...], int] | None = self._memory.get(look)
        if kept is not None and kept[0] == edit:
            return kept[1], kept[2]
        if kept is not None and kept[0] == edit - 1 and fresh is not None:
            parts, since = kept[1], kept[2]
            found = {index: look(self.items[index]) for index in fresh}
            if any(parts[index] != each for index, each in found.items()):
                since = edit
            if any(parts[index] is not each for index, each in found.items()):
                changed = list(parts)
                for index, each in found.items():
                    changed[index] = each
                parts = tuple(changed)
        else:
            parts, since = tuple([look(each) for each in self.items]), edit
        self._memory[look] = (edit, parts, since)
        return parts, since

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file: its own names, the runtime's, the built-ins."""
        return self.symbols.get(name) or self._surroundings.given(name)

    def names(self) -> Sequence[str]:
        """All names that mean something at the top of the file."""
        if self._names is None:
            names = dict.fromkeys((*self.symbols, *self._surroundings.given_names()))
            names.pop("", None)  # what is declared without a name
            self._names = tuple(names)
        return self._names

    def members(self, kind: types.Type) -> Mapping[str, Symbol]:
        """What may follow the dot behind a value of a type."""
        return self._surroundings.members(kind)

    def call_kind(self, item: Item, call: syntax.Call) -> CallKind:
        """What a call runs."""
        return self._surroundings.call_kind(self, item, call)

    def function_kind(self, name: str) -> CallKind:
        """What calling a `def` of this file runs; `awaits` says that it is compiled to an `async def`."""
        return self._surroundings.function_kind(self, name)

    def kind_of_function(self, function: types.Function) -> CallKind:
        """What calling a function runs, by its type: one of any file, of Python or of the runtime."""
        return self._surroundings.kind_of_function(self, function)

    def python_facts(self, function: types.Function) -> PythonFacts:
        """What the text of an imported Python function tells beside its type; nothing for other functions."""
        return self._surroundings.python_facts(function)

    def item(self, key: str | None) -> Item | None:
        """The item of a key, as `Symbol.item` has it."""
        if self._by_key is None:
            self._by_key = {each.key: each for each in self.items}
        return self._by_key.get(key) if key is not None else None

    def locate(self, place: types.Place) -> types.Place:
        """Where a declared thing stands in its file as that is now; its span counts from the file's start."""
        if place.path != self.path or not place.item:
            return self._surroundings.locate(place)
        item = self.item(place.item)
        return place if item is None else placed(place, item.start, item.declaration)

    def beside(self, path: str) -> Program | None:
        """The program of another `.dspy` file that this one imports from; None without such a file."""
        return self._surroundings.beside(path)

    def item_at(self, offset: int) -> Item | None:
        """The item that holds the character at an offset; at the file's end the last one."""
        if self._starts is None:
            self._starts = [each.start for each in self.items]
        index = bisect_right(self._starts, offset) - 1
        return self.items[index] if index >= 0 else None

    def names_at(self, offset: int) -> Mapping[str, Symbol]:
        """The names that may be used at a place, nearest first; what `lookup` finds comes last."""
        found = dict(self._locals_at(offset))
        for name in self.names():
            symbol = None if name in found else self.lookup(name)
            if symbol is not None:
                found[name] = symbol
        return found

    def alike_at(self, offset: int, name: str) -> Sequence[str]:
        """The names that may be used at a place, without those that are nothing like a mistyped one."""
        return tuple(dict.fromkeys((*self._locals_at(offset), *_sorted(tuple(self.names())).alike(name))))

    def _locals_at(self, offset: int) -> Mapping[str, Symbol]:
        found: dict[str, Symbol] = {}
        item = self.item_at(offset)
        # Right behind an item, what can be used at its end can be used as well.
        first = item.index - 1 if item is not None and item.index > 0 and offset == item.start else None
        before = self.items[first] if first is not None else None
        for each in (before, item):
            if each is not None:
                for span, symbol in reversed(each.visible):
                    if span.contains(offset - each.start):
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


def placed(place: types.Place, start: int, declaration: syntax.Declaration | None) -> types.Place:
    """A place of an item that begins at `start`, as a range of the file."""
    span = place.span
    if place.name and declaration is not None:
        named = member_named(declaration, place.name)
        span = named.span if named is not None else span
    return types.Place(place.path, None if span is None else span.shifted(start), place.line)


@lru_cache(maxsize=32)
def _sorted(names: tuple[str, ...]) -> Names:
    """Names in the order in which close ones are found quickly: while one types, they are mostly the same."""
    return Names(names)
