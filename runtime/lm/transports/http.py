"""HTTP for requests to models: one pool of connections in each process, on the loop of requests.

Written over aiohttp. A forked child makes a pool of its own and leaves the parent's connections alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit

import aiohttp

from . import io_loop, network
from .limits import TimeLimit
from .network import IDLE_SECONDS, USER_AGENT, Answer, TooLarge, proxy_for, tls
from .patience import Patience

__all__ = ["Answer", "TooLarge", "close_idle", "get", "post", "stream"]


async def post(url: str, headers: Mapping[str, str], body: bytes, limit: TimeLimit) -> Answer:
    """Send a body and read the answer; to be called on the loop of requests.

    Raises:
        aiohttp.ClientError, OSError, TimeoutError: no connection, or it broke, or it took too long.
        TooLarge: the answer is larger than `LARGEST`.
    """
    async with Patience(limit.answer), _asking("POST", url, headers, body, limit) as response:
        return Answer(response.status, _lowered(response), await _read(response))


async def get(url: str, headers: Mapping[str, str], limit: TimeLimit) -> Answer:
    """Ask for what is at an address; raises what `post` raises."""
    async with Patience(limit.answer), _asking("GET", url, headers, None, limit) as response:
        return Answer(response.status, _lowered(response), await _read(response))


@asynccontextmanager
async def stream(
    url: str, headers: Mapping[str, str], body: bytes, limit: TimeLimit
) -> AsyncIterator[tuple[int, Mapping[str, str], AsyncIterator[bytes]]]:
    """Send a body and give the status, the headers, and the answer's bytes as they come.

    The limit is for the time between two pieces. Raises what `post` raises.
    """
    async with Patience(limit.answer) as patience, _asking("POST", url, headers, body, limit) as response:
        patience.came()
        yield response.status, _lowered(response), _coming(response, patience)


@asynccontextmanager
async def _asking(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, limit: TimeLimit
) -> AsyncIterator[aiohttp.ClientResponse]:
    session, users = _session(), _Pool.users
    context: Any = tls() if url.startswith("https:") else True
    users[session] = users.get(session, 0) + 1
    try:
        # A redirect would hand the key and the texts on to an address that nobody has named.
        async with session.request(
            method,
            url,
            data=body,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limit.connect),
            ssl=context,
            proxy=proxy_for(url.partition("://")[0], urlsplit(url).hostname or ""),
            allow_redirects=False,
        ) as response:
            yield response
    finally:
        users[session] -= 1
        if not users[session]:
            del users[session]
            if session is not _Pool.session:
                await session.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    length = response.content_length
    if length is not None and length > network.LARGEST:
        raise TooLarge
    if length is not None and "content-encoding" not in response.headers:
        return await response.read()
    parts: list[bytes] = []
    size = 0
    async for piece in _pieces(response):
        size += len(piece)
        if size > network.LARGEST:
            raise TooLarge
        parts.append(piece)
    return b"".join(parts)


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for piece in response.content.iter_any():
        yield piece


async def _coming(response: aiohttp.ClientResponse, patience: Patience) -> AsyncIterator[bytes]:
    async for piece in response.content.iter_any():
        patience.came()
        yield piece


def _lowered(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


# --- the pool -------------------------------------------------------------------------------------------


class _Pool:
    """The session of this process, for the loop on which it was made."""

    loop: asyncio.AbstractEventLoop | None = None
    session: aiohttp.ClientSession | None = None
    users: ClassVar[dict[aiohttp.ClientSession, int]] = {}
    """How many requests are under way in each session."""
    abandoned: ClassVar[list[aiohttp.ClientSession]] = []


def _session() -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    if _Pool.session is None or _Pool.loop is not loop:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, ttl_dns_cache=60)
        _Pool.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": USER_AGENT},
        )
        _Pool.loop = loop
    return _Pool.session


def close_idle() -> None:
    """Close the connections of this process; those of requests under way when these have ended."""
    if _Pool.session is not None:
        io_loop.wait(_retire)


async def _retire() -> None:
    session, _Pool.session = _Pool.session, None
    if session is not None and session not in _Pool.users:
        await session.close()


async def _close() -> None:
    session, _Pool.session = _Pool.session, None
    if session is not None:
        await session.close()


def _after_fork() -> None:
    """Leave the parent's connections alone.

    To close them, here or by the garbage collector, would take them out of the parent's selector, which a
    forked child shares.
    """
    session = _Pool.session
    _Pool.session = _Pool.loop = None
    _Pool.users.clear()
    if session is not None:
        _Pool.abandoned.append(session)
        connector = session.connector
        session.detach()
        if connector is not None:
            connector._closed = True


io_loop.before_end(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
