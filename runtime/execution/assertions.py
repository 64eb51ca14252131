"""`assert` and `suggest` in compiled programs: failing, and trying again with the reason as feedback.

A `forward` whose assert depends on calls of its parts is compiled to a loop:

    for attempt in flow.attempts(self):
        with attempt:
            draft = await attempt.call(self.write, topic=topic)
            if not len(draft.text) <= 280:
                raise attempt.failed("too long", {"draft.text": draft.text})

The calls made with `attempt.call` are told why the last try failed; after `max_retries` further tries the
error is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol

from ...base.frozen import frozen_record
from ..errors import ProgramAssertionError
from .settings import lookup


class Part(Protocol):
    """What is asked of a module here: to be called, and which defaults its file has."""

    _defaults: Mapping[str, Any] | None

    async def acall(self, /, *args: Any, **inputs: Any) -> Any:
        """Run it."""
        ...


feedback: ContextVar[str | None] = ContextVar("dspyc_feedback", default=None)
"""What was wrong with the last try, for the predictors that are called here; None on a first try."""


@frozen_record
class Suggestion:
    """A `suggest` that did not hold to the end."""

    message: str
    values: dict[str, Any]


_recorded: ContextVar[list[Suggestion] | None] = ContextVar("dspyc_suggestions", default=None)


def failed(message: object, values: dict[str, Any] | None = None) -> ProgramAssertionError:
    """The error of an `assert` that does not hold: its message, and what its condition has read."""
    return ProgramAssertionError(str(message), values)


def suggest(message: object, values: dict[str, Any] | None = None) -> None:
    """Record a `suggest` that does not hold, and go on."""
    suggestion = Suggestion(str(message), values or {})
    recorded = _recorded.get()
    if recorded is not None:
        recorded.append(suggestion)
    import logging  # with all that formats tracebacks, for what is rare

    logging.getLogger("dspyc").warning(
        "suggestion not followed: %s", ProgramAssertionError(suggestion.message, suggestion.values)
    )


@contextmanager
def suggestions() -> Iterator[list[Suggestion]]:
    """Collect the suggestions that are not followed inside the `with`."""
    found: list[Suggestion] = []
    token = _recorded.set(found)
    try:
        yield found
    finally:
        _recorded.reset(token)


class _Again(ProgramAssertionError):
    """A failure of an attempt, which the attempt itself catches."""

    def __init__(self, attempt: Attempt, message: str, values: dict[str, Any] | None) -> None:
        super().__init__(message, values)
        self.attempt = attempt


class Attempt:
    """One try of a stretch of `forward`: its `with` takes the failure when there is a further try."""

    def __init__(self, reason: str | None, last: bool) -> None:
        self.reason = reason
        self.last = last
        self.failure: str | None = None

    def __enter__(self) -> Attempt:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, _Again) and error.attempt is self:
            self.failure = str(error)
            return True
        return False

    async def call(self, module: Part, /, **inputs: Any) -> Any:
        """Call a part; on a further try its predictors are told what was wrong with the last one."""
        token = feedback.set(self.reason)
        try:
            return await module.acall(**inputs)
        finally:
            feedback.reset(token)

    def failed(self, message: object, values: dict[str, Any] | None = None) -> ProgramAssertionError:
        """The error of an `assert`: of this attempt when there is a further one, else of the program."""
        return failed(message, values) if self.last else _Again(self, str(message), values)

    def suggest(self, message: object, values: dict[str, Any] | None = None) -> None:
        """Leave this attempt when there is a further one; else record the suggestion and go on."""
        if not self.last:
            raise _Again(self, str(message), values)
        suggest(message, values)


def attempts(module: Part) -> Iterator[Attempt]:
    """Tries until one succeeds: a first one, and `max_retries` more.

    Args:
        module: whose `forward` this is, for the settings of its file.
    """
    retries = lookup("max_retries", module._defaults)
    reason: str | None = None
    for number in range(retries + 1):
        attempt = Attempt(reason, last=number == retries)
        yield attempt
        if attempt.failure is None:
            return
        reason = attempt.failure


__all__ = ["Attempt", "Suggestion", "attempts", "failed", "suggest", "suggestions"]
