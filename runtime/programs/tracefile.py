"""`TraceFile`: what a program does, call by call, in a file that others read while it is written.

    configure(callbacks=[TraceFile("run.trace.jsonl", content=True)])

The file is JSON Lines. The first line says what it is, each other one what has just happened:

    {"dspyc_trace":1,"began":1764405600.2,"process":71,"content":true,"command":"run","program":"rag.dspy:answer"}
    {"call":1,"within":null,"what":"module","name":"Answer","at":0.0004,"place":"rag.dspy:20","inputs":{…}}
    {"call":2,"within":1,"what":"lm","name":"openai/gpt-4o-mini","at":0.0011,"messages":[["system","…"],…]}
    {"end":2,"at":0.8312,"tokens":[210,34],"cost":0.00012,"answers":["…"]}
    {"end":1,"at":0.8320,"outputs":{…}}
    {"progress":"evaluate","at":2.1,"done":40,"total":200,"score":72.5}
    {"trial":3,"at":9.4,"score":81.0,"label":"seed 2","full":true,"demos":{"classify":4}}
    {"result":7,"at":9.9,"metric":"same_label","program":"triage","rows":200,"seconds":7.1,"require":80.0}
    {"row":0,"of":7,"score":1.0,"seconds":0.2,"inputs":{…},"expected":{…},"given":{…}}
    {"finished":12.0}

`at` counts seconds from the beginning. `what` is `module`, `lm`, `tool`, `code`, `evaluate` or `optimize`;
`within` is the call around, so calls of the same `within` whose times overlap ran together. An `end` has an
`error` where the call failed. A file without `finished` is of a process that runs, or was killed.

What was said is content: `inputs`, `outputs`, `messages`, `answers`, `expected`, `given`, `feedback`, the
words of errors, instructions. Without `content` none of it is written. Secrets never are. A line that would
be longer than 8 MB has `left_out`, the number of bytes, in place of its content.
"""

from __future__ import annotations

import atexit
import errno
import logging
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self
from weakref import WeakSet

from ...base.forks import new_lock
from ...base.locks import Locked, open_alone
from ...base.secrets import redact
from ..evaluate.result import EvaluationResult
from ..execution.callbacks import ACTIVE_CALL_ID, BaseCallback
from ..execution.progress import Progress, reporting_also_to
from ..lm.cachetable import text_of
from ..lm.request import Response
from ..lm.telemetry import name_of_module
from ..modules.base import Module
from ..optimizers.hearing import telling_trials
from .tracelines import answers, fields, line, relative, taken

logger = logging.getLogger("dspyc")

VERSION = 1
_MOST_NAMES = 1000
_PROGRESS_SECONDS = 0.2
"""So often the progress of a stage is written at most."""


