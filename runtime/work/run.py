"""A run: tasks performed by an engine, their outcomes kept in a journal, within a budget.

    with working(Journal(path, run), Budget(calls=500)):
        optimizer.compile(student, trainset=train)

Whatever performs tasks inside is journalled and bounded, however deep it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ..execution.progress import report
from ..lm.usage import observing
from .budget import Budget, Meter
from .engine import Engine, LocalEngine, OnOutcome
from .identity import program_digest
from .journal import Journal
from .task import Codec, Do, Outcome, Task, Usage


@dataclass(frozen=True)
class Run:
    """What holds for the tasks that are performed here.

    Attributes:
        engine: what runs them.
        journal: where their outcomes are kept, if anywhere.
        meter: what they have taken, where that is bounded.
        visits: how often each stage has worked on each program, so that repeated work is kept apart.
        is_fresh: whether what earlier processes have done is not to be used.
    """

    engine: Engine = field(default_factory=LocalEngine)
    journal: Journal | None = None
    meter: Meter | None = None
    visits: Counter[tuple[str, str]] = field(default_factory=Counter)
    is_fresh: bool = False


_current: ContextVar[Run | None] = ContextVar("dspyc_run", default=None)
_stage: ContextVar[str] = ContextVar("dspyc_stage", default="")


@contextmanager
def working(
    journal: Journal | None = None,
    budget: Budget | None = None,
    engine: Engine | None = None,
    *,
    fresh: bool = False,
) -> Iterator[Run]:
    """Let a journal, a budget and an engine hold for the tasks that are performed inside; see `Run`."""
    chosen = engine or LocalEngine()
    if journal is not None:
        chosen = chosen.with_journal(journal)
    run = Run(chosen, journal, None if budget is None else Meter(budget), is_fresh=fresh)
    token = _current.set(run)
    try:
        yield run
    finally:
        _current.reset(token)


@contextmanager
def journalled(
    path: Path,
    run: Mapping[str, str],
    *,
    fresh: bool = False,
    budget: Budget | None = None,
    engine: Engine | None = None,
) -> Iterator[Journal]:
    """Keep the outcomes of the tasks that are performed inside in a journal, and take from it what an earlier
    process has done of the same run. The journal is removed when the block ends well.

    Args:
        path: the journal.
        run: what the run is; see `Journal`.
        fresh: begin anew.
        budget: what the tasks may take together.
        engine: what performs the tasks; threads of this process when None.

    Raises:
        JournalError: see `Journal`.
    """
    journal = Journal(path, run, fresh=fresh)
    try:
        if len(journal):
            report("resumed", len(journal), len(journal), f"from {path.name}")
        with working(journal, budget, engine, fresh=fresh):
            yield journal
    except BaseException:
        if journal.is_empty:
            journal.discard()
        else:
            journal.close()
        raise
    journal.discard()


@contextmanager
def apart() -> Iterator[None]:
    """Perform the tasks inside in this process, for themselves: without the journal and the budget around."""
    token = _current.set(_PLAIN)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Perform the tasks inside under this name, such as "candidate 3", within the name around."""
    token = _stage.set(f"{_stage.get()}/{name}" if _stage.get() else name)
    try:
        yield
    finally:
        _stage.reset(token)


def exhausted() -> str | None:
    """The limit of the budget here that is reached, in words; None while there is room, or no budget."""
    run = _current.get()
    return None if run is None or run.meter is None else run.meter.exhausted()


def is_fresh() -> bool:
    """Whether what earlier processes have done is not to be used here."""
    run = _current.get()
    return run is not None and run.is_fresh


def is_bounded() -> bool:
    """Whether there is a budget here."""
    run = _current.get()
    return run is not None and run.meter is not None


def is_journalled() -> bool:
    """Whether what is done here is kept in a journal, so that the names of stages have to tell it apart."""
    run = _current.get()
    return run is not None and run.journal is not None


def next_step() -> str:
    """How a run whose budget is used up goes on, as the end of a sentence; "" where no answer is kept."""
    run = _current.get()
    if run is None or run.meter is None or run.journal is None or not run.journal.answer_count:
        return ""
    unit = (run.meter.exhausted() or "").rpartition(" ")[2]
    # The seconds of an earlier process do not count, so the next one has all of them again.
    how = f"a larger `{_OPTIONS[unit]}`, or `budget=`," if unit in _OPTIONS else "the next run"
    count = run.journal.answer_count
    kept = "1 answer is" if count == 1 else f"{count:,} answers are"
    return f"; {kept} kept, and {how} continues from there"


