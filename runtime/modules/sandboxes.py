"""Where the modules that run code get what runs it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ..errors import CodeExecutionError, ConfigurationError
from ..execution import drive
from ..execution.settings import lookup
from ..tools import permission
from ..tools.interpreter import PythonInterpreter
from ..tools.interpreters import InterpreterFactory
from ..tools.tool import Tool
from ..values.rendering import to_json_types
from .base import Module


class Sandbox:
    """An interpreter for one call of a module: ours, or one that a user brings."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self._is_set = False

    async def run(self, code: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Run code, and get its `FinalOutput`, its value, or what it printed.

        Args:
            code: the code.
            variables: what it finds as variables; set again only where they may be gone.

        Raises:
            CodeExecutionError: the code failed, or is not Python.
            CodeInterpreterError: it cannot be run.
        """
        interpreter = self._interpreter
        given = dict(variables or {})
        if isinstance(interpreter, PythonInterpreter):
            # A limit that was reached ends the worker, and the variables with it.
            again = not self._is_set or not interpreter.is_running
            self._is_set = True
            return await interpreter.aexecute(code, given if again else {})
        try:
            return await drive.call_function(interpreter.execute, code, given)
        except SyntaxError as error:
            # DSPy's interpreters raise Python's own.
            raise CodeExecutionError(f"SyntaxError: {error}") from error

    async def offer(self, tools: Mapping[str, Any], outputs: Sequence[str] | None = None) -> None:
        """Let the code call functions, and say what `SUBMIT` takes."""
        interpreter = self._interpreter
        if isinstance(interpreter, PythonInterpreter):
            interpreter.tools.update(tools)  # type: ignore[union-attr]
        else:
            interpreter.tools.update({name: _waiting(tool) for name, tool in tools.items()})
        if outputs is not None and hasattr(interpreter, "output_fields"):
            interpreter.output_fields = [{"name": name} for name in outputs]


@asynccontextmanager
async def sandbox_of(
    module: Module,
    given: Any = None,
    factory: InterpreterFactory | None = None,
    allowed: bool | None = None,
) -> AsyncIterator[Sandbox]:
    """What a module's call runs code in; shut down at the end, if it was made for the call.

    Args:
        module: the module, for messages and its file's settings.
        given: the caller's own interpreter.
        factory: makes one; unless given, what the setting `interpreter_factory` says, or `PythonInterpreter`.
        allowed: what the module's `allow_code` says. Whoever brings an interpreter has allowed it.

    Raises:
        CodeNotAllowedError: the program does not say that a model's code may run.
        ConfigurationError: it is no interpreter.
    """
    if given is not None:
        yield Sandbox(_checked(given))
        return
    factory = factory or lookup("interpreter_factory", module._defaults)
    if factory is None:
        permission.require(type(module).__name__, allowed, module._defaults)
        factory = PythonInterpreter
    interpreter = _checked(factory())
    try:
        yield Sandbox(interpreter)
    finally:
        interpreter.shutdown()


def _checked(interpreter: Any) -> Any:
    if not all(hasattr(interpreter, name) for name in ("tools", "execute", "shutdown")):
        raise ConfigurationError(
            f"an interpreter needs `tools`, `execute` and `shutdown`; {type(interpreter).__name__} lacks them"
        )
    return interpreter


def _waiting(tool: Any) -> Callable[..., Any]:
    """A tool as a plain function that waits, for an interpreter that awaits nothing."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if isinstance(tool, Tool):
            return tool(**tool.bind(args, kwargs))
        return drive.run_on_loop(tool(*args, **kwargs))

    call.__name__ = getattr(tool, "name", None) or tool.__name__
    call.__doc__ = getattr(tool, "desc", None) or tool.__doc__
    return call


def ending_in_value(code: str) -> str:
    """Code whose last line sets a variable, with the variable's value at its end."""
    match = _SETS.search(code)
    return f"{code.rstrip()}\n{match[1]}" if match is not None else code


_SETS = re.compile(r"^([^\W\d]\w*)[ \t]*(?::[^=\n]+)?=(?!=)[ \t]*\S.*\s*\Z", re.MULTILINE)


def shown(result: Any) -> str:
    """What code gave, as a prompt shows it."""
    return result if isinstance(result, str) else json.dumps(to_json_types(result), ensure_ascii=False)
