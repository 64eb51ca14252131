"""Which names of a file a piece of it binds, and which it uses."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator


def defined(node: ast.stmt) -> list[str]:
    """The names that a statement of the top level gives a value."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Import() | ast.ImportFrom():
            return [one.asname or one.name.partition(".")[0] for one in node.names]
        case ast.Try() | ast.If() | ast.With() | ast.For() | ast.While():
            inner = [each for each in ast.walk(node) if isinstance(each, ast.stmt) and each is not node]
            found = [*_stored(node), *_filled(node), *(name for each in inner for name in defined(each))]
            return list(dict.fromkeys(found))
    return _stored(node) if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) else []


def _globals(node: ast.AST) -> Iterator[symtable.Symbol]:
    """The names of the file in a piece of it, other than those of its functions and comprehensions."""
    tables = [symtable.symtable(ast.unparse(node), "", "exec")]
    yield from tables[0].get_symbols()
    while tables:
        inner = tables.pop().get_children()
        tables += inner
        yield from (each for one in inner for each in one.get_symbols() if each.is_global())


def _filled(node: ast.AST) -> list[str]:
    """The lists and dicts that a statement puts something into."""
    found = []
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "update")):
                found.append(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                found.append(name)
    return found


def _stored(node: ast.AST) -> list[str]:
    bound = {each.get_name() for each in _globals(node) if each.is_assigned()}
    return [
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store) and each.id in bound
    ]


def used(node: ast.AST) -> set[str]:
    """The names of the file that a piece of it reads."""
    return {each.get_name() for each in _globals(node) if each.is_referenced()}


def bound_by(node: ast.AST) -> list[str]:
    """The names that a node itself binds, or takes away, in whatever scope."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return names
        case ast.alias(name=name, asname=other):
            return [other or name.partition(".")[0]]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)):
            return [name]
    return []


_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def given_in(body: Iterable[ast.stmt]) -> frozenset[str]:
    """The names that statements give values, apart from what functions and comprehensions in them do."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
    return frozenset(found)
