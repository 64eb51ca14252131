"""Answers kept for a piece of work that may be interrupted, so that none is asked for twice.

Unlike the cache this is no matter of the model: it holds for a task, whatever its models are, and ends with
it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Protocol

from .request import Request, Response


class Recorder(Protocol):
    """Keeps the answers of a task."""

    def recall(self, name: str) -> Any:
        """The next answer to the request of this name that an earlier process got, or None."""
        ...

    def keep(self, name: str, answer: Any) -> None:
        """Keep an answer, in JSON's types, before it is used."""
        ...


_recorder: ContextVar[Recorder | None] = ContextVar("dspyc_recorder", default=None)


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Keep the answers that models give inside, and take those that are kept already."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


recorder: Callable[[], Recorder | None] = _recorder.get
"""What keeps answers here."""


async def answered(
    request: Request, identity: str, send: Callable[[Request], Awaitable[Response]]
) -> Response:
    """The answer to a request: a kept one, else what `send` gives, which is kept."""
    from .cachejson import read_json, render_json
    from .keys import request_key

    keeper = recorder()
    name = None if keeper is None else request_key(request, identity)
    if keeper is None or name is None:
        return await send(request)
    if (kept := keeper.recall(name)) is not None:
        text, usage, cost = kept
        found = read_json(text)
        return Response(found.completions, usage, cost, model=found.model, id=found.id)
    response = await send(request)
    # An answer with values that JSON lacks is asked for again.
    with suppress(TypeError, ValueError, RecursionError):
        kept = [render_json(response), dict(response.usage), response.cost]
    if kept is not None:
        keeper.keep(name, kept)
    return response


__all__ = ["Recorder", "answered", "recorder", "recording"]
