"""`PythonInterpreter`: runs Python code that a model has written, in a sandbox."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Annotated, Any, ClassVar, Self

from ..errors import CodeExecutionError, CodeInterpreterError, ConfigurationError
from ..execution import drive, exits
from ..execution.callbacks import BaseCallback, Report, listening
from ..limits import Ge
from ..parameters import KW_ONLY, parameters
from .sandbox import Limits, Output, Sandbox, inside, outside, raised_inside
from .tool import Tool

SUBMIT = "SUBMIT"
"""What code calls to end with a result."""
_ENDINGS = (SUBMIT, "final_answer")
"""The names that it has for code: the second is in the instructions of what older versions of DSPy saved."""

_ENDS = {"exc_type": "SystemExit", "message": ""}


class FinalOutput:
    """What `execute` returns when the code called `SUBMIT(…)`: `output` is a dict of what was given."""

    def __init__(self, output: Any) -> None:
        self.output = output

    def __repr__(self) -> str:
        return f"FinalOutput({self.output!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FinalOutput) and self.output == other.output

    __hash__ = None  # type: ignore[assignment]


@parameters
class PythonInterpreter:
    """Runs Python code in a sandbox without files, network and processes, within limits.

        with PythonInterpreter(tools={"search": search}) as python:
            python("hits = search(query='Lisbon')")
            python("len(hits)")                       # 3; variables stay until it is closed

    The value of the last line is returned, or else what was printed. The sandbox knows a part of Python:
    functions, comprehensions, simple classes, f-strings, exceptions, and modules such as `math`, `re`,
    `json`, `datetime` and `collections`; no generators, no inheritance, no installed packages. Needs
    `pip install "dspyc[code]"`.

    An interpreter runs one piece of code at a time; threads and tasks need one each. After code that reached
    a limit the next starts from nothing.
    """

    execution_instructions: ClassVar[str] = (
        "The code runs in a sandbox that knows a part of Python: functions, comprehensions, classes without "
        "bases, f-strings, exceptions, `match`. There is no `yield`, no `del`, no inheritance, and no class "
        "decorator but `dataclass`. These modules can be imported: base64, bisect, collections, copy, csv, "
        "dataclasses, datetime, decimal, functools, hashlib, itertools, json, math, random, re, time, "
        "typing, unicodedata. Files, network and installed packages cannot be reached. Variables stay from "
        "one piece of code to the next."
    )
    """What a model must know to write code for it."""

    tools: Mapping[str, Callable[..., Any]] | None = None
    """Functions that the code can call, by the names it calls them; a list takes the functions' own names."""
    output_fields: Sequence[Any] | None = None
    """What `SUBMIT` takes: names, or dicts with a `name`; without them it takes one value, as `output`."""
    _: KW_ONLY
    timeout: Annotated[float, Ge(0.01)] = 10.0
    """How many seconds a piece of code may compute, without the time that its tools take."""
    max_memory: Annotated[int, Ge(1_000_000)] = 256_000_000
    """How many bytes of memory its variables may take."""
    max_output: Annotated[int, Ge(1)] = 1_000_000
    """How many characters it may print."""
    max_calls: Annotated[int, Ge(1)] = 10_000
    """How often the code may call tools, all pieces together."""
    callbacks: Sequence[BaseCallback] | None = None
    """Told when it starts, runs code, calls a tool, and is shut down."""

    def __post_init__(self) -> None:
        """Take the tools.

        Raises:
            ConfigurationError: a tool has no name that code can use, or two have the same.
            ToolError: a tool is not a function.
        """
        self.tools = named(self.tools)
        self._limits = Limits(self.timeout, self.max_memory, self.max_output, self.max_calls)
        self._sandbox = Sandbox(self._limits)
        self._is_busy = False
        self._is_closed = False

    def __call__(self, code: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Run code; see `execute`."""
        return self.execute(code, variables)

    def execute(self, code: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Run code and wait for what comes of it.

        Args:
            code: Python; a fenced block around it is taken off.
            variables: values to set before, by name. They never become part of the code's text.

        Returns:
            A `FinalOutput` if the code called `SUBMIT(…)`; the value of its last line; or what it printed.

        Raises:
            CodeSyntaxError: the code cannot be read; it is a `SyntaxError`, too.
            CodeExecutionError: the code failed, or reached a limit.
            CodeInterpreterError: it cannot be run here: nothing is installed, it is closed, or busy.
        """
        return drive.run(self.aexecute(code, variables), concurrent=any(map(_is_async, self._tools.values())))

    async def aexecute(self, code: str, variables: Mapping[str, Any] | None = None) -> Any:
        """`execute` from asynchronous code; async tools are awaited."""
        if self._is_closed:
            raise CodeInterpreterError("this interpreter was shut down; make a new one")
        if self._is_busy:
            raise CodeInterpreterError(
                "this interpreter is running other code; it runs one piece at a time, so use another one"
            )
        given = _checked(variables or {})
        callbacks = listening(self.callbacks)
        self._is_busy = True
        try:
            if not callbacks:
                return await self._run(code, given)
            told = {"code": code, "variables": variables}
            with Report(callbacks, "interpreter_execute", self, told) as report:
                report.outputs = await self._run(code, given)
                return report.outputs
        except CodeInterpreterError:
            raise
        except BaseException:
            # Cancelled or interrupted: the code may still be running, and nobody waits for it any more.
            self._sandbox.stop()
            raise
        finally:
            self._is_busy = False

    @property
    def is_running(self) -> bool:
        """Whether it has variables: not before the first code, nor after code that reached a limit."""
        return self._sandbox.is_running

    def start(self) -> None:
        """Start the sandbox's process now instead of at the first code.

        Raises:
            CodeInterpreterError: the extra `code` is not installed, or the interpreter was shut down.
        """
        if self._is_closed:
            raise CodeInterpreterError("this interpreter was shut down; make a new one")
        self._started()

    def shutdown(self) -> None:
        """End the sandbox; the interpreter cannot be used again."""
        callbacks = listening(self.callbacks)
        with Report(callbacks, "interpreter_shutdown", self, {}) if callbacks else nullcontext():
            self._is_closed = True
            self._sandbox.stop()

    def _started(self) -> Any:
        """The session of the sandbox, which is started where it does not run."""
        callbacks = () if self._sandbox.is_running else listening(self.callbacks)
        with Report(callbacks, "interpreter_startup", self, {}) if callbacks else nullcontext():
            return self._sandbox.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()

    def __deepcopy__(self, memo: dict[int, Any]) -> PythonInterpreter:
        # A process cannot be copied; the copy gets one of its own.
        return _made_again(self.tools, self.output_fields, self._limits_by_name())

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (self.tools, self.output_fields, self._limits_by_name())

    def __repr__(self) -> str:
        return f"PythonInterpreter(tools={list(self._tools)})"

    def _limits_by_name(self) -> dict[str, Any]:
        return {
            "timeout": self.timeout,
            "max_memory": self.max_memory,
            "max_output": self.max_output,
            "max_calls": self.max_calls,
        }

    @property
    def _tools(self) -> Mapping[str, Any]:
        return self.tools or {}

    async def _run(self, code: str, variables: Mapping[str, Any]) -> Any:
        output = Output(self.max_output)
        session = self._started()
        outcome: FinalOutput | None = None
        answer: Callable[[], Any] | None = _starting(session, code, variables, output)
        try:
            while answer is not None:
                asked = await drive.call_function(self._sandbox.step, answer)
                if outcome is not None and not hasattr(asked, "output"):
                    # The code caught what ends it, and goes on.
                    self._sandbox.stop()
                    return outcome
                submitted, answer = await self._answer(asked)
                outcome = outcome or submitted
        except CodeExecutionError:
            if outcome is not None:
                return outcome
            raise
        if outcome is not None:
            return outcome
        value = outside(asked.output)
        return output.text if value is None else value

    async def _answer(self, asked: Any) -> tuple[FinalOutput | None, Callable[[], Any] | None]:
        """What to tell the code, which has stopped to ask something; nothing where it is at its end."""
        if hasattr(asked, "output"):
            return None, None
        if hasattr(asked, "variable_name"):
            name = asked.variable_name
            known = name in self._tools or name in _ENDINGS
            return None, (lambda: asked.resume(value=_stand_in(name))) if known else asked.resume
        if not hasattr(asked, "function_name") or asked.is_os_function:
            return None, asked.resume_auto
        name = asked.function_name
        args, kwargs = outside(asked.args), outside(asked.kwargs)
        if name in _ENDINGS and name not in self._tools:
            try:
                final = FinalOutput(self._submitted(args, kwargs))
            except TypeError as error:
                refused = raised_inside(error)
                return None, lambda: asked.resume(refused)
            return final, lambda: asked.resume(_ENDS)
        told = await self._call(name, args, kwargs)
        return None, lambda: asked.resume(told)

    async def _call(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a tool returned or raised, in the sandbox's words."""
        tool = self._tools.get(name)
        if tool is None:
            return {"exc_type": "NameError", "message": f"name '{name}' is not defined"}
        callbacks = listening(self.callbacks)
        told = {"tool_name": name, "args": args, "kwargs": kwargs}
        try:
            if not callbacks:
                return {"return_value": inside(await _called(tool, args, kwargs))}
            with Report(callbacks, "interpreter_tool_call", self, told) as report:
                report.outputs = await _called(tool, args, kwargs)
            return {"return_value": inside(report.outputs)}
        except Exception as error:  # noqa: BLE001 whatever a tool raises is raised in the code
            return raised_inside(exits.unpacked(error))

    def _submitted(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of `SUBMIT(…)` by the names of the output fields.

        Raises:
            TypeError: they do not fit.
        """
        names = [
            each["name"] if isinstance(each, Mapping) else str(each) for each in self.output_fields or ()
        ]
        if not names:
            if len(args) == 1 and not kwargs:
                return {"output": args[0]}
            if kwargs and not args:
                return dict(kwargs)
            raise TypeError("SUBMIT takes one value, or values by name")
        if len(args) == 1 and not kwargs and isinstance(args[0], dict) and set(args[0]) == set(names):
            return dict(args[0])
        if len(args) > len(names):
            raise TypeError(f"SUBMIT takes {len(names)} values ({', '.join(names)}), not {len(args)}")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        if missing := [name for name in names if name not in given]:
            raise TypeError(f"SUBMIT needs {', '.join(missing)}")
        if unknown := [name for name in given if name not in names]:
            raise TypeError(f"SUBMIT has no {', '.join(unknown)} (it takes {', '.join(names)})")
        return given


def named(tools: Any) -> dict[str, Callable[..., Any]]:
    """Tools by the names that code calls them by.

    Raises:
        ConfigurationError: a name that code cannot use, or one that two tools have.
    """
    if isinstance(tools, Mapping):
        found = dict(tools)
    else:
        found = {}
        for each in tools or ():
            tool = each if isinstance(each, Tool) else Tool(each)
            if tool.name in found:
                raise ConfigurationError(f"two tools are named `{tool.name}`")
            found[tool.name] = tool
    verify_names(found)
    for name, each in found.items():
        if not callable(each):
            raise ConfigurationError(f"the tool `{name}` must be a function, not {each!r}")
    return found


def verify_names(names: Iterable[Any]) -> None:
    """Refuse names of tools that code cannot call.

    Raises:
        ConfigurationError: one is no identifier of Python, or is a keyword.
    """
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise ConfigurationError(
                f"code cannot call a tool named {name!r}: the name must be a valid Python identifier and "
                "not a keyword, like `search`"
            )


def without_fence(text: str) -> str:
    """The code in the first fenced block of a text; all of it where there is none."""
    if "```" not in text:
        return text
    match = _FENCE.search(text)
    return match[1] if match is not None else text


_FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?:python3?|py3?)?[ \t]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE
)


def _checked(variables: Mapping[str, Any]) -> dict[str, Any]:
    for name in variables:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise CodeInterpreterError(f"{name!r} cannot be the name of a variable")
    try:
        return {name: inside(value) for name, value in variables.items()}
    except Exception as error:
        raise CodeInterpreterError(f"a variable cannot be given to the code: {error}") from error


def _starting(session: Any, code: str, variables: Mapping[str, Any], output: Output) -> Callable[[], Any]:
    text = without_fence(code)
    return lambda: session.feed_start(text, inputs=dict(variables), print_callback=output.write)


def _stand_in(name: str) -> Callable[..., Any]:
    """A function of that name: what the sandbox knows of a tool that code uses as a value."""

    def tool(*args: Any, **kwargs: Any) -> None:
        """Never called: the sandbox asks by name."""

    tool.__name__ = tool.__qualname__ = name
    return tool


async def _called(tool: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    if isinstance(tool, Tool):
        return await tool.acall(**tool.bind(args, kwargs))
    return await drive.call_function(tool, *args, **kwargs)


def _is_async(tool: Any) -> bool:
    return tool.is_async if isinstance(tool, Tool) else drive.is_async(tool)


def _made_again(tools: Any, output_fields: Any, limits: dict[str, Any]) -> PythonInterpreter:
    return PythonInterpreter(tools, output_fields, **limits)
