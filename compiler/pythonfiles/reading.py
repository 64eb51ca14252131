"""Python's text to its syntax tree, one thread at a time."""

from __future__ import annotations

import ast
import warnings
from typing import Literal, overload

from ...base.forks import new_lock

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
            # What Python warns of, like `1if x`, is for whoever runs the file. (`catch_warnings` is for one
            # thread at a time, too.)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text, mode=mode)  # type: ignore[return-value]
        except MemoryError:
            # What Python's parser says of thousands of operators in a row.
            raise RecursionError("the file is nested too deeply") from None
