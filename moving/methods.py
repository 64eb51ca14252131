"""Methods of a module that use its parts, written out where they are called.

    def forward(self, question):
        context = self.look_up(question)
        return self.respond(context=context, question=question)

A module of the language has no methods, so the statements of `look_up` come to those of `forward`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .changing import changed_in_place
from .inherited import arguments_of, is_pure, put
from .scopes import bound_by

_KEPT = ("__init__", "forward", "aforward")
_OF_MODULE = frozenset(
    {"acall", "batch", "deepcopy", "dump_state", "inspect_history", "load", "load_state"}
    | {
        "map_named_predictors",
        "get_lm",
        "named_parameters",
        "named_predictors",
        "named_sub_modules",
        "parameters",
        "predictors",
    }
    | {"reset_copy", "save", "set_lm"}
)
"""Methods by which every module works; one of its own is called where nothing in the file says so."""
_MOST = 40
"""Calls that are written out; methods that call each other have no end."""
_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LATER = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.BoolOp, ast.IfExp)
"""Expressions of which a part may be evaluated never, or several times."""


def with_methods(node: ast.ClassDef, elsewhere: Collection[str]) -> tuple[ast.ClassDef, list[str]]:
    """A class of a module without the methods that its `forward` calls, which does what they do.

    And what is to be said of them. The class itself where one of them cannot be written out.

    Args:
        node: the class.
        elsewhere: the names of attributes that the rest of the file uses.
    """
    methods = {each.name: each for each in node.body if isinstance(each, _METHODS)}
    helpers = {
        name: each
        for name, each in methods.items()
        if name not in _KEPT and not each.decorator_list and each.args.args and _uses_object(each)
    }
    forward = methods.get("forward") or methods.get("aforward")
    if forward is None or not helpers or helpers.keys() & set(elsewhere):
        return node, []
    if any(name in _OF_MODULE or name.startswith("__") for name in helpers):
        return node, []
    writer = _Writer(forward, helpers, {name for each in _others(node, methods) for name in _bound_in(each)})
    try:
        body = writer.block(copy.deepcopy(forward.body))
    except _CannotWrite:
        return node, []
    made = copy.copy(forward)
    made.body = body
    if any(
        _name(each, writer.own) in helpers
        for one in [made, *_others(node, helpers)]
        for each in ast.walk(one)
    ):
        return node, []
    changed = copy.copy(node)
    changed.body = [
        made if each is forward else each
        for each in node.body
        if not (isinstance(each, _METHODS) and each.name in helpers)
    ]
    return ast.fix_missing_locations(changed), [
        f"the method `{name}` is written out where `forward` calls it: other files cannot call it"
        if name in writer.written
        else f"the method `{name}` is left out: `forward` does not call it"
        for name in helpers
        if name not in writer.written or not (name.startswith("_") or "_of_" in name)
    ]


class _CannotWrite(Exception):
    """A call stands where the statements of its method cannot."""


def _others(node: ast.ClassDef, helpers: Collection[str]) -> list[ast.stmt]:
    """What of a class stays beside its `forward`."""
    return [
        each
        for each in node.body
        if not (isinstance(each, _METHODS) and (each.name in helpers or each.name in ("forward", "aforward")))
    ]


def _uses_object(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    own = method.args.args[0].arg
    return any(isinstance(each, ast.Name) and each.id == own for one in method.body for each in ast.walk(one))


def _name(node: ast.AST, own: str) -> str:
    """The attribute of the object that a node is."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name == own:
            return attribute
    return ""


