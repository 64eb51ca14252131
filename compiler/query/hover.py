"""Hover: what the name or word under the pointer means."""

from __future__ import annotations

import os.path
import re
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..program import Symbol
from ..resolve.fields import source_text, text_of
from ..schedule.bounds import most_calls
from ..types.display import display, display_value
from .at import Found, find, item_of, symbol_at
from .describe import Description, describe, describe_bound, describe_field, describe_parameter
from .keywords import DOCUMENTED
from .lenses import age_told, score_told

_RUN = ("module", "module class", "program", "part", "function")
"""The kinds of what can be run."""
_WORD = re.compile(r"[^\W\d]\w*")


class Hover(Struct, frozen=True):
    """What to show, and for which part of the text."""

    span: Span
    code: str
    """In the language's own notation; empty for a keyword."""
    doc: str
    """Markdown."""


def hover(analysis: FileAnalysis, offset: int, now: datetime | None = None) -> Hover | None:
    """What stands at an offset; None where there is nothing to say. `now` is what ages are counted from."""
    found = find(analysis, offset)
    if found is not None and isinstance(found.node, syntax.Name | syntax.Identifier) and found.node.text:
        description = describe_name(found)
        if description is not None:
            parts = (description.doc, _learned(analysis, found, now), _calls(analysis, found))
            doc = "\n\n".join(each for each in parts if each)
            return Hover(found.span(found.node), description.code, doc)
    return _keyword(analysis, offset, found)


def describe_name(found: Found) -> Description | None:
    """What a name means: what its symbol says, or else what the node around it makes of it."""
    parent = found.parent(found.node)
    if isinstance(parent, syntax.Argument) and parent.name is found.node:
        described = _argument(found, parent)
        if described is not None:
            return described
    if isinstance(parent, syntax.Attribute) and parent.name is found.node:
        field = field_of(found.item.type_of(parent.value), parent.name.text)
        if field is not None:
            left = found.item.type_of(parent)
            return describe_field(replace(field, type=left) if types.known(left) else field)
    if isinstance(parent, syntax.Field) and parent.name is found.node:
        return _field(found, parent)
    if isinstance(parent, syntax.Member) and parent.name is found.node:
        return _member(found, parent)
    symbol = symbol_at(found)
    if symbol is not None and symbol.item == found.item.key and isinstance(symbol.node, syntax.Field):
        return _field(found, symbol.node)
    if symbol is not None:
        return _with_own_type(found, symbol)
    if isinstance(parent, syntax.Attribute) and parent.name is found.node:
        kind = found.item.type_of(parent)
        return Description(f"(attribute) {parent.name.text}: {display(kind)}") if types.known(kind) else None
    if isinstance(parent, syntax.FromImport) and found.item.target is not None and found.item.target.path:
        return Description(f"import {os.path.basename(found.item.target.path)}")
    return None


def _calls(analysis: FileAnalysis, found: Found) -> str:
    """How many model calls a run of what is named makes, where it makes some."""
    symbol = symbol_at(found)
    if symbol is None or symbol.kind not in _RUN:
        return ""
    bound = most_calls(analysis.program, symbol)
    text = "" if bound is None else f"{describe_bound(bound)}."
    return text[:1].upper() + text[1:]


def _learned(analysis: FileAnalysis, found: Found, now: datetime | None) -> str:
    """How good a program is that has learned something, and since when."""
    symbol = symbol_at(found)
    item = item_of(analysis, symbol) if symbol is not None and symbol.kind == "program" else None
    if item is None or item.state is None or item.state.problem:
        return ""
    state = item.state
    told = (score_told(state), state.created[:10], age_told(state, now) if now is not None else "")
    return f"Learned: {', '.join(filter(None, told))}."


