"""The sandbox that a model's code runs in: Monty's workers, which have no files and no network.

Monty is an interpreter of a part of Python, written in Rust: code that it runs reaches the outside only
through what is handed to it, and counts its own time and memory. It runs in a process of its own, so that
even a crash of the interpreter is an error here. There is nothing to be escaped from with `__subclasses__` or
`ctypes`: neither CPython nor a file descriptor is inside. https://github.com/pydantic/monty
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..errors import CodeExecutionError, CodeInterpreterError, CodeSyntaxError
from ..values.rendering import to_json_types

if TYPE_CHECKING:
    import pydantic_monty as monty

_GRACE_SECONDS = 1.0
"""How long a worker may take to notice that its time is over before its process is ended."""

_GONE = "what was defined so far is gone"
_NOT_KNOWN = "not yet support"
"""How Monty's messages say that a part of Python is missing."""
_INTERNAL = "Internal error in monty: "
_ONE_TEXT = "one string argument"
"""How they say that an exception is made of something else than a text."""


class Limits(NamedTuple):
    """What code may use; see `PythonInterpreter`."""

    seconds: float
    memory: int
    output: int
    calls: int


class _Process:
    """Where Monty's threads are: they do not come along when a process is forked."""

    id = 0
    left: ClassVar[list[Any]] = []
    """What a forked child must not even forget."""


class Output:
    """What code prints, up to a number of characters."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._parts: list[str] = []

    def write(self, stream: str, text: str) -> None:
        """Take what is printed; an error, which ends the code, when it is too much."""
        self._parts.append(text[: max(0, self._limit - self._size)])
        self._size += len(text)
        if self._size > self._limit:
            raise MemoryError(f"more than {self._limit:,} characters printed")

    @property
    def text(self) -> str:
        """All that was printed."""
        return "".join(self._parts)


class Sandbox:
    """A worker process, started at the first use, and one session in it that keeps its variables."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool: monty.Monty | None = None
        self._session: monty.MontySession | None = None
        self._process = 0

    @property
    def is_running(self) -> bool:
        """Whether there is a worker of this process."""
        return self._session is not None and self._process == os.getpid()

    def start(self) -> monty.MontySession:
        """The session, started if it is not yet.

        Raises:
            CodeInterpreterError: the extra `code` is not installed, or the worker does not start.
        """
        if self._session is not None and self._process == os.getpid():
            return self._session
        try:
            import pydantic_monty as monty
        except ImportError as error:
            raise CodeInterpreterError(
                'running code needs a sandbox: install it with `pip install "dspyc[code]"`'
            ) from error
        if _Process.id not in (0, os.getpid()):
            raise CodeInterpreterError(
                "code was run before this process was forked, and the sandbox does not survive that; start "
                'processes with "spawn", or run code only in them'
            )
        _Process.id = os.getpid()
        seconds, memory, _, calls = self._limits
        try:
            self._pool = monty.Monty(
                min_processes=0, max_processes=1, feed_duration_limit_grace=_GRACE_SECONDS
            ).__enter__()
            self._session = self._pool.checkout(
                script_name="code.py",
                limits={
                    "max_feed_duration_secs": seconds,
                    "max_memory": memory,
                    "max_suspensions": calls,
                    "max_total_sleep_secs": seconds,
                },
            ).__enter__()
        except (OSError, RuntimeError, monty.MontyError) as error:
            self.stop()
            raise CodeInterpreterError(f"the sandbox for code does not start: {error}") from error
        self._process = os.getpid()
        return self._session

    def stop(self) -> None:
        """End the worker; the variables of its session are gone. Another start makes a new one."""
        pool, session = self._pool, self._session
        self._pool = self._session = None
        if pool is None:
            return
        if self._process in (0, os.getpid()):
            pool.__exit__(None, None, None)
        else:
            # A forked child has the parent's pipes, but not the threads that wait at them.
            _Process.left += [pool, session]

    def step(self, take: Callable[[], Any]) -> Any:
        """Let the code run on to its end, or to the next thing that it asks of the outside.

        Args:
            take: starts it, or answers what it asked.

        Raises:
            CodeSyntaxError: the code cannot be read.
            CodeExecutionError: the code failed, or reached a limit.
            CodeInterpreterError: a value cannot be given to it.
        """
        import pydantic_monty as monty

        try:
            return take()
        except monty.MontySyntaxError as error:
            raise CodeSyntaxError(f"SyntaxError: {error}") from None
        except monty.MontyConversionError as error:
            raise CodeInterpreterError(f"a value cannot be given to the code: {error}") from None
        except monty.MontyRuntimeError as error:
            raise self._failure(error) from None
        except monty.MontyError as error:
            # The worker has crashed, or was ended because it did not notice that its time was over.
            self.stop()
            if getattr(error, "timed_out", False):
                raise CodeExecutionError(self._too_long()) from None
            raise CodeExecutionError(f"the code broke its sandbox, and {_GONE}: {error}") from None

    def _failure(self, error: monty.MontyRuntimeError) -> CodeExecutionError:
        inner = error.exception()
        words = str(error)
        if isinstance(inner, NotImplementedError) and _NOT_KNOWN in words:
            part = words.partition("support ")[2] or words
            return CodeSyntaxError(f"the sandbox supports only a part of Python, without {part}")
        if _INTERNAL in words:
            part = words.partition(_INTERNAL)[2]
            if _ONE_TEXT in part:
                part = 'an exception is made of one text, such as `ValueError("no number")`, or of nothing'
            return CodeExecutionError(
                f"the sandbox supports only a part of Python: {_with_line(error, part)}"
            )
        if isinstance(inner, TimeoutError) and "limit exceeded" in words:
            # A limit stops the interpreter in the middle of something; the session is not to be used again.
            self.stop()
            return CodeExecutionError(self._too_long())
        if isinstance(inner, MemoryError):
            self.stop()
            if "printed" in words:
                return CodeExecutionError(f"{words.removeprefix('MemoryError: ')}, and {_GONE}")
            return CodeExecutionError(
                f"the code needed more than {self._limits.memory / 1e6:,.0f} MB of memory, and {_GONE}"
            )
        if isinstance(inner, RuntimeError) and "suspension" in words.lower():
            self.stop()
            return CodeExecutionError(
                f"the code called tools more than {self._limits.calls:,} times, and {_GONE}"
            )
        return CodeExecutionError(_with_line(error))

    def _too_long(self) -> str:
        return f"the code ran longer than {self._limits.seconds:g} seconds, and {_GONE}"


