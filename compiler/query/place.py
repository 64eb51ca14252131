"""Where a completion is asked for: the file, the cursor, and the type that a value there should have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ...grammar import syntax
from .. import types
from ..analysis import FileAnalysis
from ..program import Item, Symbol
from .cursor import Bracket, Cursor, Token
from .find import item_at
from .receiver import call_around, type_before

_COMPARISONS = {"==", "!="}
MAKERS = {
    "lm": ("LM", "BaseLM"),
    "module": ("Module",),
    "dataset": ("Dataset",),
    "optimizer": ("Optimizer", "Teleprompter"),
    "evaluate": ("Evaluate",),
    "tools": ("MCP",),
}
"""The base classes of what may be constructed behind `KIND name =`."""


@dataclass(frozen=True)
class Place:
    """What the functions that make a completion list look at."""

    analysis: FileAnalysis
    cursor: Cursor
    modules: Callable[[], Iterable[str]]
    """What an import may begin with."""

    @cached_property
    def item(self) -> Item | None:
        """The declaration that the cursor is in."""
        return item_at(self.analysis, self.cursor.offset)

    @cached_property
    def names(self) -> Mapping[str, Symbol]:
        """The names in scope, without those that the line itself declares."""
        start = self.cursor.statement[0].start if self.cursor.statement else self.cursor.replaced.start
        line = range(start, self.cursor.offset + 1)
        program = self.analysis.program
        found = {**program.names_at(self.cursor.offset), **program.names_at(self.cursor.anchor)}
        return {
            name: symbol for name, symbol in found.items() if name and not self._declared_in(symbol, line)
        }

    def _declared_in(self, symbol: Symbol, line: range) -> bool:
        if symbol.kind in ("input", "output") or symbol.place is None:
            return False
        if symbol.place.path != self.analysis.path:
            return False
        span = self.analysis.program.locate(symbol.place).span
        return span is not None and span.start in line

    @cached_property
    def fields(self) -> tuple[syntax.Field, ...]:
        """The fields of the signature, module or record around the cursor, without one on its line."""
        declaration = self.item.declaration if self.item is not None else None
        match declaration:
            case syntax.SignatureDeclaration(fields=fields) | syntax.ModuleDeclaration(fields=fields):
                found = fields
            case syntax.TypeDeclaration(attributes=fields):
                found = fields
            case _:
                return ()
        line = self.cursor.statement[0].start if self.cursor.statement else self.cursor.offset
        return tuple(each for each in found if self.item and self.item.at(each.name).start < line)

    def field_type(self, name: str) -> types.Type:
        """The type of one of these fields, or of the one on the cursor's line."""
        if self.item is None:
            return types.UNKNOWN
        for each in self.item.nodes(syntax.Field):
            if each.name.text == name and each.type is not None:
                return self.item.type_of(each.type)
        return types.UNKNOWN


def callee_at(place: Place, opened: Bracket) -> tuple[types.Type, tuple[types.Parameter, ...] | None]:
    """What is called where a bracket opens, and its parameters as the checker sees them."""
    item = item_at(place.analysis, opened.start)
    before = place.cursor.statement[: opened.index]
    if item is not None:
        call: syntax.Call | syntax.ConfigureDeclaration | None = call_around(
            place.analysis, place.cursor, opened
        )
        if isinstance(item.declaration, syntax.ConfigureDeclaration) and len(before) == 1:
            call = item.declaration
        binding = item.binding_of(call) if call is not None else None
        if binding is not None and (types.known(binding.callee) or binding.parameters):
            return binding.callee, binding.parameters
    return type_before(place.analysis, before), None


def expected_type(place: Place) -> types.Type:
    """The type that the value at the cursor should have, where the text before it says so."""
    cursor = place.cursor
    tokens = cursor.statement
    bracket = cursor.bracket
    if cursor.last in _COMPARISONS:
        return type_before(place.analysis, tokens[:-1])
    if bracket is not None and bracket.index > 0 and tokens[bracket.index - 1].text == "in":
        return type_before(place.analysis, _without_not(tokens[: bracket.index - 1]))
    if cursor.last == "case":
        subject = next((block for block in reversed(cursor.blocks) if block[0].text == "match"), None)
        return type_before(place.analysis, subject[1:-1]) if subject else types.UNKNOWN
    if cursor.last == "=" and len(tokens) > 1:
        return _expected_behind_equals(place)
    if bracket is not None and bracket.text == "(" and cursor.last in ("(", ","):
        parameters = parameters_of(*callee_at(place, bracket))
        at = sum(token.text == "," for token in cursor.since(bracket))
        if at < len(parameters) and parameters[at].kind in ("", "positional-only"):
            return parameters[at].type
    return types.UNKNOWN


def parameters_of(
    callee: types.Type, parameters: tuple[types.Parameter, ...] | None
) -> tuple[types.Parameter, ...]:
    """The parameters of what is called, by what the checker says of the call or else by its type."""
    if parameters is not None:
        return parameters
    match callee:
        case types.Class(definition=definition):
            return definition.parameters or ()
        case types.Function(parameters=declared) | types.ModuleClass(parameters=declared):
            return declared
        case types.Overloaded(options=ways):
            return tuple({each.name: each for way in ways for each in way.parameters}.values())
        case _:
            return ()


def _expected_behind_equals(place: Place) -> types.Type:
    """The type of what `name=` gives a value to: a parameter, a field of a demo, an output, a default."""
    cursor = place.cursor
    name = cursor.statement[-2].text
    if cursor.bracket is not None and cursor.bracket.text == "(" and cursor.first != "demo":
        callee, parameters = callee_at(place, cursor.bracket)
        match callee:
            case types.Module(interface=interface) | types.TypeForm(type=types.Record(interface=interface)):
                found = next((each for each in interface.fields if each.name == name), None)
                if found is not None:
                    return found.type
        known = parameters_of(callee, parameters)
        return next((each.type for each in known if each.name == name), types.UNKNOWN)
    if in_field(cursor):
        return place.field_type(cursor.statement[1 if cursor.first in ("input", "output") else 0].text)
    return place.field_type(name) if cursor.first in ("demo", "return") else types.UNKNOWN


def in_field(cursor: Cursor) -> bool:
    """Whether the line declares a field of a signature or module or an attribute of a record."""
    words = [token.text for token in cursor.statement[:3]]
    if cursor.in_block("forward") or cursor.in_block("fallback") or cursor.indentation == 0:
        return False
    if cursor.declaration in ("signature", "module") and words[0] in ("input", "output"):
        return len(words) == 3 and words[2] == ":"
    return cursor.declaration == "type" and words[1:2] == [":"]


def _without_not(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    return tokens[:-1] if tokens and tokens[-1].text == "not" else tokens
