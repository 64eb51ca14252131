"""Expressions: the language's are Python's, apart from awaited calls and values in flight."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import assert_never

from ...grammar import syntax
from .. import catalog, types
from . import calls, comprehensions, strings
from .code import Parameters, attribute, constant, load, store
from .names import LIBRARY
from .scope import Scope

_UNARY: Mapping[str, type[ast.unaryop]] = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert, "not": ast.Not}
_COMPARE: Mapping[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "in": ast.In,
    "not in": ast.NotIn,
    "is": ast.Is,
    "is not": ast.IsNot,
}
_BINARY: Mapping[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "@": ast.MatMult,
    "**": ast.Pow,
    "<<": ast.LShift,
    ">>": ast.RShift,
    "|": ast.BitOr,
    "^": ast.BitXor,
    "&": ast.BitAnd,
}


_OF_THE_RUNTIME: Mapping[str, str] = {"matches": "matches", "print": "printed"}
"""Built-ins that the runtime has, by what they are called in `flow`."""


def expression(scope: Scope, node: syntax.Expression) -> ast.expr:
    """The Python expression for one of the language."""
    if id(node) in scope.replaced:
        return scope.here.at(node, variable(scope, scope.replaced[id(node)]))
    return scope.here.at(node, _expression(scope, node))


def _expression(scope: Scope, node: syntax.Expression) -> ast.expr:
    match node:
        case syntax.Missing():
            raise AssertionError("a file with a syntax error is not compiled")
        case syntax.Name():
            return name(scope, node)
        case syntax.Constant(value=value):
            return ast.Constant(value)
        case syntax.String():
            return strings.string(scope, node)
        case syntax.FString(parts=parts):
            return ast.JoinedStr(_parts(scope, parts))
        case syntax.Attribute(value=value, name=field):
            return _attribute(scope, node, expression(scope, value), field)
        case syntax.Call():
            return calls.called(scope, node)
        case syntax.Subscript(value=value, index=index):
            return ast.Subscript(expression(scope, value), expression(scope, index), ast.Load())
        case syntax.Slice(lower=lower, upper=upper, step=step):
            return ast.Slice(_optional(scope, lower), _optional(scope, upper), _optional(scope, step))
        case syntax.Unary(operator=operator, operand=operand):
            made = expression(scope, operand)
            return negated(made) if operator == "not" else ast.UnaryOp(_UNARY[operator](), made)
        case syntax.Binary():
            return _operations(scope, node)
        case syntax.Boolean(operator=operator, values=values):
            kind = ast.And() if operator == "and" else ast.Or()
            return ast.BoolOp(kind, [expression(scope, value) for value in values])
        case syntax.Comparison(left=left, operators=operators, rights=rights):
            return ast.Compare(
                expression(scope, left),
                [_COMPARE[operator]() for operator in operators],
                [expression(scope, right) for right in rights],
            )
        case syntax.Conditional(body=body, test=test, otherwise=otherwise):
            return ast.IfExp(expression(scope, test), expression(scope, body), expression(scope, otherwise))
        case syntax.Lambda():
            return _lambda(scope, node)
        case syntax.Starred(value=value):
            return ast.Starred(expression(scope, value), ast.Load())
        case syntax.Tuple(elements=elements):
            return ast.Tuple([expression(scope, element) for element in elements], ast.Load())
        case syntax.List(elements=elements):
            return ast.List([expression(scope, element) for element in elements], ast.Load())
        case syntax.Set(elements=elements):
            return ast.Set([expression(scope, element) for element in elements])
        case syntax.Dict(entries=entries):
            return ast.Dict(
                [_optional(scope, entry.key) for entry in entries],
                [expression(scope, entry.value) for entry in entries],
            )
        case syntax.Comprehension():
            return comprehensions.comprehension(scope, node)
        case _:
            assert_never(node)


def _operations(scope: Scope, node: syntax.Binary) -> ast.expr:
    """`a + b + c …`, from the left: its tree is as deep as it has operators."""
    chain = [node]
    while isinstance(chain[-1].left, syntax.Binary) and id(chain[-1].left) not in scope.replaced:
        chain.append(chain[-1].left)
    made = expression(scope, chain[-1].left)
    for each in reversed(chain):
        made = scope.here.at(each, binary(made, each.operator, expression(scope, each.right)))
    return made


def binary(left: ast.expr, operator: str, right: ast.expr) -> ast.BinOp:
    """`left operator right`"""
    return ast.BinOp(left, _BINARY[operator](), right)


def negated(condition: ast.expr) -> ast.expr:
    """`not condition`, as Python has it for memberships and identities."""
    opposite = {ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
    match condition:
        case ast.Compare(ops=[operator]) if type(operator) in opposite:
            made: ast.expr = ast.Compare(condition.left, [opposite[type(operator)]()], condition.comparators)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
        case _:
            made = ast.UnaryOp(ast.Not(), condition)
    return ast.copy_location(made, condition)


def name(scope: Scope, node: syntax.Name) -> ast.expr:
    """What a name is in Python: a variable, an attribute of the module, a helper's attribute, a global."""
    symbol = scope.symbol(node)
    names = scope.here.names
    if scope.values is not None and symbol is not None and symbol.kind in ("input", "output", "field"):
        return ast.Subscript(load(scope.values), constant(node.text), ast.Load())
    if scope.is_local(node):
        return variable(scope, scope.local(node.text))
    if symbol is None:
        return load(node.text)
    match symbol.kind:
        case "part" | "parameter" if scope.receiver is not None:
            return scope.part(node.text)
        case "runtime":
            return names.helper("dspy", node.text)
        case "builtin" if node.text in _OF_THE_RUNTIME:
            return names.helper("flow", _OF_THE_RUNTIME[node.text])
        case "builtin" if node.text in LIBRARY:
            return names.standard(node.text, written=True)
        case _:
            return load(node.text)