def _with_line(error: monty.MontyRuntimeError, message: str = "") -> str:
    """`ZeroDivisionError: division by zero (line 3: x / 0)`, with another message where one is given."""
    message = message or str(error)
    frames = error.traceback()
    if not frames:
        return message
    line = (frames[-1].source_line or "").strip()
    return f"{message} (line {frames[-1].line}{f': {line}' if line else ''})"


_PLAIN = (str, int, float, bool, bytes, type(None))


def inside(value: Any) -> Any:
    """A value as the sandbox takes it: records and other objects become dicts and lists."""
    if isinstance(value, _PLAIN) and type(value) in _PLAIN:
        return value
    if type(value) is dict:
        return {inside(key): inside(each) for key, each in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(map(inside, value))
    if callable(value):
        raise TypeError(f"{value!r} is a function; pass it as a tool")
    return to_json_types(value)


def outside(value: Any) -> Any:
    """A value as the sandbox gives it: an object of a class that the code has made becomes a dict."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict):
        return {outside(key): outside(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return outside(value._asdict())
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(map(outside, value))
    attributes = getattr(value, "attributes", None)
    if type(value).__name__ == "MontyClassProxy" and isinstance(attributes, Mapping):
        return outside(dict(attributes))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: outside(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value if type(value).__module__ in ("datetime", "decimal") else str(value)


def raised_inside(error: BaseException) -> Mapping[str, Any]:
    """What the sandbox raises where a tool raised this: the same if Python has it, else RuntimeError."""
    name = type(error).__name__
    if type(error).__module__ == "builtins" and name in _OF_PYTHON:
        return {"exc_type": name, "message": str(error)}
    return {"exc_type": "RuntimeError", "message": f"{name}: {error}"}


_OF_PYTHON: Iterable[str] = frozenset(
    {"ArithmeticError", "AssertionError", "AttributeError", "FileNotFoundError", "ImportError", "IndexError"}
    | {"KeyError", "LookupError", "NotImplementedError", "OSError", "OverflowError", "PermissionError"}
    | {"RuntimeError", "TimeoutError", "TypeError", "ValueError", "ZeroDivisionError"}
)