class TraceFile(BaseCallback):
    """Writes every call of a module, a model, a tool and code, with what ran inside what, and when.

        with TraceFile("run.trace.jsonl", content=True) as trace, context(callbacks=[trace]):
            program(question="…")

    Each line is written at once, so `dspyc ui` shows a run while it goes on. A file that is there is
    written over. One that is not closed is closed when the process ends, or when another of the same process
    begins the same file anew.

    Args:
        path: the file, which only its owner may read.
        content: whether inputs, messages, answers and the words of errors are in it. Secrets never are.
        program: the program, as `rag.dspy:answer`, for whoever reads the file.
        command: what runs it, in a word.

    Raises:
        OSError: the file cannot be written, is not a regular file, or another process writes it. What goes
            wrong once it is open is logged and has no other effect.
    """

    _file: int | None = None

    def __init__(
        self, path: str | os.PathLike[str], content: bool = False, program: str = "", command: str = ""
    ) -> None:
        self.content = content
        self._folder = os.path.dirname(os.path.abspath(path))
        self._process = os.getpid()
        _close_all(path)
        self._file = _open_alone(path)
        _OPEN.add(self)
        self._lock = new_lock()
        self._count = 0
        self._numbers: dict[str, int] = {}
        self._programs: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._began = time.perf_counter()
        self._write(
            {
                "dspyc_trace": VERSION,
                "began": round(time.time(), 3),
                "process": os.getpid(),
                "content": content,
                "command": redact(command),
                "program": redact(program),
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self.close(error)

    def close(self, error: BaseException | None = None) -> None:
        """Write that all is done, or what ended it, and close the file."""
        if self._file is not None:
            self._write({"finished": self._now()}, self._failure(error))
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def __del__(self) -> None:
        if self._file is not None and self._process == os.getpid():
            self.close()

    # --- calls --------------------------------------------------------------------------------------------

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Write that a module is called."""
        given = lambda: {"inputs": dict(enumerate(inputs["args"])) | inputs["kwargs"]}  # noqa: E731
        self._start(call_id, "module", name_of_module(instance), given)

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """Write what the module gives."""
        self._end(call_id, exception, lambda: {"outputs": fields(outputs)})

    def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Write that a tool is called."""
        self._start(call_id, "tool", str(instance.name), lambda: {"inputs": inputs["kwargs"]})

    def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """Write what the tool returns."""
        self._end(call_id, exception, lambda: {"outputs": fields(outputs)})

    def on_interpreter_execute_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Write that code runs."""
        self._start(call_id, "code", type(instance).__name__, lambda: {"inputs": inputs})

    def on_interpreter_execute_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """Write what came of the code."""
        self._end(call_id, exception, lambda: {"outputs": fields(outputs)})

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Write that a model is asked, with settings that are numbers, which are no content."""
        settings = {
            name: value
            for name, value in inputs["kwargs"].items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        }
        asked = lambda: {  # noqa: E731
            "messages": [[str(each.get("role")), text_of(each)] for each in inputs["messages"] or ()]
        }
        self._start(call_id, "lm", str(instance.model), asked, {"settings": settings} if settings else None)

    def on_lm_end(
        self, call_id: str, outputs: list[Any] | None, exception: BaseException | None = None
    ) -> None:
        """Write what the model answered, and what that took."""
        response = getattr(outputs, "response", None)
        facts = taken(response) if isinstance(response, Response) else {}
        self._end(call_id, exception, lambda: {"answers": answers(response, outputs)}, facts)

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Write that an evaluation begins, under the name of its program."""
        program = inputs.get("program") or getattr(instance, "program", None)
        name = name_of_module(program) if isinstance(program, Module) else "programs"
        self._programs[call_id] = name
        self._start(call_id, "evaluate", name, dict)

    def on_evaluate_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """Write the result of an evaluation, with its rows."""
        result = getattr(exception, "result", None) if outputs is None else outputs
        if isinstance(result, EvaluationResult):
            with self._lock:
                number = self._numbers.get(call_id)
            self._result(result, number, self._programs.pop(call_id, result.program))
        self._end(call_id, exception, dict)

    def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Write that an optimizer begins."""
        self._start(call_id, "optimize", type(instance).__name__, dict)

    def on_compile_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """Write that the optimizer is done."""
        self._end(call_id, exception, dict)

    # --- evaluations and searches -------------------------------------------------------------------------

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Write the progress and the trials of what runs inside, too."""
        with telling_trials(self._trial), reporting_also_to(self._progress):
            yield

    def _progress(self, progress: Progress) -> None:
        now = self._now()
        key = (progress.stage, progress.detail)
        is_last = progress.total is not None and progress.done >= progress.total
        if not is_last and now - self._told.get(key, -1.0) < _PROGRESS_SECONDS:
            return
        self._told[key] = now
        told = {
            "done": progress.done,
            "total": progress.total,
            "score": progress.score,
            "cost": progress.cost,
        }
        found = {name: value for name, value in told.items() if value is not None}
        detail = {"detail": progress.detail} if progress.detail and self.content else {}
        self._write({"progress": self._clean(progress.stage), "at": now, **found}, detail)

    def _trial(self, trial: Any) -> None:
        from ..optimizers.reporting import trial_record

        record = trial_record(trial.number, trial)
        told: dict[str, Any] = {
            "trial": record.number,
            "at": self._now(),
            "score": record.score,
            "full": record.is_full,
            "demos": dict(record.demos),
        }
        said = self._failure(trial.error)
        if self.content:
            said |= {"label": record.label, "instructions": dict(record.instructions)}
        self._write(told, said)

    def _result(self, result: Any, number: int | None, program: str) -> None:
        self._write(
            {
                "result": number,
                "at": self._now(),
                "metric": self._clean(result.metric),
                "program": self._clean(program),
                "rows": len(result.rows),
                "total": result.total,
                "seconds": round(result.seconds, 3),
                "require": result.require,
            }
        )
        index = -1
        for row in result.rows:
            index += row.repeat == 0 or index < 0
            self._row({"row": index, "of": number}, row)

    def _row(self, told: dict[str, Any], row: Any) -> None:
        told |= {"score": row.value, "seconds": round(row.seconds, 4)}
        said = self._failure(row.error)
        if row.repeat:
            told["repeat"] = row.repeat
        if row.usage is not None:
            told["usage"] = [row.usage.calls, row.usage.tokens, row.usage.cost]
        if self.content:
            inputs = row.example._input_keys or frozenset()
            example = row.example.toDict()
            said |= {
                "inputs": {name: value for name, value in example.items() if name in inputs},
                "expected": {name: value for name, value in example.items() if name not in inputs},
                "given": row.prediction.toDict(),
                "calls": [call.as_json() for call in row.calls],
            }
            optional = {"feedback": row.feedback, "origin": row.example.origin}
            said |= {name: value for name, value in optional.items() if value}
            if chances := row.prediction.probabilities:
                said["probabilities"] = {
                    name: [[choice, share] for choice, share in shares.items()]
                    for name, shares in chances.items()
                }
        self._write(told, said)

    # --- lines --------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return round(time.perf_counter() - self._began, 6)

    def _start(
        self, call_id: str, what: str, name: str, content: Any, facts: Mapping[str, Any] | None = None
    ) -> None:
        around = ACTIVE_CALL_ID.get()
        with self._lock:
            self._count += 1
            number = self._numbers[call_id] = self._count
            within = self._numbers.get(around) if around else None
        told: dict[str, Any] = {
            "call": number, "within": within, "what": what, "name": self._clean(name), "at": self._now()
        }  # fmt: skip
        if (place := self._place()) is not None:
            told["place"] = self._clean(place)
        self._write(told | dict(facts or {}), _content_of(content) if self.content else {})

    def _end(
        self,
        call_id: str,
        exception: BaseException | None,
        content: Any,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        now = self._now()
        with self._lock:
            number = self._numbers.pop(call_id, None)
        if number is None:
            return
        told = {"end": number, "at": now, **(facts or {})}
        said = _content_of(content) if self.content and exception is None else self._failure(exception)
        self._write(told, said)

    def _clean(self, name: str) -> str:
        """A name without secrets; looking for them takes longer than all else, so names are kept."""
        found = self._names.get(name)
        if found is None:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            found = self._names[name] = redact(name)
        return found

    def _failure(self, error: BaseException | None) -> dict[str, Any]:
        if error is None:
            return {}
        return {"error": f"{type(error).__name__}: {error}" if self.content else type(error).__name__}

    def _place(self) -> str | None:
        """Where in a `.dspy` file the call stands, as far as that is on the stack."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if file.endswith(".dspy"):
                return f"{relative(file, self._folder)}:{frame.f_lineno}"
            frame = frame.f_back
        return None

    def _write(self, facts: dict[str, Any], said: dict[str, Any] | None = None) -> None:
        """Write a line: facts, which hold no secrets, and what may hold some."""
        content = line(facts, said or {})
        with self._lock:
            if self._file is None:
                return
            try:
                left = memoryview(content)
                while left:
                    left = left[os.write(self._file, left) :]
            except OSError as error:
                # Half a line has to be the last.
                os.close(self._file)
                self._file = None
                logger.warning("the trace ends here: %s", error.strerror or error)


def _content_of(content: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Content, out of values of others, which may fail when they are asked for their fields."""
    try:
        return content()
    except Exception as error:  # noqa: BLE001 the call itself is written in any case
        logger.debug("what was said is left out of the trace: %r", error)
        return {}


# --- files ------------------------------------------------------------------------------------------------

_OPEN: WeakSet[TraceFile] = WeakSet()
_FAR = 2**31 - 2
"""Windows locks one byte, at the place where the file is, and lets nobody read it; nothing stands there."""


def _open_alone(path: str | os.PathLike[str]) -> int:
    """The file, empty, for this process alone and for its owner's eyes.

    Raises:
        OSError: it cannot be written, is not a regular file, or another process writes it.
    """
    # Without blocking, or a named pipe at this path would be waited for.
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)

    def opened() -> int:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        return descriptor

    try:
        descriptor = open_alone(path, opened)
    except Locked:
        raise OSError(errno.EBUSY, "another process writes this trace", os.fspath(path)) from None
    try:
        # Before anything is written: an earlier file may have been open to others.
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)
        os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _close_all(path: str | os.PathLike[str] | None = None, error: BaseException | None = None) -> None:
    """Close the traces of this process: all of them, or those that write this file."""
    for each in list(_OPEN):
        if each._process == os.getpid() and (path is None or _writes(each._file, path)):
            each.close(error)


def _writes(descriptor: int | None, path: str | os.PathLike[str]) -> bool:
    try:
        return descriptor is not None and os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


@atexit.register
def _close_at_exit() -> None:
    # Not in a prompt, where an error ends nothing.
    error = None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
    _close_all(error=error)
