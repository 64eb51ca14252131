"""The source text that a class needs: the class itself, and what it names of the file around it.

Nothing is made up: every statement is taken from the file as it is written there. Statements that the class
does not need, such as those that run a script, stay out.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from ...errors import StateError

_LOCALS = "<locals>"


def needed_source(kinds: Sequence[type]) -> str:
    """The source text of some classes of one module, with all that they name in it.

    Raises:
        StateError: the source is not at hand, or a class names something that no statement declares.
    """
    text = _module_text(kinds[0])
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    chosen: dict[int, ast.stmt] = {}
    for kind in kinds:
        scopes, declaration = _find(tree, kind)
        _take(declaration, scopes, chosen, kind.__qualname__)
    future = [each for each in tree.body if isinstance(each, ast.ImportFrom) and each.module == "__future__"]
    ordered = [*future, *(chosen[key] for key in sorted(chosen) if chosen[key] not in future)]
    return "\n".join(_text_of(statement, lines) for statement in ordered)


def _module_text(kind: type) -> str:
    module = sys.modules.get(kind.__module__)
    try:
        if module is None:
            raise OSError
        return inspect.getsource(module)
    except (OSError, TypeError):
        raise StateError(
            f"the program cannot be saved: the source of `{kind.__qualname__}` is not available; "
            "put the class into a file of its own"
        ) from None


def _find(tree: ast.Module, kind: type) -> tuple[list[list[ast.stmt]], ast.stmt]:
    """The declaration of a class, and the bodies around it, the nearest first."""
    scopes: list[list[ast.stmt]] = [tree.body]
    found: ast.stmt | None = None
    for name in kind.__qualname__.split("."):
        if name == _LOCALS:
            continue
        found = next(
            (each for each in _statements(scopes[0]) if _is_named(each, name)),
            None,
        )
        if found is None:
            raise StateError(
                f"the program cannot be saved: the class `{kind.__qualname__}` is no longer in its file"
            )
        scopes.insert(0, found.body)  # type: ignore[attr-defined]  # a class or function has one
    assert found is not None
    return scopes[1:], found


def _is_named(statement: ast.stmt, name: str) -> bool:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(statement, kinds) and statement.name == name


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body and of those in it that make no scope of their own."""
    for each in body:
        yield each
        if not isinstance(each, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            for name in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(each, name, []))
            for handler in getattr(each, "handlers", []):
                yield from _statements(handler.body)


def _take(statement: ast.stmt, scopes: list[list[ast.stmt]], chosen: dict[int, ast.stmt], owner: str) -> None:
    """Take a statement, and those that declare the names which it reads."""
    if statement.lineno in chosen:
        return
    chosen[statement.lineno] = statement
    inside = _bound(statement)
    for name in sorted(_read(statement) - inside):
        for depth, body in enumerate(scopes):
            declaring = [each for each in body if name in _declared(each)]
            for each in declaring:
                _take(each, scopes[depth:], chosen, owner)
            if declaring:
                break
        else:
            if len(scopes) > 1 and not hasattr(builtins, name) and name not in _MODULE_NAMES:
                raise StateError(
                    f"the program cannot be saved: `{owner}` uses `{name}`, a value of the function around "
                    "it; keep it as an attribute of the module"
                )


_MODULE_NAMES = frozenset({"__name__", "__file__", "__doc__", "__class__", "super"})


def _read(statement: ast.stmt) -> set[str]:
    return {
        each.id
        for each in ast.walk(statement)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds inside itself: parameters, assignments, its own name."""
    found: set[str] = set()
    for each in ast.walk(statement):
        match each:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                found.add(name)
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found.add((asname or name).partition(".")[0])
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
    return found


def _declared(statement: ast.stmt) -> set[str]:
    """The names that a statement declares in the scope it stands in."""
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return {name}
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return set()  # what runs the script is no part of the program
        case _:
            return _bound(statement)


def _text_of(statement: ast.stmt, lines: list[str]) -> str:
    decorators: list[Any] = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(each.lineno for each in decorators)])
    return textwrap.dedent("".join(lines[first - 1 : statement.end_lineno]))
