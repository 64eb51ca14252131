"""The type of what is typed already: the value before a dot, a call's function, what is compared."""

from __future__ import annotations

from collections.abc import Mapping

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..program import Symbol
from ..query.at import item_at, nodes
from ..relations import iterated
from .cursor import Bracket, Cursor, Token, primary_before


def type_before(analysis: FileAnalysis, tokens: tuple[Token, ...]) -> types.Type:
    """The type of the primary expression that ends a list of tokens."""
    primary = primary_before(tokens)
    if not primary:
        return types.UNKNOWN
    inferred = _inferred(analysis, Span(primary[0].start, primary[-1].end))
    return inferred if types.known(inferred) else _chain(analysis, primary)


def call_around(analysis: FileAnalysis, cursor: Cursor, opened: Bracket) -> syntax.Call | None:
    """The call whose arguments an open bracket begins, where the parser has made one of it."""
    item = item_at(analysis, opened.start)
    if item is None:
        return None
    for node in nodes(item):
        if isinstance(node, syntax.Call):
            inside = item.at(node)
            end = item.at(node.function).end
            between = cursor.source.text[end : opened.start]
            if end <= opened.start <= inside.end and not between.strip():
                return node
    return None


def members(analysis: FileAnalysis, kind: types.Type) -> Mapping[str, Symbol]:
    """What may follow the dot behind a value of a type."""
    return analysis.program.members(kind)


def _inferred(analysis: FileAnalysis, span: Span) -> types.Type:
    """What the checker found for an expression that is written over exactly this range."""
    item = item_at(analysis, span.start)
    if item is None:
        return types.UNKNOWN
    for node in nodes(item):
        if item.at(node) == span:
            found = item.type_of(node)
            if types.known(found):
                return found
    return types.UNKNOWN


def _chain(analysis: FileAnalysis, tokens: tuple[Token, ...]) -> types.Type:
    """The type of `name.name(…)[…]`, by the names alone: good enough where the line does not parse yet."""
    first = tokens[0]
    if first.kind == "string":
        return types.STR
    if first.kind != "name":
        return types.UNKNOWN
    symbol = analysis.program.names_at(first.start).get(first.text)
    kind = symbol.type if symbol is not None else types.UNKNOWN
    at = 1
    while at < len(tokens):
        token = tokens[at]
        if token.text == "." and at + 1 < len(tokens):
            member = analysis.program.members(kind).get(tokens[at + 1].text)
            kind = member.type if member is not None else types.UNKNOWN
            at += 2
        elif token.text in ("(", "["):
            kind = _called(kind) if token.text == "(" else _item(kind)
            at = _behind(tokens, at)
        else:
            return types.UNKNOWN
    return kind


def _called(kind: types.Type) -> types.Type:
    match kind:
        case types.Module(interface=interface):
            return types.Prediction(interface)
        case types.ModuleClass():
            return types.Module(kind.interface, declared=kind)
        case types.Function(returns=returns):
            return returns
        case types.Overloaded(options=ways):
            return ways[0].returns
        case types.TypeForm(type=inside):
            return inside
        case types.Class(definition=definition):
            return types.Instance(definition)
        case _:
            return types.UNKNOWN


def _item(kind: types.Type) -> types.Type:
    match kind:
        case types.Dict(value=value):
            return value
        case types.Tuple(items=items, rest=rest):
            return rest if rest is not None else types.union(*items) if items else types.UNKNOWN
        case types.List() | types.Dataset() | types.Builtin(name="str"):
            return iterated(kind) or types.UNKNOWN
        case _:
            return types.UNKNOWN


def _behind(tokens: tuple[Token, ...], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        if tokens[at].kind == "operator":
            depth += (tokens[at].text in ("(", "[", "{")) - (tokens[at].text in (")", "]", "}"))
            if depth == 0:
                return at + 1
    return len(tokens)
