"""Arguments that a file keeps in a dict of its own, `f(**kwargs)`, where they are used."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping


def spread(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a file with `f(a=1)` for `f(**kwargs)`, where `kwargs = dict(a=1)` has no other use.

    A statement in which something was put in has the attribute `is_changed`.
    """
    statements = list(body)
    others = _used_otherwise(statements)
    put = {
        each.value.id
        for statement in statements
        for call in ast.walk(statement)
        if isinstance(call, ast.Call)
        for each in call.keywords
        if each.arg is None and isinstance(each.value, ast.Name)
    }
    known: dict[str, Mapping[str, ast.expr]] = {}
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in put - others:
                pairs = _pairs(value)
                if pairs is not None:
                    known[name] = pairs
                    continue
        if known:
            writer = _Put(known)
            statement = writer.visit(statement)
            statement.is_changed = writer.changed
        yield statement


def _used_otherwise(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that are used other than as `**name`, or from within a function."""
    found: set[str] = set()
    for statement in statements:
        is_plain = isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr))
        spread_here = {
            id(each.value)
            for call in ast.walk(statement)
            if isinstance(call, ast.Call)
            for each in call.keywords
            if each.arg is None and is_plain
        }
        found |= {
            each.id
            for each in ast.walk(statement)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and id(each) not in spread_here
        }
    return found


def _pairs(value: ast.expr) -> dict[str, ast.expr] | None:
    """The names and values of `dict(a=1)` and `{"a": 1}`; None for anything else."""
    match value:
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords) if keywords:
            return (
                None
                if any(one.arg is None for one in keywords)
                else {str(one.arg): one.value for one in keywords}
            )
        case ast.Dict(keys=keys, values=values) if keys:
            names = [each.value for each in keys if isinstance(each, ast.Constant)]
            if len(names) == len(keys) and all(
                isinstance(name, str) and name.isidentifier() for name in names
            ):
                return {str(name): each for name, each in zip(names, values, strict=True)}
    return None


class _Put(ast.NodeTransformer):
    def __init__(self, known: Mapping[str, Mapping[str, ast.expr]]) -> None:
        self._known = known
        self.changed = False

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call with its arguments under their names."""
        self.generic_visit(node)
        keywords: list[ast.keyword] = []
        for each in node.keywords:
            name = each.value.id if each.arg is None and isinstance(each.value, ast.Name) else ""
            if name in self._known:
                self.changed = True
                keywords += [
                    ast.copy_location(ast.keyword(key, copy.deepcopy(value)), each)
                    for key, value in self._known[name].items()
                ]
            else:
                keywords.append(each)
        node.keywords = keywords
        return node
