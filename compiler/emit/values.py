"""Declarations without a body: `KIND NAME = value`, constants, imports, the file's defaults."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ...grammar import syntax
from . import calls, expressions, hints, strings
from .code import Here, Keywords, assign, call, constant, load, store
from .conversion import converted
from .names import Names
from .scope import Function, Scope


def imported(here: Here, node: syntax.FromImport | syntax.Import) -> ast.stmt:
    """An import; Python has the same."""
    if isinstance(node, syntax.Import):
        name = ".".join(part.text for part in node.module)
        return here.at(node, ast.Import([ast.alias(name, node.alias.text if node.alias else None)]))
    names = [ast.alias(each.name.text, each.alias.text if each.alias else None) for each in node.names]
    module = ".".join(part.text for part in node.module)
    return here.at(node, ast.ImportFrom(module or None, names, node.level))


def value(here: Here, node: syntax.ValueDeclaration) -> ast.stmt:
    """`KIND NAME = value`"""
    scope = Scope(here, Function(set(), (node,)))
    match node.kind, node.value:
        case "program", syntax.Call(
            function=syntax.Attribute(value=optimizer, name=syntax.Identifier(text="compile"))
        ):
            made = _program(scope, node, node.value, optimizer)
        case "signature", syntax.String():
            made = strings.string(scope, node.value, node.names[0].text)
        case _:
            made = expressions.expression(scope, node.value)
    targets: list[ast.expr] = [here.at(name, store(name.text)) for name in node.names]
    target = targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store())
    return here.at(node, assign(target, made))


def constant_value(here: Here, node: syntax.ConstantDeclaration) -> ast.stmt:
    """`NAME = value`"""
    made = expressions.expression(Scope(here, Function(set(), (node,))), node.value)
    target = here.at(node.name, store(node.name.text))
    if node.annotation is None:
        return here.at(node, assign(target, made))
    fitting = converted(here, node.annotation, node.value, made, node.name.text)
    return here.at(node, ast.AnnAssign(target, hints.annotation(here, node.annotation), fitting, 1))


def defaults(
    here: Here | None,
    node: syntax.ConfigureDeclaration | None,
    names: Names,
    declared: Sequence[str],
    imported: Sequence[str],
) -> ast.stmt:
    """What `configure(…)` says, for all that the file declares; nothing where there is no such declaration.

    Args:
        here: the declaration.
        node: its syntax.
        names: the names of the module.
        declared: what the file declares that runs, or makes what runs.
        imported: what it imports.
    """
    keys: list[ast.expr | None] = []
    given: list[ast.expr] = []
    if here is not None and node is not None:
        scope = Scope(here, Function(set(), (node,)))
        keys = [constant(each.name.text) if each.name is not None else None for each in node.arguments]
        given = [expressions.expression(scope, each.value) for each in node.arguments]
    keywords: Keywords = []
    if imported:
        keywords = [("imported", ast.Tuple([load(name) for name in imported], ast.Load()))]
    apply = names.helper("compiled", "apply_defaults")
    made = call(
        apply, [load("__file__"), ast.Dict(keys, given), *(load(name) for name in declared)], keywords
    )
    statement = ast.Expr(made)
    return statement if here is None or node is None else here.at(node, statement)


def _program(
    scope: Scope, node: syntax.ValueDeclaration, compile_call: syntax.Call, optimizer: syntax.Expression
) -> ast.expr:
    """`OPTIMIZER.compile(MODULE, …)`: a program with its name and file, which optimises when told to."""
    names = scope.here.names
    first = expressions.expression(scope, optimizer)
    positional, keywords = calls.arguments(scope, compile_call.arguments)
    own: Keywords = [("name", constant(node.names[0].text)), ("source", load("__file__"))]
    program = call(names.helper("dspy", "Program"), [first, *positional], [*own, *keywords])
    return scope.here.at(compile_call, program)
