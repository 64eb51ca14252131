"""Modules that inherit from modules of the same file, with what they inherit written out.

    class Rewriting(RAG):
        def __init__(self):
            super().__init__(k=5)
            self.rewrite = dspy.Predict("question -> query")

A module of the language has no base, so the parts and methods of `RAG` come to those of `Rewriting`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from .scopes import bound_by

_Method: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def inherited(node: ast.ClassDef, bases: Mapping[str, ast.ClassDef]) -> ast.ClassDef:
    """A class with the body of its base in its own; the class itself where that cannot be told.

    Args:
        node: the class.
        bases: the classes of modules of the file so far, with what they inherit.
    """
    match node:
        case ast.ClassDef(bases=[ast.Name(id=name)], keywords=[], decorator_list=[]) if name in bases:
            base = copy.deepcopy(bases[name])
        case _:
            return node
    if any(_is_of_another(each, node.name) for each in ast.walk(node)):
        return node
    own = copy.deepcopy(node)
    methods = {each.name: each for each in own.body if isinstance(each, _METHODS)}
    above = {each.name: each for each in base.body if isinstance(each, _METHODS)}
    if "__init__" in methods and not _with_base(methods["__init__"], above.get("__init__")):
        return node
    before: list[ast.stmt] = []
    for each in base.body:
        if not isinstance(each, _METHODS):
            if not _names(each) & {name for one in own.body for name in _names(one)}:
                before.append(each)
        elif each.name not in methods:
            before.append(each)
        elif each.name != "__init__" and (other := _called_above(each.name, methods.values())):
            each.name = f"{each.name}_of_{name.lower()}"
            for call in other:
                call.func = ast.Attribute(_own(methods, call), each.name, ast.Load())
            before.append(each)
    if any(_is_super(each) for each in ast.walk(own)):
        return node
    has_text = ast.get_docstring(own) is not None
    own.bases = base.bases
    own.body = [*own.body[: int(has_text)], *_without_text(before), *own.body[int(has_text) :]]
    return ast.fix_missing_locations(own)


_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ONCE = (
    ast.Call,
    ast.Await,
    ast.NamedExpr,
    ast.Yield,
    ast.YieldFrom,
    ast.List,
    ast.Dict,
    ast.Set,
    ast.ListComp,
)
"""What is something else, or does something, each time."""


def _names(statement: ast.stmt) -> set[str]:
    """What a statement of a class gives a value, methods apart."""
    if isinstance(statement, _METHODS):
        return set()
    return {name for each in ast.walk(statement) for name in bound_by(each)}


def _without_text(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    return [
        each for each in body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
    ]


def _is_super(node: ast.AST) -> bool:
    """Whether a node is `super()`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _is_of_another(node: ast.AST, name: str) -> bool:
    """Whether a node is `super(Other, self)`, which skips classes."""
    match node:
        case ast.Call(func=ast.Name(id="super"), args=[first, *_]):
            return not (isinstance(first, ast.Name) and first.id == name)
    return False


def _called_above(name: str, methods: Iterable[_Method]) -> list[ast.Call]:
    """The calls of `super().NAME(…)`."""
    return [
        node
        for method in methods
        for node in ast.walk(method)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
        and _is_super(node.func.value)
    ]


def _own(methods: Mapping[str, _Method], call: ast.Call) -> ast.Name:
    """The name of the object in the method in which a call stands."""
    method = next(each for each in methods.values() if any(one is call for one in ast.walk(each)))
    return ast.Name(method.args.args[0].arg if method.args.args else "self", ast.Load())


def _with_base(own: _Method, base: _Method | None) -> bool:
    """Put the body of the base's `__init__` where `super().__init__(…)` stands; whether that is possible."""
    found = [(index, call) for index, each in enumerate(own.body) if (call := _base_call(each)) is not None]
    if not found:
        return True
    index, call = found[0]
    body = [] if base is None else _filled(base, call, own)
    if body is None:
        return False
    after = own.body[index + 1 :]
    later = {name: each for each in after if (name := _attribute(each))}
    made = {name for each in body if (name := _attribute(each))} & later.keys()
    if any(_is_used_before(later[name], name, [*body, *after]) for name in made):
        return False
    # A part stands where the base makes it, and is what the class makes of it.
    kept = [later.get(_attribute(each), each) for each in body]
    own.body = [*own.body[:index], *kept, *(each for each in own.body[index + 1 :] if each not in kept)]
    return True


