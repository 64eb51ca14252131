"""What the rules find in an item, and on which other declarations that depends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from ..base.diagnostic import Diagnostic, Label
from ..grammar import syntax
from . import rules, types
from .environment import ALL, Key
from .facts import Answers, Checked, PythonFacts
from .program import A, CallKind, Item, Program, Symbol, T

EVERYTHING: Key = ("", "everything")
"""What a finding depends on that comes from a look at all other items: any edit of the file."""


def check_item(program: Program, item: Item) -> Checked:
    """What the rules for items find in one."""
    watched = Watched(program)
    found = [each for string in item.string_by_node.values() for each in string.problems]
    of_rules = rules.check_item(watched, item)
    found += _outside_broken_strings(item, of_rules) if found else of_rules
    return Checked(tuple(found), frozenset(watched.read), watched.answers)


def _outside_broken_strings(item: Item, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings that are not about the fields of a signature in a string that does not parse."""
    broken = {each.span.start for string in item.string_by_node.values() for each in string.problems}
    strings = [each.span for each in item.nodes(syntax.String)]
    spans = [span for span in strings if any(span.start <= at <= span.end for at in broken)]
    return (each for each in found if not any(span.start < each.span.start < span.end for span in spans))


def all_hold(answers: Answers, program: Program) -> bool:
    """Whether all questions have the answers still that they had."""
    return all(program.ask(*question) == answer for question, answer in answers.items())


def _item_facts(program: Program, key: str | None) -> object:
    item = program.item(key)
    return None if item is None else item.facts


def _function_kind(program: Program, name: str) -> object:
    return program.function_kind(name)


def _kind_of_function(program: Program, function: types.Function) -> object:
    return program.kind_of_function(function)


def _python_facts(program: Program, function: types.Function) -> object:
    return program.python_facts(function)


def place(found: Diagnostic, start: int, program: Program) -> Diagnostic:
    """A finding in an item that begins at `start`, counted from the start of the file."""
    moved = found.shifted(start)
    if not moved.labels:
        return moved
    return replace(moved, labels=tuple(_place_label(each, program) for each in moved.labels))


def _place_label(label: Label, program: Program) -> Label:
    path = label.path if label.path is not None else program.path
    span = label.span
    if label.item:
        span = program.locate(types.Place(path, span, item=label.item, name=label.name)).span or span
    return Label(span, label.message, None if path == program.path else path)


class Watched(Program):
    """A program that notes what is asked of it."""

    __slots__ = ("_program", "_symbols", "answers", "read")

    def __init__(self, program: Program) -> None:
        self.read: set[Key] = set()
        self.answers: Answers = {}
        self._program = program
        self._symbols = _Symbols(program, self.read)
        self.path = program.path
        self.source = program.source

    @property
    def symbols(self) -> Mapping[str, Symbol]:  # type: ignore[override]
        """What the file declares and imports, by name."""
        return self._symbols

    @property
    def items(self) -> Sequence[Item]:  # type: ignore[override]
        """All items of the file."""
        self.read.add(EVERYTHING)
        return self._program.items

    def item(self, key: str | None) -> Item | None:
        """The item of a key."""
        self.ask(_item_facts, key)
        return self._program.item(key)

    def item_at(self, offset: int) -> Item | None:
        """The item that holds the character at an offset."""
        return self._program.item_at(offset)

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file."""
        self.read.add((self.path, name))
        return self._program.lookup(name)

    def names(self) -> Sequence[str]:
        """All names that mean something at the top of the file."""
        self.read.add((self.path, ALL))
        return self._program.names()

    def members(self, kind: types.Type) -> Mapping[str, Symbol]:
        """What may follow the dot behind a value of a type."""
        return self._program.members(kind)

    def call_kind(self, item: Item, call: syntax.Call) -> CallKind:
        """What a call runs."""
        binding = item.binding_of(call)
        if isinstance(binding.callee, types.Function):
            self.ask(_kind_of_function, binding.callee)
        return self._program.call_kind(item, call)

    def function_kind(self, name: str) -> CallKind:
        """What calling a `def` of this file runs."""
        self.ask(_function_kind, name)
        return self._program.function_kind(name)

    def kind_of_function(self, function: types.Function) -> CallKind:
        """What calling a function runs, by its type."""
        self.ask(_kind_of_function, function)
        return self._program.kind_of_function(function)

    def python_facts(self, function: types.Function) -> PythonFacts:
        """What the text of an imported Python function tells beside its type."""
        self.ask(_python_facts, function)
        return self._program.python_facts(function)

    def ask(self, question: Callable[[Program, A], T], about: A) -> T | None:
        """The answer to a question."""
        found = self._program.ask(question, about)
        self.answers[question, about] = found
        return found

    def locate(self, place: types.Place) -> types.Place:
        """Where a declared thing stands now."""
        self.read.add(EVERYTHING)
        return self._program.locate(place)


class _Symbols(Mapping[str, Symbol]):
    """The symbols of a program, with a note of those that are asked for."""

    def __init__(self, program: Program, read: set[Key]) -> None:
        self._program = program
        self._read = read

    def __getitem__(self, name: str) -> Symbol:
        self._read.add((self._program.path, name))
        return self._program.symbols[name]

    def __iter__(self) -> Iterator[str]:
        self._read.add((self._program.path, ALL))
        return iter(self._program.symbols)

    def __len__(self) -> int:
        self._read.add((self._program.path, ALL))
        return len(self._program.symbols)
