"""Equal requests that are in flight at the same time are one: the others wait for the first one's answer.

Within a process a request that comes while an equal one is under way waits for it, whether threads or tasks
make them. Between processes that share the cache's file, the one with the lock of the request's name asks;
the others find its answer in the file. Between machines that share a server, the one that has claimed it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar

from ...base.forks import new_lock
from ...base.frozen import frozen_record
from ..errors import LMError
from ..execution import drive
from ..execution.pool import started_again
from . import cache as caching
from .cache import Store
from .request import Response

_LONGEST_WAIT = 600.0
"""Seconds after which a process asks by itself, whatever another one is doing."""
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1

_asking: ContextVar[frozenset[str]] = ContextVar("dspyc_asking", default=frozenset())
"""The requests whose work goes on here; one that asks itself again must not wait for itself."""


class _Flight:
    """A request under way: its outcome, and the thread that it depends on."""

    def __init__(self) -> None:
        self.outcome: Future[Response | None] = Future()
        # Whoever waits and is cancelled must not cancel it for the others.
        self.outcome.set_running_or_notify_cancel()
        self.thread = threading.get_ident()


_flights: dict[str, _Flight] = {}
_lock = new_lock()


@frozen_record
class Wanted:
    """A request that the cache does not have.

    Attributes:
        key: its name.
        work: asks the model.
        in_memory: whether the answer is kept in memory too.
        facts: what is asked, for people who look into the cache.
    """

    key: str
    work: Callable[[], Awaitable[Response]]
    in_memory: bool = True
    facts: bytes | None = None

    async def settle(self) -> Response:
        """Ask the model, and keep a good answer."""
        response = await self.work()
        if _is_kept(response):
            caching.put(self.key, response, self.in_memory, self.facts)
        return response


async def fetch_once(wanted: Wanted) -> Response:
    """The answer to a request that the cache did not have: from an equal one under way, or by the work.

    Raises:
        LMError: the model could not be asked, by this call or by the one it waited for.
    """
    key = wanted.key
    while key not in _asking.get() and not started_again.get():
        with _lock:
            flight = _flights.get(key)
            leads = flight is None
            if flight is None:
                flight = _flights[key] = _Flight()
        if leads:
            return await _lead(wanted, flight)
        if drive.blocking.get() and flight.thread == threading.get_ident():
            # Waiting here would stop the very loop that the other one runs on.
            break
        try:
            found = await _outcome(flight)
        except LMError as error:
            # Each caller gets an error of its own, with its own traceback.
            raise error.copy() from error.__cause__
        if found is not None:
            return found.as_hit()
    return await wanted.settle()


async def _lead(wanted: Wanted, flight: _Flight) -> Response:
    key = wanted.key
    token = _asking.set(_asking.get() | {key})
    found: Response | None = None
    try:
        found = await _fetch_alone(wanted)
        return found
    except LMError as error:
        _end(key, flight)
        flight.outcome.set_exception(error)
        raise
    finally:
        _asking.reset(token)
        if not flight.outcome.done():
            # After an answer, or after a cancellation, after which another one asks.
            _end(key, flight)
            flight.outcome.set_result(found)


def _end(key: str, flight: _Flight) -> None:
    with _lock:
        if _flights.get(key) is flight:
            del _flights[key]


async def _outcome(flight: _Flight) -> Response | None:
    if drive.blocking.get():
        return flight.outcome.result()
    import asyncio  # 30 ms to import, and synchronous programs never need it

    return await asyncio.wrap_future(flight.outcome)


async def _fetch_alone(wanted: Wanted) -> Response:
    """The answer that another process has just got, or the model's, while other processes wait."""
    store = caching.current()
    if store.locks is None:
        return await _fetch_shared(wanted, store)
    key, deadline = wanted.key, time.monotonic() + _LONGEST_WAIT
    try:
        # Where locks cannot be had, caching is worth less, and the call goes on.
        with suppress(OSError, ValueError):
            pauses = _pauses()
            while not store.locks.acquire(key) and time.monotonic() < deadline:
                await _sleep(next(pauses))
        found = store.get(key, wanted.in_memory)
        return found if found is not None else await _fetch_shared(wanted, store)
    finally:
        with suppress(OSError, ValueError):
            store.locks.release(key)


async def _fetch_shared(wanted: Wanted, store: Store) -> Response:
    """The answer that another machine has kept, or the model's, which others can have then."""
    shared = store.shared
    if shared is None:
        return await wanted.settle()
    key, deadline, pauses = wanted.key, time.monotonic() + _LONGEST_WAIT, _pauses()
    while True:
        # It waits for the network, which must not stop an event loop.
        found, claim = await drive.call_function(shared.get_or_claim, key)
        if found is not None:
            store.put(key, found, wanted.in_memory, wanted.facts)
            response: Response = found
            return response
        if claim is not None or time.monotonic() > deadline:
            break
        await _sleep(next(pauses))
    try:
        response = await wanted.settle()
        if _is_kept(response):
            await drive.call_function(shared.put, key, response)
        return response
    finally:
        shared.release(claim)


def _pauses() -> Iterator[float]:
    """The seconds between two looks at what another process does: short at first."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _is_kept(response: Response) -> bool:
    # What another model has answered is kept under that one's name.
    return response.is_good and response.answered_by is None


async def _sleep(seconds: float) -> None:
    if drive.blocking.get():
        time.sleep(seconds)
    else:
        import asyncio

        await asyncio.sleep(seconds)


if hasattr(os, "register_at_fork"):
    # The threads that would land them are the parent's.
    os.register_at_fork(after_in_child=_flights.clear)
