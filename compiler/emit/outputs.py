"""`return`: a value in a `def`, a prediction in a `forward`."""

from __future__ import annotations

import ast

from ...grammar import syntax
from .. import types
from . import expressions
from .code import attribute, call, constant
from .conversion import converted
from .scope import Scope


def returned(scope: Scope, node: syntax.Return) -> ast.expr | None:
    """What a `return` gives."""
    if node.outputs is None:
        if node.value is None:
            return None
        made = expressions.expression(scope, node.value)
        return converted(scope.here, scope.returns, node.value, made, "return")
    named = {argument.name.text for argument in node.outputs if argument.name is not None}
    keywords: list[tuple[str | None, ast.expr]] = []
    for argument in node.outputs:
        if argument.name is not None:
            name = argument.name.text
            made = expressions.expression(scope, argument.value)
            wanted = scope.output_types.get(name)
            keywords.append((name, converted(scope.here, wanted, argument.value, made, name)))
        else:
            keywords += _taken_from(
                scope, argument.value, [name for name in scope.outputs if name not in named]
            )
    return call(scope.here.names.helper("dspy", "Prediction"), [], keywords)


def _taken_from(
    scope: Scope, value: syntax.Expression, wanted: list[str]
) -> list[tuple[str | None, ast.expr]]:
    """`**found`: the declared outputs that it has."""
    match scope.here.item.type_of(value):
        case types.Prediction(interface=interface) | types.Fields(interface=interface) if (
            not interface.open and isinstance(value, syntax.Name)
        ):
            has = {field.name for field in interface.fields}
            return [
                (name, attribute(expressions.expression(scope, value), name))
                for name in wanted
                if name in has
            ]
        case _:
            names: list[ast.expr] = [constant(name) for name in wanted]
            pick = scope.here.names.helper("flow", "pick")
            return [(None, call(pick, [expressions.expression(scope, value), *names]))]
