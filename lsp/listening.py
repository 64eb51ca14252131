"""A server that clients reach over the network: a session of its own, in a process of its own, for each.

Over TCP a message has the same head as over standard output; over WebSocket each is one text. The sessions
are servers over standard streams, and this process passes bytes on.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..base.text import list_names
from . import parent
from .connection import LONGEST_HEADER, LONGEST_MESSAGE
from .starting import command_of

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from aiohttp import web

LOOPBACK = "127.0.0.1"
_AT_ONCE = 1 << 16
_FIRST = b"content-"
"""What a client's first bytes are, in whatever case; a web page that posts here begins otherwise."""
_GRACE = 5.0
"""Seconds that a session has to end once its client is gone."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host of this name."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    host: str, port: int, *, web_socket: bool, origins: Sequence[str] = (), client: int | None = None
) -> None:
    """Serve clients until this process is interrupted, or the process `client` has ended.

    Args:
        host: the address to listen at.
        port: the port; 0 takes a free one. Both are written to the error output, as one line.
        web_socket: whether clients speak WebSocket.
        origins: the web pages that may connect, beside those of this machine.
        client: the process that this one is for.

    Raises:
        OSError: nothing can listen there.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(host, port, web_socket=web_socket, origins=origins, client=client))


async def _serve(
    host: str, port: int, *, web_socket: bool, origins: Sequence[str], client: int | None
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    if client is not None:

        def end() -> None:
            loop.call_soon_threadsafe(ended.set)

        parent.watch(client, end)
    if sys.platform != "win32":
        loop.add_signal_handler(signal.SIGTERM, ended.set)
    listening = _web_socket(host, port, origins) if web_socket else _tcp(host, port)
    async with listening as at:
        scheme = "ws" if web_socket else "tcp"
        print(f"dspyc: serving at {scheme}://{at}", file=sys.stderr, flush=True)
        await ended.wait()


def _shown(address: Sequence[Any]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@asynccontextmanager
async def _session(*, is_near: bool) -> AsyncIterator[Process]:
    """A server of a client's own, which ends with the block."""
    # The number of a process on another machine means nothing here.
    role = "session" if is_near else "far"
    process = await asyncio.create_subprocess_exec(
        *command_of(role),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_MESSAGE,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _GRACE)
        except (TimeoutError, asyncio.CancelledError):
            process.kill()
            await process.wait()


# --- TCP ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _tcp(host: str, port: int) -> AsyncIterator[str]:
    server = await asyncio.start_server(_connected, host, port)
    try:
        yield _shown(server.sockets[0].getsockname())
    finally:
        server.close()
        await _end_all()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    near = is_loopback(writer.get_extra_info("peername")[0])
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        first = await reader.readexactly(len(_FIRST))
        if first.lower() == _FIRST:
            async with _session(is_near=near) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(first)
                await _until_one_ends(_pump(reader, process.stdin), _pump(process.stdout, writer))
    writer.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on until there are no more."""
    with suppress(OSError):
        while data := await source.read(_AT_ONCE):
            target.write(data)
            await target.drain()


async def _until_one_ends(*passing: Any) -> None:
    tasks = [asyncio.ensure_future(each) for each in passing]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# --- WebSocket ------------------------------------------------------------------------------------------


@asynccontextmanager
async def _web_socket(host: str, port: int, origins: Sequence[str]) -> AsyncIterator[str]:
    from aiohttp import web

    app = web.Application()
    app.router.add_get("/{path:.*}", _handler(origins))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield _shown(runner.addresses[0])
    finally:
        await runner.cleanup()


def _handler(origins: Sequence[str]) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.StreamResponse:
        """One client, whose messages are texts."""
        from aiohttp import web

        refusal = refused(request.headers.get("Origin"), origins)
        if refusal:
            return web.Response(status=403, text=f"{refusal}\n")
        socket = web.WebSocketResponse(max_msg_size=LONGEST_MESSAGE)
        if not socket.can_prepare(request).ok:
            return web.Response(status=426, text="this is a language server; it speaks WebSocket\n")
        await socket.prepare(request)
        async with _session(is_near=is_loopback(request.remote or "")) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            incoming, outgoing = _from_socket(socket, process.stdin), _to_socket(process.stdout, socket)
            await _until_one_ends(incoming, outgoing)
        await socket.close()
        return socket

    return handle


def refused(origin: str | None, allowed: Sequence[str]) -> str:
    """Why a web page may not connect, as a sentence; empty where it may, and for what is no web page.

    A page can connect to any port of the machine that it is shown on, and a server tells what is in files.
    """
    if origin is None or origin in allowed or is_loopback(urlsplit(origin).hostname or ""):
        return ""
    others = f" beside {list_names(allowed)}" if allowed else ""
    return f"pages of {origin} may not connect{others}; `--origin {origin}` lets them"


async def _from_socket(socket: web.WebSocketResponse, target: asyncio.StreamWriter) -> None:
    from aiohttp import WSMsgType

    with suppress(OSError):
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                break
            body = message.data.encode() if isinstance(message.data, str) else message.data
            target.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            await target.drain()


async def _to_socket(source: asyncio.StreamReader, socket: web.WebSocketResponse) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while body := await _read_body(source):
            await socket.send_str(body.decode())


async def _read_body(source: asyncio.StreamReader) -> bytes | None:
    """The body of the next message of a session, which writes one line before each."""
    head = await source.readuntil(b"\r\n\r\n")
    assert len(head) < LONGEST_HEADER
    return await source.readexactly(int(head.partition(b":")[2]))
