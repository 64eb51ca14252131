"""HTTP for requests from synchronous code: sent and read in the caller's thread.

Handing a request to the loop of requests and waiting for it takes the processor as long as all the rest.
Here a thread takes an idle connection, or has one made on the loop (where looking up a name and connecting
can be cancelled, and several addresses are tried at once), and gives it back after the answer. Ctrl-C ends
the wait at once and closes the connection. A forked child forgets its parent's connections.
"""

from __future__ import annotations

import os
import socket
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from http.client import CONTINUE, HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ....base.forks import new_lock
from . import io_loop, network
from .limits import TimeLimit
from .network import IDLE_SECONDS, USER_AGENT, Answer, TooLarge, proxy_for, tls

_FIRST_ATTEMPT_SECONDS = 0.25
"""How long the first of several addresses is tried alone (RFC 8305)."""
_PIECE = 1 << 16
_LAST_LOOK = 0.001
"""How long a connection is waited for whose time is over, in seconds."""
_LAST_LOOKS = 0.5
"""How long what is there is still taken, in seconds."""


class ConnectTimeout(TimeoutError):
    """No connection was made in time."""


class _Place(NamedTuple):
    """Where a request goes."""

    scheme: str
    host: str
    port: int
    named: str
    """The host as the request names it."""
    target: str
    """The path and what follows it."""


@lru_cache(maxsize=256)
def place_of(url: str) -> _Place | None:
    """Where a request to this address goes; None for one that goes through a proxy, or has to be escaped."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not url.isascii() or not url.isprintable() or " " in url or proxy_for(parts.scheme, host) is not None:
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place(parts.scheme, host, port, parts.netloc, target)


def post(place: _Place, headers: Mapping[str, str], body: bytes, limit: TimeLimit) -> Answer:
    """Send a body and read the answer.

    Raises:
        OSError, http.client.HTTPException: no connection, or it broke.
        TimeoutError: it took too long.
        TooLarge: the answer is larger than `LARGEST`.
    """
    until = time.monotonic() + limit.answer
    connection = _take(place) or _connect(place, min(limit.connect, limit.answer))
    try:
        _bound(connection, until)
        connection.sendall(_head(place, headers, len(body)) + body)
        response: Any = _Response(_Source(connection, until), method="POST")  # type: ignore[arg-type]
        response.begin()
        answered = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status, answered, _plain(answered, _read(response)))
    except BaseException:
        connection.close()
        raise
    if response.will_close or response.status < 200:
        # What follows a status below 200 on its connection is no answer to the next request.
        connection.close()
    else:
        _give_back(place, connection)
    return answer


def _head(place: _Place, headers: Mapping[str, str], length: int) -> bytes:
    lines = {
        "host": place.named,
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",
        **headers,
        "content-length": str(length),
    }
    written = "".join([f"{name}: {value}\r\n" for name, value in lines.items()])
    return f"POST {place.target} HTTP/1.1\r\n{written}\r\n".encode("ascii")


def _read(response: HTTPResponse) -> bytes:
    length = response.length
    if length is not None:
        if length > network.LARGEST:
            raise TooLarge
        return response.read()
    parts: list[bytes] = []
    size = 0
    while piece := response.read1(_PIECE):
        size += len(piece)
        if size > network.LARGEST:
            raise TooLarge
        parts.append(piece)
    return b"".join(parts)


def _plain(headers: Mapping[str, str], body: bytes) -> bytes:
    """The body without the compression that nobody asked for."""
    if headers.get("content-encoding", "identity").lower() not in ("gzip", "x-gzip", "deflate"):
        return body
    try:
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)  # either form, by its first bytes
        found = unpacking.decompress(body, network.LARGEST + 1)
    except zlib.error as error:
        raise IncompleteRead(body) from error
    if len(found) > network.LARGEST:
        raise TooLarge
    if not unpacking.eof:
        raise IncompleteRead(found)
    return found


def _bound(connection: socket.socket, until: float) -> None:
    """Let the connection's next wait last until then at most."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)


