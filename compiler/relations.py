"""What fits where, and how a type is written, under the name that other rooms import."""

from __future__ import annotations

from .types.assignable import assignable, iterated
from .types.display import display, display_function, display_parameter, display_parameters, display_value
from .types.generic import BUILTIN_CLASSES, generic, named
from .types.union import plain, widened

__all__ = [
    "BUILTIN_CLASSES",
    "assignable",
    "display",
    "display_function",
    "display_parameter",
    "display_parameters",
    "display_value",
    "generic",
    "iterated",
    "named",
    "plain",
    "widened",
]
