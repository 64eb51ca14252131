"""Completion where a value is written: what is expected there, arguments, outputs, and the names in scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from .. import catalog, types
from ..program import Symbol
from ..query import keywords
from ..relations import assignable
from . import items
from .context import MAKERS, Place, callee_at, expected_type, parameters_of
from .cursor import Bracket, Cursor
from .items import Completion


def value_offers(place: Place) -> Iterator[Completion]:
    """What a value may be: what fits best, then named arguments, then names."""
    cursor = place.cursor
    argument = cursor.bracket is not None and cursor.bracket.text == "(" and cursor.last in ("(", ",")
    expected = expected_type(place)
    if cursor.first == "demo" and cursor.last in ("demo", ",", "("):
        yield from _fields(place, {"input", "output"})
        return
    yield from items.values(expected, cursor.replaced, items.DECLARED if argument else items.EXPECTED)
    if cursor.first == "return" and cursor.last in ("return", ",") and not cursor.brackets:
        yield from _fields(place, {"output"})
    if cursor.bracket is not None and argument:
        yield from _arguments(place, cursor.bracket)
    yield from _names(place, expected)
    yield from (items.keyword(word, cursor.replaced) for word in keywords.VALUES)


def _names(place: Place, expected: types.Type) -> Iterator[Completion]:
    """The names in scope; what fits, or behind `KIND name =` what makes such a thing, comes first."""
    kind = _declared_kind(place.cursor)
    for found in place.names.values():
        if isinstance(found.type, types.Class) and not _is_constructed(found.type.definition):
            continue
        rank = None
        if _makes(found, kind) if kind else _fits(found, expected):
            rank = items.EXPECTED
        elif not kind and _constructs(found, expected):
            rank = items.NEAR
        yield items.symbol(found, place.cursor.replaced, rank)


def _is_constructed(definition: types.ClassDefinition) -> bool:
    """Whether a program's text makes objects of a class: not of exceptions, nor what an optimizer makes."""
    needed = [
        option for each in definition.parameters or () if each.required for option in types.options(each.type)
    ]
    made_by_optimizer = any(
        isinstance(each, types.Instance) and each.definition.is_a(base)
        for each in needed
        for base in MAKERS["optimizer"]
    )
    return not definition.is_a("Exception") and not made_by_optimizer


def _declared_kind(cursor: Cursor) -> str:
    """The sort of thing that the line declares with the value at the cursor, `""` for none."""
    words = [token.text for token in cursor.statement]
    if cursor.indentation == 0 and len(words) == 3 and words[2] == "=" and words[0] in (*MAKERS, "program"):
        return words[0]
    outside_blocks = not (cursor.in_block("forward") or cursor.in_block("fallback"))
    if cursor.declaration == "module" and cursor.indentation > 0 and outside_blocks and words[1:] == ["="]:
        return "module"
    return ""


def _makes(found: Symbol, kind: str) -> bool:
    if kind == "program":
        return found.kind == "optimizer"
    if kind == "module" and isinstance(found.type, types.ModuleClass | types.Module):
        return True
    bases = MAKERS[kind]
    return (
        isinstance(found.type, types.Class)
        and found.name not in bases
        and any(found.type.definition.is_a(base) for base in bases)
    ) or (found.name == bases[0] and kind != "module")


def _fits(found: Symbol, expected: types.Type) -> bool:
    """Whether a name is likely what is asked for: of the user's own making, and of a type that fits."""
    if not types.known(expected) or not types.known(found.type) or found.kind == "builtin":
        return False
    for each in types.options(expected):
        if isinstance(each, types.Callback):
            return isinstance(found.type, types.Function) and _takes_part(found.type, each.role)
    return found.kind != "runtime" and assignable(found.type, expected)


def _constructs(found: Symbol, expected: types.Type) -> bool:
    """Whether a name is a class whose objects are what is asked for: `LM` behind `lm=`."""
    if not isinstance(found.type, types.Class):
        return False
    for each in types.options(expected):
        if isinstance(each, types.Instance) and found.type.definition.is_a(each.definition.name):
            return True
        if isinstance(each, types.AnyModule) and found.type.definition.is_a("Module"):
            return True
    return False


def _takes_part(function: types.Function, role: str) -> bool:
    """Whether a function may be a metric or reward, which take two things, or a tool, which is the user's."""
    if role in ("metric", "reward"):
        return sum(each.kind == "" for each in function.parameters) >= 2
    return function.origin != "runtime"


def _arguments(place: Place, opened: Bracket) -> Iterator[Completion]:
    """The parameters that a call does not have yet, as named arguments."""
    cursor = place.cursor
    given = _given(cursor, opened)
    callee, parameters = callee_at(place, opened)
    definition = callee.definition if isinstance(callee, types.Class) else None
    match callee:
        case types.Module(interface=interface):
            inputs = [each for each in interface.inputs if each.name not in given]
            yield from (items.field_argument(each, cursor.replaced) for each in inputs)
            names = {each.name for each in interface.inputs}
            settings = parameters if parameters is not None else catalog.call_settings()
            rest = [each for each in settings if each.name not in names]
            yield from _parameters(rest, given, cursor, None, items.NEAR)
        case types.TypeForm(type=types.Record(interface=interface)):
            missing = [each for each in interface.fields if each.name not in given]
            yield from (items.field_argument(each, cursor.replaced) for each in missing)
        case _:
            known = parameters_of(callee, parameters)
            yield from _parameters(known, given, cursor, definition, items.EXPECTED)


def _parameters(
    parameters: Iterable[types.Parameter],
    given: set[str],
    cursor: Cursor,
    definition: types.ClassDefinition | None,
    rank: int,
) -> Iterator[Completion]:
    for each in parameters:
        if each.kind in ("", "keyword-only") and each.name not in given and not each.name.startswith("_"):
            yield items.parameter(each, cursor.replaced, definition, rank)


def _given(cursor: Cursor, opened: Bracket) -> set[str]:
    inside = cursor.since(opened)
    return {name.text for name, sign in pairwise(inside) if sign.text == "=" and name.kind == "name"}


def _fields(place: Place, directions: set[str]) -> Iterator[Completion]:
    """The fields of the declaration around the cursor that do not have a value yet, as `name=`."""
    given = {name.text for name, sign in pairwise(place.cursor.statement) if sign.text == "="}
    for each in place.fields:
        if each.direction in directions and each.name.text not in given:
            label, rank = f"{each.name.text}=", items.EXPECTED
            yield Completion(label, "field", place.cursor.replaced, each.direction, rank=rank)