def _is_used_before(statement: ast.stmt, name: str, body: list[ast.stmt]) -> bool:
    """Whether a statement that gives an attribute another value cannot stand where it gets its first."""
    before = body[: body.index(statement)]
    bound = {one for each in before for node in ast.walk(each) for one in bound_by(node)}
    reads = [node for each in before for node in ast.walk(each) if isinstance(node, ast.Attribute)]
    return (
        any(each.attr == name and isinstance(each.ctx, ast.Load) for each in reads)
        or sum(each.attr == name for each in reads) > 1
        or any(isinstance(each, ast.Name) and each.id in bound for each in ast.walk(statement))
        or any(
            isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Load) for each in _of_own(statement)
        )
    )


def _of_own(statement: ast.stmt) -> Iterable[ast.AST]:
    """The parts of an assignment's value that are read from its own object."""
    match statement:
        case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=own))], value=value):
            return [
                each
                for each in ast.walk(value)
                if isinstance(each, ast.Attribute)
                and isinstance(each.value, ast.Name)
                and each.value.id == own
            ]
    return []


def _base_call(statement: ast.stmt) -> ast.Call | None:
    """The call `super().__init__(…)` that a statement is."""
    match statement:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Call() as above, attr="__init__")) as call
        ) if _is_super(above):
            return call
    return None


def _attribute(statement: ast.stmt) -> str:
    """The attribute that a statement gives a value."""
    match statement:
        case (
            ast.Assign(targets=[ast.Attribute(value=ast.Name(), attr=name)])
            | ast.AnnAssign(target=ast.Attribute(value=ast.Name(), attr=name))
        ):
            return name
    return ""


def _filled(base: _Method, call: ast.Call, own: _Method) -> list[ast.stmt] | None:
    """The body of an `__init__` for these arguments; None where they cannot be put into it."""
    base = copy.copy(base)
    base.body = [each for each in base.body if not any(_is_super(one) for one in ast.walk(each))]
    values = arguments_of(base, call)
    if values is None or not base.args.args or not all(map(is_pure, values.values())):
        return None
    bound = {name for each in base.body for node in ast.walk(each) for name in bound_by(node)}
    taken = {name for each in own.body for node in ast.walk(each) for name in bound_by(node)}
    parameters = {each.arg for each in [*own.args.args, *own.args.kwonlyargs]}
    read = {
        node.id
        for each in [*base.body, *base.args.defaults, *base.args.kw_defaults]
        for node in ast.walk(each or ast.Constant(None))
        if isinstance(node, ast.Name)
    }
    others = taken | (parameters - _first(own))
    if bound & (taken | parameters | set(values)) or (read - set(values)) & others:
        return None
    values[base.args.args[0].arg] = ast.Name(own.args.args[0].arg, ast.Load())
    return [put(each, values) for each in copy.deepcopy(_without_text(base.body))]


def _first(method: _Method) -> set[str]:
    return {each.arg for each in method.args.args[:1]}


def arguments_of(method: _Method, call: ast.Call) -> dict[str, ast.expr] | None:
    """The values of a method's parameters in a call; None where the call does not tell them."""
    arguments = method.args
    if arguments.vararg or arguments.posonlyargs:
        return None
    if arguments.kwarg and any(
        isinstance(each, ast.Name) and each.id == arguments.kwarg.arg
        for one in method.body
        for each in ast.walk(one)
    ):
        return None
    names = [each.arg for each in arguments.args[1:]]
    if len(call.args) > len(names) or any(isinstance(each, ast.Starred) for each in call.args):
        return None
    values: dict[str, ast.expr] = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    for one, other in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if other is not None:
            values[one.arg] = other
    values |= dict(zip(names, call.args, strict=False))
    known = {*names, *(each.arg for each in arguments.kwonlyargs)}
    for each in call.keywords:
        if each.arg not in known:
            if each.arg is None or arguments.kwarg is None:
                return None
            continue
        values[each.arg] = each.value
    return values if set(values) == known else None


def is_pure(value: ast.expr) -> bool:
    """Whether an expression can be written where its value is used, however often that is."""
    return not any(isinstance(each, _ONCE) for each in ast.walk(value))


def put(statement: ast.stmt, values: Mapping[str, ast.expr]) -> ast.stmt:
    """A statement with expressions in the places of names."""

    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            if isinstance(node.ctx, ast.Load) and node.id in values:
                return ast.copy_location(copy.deepcopy(values[node.id]), node)
            return node

    changed: ast.stmt = Put().visit(statement)
    return changed
