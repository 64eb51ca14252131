"""Classes that say their docstring by its name, `__doc__ = "…"`, as others do."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def with_docstrings(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a file; classes have their docstrings first."""
    for statement in body:
        if isinstance(statement, ast.ClassDef) and ast.get_docstring(statement) is None:
            for each in statement.body:
                match each:
                    case ast.Assign(
                        targets=[ast.Name(id="__doc__")], value=ast.Constant(value=str()) as text
                    ):
                        statement.body.remove(each)
                        statement.body.insert(0, ast.copy_location(ast.Expr(text), each))
                        break
        yield statement
