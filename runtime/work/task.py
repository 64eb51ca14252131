"""`Task` and `Outcome`: one piece of work as data, and what came of it.

A task names what it works on by references that any process can resolve, and holds no live object. So a
task can be written to a journal, compared with one of an earlier process, and sent to another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from .identity import digest

Value = TypeVar("Value")

Registry: TypeAlias = Mapping[str, Any]
"""Live objects by the references that tasks hold; an engine in another process makes its own."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run of a program on one example.

    Attributes:
        stage: what the run is for: "evaluate", "candidate -1/bootstrap".
        program: the digest of the program, with all that it has learned.
        example: the number of the example in the data of the stage.
        settings: what the run changes of the settings, as pairs of a name and a value of JSON's types.
        rollout: which of several runs on the same example this is; from 1 on, models answer anew.
    """

    stage: str
    program: str
    example: int
    settings: tuple[tuple[str, Any], ...] = ()
    rollout: int = 0

    @property
    def key(self) -> str:
        """The name of the task in a journal: 32 hexadecimal digits, the same in every process."""
        return digest([self.stage, self.program, self.example, self.settings, self.rollout])


@dataclass(frozen=True, slots=True)
class Usage:
    """What work has cost: requests that a model answered, tokens, and US dollars where they are known."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.calls + other.calls, self.tokens + other.tokens, self.cost + other.cost)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """What came of a task: its value or its error, and what it took.

    Attributes:
        value: the result; None where the task raised.
        error: what the task raised, or the `error` that its value names.
        usage: the model calls, where they are counted.
        seconds: how long it took.
        replayed: it comes from the journal of an earlier process.
    """

    value: Value | None
    error: Exception | None = None
    usage: Usage | None = None
    seconds: float = 0.0
    replayed: bool = False

    def get(self) -> Value:
        """The value; raises the error where there is no value."""
        if self.value is None and self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


Do: TypeAlias = Callable[[Task, Registry], Any]
"""What is done for a task: a function that can be imported, so that other processes find it. A value that
has an `error` that is not None counts as failed.
"""


@dataclass(frozen=True)
class Codec(Generic[Value]):
    """How the values of a kind of work are written to a journal, and read from it.

    Attributes:
        write: a value as JSON's types.
        read: the value again, given the task; raises ValueError, TypeError or KeyError where it cannot be.
        failed: the value of a task that failed elsewhere, where one tells of its error; None for no value.
        with_error: puts the error to the value of a task that failed elsewhere, where it has come to one;
            None where `failed` says all of it.
    """

    write: Callable[[Value], Any]
    read: Callable[[Task, Any], Value]
    failed: Callable[[Task, Exception], Value] | None = None
    with_error: Callable[[Value, Exception], Value] | None = None
