"""`Engine`: what runs tasks. The local one uses threads; others may use processes or other machines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeAlias

from ...base.forks import new_lock
from ..errors import (
    BudgetExceededError,
    JournalError,
    LMAuthError,
    LMBillingError,
    LMConfigurationError,
    LMUnknownModelError,
    NotConfiguredError,
)
from ..execution import pool
from ..lm.recording import Recorder, recording
from ..lm.usage import observing
from .budget import Count
from .journal import Journal
from .task import Codec, Do, Outcome, Registry, Task

FATAL = (
    JournalError,
    NotConfiguredError,
    LMConfigurationError,
    LMAuthError,
    LMBillingError,
    LMUnknownModelError,
    BudgetExceededError,
)
"""What would fail in the same way for every task: the first of these ends the work."""

OnOutcome: TypeAlias = Callable[[int, Outcome[Any]], None]
"""Called with the number of a task and its outcome, in the order in which they come, one call at a time."""


class Engine(Protocol):
    """Runs tasks, several at a time.

    A task and what is done for it cross to wherever the engine runs them: tasks as data, `do` by its name,
    and what the registry holds as each engine can carry it.
    """

    is_remote: bool
    """Whether it runs tasks in other processes, so that what models answer there is not seen here."""

    def with_journal(self, journal: Journal) -> Engine:
        """The same engine, for work that is written to a journal."""
        ...

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
        """Do something for each task.

        Args:
            tasks: what to do it for.
            do: what to do; what it raises is the outcome's error.
            registry: the live objects that tasks refer to.
            codecs: how the value of each task is written and read, for engines in other processes.
            num_threads: how many tasks at a time.
            on_outcome: called with each outcome as it comes.
            stop: asked after each outcome whether to begin no further task.

        Returns:
            the outcomes in the order of the tasks; None for tasks that were not begun.

        Raises:
            JournalError, NotConfiguredError, LMConfigurationError, LMAuthError, LMUnknownModelError: the
                first of these that a task raises; the others are not begun.
        """
        ...


class _Recorder:
    """Keeps the answers to a task in a journal until the task is done."""

    def __init__(self, journal: Journal, task: Task) -> None:
        self._journal = journal
        self._key = task.key
        self._kept = journal.answers(self._key)
        self._lock = new_lock()

    def recall(self, name: str) -> Any:
        """See `Recorder`."""
        with self._lock:
            found = self._kept.get(name)
            return found.pop(0) if found else None

    def keep(self, name: str, answer: Any) -> None:
        """See `Recorder`."""
        self._journal.record_answer(self._key, name, answer)


class LocalEngine:
    """Runs tasks in threads of this process, with the settings that hold where it is called.

    Ctrl-C begins nothing further and is raised at once.

    Args:
        recorder: what keeps the answers that models give to a task; they are then counted, too.
    """

    is_remote = False

    def __init__(self, recorder: Callable[[Task], Recorder] | None = None) -> None:
        self._recorder = recorder

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
        """See `Engine.run`."""

        outcomes: list[Outcome[Any] | None] = [None] * len(tasks)

        def done(index: int, result: pool.Outcome[Outcome[Any]]) -> None:
            # Raises what is fatal, which ends the pool.
            outcome = outcomes[index] = result.get()
            if on_outcome is not None:
                on_outcome(index, outcome)

        attempt = _attempt if self._recorder is None else self._recorded
        pool.run_all(
            lambda task: attempt(do, task, registry),
            tasks,
            num_threads=num_threads,
            on_done=done,
            stop=stop,
        )
        return outcomes

    def with_journal(self, journal: Journal) -> LocalEngine:
        """See `Engine.with_journal`."""
        return LocalEngine(partial(_Recorder, journal))

    def _recorded(self, do: Do, task: Task, registry: Registry) -> Outcome[Any]:
        assert self._recorder is not None
        count = Count()
        with recording(self._recorder(task)), observing(count.add):
            outcome = _attempt(do, task, registry)
        return replace(outcome, usage=count.usage)


def _attempt(do: Do, task: Task, registry: Registry) -> Outcome[Any]:
    began = time.perf_counter()
    value: Any = None
    try:
        value = do(task, registry)
        error = getattr(value, "error", None)
    except Exception as raised:  # noqa: BLE001  the failure belongs to its task; the caller decides
        error = raised
    if error is not None and isinstance(error, FATAL):
        raise error
    return Outcome(value, error, None, time.perf_counter() - began)
