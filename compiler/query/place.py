"""Where a completion is asked for: the file, the cursor, and the type that a value there should have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ...grammar import syntax
from .. import catalog, types
from ..analysis import FileAnalysis
from ..program import Symbol
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
    names_in: Callable[[str], Iterable[str]]
    """What a module offers, by its name as it is written."""

    @cached_property
    def names(self) -> Mapping[str, Symbol]:
        """The names in scope."""
        return self.analysis.program.names_at(self.cursor.offset)


def callee_at(place: Place, opened: Bracket) -> tuple[types.Type, tuple[types.Parameter, ...] | None]:
    """What is called where a bracket opens, and its parameters as the checker sees them."""
    item = item_at(place.analysis, opened.start)
    call = call_around(place.analysis, place.cursor, opened)
    binding = item.binding_of(call) if item is not None and call is not None else None
    if binding is not None and types.known(binding.callee):
        return binding.callee, binding.parameters
    before = place.cursor.statement[: opened.index]
    if len(before) == 1 and before[0].text == "configure":
        found = catalog.lookup("configure")
        return (found, None) if found is not None else (types.UNKNOWN, None)
    return type_before(place.analysis, before), None


def own_fields(place: Place) -> tuple[syntax.Field, ...]:
    """The fields of the signature or module that the cursor is in."""
    item = item_at(place.analysis, place.cursor.offset)
    declaration = item.declaration if item is not None else None
    return (
        declaration.fields
        if isinstance(declaration, syntax.SignatureDeclaration | syntax.ModuleDeclaration)
        else ()
    )


def expected_type(place: Place) -> types.Type:
    """The type that the value at the cursor should have, where the text before it says so."""
    cursor = place.cursor
    tokens = cursor.statement
    bracket = cursor.bracket
    if cursor.last in _COMPARISONS:
        return type_before(place.analysis, tokens[:-1])
    if (
        bracket is not None
        and bracket.text in "[({"
        and bracket.index > 0
        and tokens[bracket.index - 1].text == "in"
    ):
        return type_before(place.analysis, _without_not(tokens[: bracket.index - 1]))
    if cursor.last == "case":
        subject = next((block for block in reversed(cursor.blocks) if block[0].text == "match"), None)
        return type_before(place.analysis, subject[1:-1]) if subject else types.UNKNOWN
    if cursor.last == "=" and len(tokens) > 1 and tokens[-2].kind == "name":
        return _expected_of(place, tokens[-2].text)
    if cursor.last == "=" and in_field(cursor):
        return field_type(place, tokens[1].text if tokens[0].text in ("input", "output") else tokens[0].text)
    if bracket is not None and bracket.text == "(" and cursor.last in ("(", ","):
        _, parameters = callee_at(place, bracket)
        at = sum(token.text == "," for token in cursor.since(bracket))
        if parameters and at < len(parameters) and parameters[at].kind in ("", "positional-only"):
            return parameters[at].type
    return types.UNKNOWN


def _expected_of(place: Place, name: str) -> types.Type:
    """The type of what `name=` gives a value to: a parameter, a field of a demo, an output."""
    cursor = place.cursor
    if cursor.bracket is not None and cursor.bracket.text == "(" and cursor.first != "demo":
        callee, parameters = callee_at(place, cursor.bracket)
        match callee:
            case types.Module(interface=interface) | types.TypeForm(type=types.Record(interface=interface)):
                found = next((each for each in interface.fields if each.name == name), None)
                if found is not None:
                    return found.type
            case types.Class(definition=definition):
                parameters = parameters or definition.parameters
            case types.Function() | types.ModuleClass():
                parameters = parameters or callee.parameters
        return next((each.type for each in parameters or () if each.name == name), types.UNKNOWN)
    if cursor.first in ("demo", "return"):
        return field_type(place, name)
    return types.UNKNOWN


def field_type(place: Place, name: str) -> types.Type:
    """The type of a field of the declaration that the cursor is in."""
    item = item_at(place.analysis, place.cursor.offset)
    declaration = item.declaration if item is not None else None
    fields: tuple[syntax.Field, ...] = ()
    match declaration:
        case syntax.SignatureDeclaration(fields=fields) | syntax.ModuleDeclaration(fields=fields):
            pass
        case syntax.TypeDeclaration(attributes=fields):
            pass
    for each in fields:
        if each.name.text == name and each.type is not None and item is not None:
            return item.type_of(each.type)
    return types.UNKNOWN


def _without_not(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    return tokens[:-1] if tokens and tokens[-1].text == "not" else tokens


def in_field(cursor: Cursor) -> bool:
    """Whether the line declares a field of a signature or module or an attribute of a record."""
    words = [token.text for token in cursor.statement[:3]]
    if cursor.in_block("forward") or cursor.in_block("fallback") or cursor.indentation == 0:
        return False
    if cursor.declaration in ("signature", "module") and words[0] in ("input", "output"):
        return len(words) == 3 and words[2] == ":"
    return cursor.declaration == "type" and words[1:2] == [":"]
