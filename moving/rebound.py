"""Names that a file gives one value after another, with a name for each value.

    rows = [json.loads(line) for line in file]
    rows = [dspy.Example(**row).with_inputs("question") for row in rows]

A declaration has one meaning in the whole file, so the first `rows` becomes `rows_1`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import cast

from .marks import Marks
from .scopes import bound_by, defined, used

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def rebound(body: Iterable[ast.stmt], marks: Marks) -> list[ast.stmt]:
    """The statements of a file, in which all values of a name but the last have names of their own.

    A name that functions read is left as it is: which of its values they see depends on when they are called.
    The marks say in which statements a name was changed.
    """
    statements = list(body)
    taken = {
        name for each in statements for node in ast.walk(each) for name in [*bound_by(node), *_read(node)]
    }
    for name, places in _places(statements).items():
        for number, start in enumerate(places[:-1], 1):
            new = _new(f"{name}_{number}", taken)
            for index in range(start, places[number] + 1):
                statement = statements[index]
                if name not in used(statement) and name not in defined(statement):
                    continue
                if index == start:
                    _rename(_bound_there(statement), name, new)
                elif index == places[number]:
                    _rename(_read_there(statement), name, new)
                else:
                    _rename([statement], name, new)
                marks.change(statement)
    return statements


def _places(statements: list[ast.stmt]) -> dict[str, list[int]]:
    """The names with several values, each with the statements that give it one."""
    found: dict[str, list[int]] = {}
    others: set[str] = set()
    for index, statement in enumerate(statements):
        for name in defined(statement):
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) or _binds_first(statement, name):
                found.setdefault(name, []).append(index)
            else:
                others.add(name)
        for node in ast.walk(statement):
            if isinstance(node, _INNER):
                others |= _all_in(node)
    return {name: places for name, places in found.items() if len(places) > 1 and name not in others}


def _binds_first(statement: ast.stmt, name: str) -> bool:
    """Whether a `with` gives a name a value before it reads it, whatever happens."""
    if not isinstance(statement, ast.With):
        return False
    if any(name in bound_by(node) for item in statement.items for node in ast.walk(item)):
        return True
    for each in statement.body:
        if name in _all_in(each):
            return (
                isinstance(each, ast.Assign)
                and name not in _all_in(each.value)
                and any(isinstance(one, ast.Name) and one.id == name for one in each.targets)
            )
    return False


def _all_in(node: ast.AST) -> set[str]:
    return {name for each in ast.walk(node) for name in [*bound_by(each), *_read(each)]}


def _read(node: ast.AST) -> list[str]:
    return [node.id] if isinstance(node, ast.Name) else []


def _bound_there(statement: ast.stmt) -> list[ast.AST]:
    """What of a statement has the new value."""
    match statement:
        case ast.Assign(targets=targets):
            return list[ast.AST](targets)
        case ast.AnnAssign(target=target):
            return [target]
    items = cast("ast.With", statement).items
    variables = [each.optional_vars for each in items if each.optional_vars is not None]
    return [*variables, *cast("ast.With", statement).body]


def _read_there(statement: ast.stmt) -> list[ast.AST]:
    """What of a statement has the value from before it."""
    match statement:
        case ast.Assign(value=value):
            return [value]
        case ast.AnnAssign(value=value) if value is not None:
            return [value]
        case ast.With(items=items):
            return [each.context_expr for each in items]
    return []


def _rename(nodes: Iterable[ast.AST], name: str, new: str) -> None:
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and each.id == name:
                each.id = new


def _new(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
