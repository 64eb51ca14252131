"""`--trace FILE`: what a run did, call by call, as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from ..base.files import write_atomically
from ..base.forks import new_lock
from ..base.secrets import redact, redact_mapping
from ..base.text import clip
from .console import say_warning
from .errors import Refusal

LONGEST = 20_000
"""Characters of one value, message or answer in a trace."""
MOST = 20_000
"""Calls in a trace; what comes after them is only counted."""

trace_option = click.option(
    "--trace",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write every call to a JSON file: inputs, prompts, answers, times and costs.",
)


@contextmanager
def tracing_to(path: Path | None, command: str) -> Iterator[None]:
    """Write the calls of the block to a file when it ends, also when it fails; nothing without a file.

    The file holds `{"version": 1, "command", "started", "seconds", "calls", "tokens", "cost", "steps"}`. A
    step has `kind` (`module`, `lm` or `tool`), `name`, `start` and `seconds`, its `inputs`, and `outputs` or
    `error`, and inside `steps`; one of a model also `messages`, `answer`, `tokens`, `cost` and `cached`.

    Raises:
        Refusal: the file cannot be written.
    """
    if path is None:
        yield
        return
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise Refusal(f"the trace cannot be written to {path}", "name a file in a folder that exists")
    from ..runtime import context
    from ..runtime.execution.settings import lookup

    recorder = _recorder()
    try:
        with context(callbacks=[*(lookup("callbacks") or ()), recorder]):
            yield
    finally:
        try:
            write_atomically(
                path, json.dumps({"command": command, **recorder.finished()}, default=str) + "\n"
            )
        except OSError as problem:
            say_warning(f"the trace could not be written to {path}: {problem.strerror}")


def _recorder() -> Any:
    """What listens to the calls; its class is made late, because its base brings the runtime."""
    from ..runtime import BaseCallback
    from ..runtime.execution.callbacks import ACTIVE_CALL_ID

    class Recorder(BaseCallback):
        """Keeps the calls that it is told of as a tree."""

        def __init__(self) -> None:
            self._steps: list[dict[str, Any]] = []
            self._open: dict[str, dict[str, Any]] = {}
            self._names: dict[int, str] = {}
            self._kept: list[Any] = []
            self._lock = new_lock()
            self._count = 0
            self._began = time.time()
            self._clock = time.perf_counter()

        def finished(self) -> dict[str, Any]:
            """All that was kept, with its sums."""
            with self._lock:
                models = [each for each in _flat(self._steps) if each["kind"] == "lm"]
                costs = [each["cost"] for each in models if each.get("cost") is not None]
                record = {
                    "version": 1,
                    "started": self._began,
                    "seconds": round(time.perf_counter() - self._clock, 6),
                    "calls": len(models),
                    "tokens": sum(each.get("tokens") or 0 for each in models),
                    "cost": sum(costs) if costs else None,
                    "left_out": max(0, self._count - MOST),
                    "steps": self._steps,
                }
                return redact_mapping(record)

        def _start(self, call_id: str, kind: str, name: str, facts: Mapping[str, Any]) -> None:
            step: dict[str, Any] = {
                "kind": kind,
                "name": name,
                "start": round(time.perf_counter() - self._clock, 6),
                **_place(sys._getframe(2)),
                **facts,
                "steps": [],
            }
            with self._lock:
                self._count += 1
                if self._count > MOST:
                    return
                around = self._open.get(ACTIVE_CALL_ID.get() or "")
                (self._steps if around is None else around["steps"]).append(step)
                self._open[call_id] = step

        def _end(self, call_id: str, exception: BaseException | None, facts: Mapping[str, Any]) -> None:
            with self._lock:
                step = self._open.pop(call_id, None)
                if step is None:
                    return
                step["seconds"] = round(time.perf_counter() - self._clock - step["start"], 6)
                if exception is not None:
                    step["error"] = clip(f"{type(exception).__name__}: {exception}", LONGEST)
                else:
                    step.update(facts)

        def _name(self, instance: Any) -> str:
            """The name that a module has in the one around it; its class's where it has none."""
            known = self._names.get(id(instance))
            if known is None:
                known = type(instance).__name__
                for path, one in instance.named_sub_modules():
                    self._names.setdefault(id(one), path.removeprefix("self").removeprefix(".") or known)
                # While it is kept, no other object has its id.
                self._kept.append(instance)
            return known

        def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            """A module is called."""
            facts = {"class": type(instance).__name__, "inputs": _shown(inputs.get("kwargs", {}))}
            self._start(call_id, "module", self._name(instance), facts)

        def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
            """A module has returned."""
            self._end(call_id, exception, {"outputs": _shown(outputs)})

        def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            """A tool is called."""
            facts = {"inputs": _shown(inputs.get("kwargs", {}))}
            self._start(call_id, "tool", str(getattr(instance, "name", "tool")), facts)

        def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
            """A tool has returned."""
            self._end(call_id, exception, {"outputs": {"result": _text(outputs)}})

        def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            """A model is asked."""
            messages = inputs.get("messages") or [{"role": "user", "content": inputs.get("prompt")}]
            self._start(
                call_id, "lm", str(instance.model), {"messages": [_message(each) for each in messages]}
            )

        def on_lm_end(
            self, call_id: str, outputs: list[Any] | None, exception: BaseException | None = None
        ) -> None:
            """A model has answered."""
            self._end(call_id, exception, _answer(outputs))

    return Recorder()


def _flat(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    waiting = list(steps)
    while waiting:
        step = waiting.pop()
        waiting += step["steps"]
        yield step


def _place(frame: FrameType | None) -> dict[str, Any]:
    """The place in a `.dspy` file that a call comes from, where the stack leads to one."""
    while frame is not None:
        if frame.f_code.co_filename.endswith(".dspy"):
            return {"path": frame.f_code.co_filename, "line": frame.f_lineno}
        frame = frame.f_back
    return {}


def _message(message: Mapping[str, Any]) -> dict[str, str]:
    from ..runtime.lm.history import text_of

    return {"role": str(message.get("role")), "text": clip(redact(text_of(message.get("content"))), LONGEST)}


def _answer(outputs: Any) -> dict[str, Any]:
    from ..runtime.lm.history import text_of_output

    response = getattr(outputs, "response", None)
    facts: dict[str, Any] = {"answer": clip(text_of_output(outputs[0]), LONGEST) if outputs else ""}
    if response is not None:
        facts["tokens"] = int(response.usage.get("total_tokens") or 0)
        facts["read"] = int(response.usage.get("prompt_tokens") or 0)
        facts["cost"] = response.cost
        facts["cached"] = bool(response.cache_hit)
    return facts


def _shown(values: Any) -> dict[str, str]:
    """The values of a call's inputs or outputs as texts."""
    if not isinstance(values, Mapping) and hasattr(values, "items"):
        values = dict(values.items())
    if not isinstance(values, Mapping):
        return {"result": _text(values)}
    return {str(name): _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return clip(value, LONGEST)
    from pydantic_core import to_jsonable_python

    try:
        plain = to_jsonable_python(value, fallback=str)
        return clip(json.dumps(plain, ensure_ascii=False, indent=2), LONGEST)
    except (ValueError, RecursionError):
        return clip(repr(value), LONGEST)
