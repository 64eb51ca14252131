"""The trace: which predictors were called, with which inputs, and what they predicted.

`context(trace=[])` starts one; without one, the last calls of the process are kept, for programs of DSPy
that read `settings.trace`. Calls that run at the same time append in
the order of the text: a concurrent branch gets a list of its own, placed in its parent's list when it is
made, and reading flattens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar, Token
from typing import Any, Literal, Protocol, TypeAlias

from ...base.frozen import frozen_record
from ..prediction import Prediction


class Caller(Protocol):
    """A module, as far as the history of its calls goes."""

    _history: Any

    @property
    def history(self) -> Any:
        """The model calls made inside it."""
        ...


@frozen_record
class Note:
    """Something that a program said on its way, at its place in the trace.

    Attributes:
        kind: `printed` by the program, or an error that a `fallback` hid.
        text: what was printed, or the error in words.
        error: the error that was hidden.
    """

    kind: Literal["printed", "fallback"]
    text: str
    error: BaseException | None = None


Step: TypeAlias = tuple[Any, dict[str, Any], Prediction]
"""A predictor, the inputs that it was called with, and what it predicted."""
Trace: TypeAlias = "list[Any]"
"""Steps, notes, and lists of the same kind for the concurrent branches among them."""

callers: ContextVar[tuple[Caller, ...]] = ContextVar("dspyc_callers", default=())
"""The modules whose calls are under way here, outermost first."""


MOST = 100
"""How many calls are kept that nobody records."""
MOST_GIVEN = 10_000
"""How many calls the list of `configure(trace=[])` keeps, which a server would fill without end."""


class Recent:
    """The last calls that nobody records, oldest first, and how many of them are kept; and the list that
    `configure(trace=[])` has given, with its bound.
    """

    calls: Trace = []  # noqa: RUF012 it is the one of the process
    most = MOST
    given: Trace | None = None
    most_given = MOST_GIVEN


_current: ContextVar[Trace | None] = ContextVar("dspyc_trace", default=Recent.calls)


class Branch(list[Any]):
    """The steps of one concurrent branch, inside its parent's trace."""


def start(trace: Trace | None) -> Token[Trace | None]:
    """Record from here on into this list (or not at all, for None); give the token to `stop`."""
    return _current.set(trace)


def stop(token: Token[Trace | None]) -> None:
    """Go back to what was recorded into before `start` or `enter`."""
    _current.reset(token)


def active() -> Trace | None:
    """The list that someone records into, as it is, or None."""
    trace = _current.get()
    return None if trace is Recent.calls else trace


def record(predictor: Any, inputs: dict[str, Any], prediction: Any) -> None:
    """Append a call to the trace, unless calls are not to be recorded here."""
    trace = _current.get()
    if trace is None:
        return
    trace.append((predictor, inputs, prediction))
    if len(trace) > Recent.most:
        if trace is Recent.calls:
            _shorten(trace, Recent.most)
        elif trace is Recent.given and len(trace) > Recent.most_given:
            _shorten(trace, Recent.most_given)


def _shorten(trace: Trace, most: int) -> None:
    """Keep the newest calls."""
    # In one step of the interpreter, as other threads add calls meanwhile.
    del trace[: -most or None]


def forget() -> None:
    """Record as at the start of the process; for tests."""
    if _current.get() is Recent.given is not None:
        _current.set(Recent.calls)
    Recent.calls.clear()
    Recent.most, Recent.given, Recent.most_given = MOST, None, MOST_GIVEN


def extend(steps: list[Any]) -> None:
    """Append calls that were recorded elsewhere to the trace here."""
    trace = _current.get()
    if trace is not None:
        trace.extend(steps)


def note(kind: Literal["printed", "fallback"], text: str, error: BaseException | None = None) -> None:
    """Append a note to the trace, if someone records one."""
    trace = active()
    if trace is not None:
        trace.append(Note(kind, text, error))


def branch() -> Branch | None:
    """Make a place in the trace for a branch that starts now, or None when nobody records one."""
    trace = active()
    if trace is None:
        return None
    place = Branch()
    trace.append(place)
    return place


def read() -> list[Step] | None:
    """The steps so far in the order of the text, or None when calls are not to be recorded.

    As long as nothing ran concurrently or was noted this is the very list that was given, as in DSPy.
    """
    trace = _current.get()
    if trace is None or not any(type(step) in (Branch, Note) for step in trace):
        return trace
    return flatten(trace)


def flatten(trace: Trace) -> list[Step]:
    """All steps of a trace, those of branches where their branch stands."""
    return [entry for entry in _entries(trace) if not isinstance(entry, Note)]


def notes(trace: Trace) -> list[Note]:
    """What was printed and hidden, in the order of the text."""
    return [entry for entry in _entries(trace) if isinstance(entry, Note)]


def _entries(trace: Trace) -> Iterator[Any]:
    for entry in trace:
        if isinstance(entry, Branch):
            yield from _entries(entry)
        else:
            yield entry
