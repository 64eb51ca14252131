"""The engine of a cluster, as far as it is the same for all of them."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from ..base import json
from ..runtime.modules.base import Module
from ..runtime.work.engine import FATAL, OnOutcome
from ..runtime.work.identity import digest
from ..runtime.work.journal import Journal
from ..runtime.work.task import Codec, Do, Outcome, Registry, Task, Usage
from . import parcels
from .failures import failure


class ClusterEngine(ABC):
    """Gives tasks to the workers of a cluster, so many at a time, and takes what comes back.

    Each text that a task needs goes to the cluster once. A worker that dies loses its tasks, which the
    cluster gives to another one.

    Args:
        source: the file that declares the program; with what it imports, it goes to the workers.
    """

    is_remote = True

    def __init__(self, source: str | Path) -> None:
        self._source = Path(source)
        self._journal: Journal | None = None
        self._sources: str | None = None
        self._sent: dict[str, Any] = {}

    def with_journal(self, journal: Journal) -> Self:
        """The same engine, for work that is written to a journal."""
        twin = copy.copy(self)
        twin._journal = journal
        return twin

    def run(
        self,
        tasks: Sequence[Task],
        do: Do,
        registry: Registry,
        *,
        codecs: Sequence[Codec[Any]] = (),
        num_threads: int,
        on_outcome: OnOutcome | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> list[Outcome[Any] | None]:
        """See `Engine.run`.

        Raises:
            ConfigurationError: something that the tasks need cannot go to another machine.
        """
        names, refs = self._packed(registry)
        head = {
            "do": parcels.name_of(do),
            "write": parcels.name_of(codecs[0].write),
            "writes_failed": codecs[0].with_error is not None,
        }
        outcomes: list[Outcome[Any] | None] = [None] * len(tasks)
        waiting = deque(range(len(tasks)))
        running: dict[Any, int] = {}
        fatal: Exception | None = None
        try:
            while waiting or running:
                if fatal is not None:
                    # What is under way has been paid for.
                    waiting.clear()
                while waiting and len(running) < num_threads and not (stop is not None and stop()):
                    index = waiting.popleft()
                    content = parcels.text_of({**head, **self._task(tasks[index])})
                    running[self._submit(content, names, refs)] = index
                if not running:
                    break
                for handle in self._finished(list(running)):
                    index = running.pop(handle)
                    outcome = self._outcome(tasks[index], codecs[index], handle)
                    if isinstance(outcome.error, FATAL):
                        fatal = fatal or outcome.error
                        continue
                    outcomes[index] = outcome
                    if on_outcome is not None:
                        on_outcome(index, outcome)
        except BaseException:
            self._cancel(list(running))
            raise
        if fatal is not None:
            raise fatal
        return outcomes

    # --- what a cluster does ------------------------------------------------------------------------------

    @abstractmethod
    def _send(self, text: str) -> Any:
        """Put a text where the workers can read it, and give a reference to it."""

    @abstractmethod
    def _submit(self, content: str, names: str, refs: Sequence[Any]) -> Any:
        """Begin `worker.work` with these, and give a handle."""

    @abstractmethod
    def _finished(self, handles: Sequence[Any]) -> Sequence[Any]:
        """Wait until at least one is done, and give those that are."""

    @abstractmethod
    def _result(self, handle: Any) -> str:
        """What `worker.work` has returned.

        Raises:
            WorkerError: the cluster could not get it done.
        """

    @abstractmethod
    def _cancel(self, handles: Sequence[Any]) -> None:
        """Give up what is under way."""

    # --- texts ----------------------------------------------------------------------------------------------

    def _packed(self, registry: Registry) -> tuple[str, list[Any]]:
        """The names of the texts, and references to them on the cluster."""
        if self._sources is None:
            self._sources = parcels.sources_text(self._source)
        programs = [value for value in registry.values() if isinstance(value, Module)]
        texts = {
            "sources": self._sources,
            "settings": parcels.settings_text(programs),
            **{name: parcels.value_text(name, value) for name, value in registry.items()},
        }
        return parcels.text_of(list(texts)), [self._reference(text) for text in texts.values()]

    def _reference(self, text: str) -> Any:
        name = digest(text)
        if name not in self._sent:
            self._sent[name] = self._send(text)
        return self._sent[name]

    def _task(self, task: Task) -> dict[str, Any]:
        answers = {} if self._journal is None else self._journal.answers(task.key)
        return {"task": asdict(task), "answers": answers}

    def _outcome(self, task: Task, codec: Codec[Any], handle: Any) -> Outcome[Any]:
        try:
            found = json.load(self._result(handle))
        except Exception as raised:  # noqa: BLE001  the failure belongs to its task
            return Outcome(_value_of_failed(task, codec, raised), raised)
        usage, seconds = Usage(*found["usage"]), found["seconds"]
        if found["error"] is not None:
            error = failure(found["error"])
            if self._journal is not None:
                for request, answer in found["answers"]:
                    self._journal.record_answer(task.key, request, answer)
            return Outcome(_value_of_failed(task, codec, error, found["value"]), error, usage, seconds)
        try:
            return Outcome(codec.read(task, found["value"]), None, usage, seconds)
        except Exception as raised:  # noqa: BLE001  the failure belongs to its task
            return Outcome(_value_of_failed(task, codec, raised), raised, usage, seconds)


def _value_of_failed(task: Task, codec: Codec[Any], error: Exception, written: Any = None) -> Any:
    """The value of a failed task: what it had come to, such as a prediction that no metric could judge."""
    if codec.with_error is not None and written is not None:
        with suppress(Exception):
            return codec.with_error(codec.read(task, written), error)
    return None if codec.failed is None else codec.failed(task, error)
