"""What an interpreter of code is, for those who bring their own; and which one a module's calls get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ..errors import ConfigurationError
from ..execution.settings import lookup
from .interpreter import PythonInterpreter


@runtime_checkable
class CodeInterpreter(Protocol):
    """Runs code that a model writes; variables stay from one piece of code to the next.

    A module sets `tools` before it runs code, and calls `shutdown` when its call has ended. One whose prompts
    should say what it can do has `execution_instructions`, a text.
    """

    @property
    def tools(self) -> dict[str, Callable[..., Any]]:
        """The functions that code can call, by name."""
        ...

    def start(self) -> None:
        """Make it ready; the first code may do that as well."""
        ...

    def execute(self, code: str, variables: dict[str, Any] | None = None) -> Any:
        """Run code.

        Args:
            code: Python.
            variables: values to set before.

        Returns:
            a `FinalOutput` where the code called `SUBMIT(…)`, else its value, or what it printed.

        Raises:
            CodeExecutionError: the code failed, and other code may do better.
            CodeInterpreterError: it cannot be run here.
        """
        ...

    def shutdown(self) -> None:
        """Let go of all that it holds."""
        ...


InterpreterFactory: TypeAlias = Callable[[], Any]
"""Makes what runs code, for one call: it has `tools`, `execute(code, variables)` and `shutdown()`."""


def resolve_interpreter_factory(factory: InterpreterFactory | None = None) -> InterpreterFactory:
    """What makes the interpreter of a call: the module's own, else the setting `interpreter_factory`, else
    `PythonInterpreter`.

    Args:
        factory: the module's own; `PythonInterpreter` counts as none.

    Raises:
        ConfigurationError: the setting cannot be called.
    """
    if factory is not None and factory is not PythonInterpreter:
        return factory
    found = lookup("interpreter_factory")
    if found is None:
        return PythonInterpreter
    if not callable(found):
        raise ConfigurationError(
            f"`interpreter_factory` must make interpreters, and {found!r} cannot be called"
        )
    made: InterpreterFactory = found
    return made
