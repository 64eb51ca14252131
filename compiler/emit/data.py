"""`Dataset(…)`: where its file is, and rows that are only made when they are needed."""

from __future__ import annotations

import ast

from ...grammar import syntax
from .. import types
from ..trees import walk
from .code import Keywords, Parameters, call, load
from .scope import Scope

_SOURCE = "source"


def is_dataset(scope: Scope, node: syntax.Call) -> bool:
    """Whether a call constructs a dataset."""
    callee = scope.here.item.binding_of(node).callee
    return isinstance(callee, types.Class) and callee.definition.is_a("Dataset")


def is_made_later(node: syntax.Expression) -> bool:
    """Whether the source of a dataset is worked out only when a row is needed: what calls or computes."""
    return any(isinstance(each, syntax.Call | syntax.Comprehension) for each in walk(node))


def completed(
    scope: Scope, node: syntax.Call, positional: list[ast.expr], keywords: Keywords
) -> tuple[list[ast.expr], Keywords]:
    """The arguments of a dataset: the folder of the file that declares it, and a function for its rows.

    Args:
        scope: where the call stands.
        node: the call.
        positional: its arguments in Python, by position.
        keywords: those by name.
    """
    binding = scope.here.item.binding_of(node)
    source = binding.argument(_SOURCE)
    parameters = {each.name for each in binding.parameters or ()}
    if "base" in parameters and binding.argument("base") is None and _may_be_path(scope, source):
        folder = call(scope.here.names.helper("compiled", "folder"), [load("__file__")])
        keywords = [*keywords, ("base", scope.here.at(node, folder))]
    # In a body the rows are worked out where they stand.
    declared = isinstance(scope.here.item.declaration, syntax.ValueDeclaration)
    if not declared or source is None or source.star or not is_made_later(source.value):
        return positional, keywords
    if source.name is None:
        return [_function(scope, source.value, positional[0]), *positional[1:]], keywords
    return positional, [
        (name, _function(scope, source.value, value) if name == _SOURCE else value)
        for name, value in keywords
    ]


def _may_be_path(scope: Scope, source: syntax.Argument | None) -> bool:
    rows = types.List | types.Tuple | types.Iterable | types.Dataset | types.Function
    return source is None or not isinstance(scope.here.item.type_of(source.value), rows)


def _function(scope: Scope, node: syntax.Expression, value: ast.expr) -> ast.expr:
    """`lambda: value`, with the variables of a comprehension around it as they are now."""
    parameters = Parameters()
    for name in sorted(scope.reads(node)):
        parameters.by_name.append((ast.arg(name), load(name)))
    return scope.here.at(node, ast.Lambda(parameters.build(), value))
