"""What stands before every request: who may call, how much may be sent, how many runs there are at once."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ..base.loopback import host_of
from .problems import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

    from .counting import Counts

BODY_SECONDS = 30.0
"""How long a caller may take to send the body of a request, besides what is sent slowly."""
SLOWEST = 16 << 10
"""In bytes a second; who sends faster is waited for."""

_OPEN = ("/health", "/ready")
"""What a load balancer asks for, without a key."""


def let_in(request: Request, keys: Sequence[bytes], hosts: Sequence[str] | None) -> None:
    """Refuse a request that may not be made.

    Args:
        request: the request.
        keys: one of these has to come with it, as `Authorization: Bearer …` or `X-API-Key: …`; none is
            needed where there are none.
        hosts: the names under which the service may be called; any where that is None. A web page that
            somebody looks at could otherwise call what is on this machine under a name of its own ("DNS
            rebinding").

    Raises:
        Problem: it may not.
    """
    if hosts is not None and host_of(request.headers.get("host", "")) not in hosts:
        raise Problem(
            421, "Unknown host", "this service answers on this machine alone, as localhost or 127.0.0.1"
        )
    if not keys or request.url.path in _OPEN:
        return
    given = _key(request)
    if given is None:
        raise Problem(
            401,
            "A key is needed",
            "send it in the header X-API-Key, or in Authorization after the word Bearer",
        )
    # Every key is compared, so that the time says nothing.
    if not sum(hmac.compare_digest(given, each) for each in keys):
        raise Problem(401, "This key is not known")


def _key(request: Request) -> bytes | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    given = value.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key")
    return given.encode("utf-8", "surrogateescape") if given else None


async def read_body(request: Request, largest: int) -> bytes:
    """The body of a request.

    Raises:
        Problem: it is larger than `largest` bytes, is compressed, does not say that it is JSON, or does not
            come in time.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "The body must be JSON", "send it with `Content-Type: application/json`")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "The body must not be compressed")
    too_large = Problem(413, "The body is too large", f"it may have {largest:,} bytes")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > largest:
        raise too_large
    body = bytearray()
    begun = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(BODY_SECONDS) as limit:
            async for piece in request.stream():
                body += piece
                if len(body) > largest:
                    raise too_large
                limit.reschedule(begun + BODY_SECONDS + len(body) / SLOWEST)
    except TimeoutError:
        allowed = f"it may take {BODY_SECONDS:g} seconds, and another for each {SLOWEST >> 10} KiB"
        raise Problem(408, "The body did not arrive in time", allowed) from None
    return bytes(body)


class Turnstile:
    """Lets so many runs through at once, and so many wait.

    Args:
        most: runs at once.
        waiting: how many more wait; others are told to come back.
        counts: where both are counted.
    """

    def __init__(self, most: int, waiting: int, counts: Counts) -> None:
        self._free = asyncio.Semaphore(most)
        self._most = most
        self._batches = 0
        self._most_waiting = waiting
        self._waiting = 0
        self._counts = counts

    @asynccontextmanager
    async def turn(self, *, patient: bool = False) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        Args:
            patient: whether to wait however many do, and without keeping anybody else from waiting: a row of
                a batch that was let in.

        Raises:
            Problem: too many wait already.
        """
        if not patient and self._free.locked() and self._waiting >= self._most_waiting:
            raise Problem(503, "Too many requests are waiting", retry_after=1)
        self._waiting += not patient
        self._counts.waiting.inc()
        try:
            await self._free.acquire()
        finally:
            self._waiting -= not patient
            self._counts.waiting.dec()
        self._counts.running.inc()
        try:
            yield
        finally:
            self._counts.running.dec()
            self._free.release()

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[asyncio.Semaphore]:
        """Let a batch in, and give what its rows have to pass, so that half of the runs are left to others.

        Raises:
            Problem: there are too many batches already.
        """
        if self._batches >= max(1, self._most_waiting):
            raise Problem(503, "Too many requests are waiting", retry_after=1)
        self._batches += 1
        try:
            yield asyncio.Semaphore(max(1, self._most // 2))
        finally:
            self._batches -= 1