def variable(scope: Scope, text: str) -> ast.expr:
    """A variable's value; one that is in flight is awaited."""
    if text in scope.pending:
        return ast.Await(load(text))
    return load(text)


def target(scope: Scope, node: syntax.Expression) -> ast.expr:
    """The target of an assignment, a `for` or a comprehension."""
    match node:
        case syntax.Name(text=text):
            made: ast.expr = store(scope.local(text))
        case syntax.Tuple(elements=elements):
            made = ast.Tuple([target(scope, element) for element in elements], ast.Store())
        case syntax.List(elements=elements):
            made = ast.List([target(scope, element) for element in elements], ast.Store())
        case syntax.Starred(value=value):
            made = ast.Starred(target(scope, value), ast.Store())
        case _:
            raise AssertionError(f"not a target: {node}")
    return scope.here.at(node, made)


def _optional(scope: Scope, node: syntax.Expression | None) -> ast.expr | None:
    return None if node is None else expression(scope, node)


def _attribute(scope: Scope, node: syntax.Attribute, value: ast.expr, field: syntax.Identifier) -> ast.expr:
    if isinstance(scope.here.item.type_of(node.value), types.Prediction | types.Fields) and _hidden(
        field.text
    ):
        symbol = scope.symbol(field)
        if symbol is not None and symbol.kind == "field":
            # The class of predictions has a method of this name; the field is found by index.
            return ast.Subscript(value, constant(field.text), ast.Load())
    return attribute(value, field.text)


def _hidden(field: str) -> bool:
    definition = catalog.definition("Prediction")
    return definition is not None and field in definition.members


def _parts(scope: Scope, parts: tuple[str | syntax.Interpolation, ...]) -> list[ast.expr]:
    made: list[ast.expr] = []
    for part in parts:
        if isinstance(part, str):
            made.append(constant(part))
            continue
        if part.debug:
            made.append(constant(part.debug))
        conversion = part.conversion or ("r" if part.debug and not part.format else "")
        made.append(
            scope.here.at(
                part,
                ast.FormattedValue(
                    expression(scope, part.value),
                    ord(conversion) if conversion else -1,
                    ast.JoinedStr(_parts(scope, part.format)) if part.format else None,
                ),
            )
        )
    return made


def _lambda(scope: Scope, node: syntax.Lambda) -> ast.expr:
    parameters = Parameters()
    by_name = False
    for parameter in node.parameters:
        if parameter.name is None:
            by_name = True
            continue
        entry = (ast.arg(scope.local(parameter.name.text)), _optional(scope, parameter.default))
        (parameters.by_name if by_name else parameters.positional).append(entry)
    # A lambda cannot await: it gets the values that are in flight as defaults, awaited where it is made.
    own = {parameter.name.text for parameter in node.parameters if parameter.name is not None}
    inner = scope.nested()
    for text in sorted(scope.reads(node.body) & scope.pending.keys() - own):
        parameters.by_name.append((ast.arg(text), ast.Await(load(text))))
        del inner.pending[text]
    for text in own & inner.pending.keys():
        del inner.pending[text]
    inner.asynchronous = False
    return ast.Lambda(parameters.build(), expression(inner, node.body))
