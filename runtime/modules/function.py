"""A plain function in the place of a module: what an evaluation and `Parallel` run as well as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..execution import drive
from ..execution.callables import name_of
from .base import Module


class FunctionModule(Module):
    """A module whose calls are those of a function, which may be async."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.program = function
        self.__name__ = name_of(function)

    @property
    def needs_loop(self) -> bool:
        """Whether the function is async."""
        return drive.is_async(self.program)

    async def aforward(self, /, *args: Any, **inputs: Any) -> Any:
        """Call the function."""
        return await drive.call_function(self.program, *args, **inputs)

    def __repr__(self) -> str:
        return f"FunctionModule({self.__name__})"


def as_module(program: Any) -> Any:
    """A module for a plain function or method; everything else as it is."""
    is_plain = callable(program) and not isinstance(program, (type, Module))
    return FunctionModule(program) if is_plain else program