class _Writer:
    """Writes out the calls of methods in the statements of `forward`."""

    def __init__(
        self,
        forward: ast.FunctionDef | ast.AsyncFunctionDef,
        helpers: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef],
        of_class: Collection[str],
    ) -> None:
        self.own = forward.args.args[0].arg if forward.args.args else ""
        self._helpers = helpers
        self._names = {name for each in ast.walk(forward) for name in [*bound_by(each), *_read(each)]}
        self._names |= set().union(*map(_free, helpers.values()))
        self._bound = {name for each in ast.walk(forward) for name in bound_by(each)}
        self._of_class = of_class
        self._changes = {name: changed_in_place(each) for name, each in helpers.items()}
        self._count = 0
        self.written: set[str] = set()
        """The methods that were called."""

    def block(self, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
        """The statements of a block."""
        return [one for each in statements for one in self._statement(each)]

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.Return(value=value) if value is not None and (call := self.called(value)) is not None:
                body, result = self._written(call, is_last=True)
                return [*body, *([] if result is None else [ast.Return(result)])]
            case ast.Expr(value=value) if (call := self.called(value)) is not None:
                body, result = self._written(call)
                if result is not None and is_pure(result) and _may_fail(result):
                    raise _CannotWrite
                return [*body, *([] if result is None or is_pure(result) else [ast.Expr(result)])]
            case ast.Assign(targets=[ast.Name() as target], value=value) if (
                call := self.called(value)
            ) is not None:
                body, result = self._written(call)
                return [*body, ast.Assign([target], result or ast.Constant(None))]
        before: list[ast.stmt] = []
        for field, value in ast.iter_fields(node):
            if isinstance(node, ast.Assert) and value is node.msg and value is not None:
                node.msg = self._later(value)
            elif isinstance(value, ast.expr):
                setattr(node, field, self.within(value, before))
            elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                setattr(node, field, self.block(value))
            elif isinstance(value, list):
                for each in value:
                    if isinstance(each, ast.ExceptHandler):
                        each.body = self.block(each.body)
                    elif isinstance(each, ast.withitem):
                        each.context_expr = self.within(each.context_expr, before)
        return [*before, node]

    def called(self, node: ast.expr) -> ast.Call | None:
        """The call of a method that an expression is, awaited or not."""
        node = node.value if isinstance(node, ast.Await) else node
        if isinstance(node, ast.Call) and _name(node.func, self.own) in self._helpers:
            return node
        return None

    def within(self, node: ast.expr, before: list[ast.stmt]) -> ast.expr:
        """An expression without calls of methods; their statements come to those before."""
        if (call := self.called(node)) is not None:
            if self._is_changing(_name(call.func, self.own), set()):
                # What stands before it in the statement would be evaluated after it.
                raise _CannotWrite
            body, result = self._written(call)
            before += body
            return result or ast.Constant(None)
        if isinstance(node, _LATER) or (isinstance(node, ast.Compare) and len(node.ops) > 1):
            return self._later(node)
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                setattr(node, field, self.within(value, before))
            elif isinstance(value, list):
                setattr(node, field, [self._inside(each, before) for each in value])
        return node

    def _later(self, node: ast.expr) -> ast.expr:
        """An expression that may be evaluated never, or several times."""
        later: list[ast.stmt] = []
        written: ast.expr = _Inner(self, later).visit(node)
        if later:
            raise _CannotWrite
        return written

    def _is_changing(self, name: str, seen: set[str]) -> bool:
        """Whether a method, or one that it calls, changes a value in place."""
        if name in seen:
            return False
        seen.add(name)
        called = {_name(each, self._helpers[name].args.args[0].arg) for each in ast.walk(self._helpers[name])}
        return bool(self._changes[name]) or any(
            self._is_changing(each, seen) for each in called & self._helpers.keys()
        )

    def _inside(self, node: ast.AST, before: list[ast.stmt]) -> ast.AST:
        if isinstance(node, ast.expr):
            return self.within(node, before)
        if isinstance(node, ast.keyword):
            node.value = self.within(node.value, before)
        return node

    def _written(self, call: ast.Call, *, is_last: bool = False) -> tuple[list[ast.stmt], ast.expr | None]:
        """The statements of a method for a call, and the expression that is its result."""
        self._count += 1
        method = self._helpers[_name(call.func, self.own)]
        self.written.add(method.name)
        before: list[ast.stmt] = []
        call = self._arguments(call, before)
        values = arguments_of(method, call)
        if values is None or self._count > _MOST or _is_other(method, self._bound):
            raise _CannotWrite
        self._refuse_defaults(method, values)
        body = copy.deepcopy(method.body[int(ast.get_docstring(method) is not None) :])
        bound = {name for each in body for node in ast.walk(each) for name in bound_by(node)}
        changed = self._changes[method.name]
        if any(name in values and (name in bound or not _is_name(values[name])) for name in changed):
            # Another list than that of the caller would change.
            raise _CannotWrite
        is_changing = self._is_changing(method.name, set())
        others = {name: self._new(name, method.name) for name in sorted(bound | set(values))}
        body = [_renamed(each, {name: others[name] for name in bound}) for each in body]
        for name, value in list(values.items()):
            is_same = _is_name(value) if is_changing else is_pure(value) and not _may_fail(value)
            if name in bound or not is_same:
                before.append(ast.Assign([ast.Name(others[name], ast.Store())], copy.deepcopy(value)))
                values[name] = ast.Name(others[name], ast.Load())
                self._names.add(others[name])
        self._names |= {others[name] for name in bound}
        self._bound |= {others[name] for name in others}
        values = {name: value for name, value in values.items() if name not in bound}
        values[method.args.args[0].arg] = ast.Name(self.own, ast.Load())
        body = [put(each, values) for each in body]
        returns = [node for each in body for node in ast.walk(each) if isinstance(node, ast.Return)]
        last = body[-1] if body and isinstance(body[-1], ast.Return) else None
        if is_last:
            whole = self.block(body)
            return [*before, *whole, *([] if last is not None else [ast.Return(ast.Constant(None))])], None
        if any(each is not last for each in returns):
            raise _CannotWrite
        whole = self.block(body[:-1] if last is not None else body)
        if last is None or last.value is None:
            return [*before, *whole], None
        found = self.within(last.value, whole)
        return [*before, *whole], found

    def _refuse_defaults(
        self, method: ast.FunctionDef | ast.AsyncFunctionDef, values: Mapping[str, ast.expr]
    ) -> None:
        """Refuse defaults that are something else at the call than where the class stands.

        Raises:
            _CannotWrite: there is one.
        """
        defaults = {id(each) for each in (*method.args.defaults, *method.args.kw_defaults)}
        for name, value in values.items():
            if id(value) not in defaults:
                continue
            read = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
            is_made = any(isinstance(each, ast.Call) for each in ast.walk(value))
            is_changed = name in self._changes[method.name]
            if is_made or is_changed or not read.isdisjoint({*self._bound, *self._of_class}):
                raise _CannotWrite

    def _arguments(self, call: ast.Call, before: list[ast.stmt]) -> ast.Call:
        call.args = [self.within(each, before) for each in call.args]
        for each in call.keywords:
            each.value = self.within(each.value, before)
        return call

    def _new(self, name: str, method: str) -> str:
        """A name for a variable of a method that `forward` does not have."""
        found = name
        if found in self._names:
            found = f"{name}_{method.strip('_')}"
        while found in self._names:
            found += "_"
        return found


class _Inner(ast.NodeTransformer):
    """Writes out calls of methods that are one expression, in expressions that may be evaluated later."""

    def __init__(self, writer: _Writer, later: list[ast.stmt]) -> None:
        self._writer = writer
        self._later = later

    def visit(self, node: ast.AST) -> Any:
        """A node."""
        if isinstance(node, ast.expr) and self._writer.called(node) is not None:
            return self._writer.within(node, self._later)
        return super().generic_visit(node)


def _is_other(method: ast.FunctionDef | ast.AsyncFunctionDef, bound: Collection[str]) -> bool:
    """Whether a method is a generator, or reads names of the file that are others in `forward`."""
    nodes = [node for each in method.body for node in ast.walk(each)]
    is_generator = any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in nodes)
    return is_generator or not _free(method).isdisjoint(bound)


def _free(method: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The names of the file that a method reads."""
    own = {name for each in ast.walk(method) for name in bound_by(each)}
    nodes = [node for each in method.body for node in ast.walk(each)]
    return {each.id for each in nodes if isinstance(each, ast.Name) and each.id not in own}


def _is_name(value: ast.expr) -> bool:
    return isinstance(value, (ast.Name, ast.Constant))


def _may_fail(value: ast.expr) -> bool:
    """Whether it matters that an expression is evaluated, and when."""
    return any(isinstance(each, (ast.Subscript, ast.Div, ast.FloorDiv, ast.Mod)) for each in ast.walk(value))


def _bound_in(statement: ast.stmt) -> Iterable[str]:
    return (name for each in ast.walk(statement) for name in bound_by(each))


def _read(node: ast.AST) -> Sequence[str]:
    return [node.id] if isinstance(node, ast.Name) else []


def _renamed(statement: ast.stmt, others: Mapping[str, str]) -> ast.stmt:
    for each in ast.walk(statement):
        match each:
            case ast.Name(id=name) if name in others:
                each.id = others[name]
            case ast.arg(arg=name) if name in others:
                each.arg = others[name]
            case ast.ExceptHandler(name=str(name)) if name in others:
                each.name = others[name]
    return statement
