"""Completion where a value is written: what is expected there, arguments, outputs, and the names in scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from .. import catalog, types
from . import keywords, offers
from .cursor import Bracket, Cursor
from .offers import Completion
from .place import MAKERS, Place, callee_at, expected_type, own_fields


def value_offers(place: Place) -> Iterator[Completion]:
    """What a value may be: what fits best, then named arguments, then names."""
    cursor = place.cursor
    yield from offers.values(expected_type(place), cursor.replaced)
    if cursor.first == "demo":
        yield from _demo(place)
        if cursor.last in ("demo", ",", "("):
            return
    if cursor.first == "return" and cursor.last in ("return", ",") and not cursor.brackets:
        yield from _outputs(place)
    if cursor.bracket is not None and cursor.bracket.text == "(" and cursor.last in ("(", ","):
        yield from _arguments(place, cursor.bracket)
    yield from _names(place)
    yield from (offers.keyword(word, cursor.replaced) for word in keywords.VALUES)


def _names(place: Place) -> Iterator[Completion]:
    """The names in scope; behind `KIND name =` what makes such a thing comes first."""
    cursor = place.cursor
    words = [token.text for token in cursor.outside]
    kind = (
        words[0]
        if len(words) == 3 and words[2] == "=" and not cursor.brackets and cursor.indentation == 0
        else ""
    )
    bases = MAKERS.get(kind, ())
    for found in place.names.values():
        rank = None
        if kind == "program" and found.kind == "optimizer":
            rank = offers.EXPECTED
        elif isinstance(found.type, types.Class) and any(found.type.definition.is_a(base) for base in bases):
            rank = (
                offers.EXPECTED
                if found.name not in ("Module", "BaseLM", "Optimizer", "Teleprompter")
                else None
            )
        yield offers.symbol(found, cursor.replaced, rank)


def _arguments(place: Place, opened: Bracket) -> Iterator[Completion]:
    """The parameters that a call does not have yet, as named arguments."""
    cursor = place.cursor
    given = _given(cursor, opened)
    callee, parameters = callee_at(place, opened)
    match callee:
        case types.Module(interface=interface):
            for field_ in interface.inputs:
                if field_.name not in given:
                    yield offers.field_argument(field_, cursor.replaced)
            parameters = catalog.call_settings() if parameters is None else parameters
            inputs = {each.name for each in interface.inputs}
            rest = [each for each in parameters if each.name not in inputs]
            yield from _parameters(rest, given, cursor, None, offers.NEAR)
        case types.TypeForm(type=types.Record(interface=interface)):
            for field_ in interface.fields:
                if field_.name not in given:
                    yield offers.field_argument(field_, cursor.replaced)
        case types.Class(definition=definition):
            yield from _parameters(
                parameters or definition.parameters or (), given, cursor, definition, offers.EXPECTED
            )
        case types.ModuleClass() | types.Function():
            yield from _parameters(parameters or callee.parameters, given, cursor, None, offers.EXPECTED)
        case types.Overloaded(options=ways):
            every = {each.name: each for way in ways for each in way.parameters}
            yield from _parameters(every.values(), given, cursor, None, offers.EXPECTED)


def _parameters(
    parameters: Iterable[types.Parameter],
    given: set[str],
    cursor: Cursor,
    definition: types.ClassDefinition | None,
    rank: int,
) -> Iterator[Completion]:
    for each in parameters:
        if each.kind in ("", "keyword-only") and each.name not in given and not each.name.startswith("_"):
            yield offers.parameter(each, cursor.replaced, definition, rank)


def _given(cursor: Cursor, opened: Bracket) -> set[str]:
    inside = cursor.since(opened)
    return {name.text for name, sign in pairwise(inside) if sign.text == "=" and name.kind == "name"}


def _demo(place: Place) -> Iterator[Completion]:
    cursor = place.cursor
    if cursor.last not in ("demo", ",", "("):
        return
    tokens = cursor.statement
    given = {name.text for name, sign in pairwise(tokens) if sign.text == "="}
    for each in own_fields(place):
        if each.name.text not in given:
            yield Completion(
                f"{each.name.text}=", "field", cursor.replaced, each.direction, rank=offers.EXPECTED
            )


def _outputs(place: Place) -> Iterator[Completion]:
    cursor = place.cursor
    if cursor.declaration != "module":
        return
    given = {token.text for token in cursor.outside}
    for each in own_fields(place):
        if each.direction == "output" and each.name.text not in given:
            yield Completion(f"{each.name.text}=", "field", cursor.replaced, "output", rank=offers.EXPECTED)
