"""Python's text to its syntax tree, one thread at a time."""

from __future__ import annotations

import ast
from typing import Literal, overload

from ...base.forks import new_lock
from ...base.quiet import without_warnings

_lock = new_lock()


@overload
def parse(text: str, mode: Literal["exec"] = "exec") -> ast.Module: ...
@overload
def parse(text: str, mode: Literal["eval"]) -> ast.Expression: ...
def parse(text: str, mode: Literal["exec", "eval"] = "exec") -> ast.Module | ast.Expression:
    """The syntax tree of a Python file, or of an expression.

    In several versions of Python two threads that make trees at once count their depth in one place, and one
    of them may fail with a SystemError (https://github.com/python/cpython/issues/106905).

    Raises:
        SyntaxError: it is not Python.
        ValueError: it holds a null character.
        RecursionError: it is nested too deeply.
    """
    with _lock:
        try:
            with without_warnings():
                return ast.parse(text, mode=mode)  # type: ignore[return-value]
        except MemoryError:
            # What Python's parser says of thousands of operators in a row.
            raise RecursionError("the file is nested too deeply") from None
