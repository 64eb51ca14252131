"""Calls: which are awaited, which go through the runtime, and which are plain Python."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ...grammar import syntax
from ...grammar.formatting.one_line import on_one_line
from ..schedule.calls import waiting_kind
from ..trees import children
from . import data, expressions
from .code import Keywords, attribute, call, constant, load
from .scope import Scope

_SIGNATURES = ("Signature", "make_signature")


def called(scope: Scope, node: syntax.Call) -> ast.expr:
    """A call as an expression that has its result."""
    made = awaitable(scope, node)
    return plain(scope, node) if made is None else ast.Await(scope.here.at(node, made))


def plain(scope: Scope, node: syntax.Call) -> ast.expr:
    """A call that is not awaited."""
    positional, keywords = arguments(scope, node.arguments)
    if data.is_dataset(scope, node):
        positional, keywords = data.completed(scope, node, positional, keywords)
    if _makes_signature(scope, node):
        positional, keywords = _with_types(positional, keywords)
    return call(expressions.expression(scope, node.function), positional, keywords)


def _makes_signature(scope: Scope, node: syntax.Call) -> bool:
    """Whether a call is `Signature("…")`, of a string."""
    if not isinstance(node.function, syntax.Name) or node.function.text not in _SIGNATURES:
        return False
    symbol = scope.symbol(node.function)
    first = node.arguments[0] if node.arguments else None
    return (
        symbol is not None
        and symbol.kind in ("builtin", "runtime")
        and first is not None
        and isinstance(first.value, syntax.String)
    )


def _with_types(positional: list[ast.expr], keywords: Keywords) -> tuple[list[ast.expr], Keywords]:
    """The arguments of `Signature("…")`, the types of the file that the string names among them."""
    given = [*positional, *(value for _, value in keywords)]
    found = [(each, made) for each in given if (made := _made_with_types(each)) is not None]
    if not found:
        return positional, keywords
    (place, (text, types)), *_ = found
    positional = [text if each is place else each for each in positional]
    own = next((value for name, value in keywords if name == "custom_types"), None)
    if own is not None:
        types = ast.Dict([*types.keys, None], [*types.values, own])
    keywords = [(name, text if each is place else each) for name, each in keywords if name != "custom_types"]
    return positional, [*keywords, ("custom_types", types)]


def _made_with_types(node: ast.expr) -> tuple[ast.expr, ast.Dict] | None:
    """The text and the types of `make_signature("…", custom_types={…})`."""
    match node:
        case ast.Call(args=[text], keywords=[ast.keyword(arg="custom_types", value=ast.Dict() as types)]):
            return text, types
    return None


def awaitable(scope: Scope, node: syntax.Call) -> ast.expr | None:
    """What has to be awaited, or started, for a call; None for a call that just runs."""
    kind = waiting_kind(scope, node)
    if kind is None:
        return None
    function = expressions.expression(scope, node.function)
    positional, keywords = arguments(scope, node.arguments)
    flow = scope.here.names.helper
    if kind.target == "module" and id(node) in scope.tried and scope.attempt is not None:
        return call(attribute(load(scope.attempt), "call"), [function, *positional], keywords)
    if kind.target in ("module", "lm") or (kind.target == "function" and kind.awaits):
        return call(attribute(function, "acall"), positional, keywords)
    if kind.effects:
        return call(flow("flow", "call"), [function, *positional], keywords)
    if kind.awaits:
        return call(function, positional, keywords)
    return call(flow("flow", "call_pure"), [function, *positional], keywords)


def values_read(scope: Scope, node: syntax.Expression) -> ast.Dict:
    """What a condition reads, by its text: `{"draft.text": draft.text}`."""
    found: dict[str, ast.expr] = {}
    for each in _paths(scope, node):
        text = on_one_line(each)
        found.setdefault(text, expressions.expression(scope, each))
    return ast.Dict([constant(text) for text in found], list(found.values()))


def _paths(scope: Scope, node: syntax.Node) -> list[syntax.Expression]:
    """The longest names and dotted names of variables in an expression, in the order of the text."""
    match node:
        case syntax.Name():
            return [node] if scope.is_local(node) else []
        case syntax.Attribute() if _is_path(scope, node):
            return [node]
        case syntax.Call(function=syntax.Attribute(value=value), arguments=arguments):
            return [
                *_paths(scope, value),
                *(path for each in arguments for path in _paths(scope, each.value)),
            ]
        case syntax.Call(arguments=arguments):
            return [path for each in arguments for path in _paths(scope, each.value)]
        case syntax.Lambda() | syntax.Comprehension():
            return _outer_paths(scope, node)
        case _:
            return [path for child in children(node) for path in _paths(scope, child)]


def _outer_paths(scope: Scope, node: syntax.Lambda | syntax.Comprehension) -> list[syntax.Expression]:
    """What an expression with variables of its own reads from outside: what a comprehension runs over."""
    return _paths(scope, node.clauses[0].iterable) if isinstance(node, syntax.Comprehension) else []


def _is_path(scope: Scope, node: syntax.Expression) -> bool:
    while isinstance(node, syntax.Attribute):
        node = node.value
    return isinstance(node, syntax.Name) and scope.is_local(node)


def arguments(scope: Scope, given: Sequence[syntax.Argument]) -> tuple[list[ast.expr], Keywords]:
    """The arguments of a call: by position, and by name; what stands behind `**` has none."""
    positional: list[ast.expr] = []
    keywords: Keywords = []
    for argument in given:
        value = expressions.expression(scope, argument.value)
        if argument.name is not None:
            keywords.append((argument.name.text, value))
        elif argument.star == "**":
            keywords.append((None, value))
        elif argument.star == "*":
            positional.append(scope.here.at(argument, ast.Starred(value, ast.Load())))
        else:
            positional.append(value)
    return positional, keywords