def field_of(kind: types.Type, name: str) -> types.Field | None:
    """The field that an attribute of a value reads; None where it reads something else."""
    for option in types.options(kind):
        match option:
            case types.Prediction(interface=interface):
                found = next((each for each in interface.outputs if each.name == name), None)
            case types.Fields(interface=interface) | types.Record(interface=interface):
                found = interface.field(name)
            case _:
                found = None
        if found is not None:
            return found
    return None


def _field(found: Found, parent: syntax.Field) -> Description:
    """A field where it is declared; one of a string signature has a type even without one written."""
    for node in found.path:
        signature = found.item.signature_string(node) if isinstance(node, syntax.String) else None
        field = signature.interface.field(parent.name.text) if signature is not None else None
        if field is not None:
            return describe_field(field)
    symbol = symbol_at(found)
    kind = symbol.type if symbol is not None else types.UNKNOWN
    if parent.type is not None:
        kind = found.item.type_of(parent.type)
    description = text_of(parent.description)
    default, where = (source_text(each, found.item.text) for each in (parent.default, parent.where))
    return describe_field(
        types.Field(parent.name.text, kind, parent.direction, not default, description, None, default, where)
    )


def _member(found: Found, member: syntax.Member) -> Description:
    """A member of an enumeration where it is declared."""
    enum, name = found.item.declaration, member.name.text
    owner = f"{enum.name.text}." if isinstance(enum, syntax.EnumDeclaration) else ""
    value = source_text(member.value, found.item.text) or display_value(name)
    return Description(f"(member) {owner}{name} = {value}", text_of(member.description))


def _with_own_type(found: Found, symbol: Symbol) -> Description:
    """A symbol's description; the type of a name at this very place may be narrower than its symbol's."""
    node = found.node
    kind = found.item.type_of(node) if isinstance(node, syntax.Name) else types.UNKNOWN
    if symbol.kind in ("local", "input", "parameter") and types.known(kind) and kind != symbol.type:
        symbol = Symbol(symbol.name, symbol.kind, kind, symbol.place, symbol.item, symbol.node, symbol.doc)
    description = describe(symbol)
    default = _default(found, symbol)
    return replace(description, code=f"{description.code} = {default}") if default else description


def _default(found: Found, symbol: Symbol) -> str:
    """The default of a parameter of the declaration around, as it is written."""
    declaration = found.item.declaration
    if symbol.kind != "parameter" or not isinstance(
        declaration, syntax.FunctionDeclaration | syntax.ModuleDeclaration
    ):
        return ""
    for each in declaration.parameters:
        if each.name is symbol.node:
            return source_text(each.default, found.item.text)
    return ""


def _argument(found: Found, argument: syntax.Argument) -> Description | None:
    call = found.parent(argument)
    if not isinstance(call, syntax.Call | syntax.ConfigureDeclaration):
        return None
    binding = found.item.binding_of(call)
    parameter = next((parameter for given, parameter in binding.matched if given is argument), None)
    if parameter is None:
        return None
    match binding.callee:
        case types.Module(interface=interface) | types.ModuleClass(interface=interface):
            field = next((each for each in interface.inputs if each.name == parameter.name), None)
            if field is not None and isinstance(binding.callee, types.Module):
                return describe_field(field, interface.name)
        case types.Class(definition=definition):
            return describe_parameter(parameter, definition)
    return describe_parameter(parameter)


def _keyword(analysis: FileAnalysis, offset: int, found: Found | None) -> Hover | None:
    """The documentation of a keyword, where a word is one and no name, string or comment."""
    if found is not None and isinstance(
        found.node, syntax.Name | syntax.Identifier | syntax.String | syntax.FString
    ):
        return None
    source = analysis.source
    start, end = source.line_span(source.line_of(offset))
    for word in _WORD.finditer(source.text, start, end):
        if word.start() <= offset <= word.end():
            before = source.text[start : word.start()]
            if "#" in before or word[0] not in DOCUMENTED:
                return None
            return Hover(Span(word.start(), word.end()), "", f"`{word[0]}`: {DOCUMENTED[word[0]]}")
    return None
