"""The fields of records, signatures and modules with a body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import cleandoc

from ...grammar import syntax
from .. import types
from ..facts import Symbol
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


def complete(fields: Sequence[syntax.Field], resolved: types.Interface, context: Context) -> Names:
    """Resolve defaults and conditions. Returns the fields as names, as conditions and `forward` see them."""
    names: Names = {}
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
            context.item.visible.extend((field.where.span, each) for each in names.values())
            infer(field.where, context.inside(names))
    return names


def text_of(string: syntax.String | None) -> str:
    """A docstring or description as it is read."""
    return cleandoc(string.value) if string is not None else ""
