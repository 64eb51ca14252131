"""Datasets: the columns of their rows, from where the rows come and through which steps they go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ...grammar import syntax
from .. import types
from ..facts import DataFile
from ..types import Type

Arguments = Mapping[str, syntax.Expression]
"""The arguments of a call by name; the first one by position is called `FIRST`."""
FIRST = "source"


class Typed(Protocol):
    """An item whose expressions have types."""

    def type_of(self, node: syntax.Node) -> Type:
        """The type of an expression."""

    def data_of(self, node: syntax.Node) -> DataFile | None:
        """What is known of the data file that a string names."""


_NONE = types.Interface("Dataset", open=True)
STEPS = ("rename", "copy", "columns", "filter", "unique", "map", "shuffle", "skip", "take", "inputs")
"""All steps, in the order in which a constructor's parameters run."""
_COLUMN_STEPS = ("rename", "copy", "columns", "map", "inputs")
"""Those that change which columns there are."""
_ROW_FUNCTIONS = ("filter", "map")
"""The steps that take a function of a row."""


def constructed(arguments: Sequence[syntax.Argument], item: Typed) -> types.Interface:
    """The columns of `Dataset(…)`."""
    return _after(arguments_of(arguments), _COLUMN_STEPS, item)


def after_step(name: str, arguments: Sequence[syntax.Argument], before: types.Interface) -> types.Interface:
    """The columns of the dataset that a method of a dataset gives."""
    return stepped(before, name, next(iter(arguments_of(arguments).values()), None))


def joined(first: types.Interface, second: types.Interface) -> types.Interface:
    """The columns of two datasets, one after the other; those of both, so that one mistake is told once."""
    names = {each.name for each in first.fields}
    further = tuple(each for each in second.fields if each.name not in names)
    return types.Interface("Dataset", (*first.fields, *further), first.open or second.open)


def given_rows(
    callee: Type,
    receiver: Type,
    arguments: Sequence[syntax.Argument],
    function: syntax.Argument,
    item: Typed,
) -> Sequence[Type]:
    """What a function is called with that stands as an argument of a step: one row; nothing elsewhere."""
    match callee, receiver:
        case types.Class(definition=definition), _ if definition.is_a("Dataset"):
            if function.name is None or function.name.text not in _ROW_FUNCTIONS:
                return ()
            before = _COLUMN_STEPS[: _COLUMN_STEPS.index("map")]
            return (types.Fields(_after(arguments_of(arguments), before, item)),)
        case types.Function(name=name), types.Dataset(columns=columns) if name in _ROW_FUNCTIONS:
            return (types.Fields(columns),)
        case _:
            return ()


def steps_of(
    call: syntax.Call, callee: Type, receiver: Type, item: Typed
) -> Iterator[tuple[str, syntax.Expression | None, types.Interface]]:
    """The steps that a call makes in the order in which they run: what each is given, the columns before it.

    `Dataset(…)` makes one for each of its parameters, a method of a dataset makes one.
    """
    match callee, receiver:
        case types.Class(definition=definition), _ if definition.is_a("Dataset"):
            arguments = arguments_of(call.arguments)
            columns = _after(arguments, (), item)
            for name in STEPS:
                if name in arguments:
                    yield name, arguments[name], columns
                    columns = stepped(columns, name, arguments[name])
        case types.Function(name=name), types.Dataset(columns=columns) if name in STEPS:
            yield name, next(iter(arguments_of(call.arguments).values()), None), columns


def arguments_of(arguments: Sequence[syntax.Argument]) -> Arguments:
    """The arguments of a step or of `Dataset(…)` by their names."""
    found: dict[str, syntax.Expression] = {}
    for each in arguments:
        if not each.star:
            found.setdefault(FIRST if each.name is None else each.name.text, each.value)
    return found


def columns_of(kind: Type) -> types.Interface:
    """The columns that rows of a type have, where the type says it."""
    match kind:
        case types.Dataset(columns=columns):
            return columns
        case types.List(columns=(_, *_) as names):
            return types.Interface("Dataset", tuple(_column(each) for each in names))
        case types.List(item=types.Record() as record) | types.Iterable(item=types.Record() as record):
            fields = tuple(_column(each.name) for each in record.interface.fields)
            return types.Interface("Dataset", fields, record.interface.open)
        case types.Function(returns=returns):
            return columns_of(returns)
        case _:
            return _NONE


def keys_of(elements: Sequence[syntax.Expression]) -> tuple[str, ...]:
    """The keys of rows that are written out as dicts; empty where one is something else."""
    found: dict[str, None] = {}
    for each in elements:
        if not isinstance(each, syntax.Dict):
            return ()
        for entry in each.entries:
            if not isinstance(entry.key, syntax.String):
                return ()
            found[entry.key.value] = None
    return tuple(found)


