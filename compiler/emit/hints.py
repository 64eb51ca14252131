"""Annotations: a type as the text writes it, or as the compiler has inferred it, in Python."""

from __future__ import annotations

import ast

from ...grammar import syntax
from .. import catalog, types
from . import expressions
from .code import Here, attribute, constant, load
from .names import LIBRARY
from .scope import Function, Scope


def annotation(here: Here, node: syntax.Expression) -> ast.expr:
    """A type that stands in the text; a signature's or module's name there means its fields."""
    return here.at(node, _written(here, node))


def _written(here: Here, node: syntax.Expression) -> ast.expr:
    match node:
        case syntax.Name():
            symbol = here.symbol(node)
            kind = here.item.type_of(node)
            if isinstance(kind, types.Fields):
                return here.names.helper("dspy", "Example")
            if symbol is not None and isinstance(
                symbol.type, types.Signature | types.Module | types.ModuleClass
            ):
                return here.names.helper("dspy", "Example")
            return expressions.name(_plain(here), node)
        case syntax.Constant(value=value):
            return ast.Constant(value)
        case syntax.String(value=text):
            return constant(text)
        case syntax.Binary(left=left, operator="|", right=right):
            return expressions.binary(annotation(here, left), "|", annotation(here, right))
        case syntax.Subscript(value=value, index=index):
            return ast.Subscript(annotation(here, value), annotation(here, index), ast.Load())
        case syntax.Tuple(elements=elements):
            return ast.Tuple([annotation(here, element) for element in elements], ast.Load())
        case syntax.List(elements=elements):
            return ast.List([annotation(here, element) for element in elements], ast.Load())
        case syntax.Call():
            # `Values("rows.csv", "column")` was read while checking; it is the `Literal` of what is there.
            return inferred(here, here.item.type_of(node))
        case syntax.Attribute(value=value, name=name):
            return attribute(annotation(here, value), name.text)
        case _:
            return expressions.expression(_plain(here), node)


def _plain(here: Here) -> Scope:
    return Scope(here, Function(set()))


def inferred(here: Here, kind: types.Type) -> ast.expr:
    """A type that the compiler knows; `Any` for what has no name in this file."""
    match kind:
        case types.Builtin(name=name) if name in LIBRARY:
            return here.names.standard(name)
        case types.Builtin(name=name):
            return load(name)
        case types.Nothing():
            return constant(None)
        case types.List(item=item):
            return _generic("list", [inferred(here, item)])
        case types.Set(item=item):
            return _generic("set", [inferred(here, item)])
        case types.Dict(key=key, value=value):
            return _generic("dict", [inferred(here, key), inferred(here, value)])
        case types.Tuple(rest=rest) if rest is not None:
            return _generic("tuple", [inferred(here, rest), ast.Constant(...)])
        case types.Tuple(items=items):
            return _generic("tuple", [inferred(here, item) for item in items])
        case types.Literals(values=values):
            return ast.Subscript(
                here.names.standard("Literal"), _index([constant(value) for value in values]), ast.Load()
            )
        case types.Union(options=options):
            made = inferred(here, options[0])
            for option in options[1:]:
                made = expressions.binary(made, "|", inferred(here, option))
            return made
        case types.Record(name=name) | types.Enum(name=name) if _names_it(here, name, kind):
            return load(name)
        case types.Prediction() | types.Fields():
            return here.names.helper(
                "dspy", type(kind).__name__ if isinstance(kind, types.Prediction) else "Example"
            )
        case types.Instance(definition=definition) if catalog.definition(definition.name) is definition:
            return here.names.helper("dspy", definition.name)
        case types.Dataset():
            return here.names.helper("dspy", "Dataset")
        case types.Module() | types.AnyModule():
            return here.names.helper("dspy", "Module")
        case _:
            return here.names.standard("Any")


def _names_it(here: Here, name: str, kind: types.Type) -> bool:
    symbol = here.program.symbols.get(name)
    return symbol is not None and isinstance(symbol.type, types.TypeForm) and symbol.type.type == kind


def _generic(name: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Subscript(load(name), _index(arguments), ast.Load())


def _index(arguments: list[ast.expr]) -> ast.expr:
    return arguments[0] if len(arguments) == 1 else ast.Tuple(arguments, ast.Load())
