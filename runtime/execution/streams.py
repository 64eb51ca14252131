"""Who listens while models write: the sink that the pieces of answers go to.

    with streaming_to(sink):
        await program.acall(question="…")

Without a sink a model is asked for its whole answer, and streaming costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from . import trace


class Sink(Protocol):
    """Takes what models write. It is called from several threads, and must not wait."""

    def wants(self, predictor: Any) -> bool:
        """Whether the answers of a predictor are wanted in pieces."""
        ...

    def begin(self, predictor: Any, attempt: int) -> None:
        """A model is asked by a predictor: the first time, or again, which makes void what came before."""
        ...

    def write(self, predictor: Any, field: str, chunk: Any, *, is_last: bool) -> None:
        """The next characters of a field's text, or a value of a type that providers give in pieces."""
        ...

    def complete(self, predictor: Any, values: dict[str, Any]) -> None:
        """The outputs, read from the whole answer."""
        ...

    def pass_on(self, predictor: Any, delta: Any) -> None:
        """A piece of an answer as it came."""
        ...


_sink: ContextVar[Sink | None] = ContextVar("dspyc_stream", default=None)


sink: Callable[[], Sink | None] = _sink.get
"""The sink, whoever is listened to."""


def listening() -> Sink | None:
    """The sink, if the predictor whose call is under way here is listened to."""
    found = _sink.get()
    if found is None:
        return None
    callers = trace.callers.get()
    return found if callers and found.wants(callers[-1]) else None


def predictor() -> Any:
    """The predictor whose call is under way here."""
    return trace.callers.get()[-1]


@contextmanager
def streaming_to(listener: Sink) -> Iterator[None]:
    """Ask models for pieces, and send them to a sink."""
    token = _sink.set(listener)
    try:
        yield
    finally:
        _sink.reset(token)
