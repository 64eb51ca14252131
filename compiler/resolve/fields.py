"""The fields of records, signatures and modules with a body."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from inspect import cleandoc

from ...grammar import syntax
from .. import types
from ..facts import Symbol, SymbolKind
from ..types import Type
from .annotations import annotate
from .bounds import choices_of, limits_of
from .context import Context, Names
from .expressions import infer


def interface(
    name: str, fields: Sequence[syntax.Field], context: Context, inferred: Mapping[str, Type] | None = None
) -> types.Interface:
    """The fields with their types; those without a written type have the inferred one."""
    return types.Interface(name, tuple(_field(each, context, inferred or {}) for each in fields))


def extended(base: types.Interface, own: types.Interface, removed: Collection[str]) -> types.Interface:
    """The fields of a base and those of a declaration that extends it.

    A field of the same name replaces the base's in its place, new ones follow, removed ones are gone.
    """
    mine = {each.name: each for each in own.fields}
    kept = [
        mine.pop(each.name, each) for each in base.fields if each.name not in removed or each.name in mine
    ]
    return types.Interface(own.name, (*kept, *mine.values()), base.open or own.open)


def removed_names(removals: Sequence[syntax.Removal]) -> frozenset[str]:
    """The fields of the base that a declaration does not take over."""
    return frozenset(name.text for each in removals for name in each.names)


def inherited(
    base: types.Interface, own: Sequence[syntax.Field], removals: Sequence[syntax.Removal], context: Context
) -> Names:
    """The fields that a declaration takes over, as names."""
    replaced = {each.name.text for each in own} | removed_names(removals)
    for removal in removals:
        for name in removal.names:
            found = base.field(name.text)
            context.refer(name, _symbol(found) if found is not None else None)
    return {each.name: _symbol(each) for each in base.fields if each.name not in replaced}


def _symbol(field: types.Field) -> Symbol:
    direction: SymbolKind = "field" if field.direction == "attribute" else field.direction
    return Symbol(field.name, direction, field.type, field.place, doc=field.description)


def _field(field: syntax.Field, context: Context, inferred: Mapping[str, Type]) -> types.Field:
    name = field.name.text
    kind = annotate(field.type, context) if field.type is not None else inferred.get(name, types.UNKNOWN)
    return types.Field(
        name,
        kind,
        field.direction,
        field.default is None,
        text_of(field.description),
        _place(field, context),
        source_text(field.default, context.item.text),
        source_text(field.where, context.item.text),
        limits_of(field.where, name),
        choices_of(field.where, name),
    )


def source_text(node: syntax.Expression | None, text: str) -> str:
    """How an expression of an item is written, on one line; `""` for none."""
    return "" if node is None else " ".join(text[node.span.start : node.span.end].split())


def _place(field: syntax.Field, context: Context) -> types.Place:
    return context.place(field.name.span, f".{field.direction} {field.name.text}")


def complete(
    fields: Sequence[syntax.Field],
    resolved: types.Interface,
    context: Context,
    taken_over: Names | None = None,
) -> Names:
    """Resolve defaults and conditions. Returns the fields as names, as conditions and `forward` see them."""
    order = {each.name: index for index, each in enumerate(resolved.fields)} if taken_over else {}
    names: Names = dict(taken_over or {})
    for field in fields:
        found = resolved.field(field.name.text)
        kind = found.type if found else types.UNKNOWN
        direction = "field" if field.direction == "attribute" else field.direction
        symbol = Symbol(
            field.name.text,
            direction,
            kind,
            _place(field, context),
            context.item.key,
            field,
            text_of(field.description),
        )
        context.refer(field.name, symbol)
        names[field.name.text] = symbol
        if field.default is not None:
            infer(field.default, context)
        if field.where is not None:
            # A field that takes the place of the base's sees only what stands above that place.
            end = order.get(field.name.text, len(order))
            above = {name: each for name, each in names.items() if order.get(name, 0) <= end}
            context.item.visible.extend((field.where.span, each) for each in above.values())
            infer(field.where, context.inside(above))
    return names


def text_of(string: syntax.String | None) -> str:
    """A docstring or description as it is read."""
    return cleandoc(string.value) if string is not None else ""
