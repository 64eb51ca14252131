"""The source text of a user's class or function, as a model is shown it."""

from __future__ import annotations

import inspect
import linecache
import textwrap
from collections.abc import Callable
from itertools import takewhile
from typing import Any


def source_text(thing: Any) -> str | None:
    """The declaration of a module class or function of a `.dspy` file; None for what comes from elsewhere."""
    definition = vars(thing).get("__init__") if isinstance(thing, type) else inspect.unwrap(thing)
    code = getattr(definition, "__code__", None)
    if code is None or not code.co_filename.endswith(".dspy"):
        return None
    first, *rest = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :] or [""]
    inside = takewhile(lambda line: line[:1].isspace() or line[:1] in "#)]}", rest)
    return "".join([first, *inside]).rstrip() or None


def source_of(thing: Callable[..., Any] | type) -> str:
    """The source of a class or function, or its name and docstring where there is none, as in a notebook's
    shell.
    """
    target: Any = inspect.unwrap(thing)
    if not (inspect.isclass(target) or inspect.isroutine(target)):
        target = type(target)
    if (text := source_text(target)) is not None:
        return text
    try:
        return textwrap.dedent(inspect.getsource(target))
    except (OSError, TypeError):
        return f"{target.__qualname__}: {inspect.getdoc(target) or 'no source at hand'}"
