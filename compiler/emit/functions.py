"""Functions: `def`, `test`, and the `forward` and `fallback` of a module."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from ...grammar import syntax
from ..schedule.names import targets, written
from ..trees import walk
from . import blocks, expressions, hints
from .code import Here, Parameters, attribute, call, constant, function, load
from .conversion import converted, converted_parameters
from .scope import Function, Scope

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def declared(here: Here, node: syntax.FunctionDeclaration) -> Definition:
    """A `def`: async, and decorated to be called from both sides, when it calls modules."""
    asynchronous = here.program.function_kind(node.name.text).awaits
    scope = _scope(here, node.body, (each.name.text for each in node.parameters if each.name), asynchronous)
    returns = _written_type(here, node.returns)
    scope.returns = node.returns
    before = [*_doc(node.docstring), *converted_parameters(scope, node.parameters)]
    made = _definition(scope, node.name.text, node.body, parameters(scope, node.parameters), returns, before)
    return here.at(node, made)


def test(here: Here, node: syntax.TestDeclaration, name: str) -> Definition:
    """A `test`: a function without arguments that raises when it fails."""
    calls = (each for each in walk(node) if isinstance(each, syntax.Call))
    asynchronous = any(here.program.call_kind(here.item, each).awaits for each in calls)
    scope = _scope(here, node.body, (), asynchronous)
    made = _definition(scope, name, node.body, None, constant(None), [ast.Expr(constant(node.title.value))])
    return here.at(node, made)


def parameters(scope: Scope, found: Sequence[syntax.Parameter]) -> ast.arguments:
    """The parameters of a `def` or of a module."""
    made = Parameters()
    by_name = False
    for each in found:
        if each.name is None:
            by_name = True
            continue
        kind = _written_type(scope.here, each.annotation)
        argument = scope.here.at(each.name, ast.arg(scope.local(each.name.text), kind))
        default = None if each.default is None else _default(scope, each)
        (made.by_name if by_name else made.positional).append((argument, default))
    return made.build()


def _written_type(here: Here, annotation: syntax.Expression | None) -> ast.expr:
    """A type as the text has it; `Any` where it has none."""
    return here.names.standard("Any") if annotation is None else hints.annotation(here, annotation)


def _default(scope: Scope, parameter: syntax.Parameter) -> ast.expr:
    assert parameter.default is not None
    made = expressions.expression(scope, parameter.default)
    name = parameter.name.text if parameter.name is not None else ""
    return converted(scope.here, parameter.annotation, parameter.default, made, name)


def forward(
    here: Here,
    node: syntax.ModuleDeclaration,
    name: str,
    body: Sequence[syntax.Statement],
    receiver: str,
    extra: Sequence[ast.stmt] = (),
) -> Definition:
    """The method that `forward` or the guarded part of it becomes: its inputs are keyword arguments."""
    inputs = [field for field in node.fields if field.direction == "input"]
    scope = module_scope(here, node, body, receiver)
    scope.retried = True
    made = _parameters_of_inputs(scope, inputs, receiver)
    return here.at(
        node, _definition(scope, name, body, made, _prediction(here), list(extra), decorated=False)
    )


def forward_name(here: Here) -> str:
    """What the method that runs a module is called."""
    return "forward" if here.names.synchronous else "aforward"


def guarded(here: Here, node: syntax.ModuleDeclaration, receiver: str, inner: str) -> Definition:
    """`aforward` of a module with a `fallback`: the inner method, and the fallback where that fails."""
    assert node.fallback is not None
    inputs = [field for field in node.fields if field.direction == "input"]
    scope = module_scope(here, node, node.fallback, receiver)
    lines = blocks.block(scope, node.fallback)
    again = call(
        attribute(load(receiver), inner),
        [],
        [(field.name.text, load(scope.local(field.name.text))) for field in inputs],
    )
    error = scope.local("error")
    said = ast.Expr(call(here.names.helper("flow", "fall_back"), [load(receiver), load(error)]))
    handler = ast.ExceptHandler(here.names.builtin("Exception"), error, [said, *lines])
    result = ast.Await(again) if scope.asynchronous else again
    body: list[ast.stmt] = [ast.Try([ast.Return(result)], [handler], [], [])]
    made = _parameters_of_inputs(scope, inputs, receiver)
    decorators = _scoped(scope)
    defined = function(
        forward_name(here),
        body,
        made,
        returns=_prediction(here),
        decorators=decorators,
        asynchronous=scope.asynchronous,
    )
    scope.function.bind_closures(scope.here.names)
    return here.at(node, defined)


def module_scope(
    here: Here, node: syntax.ModuleDeclaration, body: Sequence[syntax.Statement], receiver: str
) -> Scope:
    """The scope of a method of a module: its parts and parameters are attributes."""
    inputs = [field.name.text for field in node.fields if field.direction == "input"]
    scope = _scope(here, body, [*inputs, "error"], True)
    scope.receiver = receiver
    scope.parameters = frozenset(id(each.name) for each in node.parameters)
    scope.function.taken.add(receiver)
    outputs = [field for field in node.fields if field.direction == "output"]
    scope.outputs = tuple(field.name.text for field in outputs)
    scope.output_types = {field.name.text: field.type for field in outputs if field.type is not None}
    return scope


def _scope(here: Here, body: Sequence[syntax.Statement], also: Iterable[str], asynchronous: bool) -> Scope:
    given = frozenset(also)
    own = set(given)
    for statement in body:
        own |= written(statement)
        for node in walk(statement):
            if isinstance(node, syntax.ComprehensionClause):
                own |= targets(node.target)
    scope = Scope(here, Function(set(), tuple(body), given), asynchronous and not here.names.synchronous)
    # A name that means something of the file in one place and a variable in another is two names in Python.
    for statement in body:
        for node in walk(statement):
            if isinstance(node, syntax.Name) and node.text in own and not scope.is_local(node):
                symbol = here.symbol(node)
                if symbol is not None and symbol.kind not in ("part", "parameter"):
                    scope.renamed[node.text] = here.names.fresh(f"{node.text}_")
    scope.function.taken |= here.names.taken
    return scope


def _definition(
    scope: Scope,
    name: str,
    body: Sequence[syntax.Statement],
    arguments: ast.arguments | None,
    returns: ast.expr | None,
    before: list[ast.stmt],
    *,
    decorated: bool = True,
) -> Definition:
    lines = blocks.block(scope, body)
    scope.function.bind_closures(scope.here.names)
    decorators = _scoped(scope)
    if decorated and scope.asynchronous:
        decorators.insert(0, scope.here.names.helper("compiled", "function"))
    return function(
        name,
        [*before, *lines],
        arguments,
        returns=returns,
        decorators=decorators,
        asynchronous=scope.asynchronous,
    )


def _scoped(scope: Scope) -> list[ast.expr]:
    return [scope.here.names.helper("flow", "scope")] if scope.function.starts else []


def _parameters_of_inputs(scope: Scope, inputs: Sequence[syntax.Field], receiver: str) -> ast.arguments:
    made = Parameters()
    made.positional.append((ast.arg(receiver), None))
    for field in inputs:
        kind = None if field.type is None else hints.annotation(scope.here, field.type)
        made.by_name.append((scope.here.at(field.name, ast.arg(scope.local(field.name.text), kind)), None))
    return made.build()


def _prediction(here: Here) -> ast.expr:
    return here.names.helper("dspy", "Prediction")


def _doc(docstring: syntax.String | None) -> list[ast.stmt]:
    return [] if docstring is None else [ast.Expr(constant(docstring.value))]
