"""Modules with a body: a class with the fields as its signature, the parts, and `forward`."""

from __future__ import annotations

import ast

from ...grammar import syntax
from . import expressions, functions
from .code import Here, Parameters, assign, attribute, call, class_definition, function, load, store
from .conversion import converted_parameters
from .scope import attribute_name
from .signatures import docstring, signature_class


def module(here: Here, node: syntax.ModuleDeclaration) -> list[ast.stmt]:
    """The classes of a module: its fields, and itself."""
    name = node.name.text
    fields = here.names.fresh(f"{name}Signature")
    inferred = {field.name: field.type for field in here.program.interface(name).fields}
    receiver = here.names.receiver
    body: list[ast.stmt] = [
        *docstring(node.docstring),
        assign(store("signature"), load(fields)),
        _constructor(here, node, receiver),
    ]
    if node.forward is not None:
        if node.fallback is None:
            body.append(functions.forward(here, node, functions.forward_name(here), node.forward, receiver))
        else:
            inner = "guarded_forward"
            body.append(functions.guarded(here, node, receiver, inner))
            body.append(functions.forward(here, node, inner, node.forward, receiver))
    base = here.names.helper("compiled", "Module")
    made = [
        signature_class(here, fields, node.fields, [], [], inferred),
        class_definition(name, [base], body),
    ]
    return [here.at(node, each) for each in made]


def _constructor(here: Here, node: syntax.ModuleDeclaration, receiver: str) -> ast.stmt:
    """`__init__`: the parameters, then the parts in their order, then the settings that all parts take."""
    scope = functions.module_scope(here, node, (), receiver)
    scope.asynchronous = False
    declared = functions.parameters(scope, node.parameters)
    rest = scope.function.fresh("settings")
    arguments = Parameters(
        positional=[(ast.arg(receiver), None)], rest=ast.arg(rest, here.names.standard("Any"))
    ).build()
    arguments.args += declared.args
    arguments.defaults = declared.defaults
    arguments.kwonlyargs, arguments.kw_defaults = declared.kwonlyargs, declared.kw_defaults
    lines: list[ast.stmt] = [*converted_parameters(scope, node.parameters)]
    for parameter in node.parameters:
        if parameter.name is not None:
            target = ast.Attribute(load(receiver), attribute_name(parameter.name.text), ast.Store())
            lines.append(here.at(parameter, assign(target, load(parameter.name.text))))
    for part in node.parts:
        target = ast.Attribute(load(receiver), attribute_name(part.name.text), ast.Store())
        lines.append(here.at(part, assign(target, expressions.expression(scope, part.value))))
    configured = call(attribute(load(receiver), "configure_parts"), [], [(None, load(rest))])
    lines.append(ast.Expr(configured))
    return function("__init__", lines, arguments, returns=ast.Constant(None))
