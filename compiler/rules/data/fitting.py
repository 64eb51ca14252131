"""Values that are written out, part by part against the type that they are for."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ....base.diagnostic import Fix
from ....grammar import syntax
from ... import types
from ...program import Item
from ...types import Type
from ..fields.defaults import constant_fits
from ..rule import replace
from ..words import described, meant_or_has, near

_NUMBERS = {"int": int, "float": float}


class Misfit(Struct, frozen=True):
    """A part of a value that does not fit, and why."""

    place: syntax.Node
    words: str
    fix: Fix | None = None


def misfits(item: Item, node: syntax.Expression, wanted: Type, name: str) -> Iterator[Misfit]:
    """The parts of a value that do not fit a type.

    Args:
        item: where the value stands.
        node: the value.
        wanted: the type; a dict may stand for a record, and a text for a member or a number.
        name: what the value is for.
    """
    options = [each for each in types.options(wanted) if not isinstance(each, types.Nothing)]
    only = options[0] if len(options) == 1 else None
    match node, only:
        case syntax.Dict(), types.Record():
            yield from _of_record(item, node, only)
        case syntax.Dict(entries=entries), types.Dict(value=value):
            for entry in entries:
                yield from misfits(item, entry.value, value, name)
        case syntax.List(elements=elements), types.List(item=inside):
            for each in elements:
                if not isinstance(each, syntax.Starred):
                    yield from misfits(item, each, inside, name)
        case _:
            given = item.type_of(node)
            if not _fits(node, given, wanted):
                yield _misfit(item, node, given, wanted, name)


def _of_record(item: Item, node: syntax.Dict, record: types.Record) -> Iterator[Misfit]:
    fields = {each.name: each for each in record.interface.fields}
    keys = [each.key.value for each in node.entries if isinstance(each.key, syntax.String)]
    is_whole = len(keys) == len(node.entries) and not record.interface.open
    wrong = False
    for each in node.entries:
        if not isinstance(each.key, syntax.String):
            continue
        field = fields.get(each.key.value)
        if field is not None:
            yield from misfits(item, each.value, field.type, field.name)
        elif not record.interface.open:
            wrong = True
            free = [name for name in fields if name not in keys]
            close = near(each.key.value, free)
            fix = replace(f'Change to "{close}"', each.key, f'"{close}"') if close else None
            ending = meant_or_has(each.key.value, free if close else list(fields))
            yield Misfit(each.key, f"`{record.name}` has no attribute `{each.key.value}`{ending}", fix)
    missing = [name for name, field in fields.items() if field.required and name not in keys]
    if missing and is_whole and not wrong:
        yield Misfit(node, f"`{record.name}` needs the attribute `{missing[0]}`")


def _fits(node: syntax.Expression, given: Type, wanted: Type) -> bool:
    if constant_fits(given, wanted):
        return True
    for option in types.options(wanted):
        match option, node:
            case types.Enum(members=members), syntax.String(value=text):
                if any(text in (name, value) for name, value in members):
                    return True
            case types.Builtin(name=("int" | "float") as name), syntax.String(value=text):
                try:
                    _NUMBERS[name](text)
                except ValueError:
                    continue
                return True  # as a cell of a table
            case (types.Set() | types.Tuple(), syntax.List()) | (types.Instance(), _):
                return True
    return False


def _misfit(item: Item, node: syntax.Expression, given: Type, wanted: Type, name: str) -> Misfit:
    text = f"`{item.text[node.span.start : node.span.end]}`"
    shown = text if isinstance(given, types.Literals) else described(given)
    choices = [
        value
        for each in types.options(wanted)
        if isinstance(each, types.Literals)
        for value in each.values
        if isinstance(value, str)
    ]
    close = near(node.value, choices) if isinstance(node, syntax.String) else None
    fix = replace(f'Change to "{close}"', node, f'"{close}"') if close else None
    return Misfit(node, f"`{name}` is {described(wanted)}, not {shown}", fix)