_OPTIONS = {"calls": "--max-calls", "tokens": "--max-tokens", "dollars": "--max-cost"}
"""The option that raises a limit, by the word that the limit ends in; see `Meter.exhausted`."""


@dataclass(frozen=True)
class Job:
    """Examples that something is done for with one program.

    Attributes:
        program: the program.
        examples: the numbers of the examples in the data of this stage.
        codec: how the values of its tasks are written to a journal and read again.
        stage: the name of its tasks, within the name around; "" for that name itself.
        repeats: how often for each example; its tasks count that as their rollout.
        reference: the digest of the program, where it is known; see `program_digest`.
    """

    program: Any
    examples: Sequence[int]
    codec: Codec[Any]
    stage: str = ""
    repeats: int = 1
    reference: str | None = None


def perform(
    kind: str,
    program: Any,
    examples: Sequence[int],
    do: Do,
    registry: Mapping[str, Any],
    *,
    codec: Codec[Any],
    num_threads: int,
    on_outcome: OnOutcome | None = None,
    stop: Callable[[], bool] | None = None,
    repeats: int = 1,
) -> list[Outcome[Any] | None]:
    """Do something with a program for each of these examples.

    What the journal has of them is taken from there, and `on_outcome` is called with it first; an example
    that failed is done again.

    Args:
        kind: what is done, in a word: "evaluate".
        program: the program; the registry gets it under its digest.
        examples: the numbers of the examples in the data of this stage.
        do: what to do for each task; see `Do`.
        registry: the live objects that `do` needs beside the program.
        codec: how its values are written to a journal and read again.
        num_threads: how many examples at a time.
        on_outcome: called with each outcome as it comes, one call at a time.
        stop: asked after each outcome whether to begin no further example.
        repeats: how often for each example; the tasks count that as their rollout.

    Returns:
        the outcomes in the order of the examples, those of one example one after the other; None for those
        that were not begun, because of `stop` or because the budget is used up.

    Raises:
        JournalError: the journal cannot be written.
        NotConfiguredError, LMConfigurationError, LMAuthError, LMUnknownModelError: the first of these that a
            task raises, which all others would raise too.
    """
    job = Job(program, examples, codec, repeats=repeats)
    return _performed([job], _made(kind, [job]), do, registry, num_threads, on_outcome, stop)


