"""Callbacks: told of the calls of modules, models, adapters, tools, evaluations and optimizers as they come.

Each call has an id; the id of the call around it is `ACTIVE_CALL_ID` while its start is told. Where nobody
listens this costs nothing but the question whether someone does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, Self, TypeVar

from . import exits, settings

F = TypeVar("F", bound=Callable[..., Any])

ACTIVE_CALL_ID: ContextVar[str | None] = ContextVar("dspyc_active_call_id", default=None)
"""The id of the innermost call that callbacks are told of here."""


class BaseCallback:
    """The base class of callbacks: override what you need.

    Give them to all calls with `configure(callbacks=[…])`, or to one object: `LM(…, callbacks=[…])`,
    `ChatAdapter(callbacks=[…])`, `Predict(…, callbacks=[…])`, `Tool(…, callbacks=[…])`. Each start has its
    end, with the same `call_id`, and `outputs` is None where `exception` is an error. An error in a callback
    is logged and has no other effect.
    """

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A module is called; `inputs` are its `args` and `kwargs`.

        Args:
            call_id: identifies the call; its end gets the same.
            instance: the module.
            inputs: what it is called with.
        """

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """The module has returned its prediction, or failed.

        Args:
            call_id: which call.
            outputs: what it returned, None when it failed.
            exception: the error, if it failed.
        """

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A model is asked; `inputs` are `prompt`, `messages` and `kwargs`, the settings without keys."""

    def on_lm_end(
        self, call_id: str, outputs: list[Any] | None, exception: BaseException | None = None
    ) -> None:
        """The model has answered; `outputs` are what `lm(…)` returns, and have the whole `response`."""

    def on_adapter_format_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An adapter makes messages; `inputs` are its `signature`, `demos` and `inputs`."""

    def on_adapter_format_end(
        self, call_id: str, outputs: list[dict[str, Any]] | None, exception: BaseException | None = None
    ) -> None:
        """The messages are made, or could not be."""

    def on_adapter_parse_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An adapter reads an answer; `inputs` are its `signature` and `completion`."""

    def on_adapter_parse_end(
        self, call_id: str, outputs: dict[str, Any] | None, exception: BaseException | None = None
    ) -> None:
        """The answer is read, or cannot be."""

    def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A tool is called; `inputs` are its `kwargs`."""

    def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """The tool has returned, or failed."""

    def on_interpreter_startup_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """The process of an interpreter is started."""

    def on_interpreter_startup_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """The process runs, or could not be started."""

    def on_interpreter_execute_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An interpreter runs code; `inputs` are its `code` and `variables`."""

    def on_interpreter_execute_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """The code has ended, or failed."""

    def on_interpreter_tool_call_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Code calls a function of yours; `inputs` are its `tool_name`, `args` and `kwargs`."""

    def on_interpreter_tool_call_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """The function has returned, or failed."""

    def on_interpreter_shutdown_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An interpreter is shut down."""

    def on_interpreter_shutdown_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """The interpreter is shut down."""

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An evaluation begins; `inputs` are the arguments of its call."""

    def on_evaluate_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """The evaluation has its result, or broke off."""

    def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An optimizer begins; `inputs` are the arguments of `compile`."""

    def on_compile_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """The optimizer returns its program, or failed."""


def listening(own: Sequence[Any] | None) -> Sequence[Any]:
    """Who is told of a call: the callbacks of everything first, then the object's own."""
    if not settings.Heard.anywhere:
        return own or ()
    return [*(settings.lookup("callbacks") or ()), *(own or ())]


_OF_INTERPRETERS = {"start": "startup", "invoke_tool": "tool_call"}
"""Methods of interpreters that callbacks have other names for."""


class Report:
    """A call that callbacks are told of: it starts when this is made, and ends with the block.

        with Report(callbacks, "tool", tool, {"kwargs": arguments}) as report:
            report.outputs = …

    Args:
        callbacks: who is told.
        what: what is called, as in the callbacks' names: `module`, `lm`, `adapter_format`, …
        instance: the object that is called.
        inputs: what it is called with.
    """

    __slots__ = ("_call_id", "_callbacks", "_outer", "_what", "outputs")

    def __init__(self, callbacks: Sequence[Any], what: str, instance: Any, inputs: dict[str, Any]) -> None:
        from uuid import uuid4  # with logging and inspect, imported with the first call that is told of

        self.outputs: Any = None
        self._callbacks, self._what = callbacks, what
        self._call_id = uuid4().hex
        for callback in callbacks:
            _tell(callback, f"on_{what}_start", call_id=self._call_id, instance=instance, inputs=inputs)
        self._outer = ACTIVE_CALL_ID.get()
        ACTIVE_CALL_ID.set(self._call_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Not by a token: a generator may end in another context than the one it started in.
        ACTIVE_CALL_ID.set(self._outer)
        raised = None if error is None else exits.unpacked(error)
        outputs = self.outputs if raised is None else None
        for callback in self._callbacks:
            _tell(callback, f"on_{self._what}_end", call_id=self._call_id, outputs=outputs, exception=raised)


def with_callbacks(function: F) -> F:
    """A method of which callbacks are told: those of the object's `callbacks`, and of the settings.

    What they are told of is the class's `_reported_as`, with the name of the method for an adapter; where a
    class does not say, an interpreter of code if it looks like one, else a module.
    """
    from inspect import iscoroutinefunction

    if iscoroutinefunction(function):

        @wraps(function)
        async def awaited(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            callbacks = listening(getattr(self, "callbacks", None))
            if not callbacks:
                return await function(self, *args, **kwargs)
            with _report(callbacks, function, self, args, kwargs) as report:
                report.outputs = await function(self, *args, **kwargs)
                return report.outputs

        return awaited  # type: ignore[return-value]

    @wraps(function)
    def called(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        callbacks = listening(getattr(self, "callbacks", None))
        if not callbacks:
            return function(self, *args, **kwargs)
        with _report(callbacks, function, self, args, kwargs) as report:
            report.outputs = function(self, *args, **kwargs)
            return report.outputs

    return called  # type: ignore[return-value]


def _report(
    callbacks: Sequence[Any],
    function: Callable[..., Any],
    instance: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Report:
    from inspect import signature

    what = getattr(instance, "_reported_as", None)
    if what is None:
        is_interpreter = all(hasattr(instance, name) for name in ("tools", "execute", "shutdown"))
        what = "interpreter" if is_interpreter else "module"
    if what == "adapter":
        what = f"adapter_{function.__name__}"
    elif what == "interpreter":
        what = f"interpreter_{_OF_INTERPRETERS.get(function.__name__, function.__name__)}"
    try:
        bound = signature(function).bind(instance, *args, **kwargs)
    except TypeError:
        # The call itself says what is wrong with its arguments.
        return Report(callbacks, what, instance, {"args": args, "kwargs": kwargs})
    bound.apply_defaults()
    first = next(iter(bound.arguments))
    inputs = {name: value for name, value in bound.arguments.items() if name != first}
    return Report(callbacks, what, instance, inputs)


def _tell(callback: Any, name: str, **facts: Any) -> None:
    listener = getattr(callback, name, None)
    if listener is None:
        return
    try:
        listener(**facts)
    except Exception:
        import logging

        logging.getLogger("dspyc").exception("a callback failed")