# --- steps ----------------------------------------------------------------------------------------------


def _after(arguments: Arguments, steps: Sequence[str], item: Typed) -> types.Interface:
    source = arguments.get(FIRST)
    found = _NONE if source is None else _of_source(source, item)
    for name in steps:
        if name in arguments:
            found = stepped(found, name, arguments[name])
    return found


def _of_source(source: syntax.Expression, item: Typed) -> types.Interface:
    """The columns that a dataset's rows have before its steps."""
    file = item.data_of(source)
    if file is None or file.columns is None:
        return columns_of(item.type_of(source))
    return types.Interface("Dataset", tuple(_column(each) for each in file.columns))


def stepped(before: types.Interface, name: str, given: syntax.Expression | None) -> types.Interface:
    """The columns behind a step, by its name and what it is given."""
    if name not in _COLUMN_STEPS:
        return before
    if isinstance(given, syntax.Constant) and given.value is None:
        return before
    if lacking(before, name, given):
        # That is a finding, and further ones would only follow from it.
        return types.Interface("Dataset", before.fields, open=True)
    match name:
        case "rename":
            return _renamed(before, _names(given))
        case "copy":
            return _copied(before, _names(given))
        case "columns":
            return _chosen(before, _strings(given))
        case "inputs":
            return _marked(before, _strings(given))
        case _:
            return types.Interface("Dataset", before.inputs, open=True)


def lacking(before: types.Interface, name: str, given: syntax.Expression | None) -> Sequence[syntax.String]:
    """The columns that a step names and that there are not."""
    if before.open:
        return ()
    there = {each.name for each in before.fields}
    return [
        each
        for each in named_columns(name, given)
        if each.value not in there and (name != "rename" or each.value.partition(".")[0] not in there)
    ]


def named_columns(step: str, given: syntax.Expression | None) -> Sequence[syntax.String]:
    """The strings by which a step names columns that there must be."""
    match step, given:
        case "rename" | "copy", syntax.Dict(entries=entries):
            return [each.key for each in entries if isinstance(each.key, syntax.String)]
        case "columns" | "inputs" | "unique", (
            syntax.List(elements=elements) | syntax.Tuple(elements=elements)
        ):
            return [each for each in elements if isinstance(each, syntax.String)]
        case "unique", syntax.String():
            return [given]
        case _:
            return ()


def _renamed(before: types.Interface, names: Mapping[str, str] | None) -> types.Interface:
    if names is None:
        return types.Interface("Dataset", open=True)
    fields = {
        names.get(each.name, each.name): _column(names.get(each.name, each.name), each)
        for each in before.fields
    }
    for new in names.values():
        fields.setdefault(new, _column(new))
    return types.Interface("Dataset", tuple(fields.values()), before.open)


def _copied(before: types.Interface, names: Mapping[str, str] | None) -> types.Interface:
    further = () if names is None else tuple(_column(new) for new in names.values())
    fields = {each.name: each for each in (*before.fields, *further)}
    return types.Interface("Dataset", tuple(fields.values()), before.open or names is None)


def _chosen(before: types.Interface, names: Sequence[str] | None) -> types.Interface:
    if names is None:
        return types.Interface("Dataset", before.fields, open=True)
    known = {each.name: each for each in before.fields}
    return types.Interface("Dataset", tuple(known.get(name) or _column(name) for name in names))


def _marked(before: types.Interface, names: Sequence[str] | None) -> types.Interface:
    if names is None:
        return before
    known = {each.name: None for each in before.fields} | dict.fromkeys(names)
    fields = tuple(types.Field(name, types.UNKNOWN, "input" if name in names else "output") for name in known)
    return types.Interface("Dataset", fields, before.open)


def _column(name: str, like: types.Field | None = None) -> types.Field:
    """A column. What its values are depends on the program that it is used for: a dict becomes its record."""
    return types.Field(name, types.UNKNOWN, "output" if like is None else like.direction)


def _names(given: syntax.Expression | None) -> Mapping[str, str] | None:
    """A dict of names that is written out."""
    if not isinstance(given, syntax.Dict):
        return None
    found: dict[str, str] = {}
    for entry in given.entries:
        if not isinstance(entry.key, syntax.String) or not isinstance(entry.value, syntax.String):
            return None
        found[entry.key.value] = entry.value.value
    return found


def _strings(given: syntax.Expression | None) -> Sequence[str] | None:
    """A list of names that is written out."""
    if not isinstance(given, syntax.List | syntax.Tuple):
        return None
    names = [each.value for each in given.elements if isinstance(each, syntax.String)]
    return names if len(names) == len(given.elements) else None