def perform_jobs(
    kind: str,
    jobs: Sequence[Job],
    do: Do,
    registry: Mapping[str, Any],
    *,
    num_threads: int,
    on_outcome: Callable[[int, int, Outcome[Any]], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> list[list[Outcome[Any] | None]]:
    """Do something for several jobs at the same time; see `perform`, which does it for one.

    Args:
        kind: as in `perform`.
        jobs: the programs and their examples.
        do: as in `perform`.
        registry: as in `perform`.
        num_threads: how many examples of all jobs together at a time.
        on_outcome: called with the number of the job, that of the example in it, and the outcome.
        stop: as in `perform`.

    Returns:
        the outcomes of each job, in the order of its examples and their runs.

    Raises:
        JournalError, NotConfiguredError, LMConfigurationError, LMAuthError, LMUnknownModelError: as in
            `perform`.
    """
    made = _made(kind, jobs)
    places = [(number, index) for number, (_, tasks) in enumerate(made) for index in range(len(tasks))]

    def told(index: int, outcome: Outcome[Any]) -> None:
        assert on_outcome is not None
        on_outcome(*places[index], outcome)

    hears = None if on_outcome is None else told
    outcomes = iter(_performed(jobs, made, do, registry, num_threads, hears, stop))
    return [list(islice(outcomes, len(tasks))) for _, tasks in made]


def _made(kind: str, jobs: Sequence[Job]) -> list[tuple[str, list[Task]]]:
    """The tasks of each job, with the digest of its program."""
    run = _current.get() or _PLAIN
    references = [job.reference or program_digest(job.program) for job in jobs]
    return [
        (reference, _tasks(run, kind, reference, job))
        for reference, job in zip(references, jobs, strict=True)
    ]


def _performed(
    jobs: Sequence[Job],
    made: Sequence[tuple[str, list[Task]]],
    do: Do,
    registry: Mapping[str, Any],
    num_threads: int,
    on_outcome: OnOutcome | None,
    stop: Callable[[], bool] | None,
) -> list[Outcome[Any] | None]:
    """The outcomes of the tasks of some jobs, one job after the other; see `perform_jobs`."""
    run = _current.get() or _PLAIN
    programs = {reference: job.program for job, (reference, _) in zip(jobs, made, strict=True)}
    tasks = [task for _, each in made for task in each]
    codecs = [job.codec for job, (_, each) in zip(jobs, made, strict=True) for _ in each]
    performance = _Performance(run, tasks, codecs, on_outcome, stop)
    waiting = performance.replay()
    if waiting and not performance.stopped():
        # What a task itself performs has no place in the journal: its order depends on the other tasks.
        with apart(), observing(run.meter.add) if run.meter is not None else nullcontext():
            run.engine.run(
                [tasks[index] for index in waiting],
                do,
                {**registry, **programs},
                codecs=[codecs[index] for index in waiting],
                num_threads=num_threads,
                on_outcome=lambda number, outcome: performance.finish(waiting[number], outcome),
                stop=performance.stopped,
            )
    return performance.outcomes


def _tasks(run: Run, kind: str, reference: str, job: Job) -> list[Task]:
    name = "/".join(part for part in (_stage.get(), job.stage, kind) if part)
    if run.journal is not None:
        run.visits[name, reference] += 1
        if (visit := run.visits[name, reference]) > 1:
            name = f"{name}#{visit}"
    return [
        Task(name, reference, number, (), rollout)
        for number in job.examples
        for rollout in range(job.repeats)
    ]


class _Performance:
    """The outcomes of some tasks as they come, from the journal and from the engine."""

    def __init__(
        self,
        run: Run,
        tasks: list[Task],
        codecs: Sequence[Codec[Any]],
        on_outcome: OnOutcome | None,
        stop: Callable[[], bool] | None,
    ) -> None:
        self.outcomes: list[Outcome[Any] | None] = [None] * len(tasks)
        self._run = run
        self._tasks = tasks
        self._codecs = codecs
        self._on_outcome = on_outcome
        self._stop = stop
        self._keys = [] if run.journal is None else [task.key for task in tasks]

    def stopped(self) -> bool:
        """Whether no further task may begin."""
        if self._run.meter is not None and self._run.meter.exhausted() is not None:
            return True
        return self._stop is not None and self._stop()

    def replay(self) -> list[int]:
        """Take what the journal has; the numbers of the tasks that are left to do."""
        journal = self._run.journal
        if journal is None or not len(journal):
            return list(range(len(self._tasks)))
        waiting = []
        for index, key in enumerate(self._keys):
            outcome = self._recalled(index, key, journal)
            if outcome is None:
                waiting.append(index)
            else:
                self._take(index, outcome)
        return waiting

    def finish(self, index: int, outcome: Outcome[Any]) -> None:
        """Take an outcome of the engine, and write it down before anything else happens with it."""
        journal = self._run.journal
        if self._run.meter is not None and self._run.engine.is_remote and outcome.usage is not None:
            self._run.meter.add_usage(outcome.usage)
        if journal is not None:
            task, key = self._tasks[index], self._keys[index]
            if outcome.error is not None:
                journal.record_failure(key, task.stage, outcome.error)
            else:
                value = self._codecs[index].write(outcome.value)
                journal.record(key, task.stage, value, outcome.usage or Usage(), outcome.seconds)
        self._take(index, outcome)

    def _recalled(self, index: int, key: str, journal: Journal) -> Outcome[Any] | None:
        entry = journal.recall(key)
        if entry is None:
            return None
        try:
            value = self._codecs[index].read(self._tasks[index], entry.value)
        except (ValueError, TypeError, KeyError, AttributeError):
            # Written by a program whose types have changed since: it is done again.
            return None
        if self._run.meter is not None:
            self._run.meter.add_usage(entry.usage)
        return Outcome(value, None, entry.usage, entry.seconds, replayed=True)

    def _take(self, index: int, outcome: Outcome[Any]) -> None:
        self.outcomes[index] = outcome
        if self._on_outcome is not None:
            self._on_outcome(index, outcome)


_PLAIN = Run()


__all__ = [
    "Job",
    "Run",
    "apart",
    "exhausted",
    "is_bounded",
    "is_fresh",
    "is_journalled",
    "journalled",
    "next_step",
    "perform",
    "perform_jobs",
    "stage",
    "working",
]
