"""`assert` and `suggest` in compiled programs: failing, and trying again with the reason as feedback.

A `forward` whose assert depends on calls of its parts is compiled to a loop:

    for attempt in flow.attempts(self):
        with attempt:
            draft = await attempt.call(self.write, topic=topic)
            if not len(draft.text) <= 280:
                raise attempt.failed("too long", {"draft.text": draft.text})

The calls made with `attempt.call` are told why the last try failed; after `max_retries` further tries the
error is raised. A `suggest` only wishes: where a further try that it asked for fails, the answers of the try
before are taken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from ...base.frozen import frozen_record
from ..errors import BudgetExceededError, JournalError, ProgramAssertionError, ReplayError
from .mistakes import is_mistake
from .settings import lookup

if TYPE_CHECKING:
    import logging

_ENDS = (BudgetExceededError, JournalError, ReplayError)
"""What ends a whole run, and is no matter of one answer."""


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
    _logger().warning(
        "suggestion not followed: %s", ProgramAssertionError(suggestion.message, suggestion.values)
    )


def _logger() -> logging.Logger:
    """The logger, with all that formats tracebacks, for what is rare."""
    import logging

    return logging.getLogger("dspyc")


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

    def __init__(
        self, attempt: Attempt, message: str, values: dict[str, Any] | None, *, suggested: bool = False
    ) -> None:
        super().__init__(message, values)
        self.attempt = attempt
        self.suggested = suggested


@frozen_record
class _Call:
    """What a part was called with in an attempt, and what it gave."""

    part: Part
    inputs: dict[str, Any]
    outputs: Any


class Attempt:
    """One try of a stretch of `forward`: its `with` takes the failure when there is a further try.

    Args:
        reason: what was wrong with the last try.
        last: whether there is no further one.
        kept: an earlier try that was usable; a failure of this one before the `suggest` that asked for it
            is then no failure.
        given: calls whose outputs are taken in place of calling again.
    """

    def __init__(
        self,
        reason: str | None,
        last: bool,
        kept: Attempt | None = None,
        given: Sequence[_Call] = (),
    ) -> None:
        self.reason = reason
        self.last = last
        self.failure: str | None = None
        self.is_usable = False
        """Whether only a `suggest` was not followed."""
        self.is_given_up = False
        self.calls: list[_Call] = []
        self.left_at: tuple[CodeType, int] | None = None
        """The code and the line of the `suggest` that was not followed."""
        self._kept = kept
        self._given = list(given)

    def __enter__(self) -> Attempt:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, _Again) and error.attempt is self:
            self.failure = str(error)
            self.is_usable = error.suggested
            return True
        if self._is_behind_what_is_kept() and isinstance(error, Exception) and not _is_final(error):
            _say_what_is_kept(error)
            self.is_given_up = True
            return True
        return False

    def _is_behind_what_is_kept(self) -> bool:
        """Whether this try has failed before it came as far as the `suggest` of the one that is kept."""
        return self._kept is not None and len(self.calls) < len(self._kept.calls)

    async def call(self, module: Part, /, **inputs: Any) -> Any:
        """Call a part; on a further try its predictors are told what was wrong with the last one."""
        if (known := _find(self._given, module, inputs)) is not None:
            self._given = [each for each in self._given if each is not known]
            return known.outputs
        token = feedback.set(self.reason)
        try:
            outputs = await module.acall(**inputs)
        except Exception as error:
            # Here and not at the end of the `with`, as a call that runs beside others ends them all.
            known = _find(self._kept.calls if self._kept is not None else (), module, inputs)
            if known is None or _is_final(error):
                raise
            _say_what_is_kept(error)
            outputs = known.outputs
        finally:
            feedback.reset(token)
        self.calls.append(_Call(module, inputs, outputs))
        return outputs

    def failed(self, message: object, values: dict[str, Any] | None = None) -> ProgramAssertionError:
        """The error of an `assert`: of this attempt when there is a further one, else of the program."""
        if not self.last:
            return _Again(self, str(message), values)
        error = failed(message, values)
        if not self._is_above_what_is_kept(sys._getframe(1)):
            return error
        _say_what_is_kept(error)
        self.is_given_up = True
        return _Again(self, str(message), values)

    def _is_above_what_is_kept(self, frame: FrameType) -> bool:
        """Whether an `assert` stands above the `suggest` of the try that is kept, which it has passed."""
        code, line = (None, 0) if self._kept is None else self._kept.left_at or (None, 0)
        return frame.f_code is code and frame.f_lineno < line

    def suggest(self, message: object, values: dict[str, Any] | None = None) -> None:
        """Leave this attempt when there is a further one; else record the suggestion and go on."""
        if not self.last:
            frame = sys._getframe(1)
            self.left_at = frame.f_code, frame.f_lineno
            raise _Again(self, str(message), values, suggested=True)
        suggest(message, values)


def attempts(module: Part) -> Iterator[Attempt]:
    """Tries until one succeeds: a first one, and `max_retries` more.

    Where a further try fails and an earlier one was usable, the last round goes with its answers.

    Args:
        module: whose `forward` this is, for the settings of its file.
    """
    retries = lookup("max_retries", module._defaults)
    reason: str | None = None
    kept: Attempt | None = None
    for number in range(retries + 1):
        attempt = Attempt(reason, number == retries, kept)
        yield attempt
        if attempt.is_given_up:
            yield Attempt(None, last=True, given=kept.calls if kept is not None else ())
            return
        if attempt.failure is None:
            return
        if attempt.is_usable:
            kept = attempt
        reason = attempt.failure


def _is_final(error: Exception) -> bool:
    """Whether an error says that the program is wrong or that the whole run ends."""
    return is_mistake(error) or isinstance(error, _ENDS)


def _find(calls: Sequence[_Call], part: Part, inputs: dict[str, Any]) -> _Call | None:
    """The call of a part with these inputs."""
    return next((each for each in calls if each.part is part and _are_equal(each.inputs, inputs)), None)


def _are_equal(first: dict[str, Any], second: dict[str, Any]) -> bool:
    try:
        return bool(first == second)
    except (TypeError, ValueError):
        return False  # values that cannot be compared, such as arrays


def _say_what_is_kept(error: Exception) -> None:
    _logger().warning("an answer that a `suggest` did not like is kept, as another try failed: %s", error)


__all__ = ["Attempt", "Suggestion", "attempts", "failed", "suggest", "suggestions"]
