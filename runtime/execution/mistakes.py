"""Which errors are mistakes of a program, and no failures of models, tools or conditions."""

from __future__ import annotations

from ..errors import DspycError

_MISTAKES = (
    ArithmeticError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    NameError,
    NotImplementedError,
    RecursionError,
    SyntaxError,
    TypeError,
)
"""What is raised where a program is wrong; a fallback would only keep its author from noticing."""


def is_mistake(error: Exception) -> bool:
    """Whether an error says that the program is wrong, and no model, tool or condition has failed."""
    return isinstance(error, _MISTAKES) and not isinstance(error, DspycError)
