"""Variables of a `forward` that are called like parts of its module, under other names."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

from .expressions import CannotMove
from .functions import Function, parameters_of

_Forward = TypeVar("_Forward", bound=ast.FunctionDef | ast.AsyncFunctionDef)
_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def with_other_names(forward: _Forward, parts: Collection[str]) -> _Forward:
    """A `forward` whose variables have no names of parts: where they do, they get others.

    What an inner function or a lambda binds is its own and stays.

    Raises:
        CannotMove: an inner function binds the name of a part that it uses.
    """
    names = [each for each in ast.walk(forward) if isinstance(each, ast.Name)]
    taken = {each.id for each in names} | set(parts)
    own = set(_bound(forward.body))
    stored = own | {each.id for each in names if not isinstance(each.ctx, ast.Load)}
    others: dict[str, str] = {}
    for name in sorted(stored & set(parts)):
        other = f"{name}_result"
        while other in taken:
            other += "_"
        others[name] = other
    renamed = copy.deepcopy(forward)
    writer = _Renamed(others, parts, {name: other for name, other in others.items() if name in own})
    renamed.body = [writer.visit(each) for each in renamed.body]
    return renamed


class _Renamed(ast.NodeTransformer):
    """Writes the names of one scope anew.

    Args:
        others: the other name for each.
        parts: the names of parts.
        here: of the others those that hold in the scope.
    """

    def __init__(self, others: Mapping[str, str], parts: Collection[str], here: Mapping[str, str]) -> None:
        self._others, self._parts, self._here = others, parts, here

    def visit(self, node: ast.AST) -> Any:
        """A piece of the scope; functions and comprehensions have scopes of their own."""
        match node:
            case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._function(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._comprehension(node)
        return super().visit(node)

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """A name, another one where that holds."""
        node.id = self._here.get(node.id, node.id)
        return node

    def _function(self, node: Function) -> Function:
        own = parameters_of(node)
        if not isinstance(node, ast.Lambda):
            outer = {
                name
                for each in ast.walk(node)
                if isinstance(each, (ast.Nonlocal, ast.Global))
                for name in each.names
            }
            if outer & set(self._others):
                raise CannotMove("a function that binds a variable of `forward` anew")
            own |= set(_bound(node.body))
        used = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
        for name in sorted(own & used & set(self._parts)):
            raise CannotMove(f"a function with a variable `{name}` that uses the part `{name}`")
        node.args = self.visit(node.args)
        inner = _Renamed(
            self._others, self._parts, {name: each for name, each in self._here.items() if name not in own}
        )
        if isinstance(node, ast.Lambda):
            node.body = inner.visit(node.body)
        else:
            node.name = self._here.get(node.name, node.name)
            node.body = [inner.visit(each) for each in node.body]
            node.decorator_list = [self.visit(each) for each in node.decorator_list]
            node.returns = None if node.returns is None else self.visit(node.returns)
        return node

    def _comprehension(self, node: _Comprehension) -> _Comprehension:
        # What the first loop goes through is of the scope outside.
        first = self.visit(node.generators[0].iter)
        own = {
            each.id
            for one in node.generators
            for each in ast.walk(one.target)
            if isinstance(each, ast.Name) and each.id in self._others
        }
        here = {**self._here, **{name: self._others[name] for name in own}}
        node.generators[0].iter = ast.Constant(None)
        _Renamed(self._others, self._parts, here).generic_visit(node)
        node.generators[0].iter = first
        return node


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that statements bind in their own scope."""
    waiting = list(nodes)
    while waiting:
        match waiting.pop():
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Lambda():
                pass
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() as node:
                # `:=` binds its name outside.
                yield from (each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case node:
                waiting += ast.iter_child_nodes(node)
