"""Type expressions: what an annotation names."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from ...grammar import syntax
from .. import catalog, types
from ..facts import Symbol
from ..types import Type
from ..types.generic import generic, hides_builtin, named
from .context import Context
from .library_types import library_symbol, typing_name
from .members import member
from .prelude import describe

SPECIAL = frozenset({"Literal", "Values"})
"""Names that mean something only in a type, with brackets behind them."""

_TYPING = frozenset(["Optional", "Union", "List", "Dict", "Tuple", "Set", "FrozenSet"])
"""What DSPy's signature strings may use besides."""


def annotate(node: syntax.Expression, context: Context) -> Type:
    """The type that an annotation names; Unknown where that cannot be told."""
    context.item.annotations[id(node)] = node
    return context.record(node, _annotate(node, context))


def _annotate(node: syntax.Expression, context: Context) -> Type:
    match node:
        case syntax.Constant(value=None):
            return types.NONE
        case syntax.Name(text=name):
            return _name(node, name, context)
        case syntax.Attribute():
            return _attribute(node, context)
        case syntax.Subscript(value=value, index=index):
            return _subscript(value, index, context)
        case syntax.Binary(operator="|"):
            return _union(node, context)
        case syntax.Call(function=syntax.Name(text="Values"), arguments=arguments):
            return _values(arguments, context)
        case _:
            return types.UNKNOWN


def _union(node: syntax.Binary, context: Context) -> Type:
    """`a | b | c …`, from the left: its tree is as deep as it has members."""
    chain = [node]
    while isinstance(chain[-1].left, syntax.Binary) and chain[-1].left.operator == "|":
        chain.append(chain[-1].left)
    kind = annotate(chain[-1].left, context)
    for each in reversed(chain):
        if each is not node:
            context.item.annotations[id(each)] = each
        kind = types.union(kind, annotate(each.right, context))
        if each is not node:
            context.record(each, kind)
    return kind


def _name(node: syntax.Expression, name: str, context: Context) -> Type:
    symbol = context.lookup(name)
    if symbol is None and (name in SPECIAL or (context.in_string and name in _TYPING)):
        symbol = Symbol(name, "builtin", types.TypeForm(types.ANY))
    library = library_symbol(node, context) if symbol is not None and symbol.kind == "imported" else None
    if symbol is not None and library is not None and named(library.type) is None:
        symbol = replace(symbol, type=library.type)
    context.refer(node, symbol)
    if symbol is None or hides_builtin(name, symbol.type):
        return types.UNKNOWN  # of which there is a finding
    kind = named(symbol.type)
    if symbol.kind == "builtin" and name in _TYPING:
        kind = generic(name, None)
    elif symbol.kind == "imported" and not types.known(symbol.type):
        kind = generic(typing_name(node, context), None) or kind
    return types.UNKNOWN if kind is None else kind


def _attribute(node: syntax.Attribute, context: Context) -> Type:
    found = catalog.lookup(node.name.text) if context.in_string else None
    if found is not None and isinstance(node.value, syntax.Name) and context.lookup(node.value.text) is None:
        # `dspy.Image`, as DSPy's own signatures write it.
        context.refer(node.name, Symbol(node.name.text, "runtime", found))
        context.refer(node.value, Symbol(node.value.text, "python", types.UNKNOWN))
        return named(found) or types.UNKNOWN
    symbol = _dotted(node, context)
    if symbol is not None and not types.known(symbol.type):
        symbol = library_symbol(node, context) or symbol
        context.refer(node.name, symbol)
    return (named(symbol.type) or types.UNKNOWN) if symbol else types.UNKNOWN


def _dotted(node: syntax.Expression, context: Context) -> Symbol | None:
    """What a dotted name stands for; its parts are noted as references."""
    match node:
        case syntax.Name(text=text):
            symbol = context.lookup(text)
            context.refer(node, symbol)
        case syntax.Attribute(value=value, name=name):
            base = _dotted(value, context)
            symbol = member(base.type, name.text) if base is not None else None
            if base is not None and _has_no_types(base) and (symbol is None or not types.known(symbol.type)):
                symbol = Symbol(name.text, "member", types.Builtin("object"))
            context.refer(name, symbol)
        case _:
            return None
    return symbol


