"""Fields: of a signature written as a string, and of a module constructed from a signature or module."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import structs
from msgspec.structs import replace

from ...grammar import syntax
from ...grammar.parse import parse_signature_string
from ...grammar.source import Span
from .. import types
from ..facts import Binding, SignatureString
from ..types import Type
from .annotations import annotate
from .context import Context

N = TypeVar("N")


def string_signature(node: syntax.String, context: Context) -> types.Signature:
    """The signature that a string writes; its fields are remembered with spans inside the string."""
    known = context.item.strings.get(id(node))
    if known is None:
        known = context.item.strings[id(node)] = _parse(node, context)
    return types.Signature(known.interface, place=context.place(node.span))


def _parse(node: syntax.String, context: Context) -> SignatureString:
    parsed = parse_signature_string(node.value)
    quote = _prefix(node.raw)
    content = node.raw[quote[0] : len(node.raw) - quote[1]]
    offset = node.span.start + quote[0]
    # In a string with escapes or line joins an offset in the value is none in the text: the whole string
    # stands for it.
    whole = None if content == node.value else node.span
    fields = tuple(_moved(each, offset, whole) for each in (*parsed.inputs, *parsed.outputs))
    problems = tuple(
        each.shifted(offset) if whole is None else replace(each, span=whole, fixes=())
        for each in parsed.problems
    )
    inside = Context(context.scope, context.item, context.names, context.returns, in_string=True)
    found = tuple(_field(each, inside) for each in fields)
    return SignatureString(types.Interface(node.value, found, open=bool(problems)), fields, problems)


def _field(field: syntax.Field, context: Context) -> types.Field:
    if field.type is not None:
        kind = annotate(field.type, context)
    else:
        kind = types.STR if field.direction == "output" else types.ANY
    return types.Field(field.name.text, kind, field.direction, place=context.place(field.name.span))


def _prefix(raw: str) -> tuple[int, int]:
    """How many characters stand before and behind the content of a string literal."""
    start = next((at for at, character in enumerate(raw) if character in "'\""), 0)
    width = 3 if raw[start : start + 3] in ('"""', "'" * 3) else 1
    return start + width, width


def _moved(node: N, offset: int, whole: Span | None) -> N:
    """A node of the string's content as a node of the item."""
    if isinstance(node, tuple):
        return type(node)(_moved(each, offset, whole) for each in node)
    if not isinstance(node, syntax.Node):
        return node
    changed: dict[str, Any] = {
        name: _moved(getattr(node, name), offset, whole) for name in syntax.parts_of(type(node))
    }
    return structs.replace(node, span=whole or node.span.shifted(offset), **changed)


# --- modules --------------------------------------------------------------------------------------------


def module_interface(
    definition: types.ClassDefinition, binding: Binding, context: Context
) -> types.Interface:
    """The fields of a module's calls, from what it is constructed with."""
    shape = definition.shape
    if shape is not None and not shape.of:
        return shaped(types.Interface(definition.name), shape)
    argument = binding.argument(shape.of) if shape else None
    if shape is None or argument is None:
        return types.Interface(definition.name, open=True)
    return shaped(interface_of(context.item.type_of(argument.value)), shape)


def shaped(base: types.Interface, shape: types.InterfaceShape) -> types.Interface:
    """A signature's fields and those that the module adds: optional inputs behind, outputs before its own."""
    names = {field.name for field in base.fields}
    inputs = [*base.inputs, *(each for each in shape.inputs if each.name not in names)]
    outputs = [*(each for each in shape.outputs if each.name not in names), *base.outputs]
    return types.Interface(base.name, (*inputs, *outputs), base.open)


def interface_of(kind: Type) -> types.Interface:
    """The fields of a signature or module, or of the first in a list of them."""
    match kind:
        case types.Signature(interface=interface) | types.Module(interface=interface):
            return interface
        case types.Fields(interface=interface) | types.Dataset(columns=interface):
            return interface
        case types.List(item=item):
            return interface_of(item)
        case types.ModuleClass():
            return kind.interface
        case types.Union(options=options):
            return interface_of(options[0])
        case _:
            return types.OPEN
