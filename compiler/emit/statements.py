"""Statements: one of the language to those of Python."""

from __future__ import annotations

import ast
from typing import assert_never

from msgspec.structs import replace

from ...grammar import syntax
from ...grammar.formatting.one_line import on_one_line
from ..schedule.names import targets
from . import blocks, calls, expressions, hints, patterns
from .code import assign, attribute, call, constant, load, store
from .conversion import converted
from .outputs import returned
from .scope import Scope


def statement(scope: Scope, node: syntax.Statement) -> list[ast.stmt]:
    """The Python statements for one of the language."""
    made = _statement(scope, node)
    return [scope.here.at(node, each) for each in made]


def _statement(scope: Scope, node: syntax.Statement) -> list[ast.stmt]:
    match node:
        case syntax.Assign(target=target, value=value):
            return [assign(expressions.target(scope, target), result(scope, value))]
        case syntax.AnnotatedAssign(target=name, annotation=annotation, value=value):
            kind = hints.annotation(scope.here, annotation)
            made = scope.here.at(name, store(scope.local(name.text)))
            fitting = converted(scope.here, annotation, value, result(scope, value), name.text)
            return [ast.AnnAssign(made, kind, fitting, 1)]
        case syntax.AugmentedAssign(target=target, operator=operator, value=value):
            # Values are immutable: `xs += [x]` makes a new list.
            changed = expressions.binary(
                expressions.expression(scope, target), operator, expressions.expression(scope, value)
            )
            return [assign(expressions.target(scope, target), changed)]
        case syntax.ExpressionStatement(value=value):
            return [ast.Expr(result(scope, value))]
        case syntax.Return():
            return [ast.Return(returned(scope, node))]
        case syntax.Assert():
            return [_assert(scope, node)]
        case syntax.If():
            return [_if(scope, node)]
        case syntax.For():
            return [_for(scope, node)]
        case syntax.Match():
            return [_match(scope, node)]
        case syntax.Try():
            return [_try(scope, node)]
        case syntax.Break():
            return [*_before_leaving(scope), ast.Break()]
        case syntax.Continue():
            return [*_before_leaving(scope), ast.Continue()]
        case syntax.Pass():
            return [ast.Pass()]
        case _:
            assert_never(node)


def result(scope: Scope, value: syntax.Expression) -> ast.expr:
    """An expression that a statement assigns or runs."""
    return expressions.expression(scope, value)


def _assert(scope: Scope, node: syntax.Assert) -> ast.stmt:
    message = (
        constant(on_one_line(node.test))
        if node.message is None
        else expressions.expression(scope, node.message)
    )
    values = calls.values_read(scope, node.test)
    given = [message, values] if values.keys else [message]
    maker = load(scope.attempt) if scope.attempt is not None else scope.here.names.helper("flow")
    failed: ast.stmt
    if node.suggest:
        failed = ast.Expr(call(attribute(maker, "suggest"), given))
    else:
        failed = ast.Raise(call(attribute(maker, "failed"), given), None)
    return ast.If(expressions.negated(expressions.expression(scope, node.test)), [failed], [])


def _if(scope: Scope, node: syntax.If) -> ast.stmt:
    tests = [expressions.expression(scope, branch.test) for branch in node.branches]
    otherwise = blocks.inner_block(scope, node.otherwise) if node.otherwise else []
    for branch, test in zip(reversed(node.branches), reversed(tests), strict=True):
        made = ast.If(test, blocks.inner_block(scope, branch.body), otherwise)
        otherwise = [scope.here.at(branch, made)]
    return otherwise[0]


def _for(scope: Scope, node: syntax.For) -> ast.stmt:
    iterable = expressions.expression(scope, node.iterable)
    own = {scope.local(text) for text in targets(node.target)}
    pending = {name: handle for name, handle in scope.pending.items() if name not in own}
    inside = replace(scope, pending=pending, outside_loop=pending)
    body = blocks.inner_block(inside, node.body)
    return ast.For(expressions.target(scope, node.target), iterable, body, [])


def _match(scope: Scope, node: syntax.Match) -> ast.stmt:
    cases = [
        ast.match_case(
            patterns.pattern(scope, case.pattern),
            None if case.guard is None else expressions.expression(scope, case.guard),
            blocks.inner_block(scope, case.body),
        )
        for case in node.cases
    ]
    return ast.Match(expressions.expression(scope, node.subject), cases)


def _try(scope: Scope, node: syntax.Try) -> ast.stmt:
    """A `try`; what its block starts has ended with it, so that its errors are caught here."""
    outer, scope.function.starts = scope.function.starts, False
    body = blocks.inner_block(scope, node.body)
    if scope.function.starts:
        together = call(scope.here.names.helper("flow", "together"))
        body = [scope.here.at(node, ast.AsyncWith([ast.withitem(together, None)], body))]
    scope.function.starts = outer
    handlers = [_handler(scope, each) for each in node.clauses]
    return ast.Try(body, handlers, [], [])


def _handler(scope: Scope, clause: syntax.ExceptClause) -> ast.ExceptHandler:
    kinds = clause.kind.elements if isinstance(clause.kind, syntax.Tuple) else (clause.kind,)
    named = [_error(scope, each) for each in kinds]
    kind = named[0] if len(named) == 1 else ast.Tuple(list(named), ast.Load())
    name = None if clause.name is None else scope.local(clause.name.text)
    before: list[ast.stmt] = []
    if any(isinstance(each, syntax.Name) and _is_any_error(scope, each) for each in kinds):
        # `Exception` stands for failures; a mistake of the program is caught where it is named.
        name = name or scope.function.fresh("error")
        others = [
            _error(scope, each)
            for each in kinds
            if not (isinstance(each, syntax.Name) and _is_any_error(scope, each))
        ]
        passed = call(scope.here.names.helper("flow", "pass_mistakes_on"), [load(name), *others])
        before.append(ast.Expr(passed))
    body = blocks.inner_block(scope, clause.body)
    return scope.here.at(clause, ast.ExceptHandler(kind, name, [*before, *body]))


def _error(scope: Scope, node: syntax.Expression) -> ast.expr:
    symbol = scope.symbol(node)
    if isinstance(node, syntax.Name) and symbol is not None and symbol.kind == "builtin":
        return scope.here.at(node, scope.here.names.builtin(node.text))
    return expressions.expression(scope, node)


def _is_any_error(scope: Scope, node: syntax.Name) -> bool:
    symbol = scope.symbol(node)
    return node.text == "Exception" and symbol is not None and symbol.kind == "builtin"


def _before_leaving(scope: Scope) -> list[ast.stmt]:
    return blocks.finish(replace(scope, pending=dict(scope.pending)), scope.outside_loop)