def _has_no_types(base: Symbol) -> bool:
    """Whether nothing behind the dot is a type: only modules and classes of Python files have types there."""
    if not types.known(base.type) or isinstance(base.type, types.PythonModule):
        return False
    place = describe(base).place or base.place
    return base.kind == "runtime" or place is None or not place.path.endswith((".py", ".pyi"))


def _subscript(value: syntax.Expression, index: syntax.Expression, context: Context) -> Type:
    elements = index.elements if isinstance(index, syntax.Tuple) else (index,)
    name = value.text if isinstance(value, syntax.Name) else ""
    base = annotate(value, context)
    if name == "Literal":
        return types.Literals(tuple(_literals(elements)))
    if name in ("tuple", "Tuple") and len(elements) == 2 and _is_ellipsis(elements[1]):
        return types.Tuple((), annotate(elements[0], context))
    symbol = context.item.symbol_of(value)
    if symbol is None and isinstance(value, syntax.Name):
        return types.UNKNOWN  # one message, about the name; what is in the brackets depends on it
    if _is_code(base) and len(elements) == 1 and isinstance(elements[0], syntax.String):
        return base  # the name of a programming language: `Code["java"]`
    if elements and isinstance(elements[0], syntax.List) and typing_name(value, context) == "Callable":
        # `Callable[[A, B], C]`: the types of the arguments, and of what comes out.
        for each in (*elements[0].elements, *elements[1:]):
            annotate(each, context)
        return base
    inside = [annotate(each, context) for each in elements]
    is_builtin = symbol is not None and symbol.kind == "builtin"
    found = generic(name if is_builtin else typing_name(value, context), inside)
    return base if found is None else found


def _is_code(kind: Type) -> bool:
    """Whether a type is the runtime's `Code`."""
    if not isinstance(kind, types.Record) or kind.name != "Code":
        return False
    return kind == named(catalog.lookup(kind.name) or types.UNKNOWN)


def _is_ellipsis(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Constant) and node.value is ...


def _literals(elements: tuple[syntax.Expression, ...]) -> Iterator[types.Value]:
    for each in elements:
        match each:
            case syntax.String(value=text):
                yield text
            case syntax.Constant(value=(bool() | int() | None) as value):
                yield value
            case syntax.Unary(operator="-", operand=syntax.Constant(value=int() as value)):
                yield -value


# --- the values of a data file's column -----------------------------------------------------------------


def _values(arguments: tuple[syntax.Argument, ...], context: Context) -> Type:
    given = [each.value.value for each in arguments if isinstance(each.value, syntax.String)]
    if len(given) != 2 or len(arguments) != 2:
        return types.UNKNOWN
    text = context.scope.read(given[0])
    if text is None:
        return types.UNKNOWN
    found = dict.fromkeys(column_values(given[0], text, given[1]))
    return types.Literals(tuple(found)) if found else types.UNKNOWN


def column_values(path: str, text: str, column: str) -> list[types.Value]:
    """A column's values in a CSV, TSV, JSON or JSON Lines text, in order; none when it cannot be read."""
    ending = path.rpartition(".")[2].lower()
    try:
        rows = _rows(ending, text)
    except (ValueError, csv.Error):
        return []
    values = (row.get(column) for row in rows if isinstance(row, dict))
    return [value for value in values if isinstance(value, str | int)]


def _rows(ending: str, text: str) -> list[Any]:
    match ending:
        case "csv" | "tsv":
            return list(csv.DictReader(text.splitlines(), delimiter="\t" if ending == "tsv" else ","))
        case "json":
            parsed = json.loads(text)
            return parsed if isinstance(parsed, list) else []
        case "jsonl" | "ndjson":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        case _:
            return []