class _Response(HTTPResponse):
    """An answer, past all that a server says of its work before it."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        # `begin` reads on after 100 only, and would take "102 Processing" for the answer.
        return version, CONTINUE if 101 < status < 200 else status, reason


class _Source(RawIOBase):
    """What a response reads from: a connection, until the answer's time is over."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._until = until
        self._end: float | None = None

    def makefile(self, mode: str) -> BufferedReader:
        """Itself, as `http.client` asks a socket for it."""
        return BufferedReader(self)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; 0 at the end.

        What has arrived by the end of the time is taken: this thread may have been kept from reading it, and
        an answer that is thrown away is paid for twice.
        """
        now = time.monotonic()
        if now < self._until:
            self._connection.settimeout(self._until - now)
            with suppress(TimeoutError):
                return self._connection.recv_into(buffer)
            now = time.monotonic()
        self._end = self._end or now + _LAST_LOOKS
        if now > self._end:
            raise TimeoutError
        self._connection.settimeout(_LAST_LOOK)
        return self._connection.recv_into(buffer)


# --- connections ----------------------------------------------------------------------------------------


def _connect(place: _Place, seconds: float) -> socket.socket:
    until = time.monotonic() + seconds
    connection = io_loop.wait(lambda: _connected(place.host, place.port, seconds))
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if place.scheme == "https":
            _bound(connection, until)
            return tls().wrap_socket(connection, server_hostname=place.host)
    except BaseException:
        connection.close()
        raise
    return connection


async def _connected(host: str, port: int, seconds: float) -> socket.socket:
    import asyncio

    from aiohappyeyeballs import start_connection

    try:
        async with asyncio.timeout(seconds):
            loop = asyncio.get_running_loop()
            try:
                # An address in numbers is not looked up, which would take a thread.
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            except socket.gaierror:
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return await start_connection(found, happy_eyeballs_delay=_FIRST_ATTEMPT_SECONDS, loop=loop)
    except TimeoutError:
        raise ConnectTimeout from None


class _Idle:
    """The connections that wait for their next request, with the time from which on each has waited."""

    lock = new_lock()
    by_place: dict[tuple[str, str, int], list[tuple[float, socket.socket]]] = {}  # noqa: RUF012
    is_watched = False
    """Whether something will close those that have waited for too long."""


def _take(place: _Place) -> socket.socket | None:
    """An idle connection that is still open."""
    oldest = time.monotonic() - IDLE_SECONDS
    while True:
        with _Idle.lock:
            waiting = _Idle.by_place.get(place[:3])
            if not waiting:
                return None
            since, connection = waiting.pop()
        if since > oldest and _is_open(connection):
            return connection
        connection.close()


def _is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.0)
    try:
        # Below TLS, which has no look without reading.
        socket.socket.recv(connection, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False  # the server has closed it, or says something that nobody asked for


def _give_back(place: _Place, connection: socket.socket) -> None:
    with _Idle.lock:
        _Idle.by_place.setdefault(place[:3], []).append((time.monotonic(), connection))
        if _Idle.is_watched:
            return
        _Idle.is_watched = True
    io_loop.later(IDLE_SECONDS, _close_old)


def _close_old() -> None:
    """Close what has waited for too long, and look again when the next will have."""
    oldest = time.monotonic() - IDLE_SECONDS
    old: list[socket.socket] = []
    with _Idle.lock:
        for place, waiting in list(_Idle.by_place.items()):
            old += [connection for since, connection in waiting if since <= oldest]
            waiting[:] = [each for each in waiting if each[0] > oldest]
            if not waiting:
                del _Idle.by_place[place]
        first = min((waiting[0][0] for waiting in _Idle.by_place.values()), default=None)
        _Idle.is_watched = first is not None
    for connection in old:
        connection.close()
    if first is not None:
        io_loop.later(first - oldest, _close_old)


def close_idle() -> None:
    """Close the connections that wait for a request."""
    with _Idle.lock:
        found = [connection for waiting in _Idle.by_place.values() for _, connection in waiting]
        _Idle.by_place.clear()
    for connection in found:
        connection.close()


async def _end() -> None:
    close_idle()


def _after_fork() -> None:
    # To close them here ends nothing of the parent's: no event loop knows of them.
    _Idle.is_watched = False
    close_idle()


io_loop.before_end(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
