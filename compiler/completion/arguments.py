"""Completion of names that are given a value: parameters of a call, fields of a demo or a `return`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...grammar import syntax
from .. import catalog, types
from . import items
from .calls import ActiveCall
from .context import Context
from .items import Completion


def argument_items(context: Context) -> Iterator[Completion]:
    """The names that the argument or output at the cursor may have and that have no value yet, as `name=`."""
    owner = context.above(
        syntax.Call, syntax.ConfigureDeclaration, syntax.Demo, syntax.Return, syntax.Removal
    )
    if isinstance(owner, syntax.Removal):
        yield from _removable(context)
    elif isinstance(owner, syntax.Demo | syntax.Return):
        yield from _fields(context, owner)
    elif context.call is not None:
        yield from _of_call(context, context.call)


def _removable(context: Context) -> Iterator[Completion]:
    """The fields of the base that are still taken over."""
    declaration = context.item.declaration
    if not isinstance(declaration, syntax.SignatureDeclaration | syntax.TypeDeclaration):
        return
    kind = context.item.type_of(declaration.base) if declaration.base is not None else None
    given = {name.text for each in declaration.removals for name in each.names if name is not context.node}
    for field in kind.interface.fields if isinstance(kind, types.Signature | types.Record) else ():
        if field.name not in given:
            yield Completion(field.name, "field", context.replaced, field.direction, rank=items.EXPECTED)


def _of_call(context: Context, call: ActiveCall) -> Iterator[Completion]:
    match call.callee:
        case types.Module(interface=interface):
            inputs = [each for each in interface.inputs if each.name not in call.given]
            yield from _all(context, call, [each.name for each in inputs if each.required])
            yield from (items.field_argument(each, context.replaced) for each in inputs)
            names = {each.name for each in interface.inputs}
            settings = catalog.call_settings() if call.parameters is None else call.missing
            rest = [each for each in settings if each.name not in names | call.given]
            yield from _parameters(rest, context, None, items.NEAR)
        case types.TypeForm(type=types.Record(interface=interface)):
            missing = [each for each in interface.fields if each.name not in call.given]
            yield from _all(context, call, [each.name for each in missing if each.required])
            yield from (items.field_argument(each, context.replaced) for each in missing)
        case types.Class(definition=definition):
            yield from _parameters(call.missing, context, definition, items.EXPECTED)
        case _:
            yield from _parameters(call.missing, context, None, items.EXPECTED)


def _all(context: Context, call: ActiveCall, names: list[str]) -> Iterator[Completion]:
    """Several values that are needed, where nothing is given yet."""
    if len(names) > 1 and not call.given and not context.marked.followed_by_equals:
        yield items.all_arguments(names, context.replaced)


def _parameters(
    parameters: Iterable[types.Parameter],
    context: Context,
    definition: types.ClassDefinition | None,
    rank: int,
) -> Iterator[Completion]:
    for each in parameters:
        if not each.name.startswith("_"):
            yield items.parameter(each, context.replaced, definition, rank)


def _fields(context: Context, owner: syntax.Demo | syntax.Return) -> Iterator[Completion]:
    """The fields of the declaration around the cursor that do not have a value in this line yet."""
    declaration = context.item.declaration
    if not isinstance(declaration, syntax.SignatureDeclaration | syntax.ModuleDeclaration):
        return
    arguments = owner.arguments if isinstance(owner, syntax.Demo) else owner.outputs or ()
    given = {each.name.text for each in arguments if each.name is not None and each.name is not context.node}
    symbol = context.item.symbol_of(declaration.name)
    kind = symbol.type if symbol is not None else None
    fields = {each.name.text: each.direction for each in declaration.fields}
    if isinstance(kind, types.Signature):
        fields |= {each.name: each.direction for each in kind.interface.fields}
    for name, direction in fields.items():
        if name not in given and (isinstance(owner, syntax.Demo) or direction == "output"):
            label, rank = f"{name}=", items.EXPECTED
            yield Completion(label, "field", context.replaced, direction, rank=rank)
