"""The functions that make the syntax tree: one for each rule (or alias) of `dspy.lark`, by its name."""

from __future__ import annotations

from types import ModuleType

from . import declarations, expressions, f_strings, statements
from .context import Action


def _functions(module: ModuleType) -> dict[str, Action]:
    return {
        name: function
        for name, function in vars(module).items()
        if getattr(function, "__module__", None) == module.__name__ and not name.startswith("_")
    }


ACTIONS: dict[str, Action] = (
    _functions(expressions) | _functions(f_strings) | _functions(statements) | _functions(declarations)
)
