"""What a function changes in place, which its caller sees, too."""

from __future__ import annotations

import ast

CHANGING = frozenset(
    {"append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "add", "setdefault"}
)
"""Methods of lists, sets and dicts that change them."""


def changed_in_place(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The names of a function whose values it may change in place, variables of its own apart."""
    arguments = function.args
    parameters = {each.arg for each in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    stored = {
        each.id
        for each in ast.walk(function)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    found = set()
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=place, attr=method)) if method in CHANGING:
                found.add(_root(place))
            case ast.Subscript(value=place, ctx=ast.Store() | ast.Del()):
                found.add(_root(place))
            case ast.AugAssign(target=ast.Name(id=name), value=value) if not _is_plain(value):
                found.add(name)
    return {name for name in found if name and (name in parameters or name not in stored)}


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_plain(value: ast.expr) -> bool:
    """Whether what is added is certainly a text or a number: `+=` makes another value of those."""
    match value:
        case ast.Constant() | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, right=right):
            return _is_plain(left) or _is_plain(right)
    return False
