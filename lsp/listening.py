"""A server that clients reach over the network: a session of its own, in a process of its own, for each.

Over TCP a message has the same head as over standard output; over WebSocket each is one text. The sessions
are servers over standard streams, and this process passes bytes on. Nothing tells who a client is, so a
session answers, and starts no commands.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from ..base.text import list_names
from . import parent
from .connection import LONGEST_HEADER, LONGEST_MESSAGE
from .starting import command_of

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from aiohttp import web

HERE = "127.0.0.1"
"""The address at which only this machine is heard."""
_AT_ONCE = 1 << 16
_FIRST = b"content-"
"""What a client's first bytes are, in whatever case; a web page that posts here begins otherwise."""
_GRACE = 5.0
"""Seconds that a session has to end once its client is gone."""
_HEARTBEAT = 30
"""Seconds of silence after which a client is asked whether it is still there."""


def serve(
    host: str, port: int, *, web_socket: bool, origins: Sequence[str] = (), client: int | None = None
) -> None:
    """Serve clients until this process is interrupted, or the process `client` has ended.

    Args:
        host: the address to listen at.
        port: the port; 0 takes a free one. Both are written to the error output, as one line.
        web_socket: whether clients speak WebSocket.
        origins: the web pages that may connect.
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
async def _session() -> AsyncIterator[Process]:
    """A server of a client's own, which ends with the block."""
    # Behind a tunnel or in a container, a client that seems to be on this machine is on another one.
    process = await asyncio.create_subprocess_exec(
        *command_of("far"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
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
    _keep_alive(writer.get_extra_info("socket"))
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        first = await reader.readexactly(len(_FIRST))
        if first.lower() == _FIRST:
            async with _session() as process:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(first)
                await _pass_on(process, _pump(reader, process.stdin), _pump(process.stdout, writer))
    writer.close()


def _keep_alive(connection: Any) -> None:
    """Let the system find out about a client that is gone without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", _HEARTBEAT), ("TCP_KEEPINTVL", _HEARTBEAT), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on until there are no more."""
    with suppress(OSError):
        while data := await source.read(_AT_ONCE):
            target.write(data)
            await target.drain()


async def _pass_on(process: Process, incoming: Any, outgoing: Any) -> None:
    """Pass messages on both ways until the session ends; one that hears no more first says its last."""
    assert process.stdin is not None
    tasks = [asyncio.ensure_future(each) for each in (incoming, outgoing)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        process.stdin.close()
        await asyncio.wait(tasks[1:], timeout=_GRACE)
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
        client = web.WebSocketResponse(max_msg_size=LONGEST_MESSAGE, heartbeat=_HEARTBEAT)
        if not client.can_prepare(request).ok:
            return web.Response(status=426, text="this is a language server; it speaks WebSocket\n")
        await client.prepare(request)
        async with _session() as process:
            assert process.stdin is not None
            assert process.stdout is not None
            incoming, outgoing = _from_client(client, process.stdin), _to_client(process.stdout, client)
            await _pass_on(process, incoming, outgoing)
        await client.close()
        return client

    return handle


def refused(origin: str | None, allowed: Sequence[str]) -> str:
    """Why a web page may not connect, as a sentence; empty where it may, and for what is no web page.

    A page can connect to any port of the machine that it is shown on, and a server tells what is in files;
    a page of another server on this machine is no better.
    """
    if origin is None or origin in allowed:
        return ""
    others = f" beside {list_names(allowed)}" if allowed else ""
    return f"pages of {origin} may not connect{others}; `--origin {origin}` lets them"


async def _from_client(client: web.WebSocketResponse, target: asyncio.StreamWriter) -> None:
    from aiohttp import WSMsgType

    with suppress(OSError):
        async for message in client:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                break
            body = message.data.encode() if isinstance(message.data, str) else message.data
            target.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            await target.drain()


async def _to_client(source: asyncio.StreamReader, client: web.WebSocketResponse) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while body := await _read_body(source):
            await client.send_str(body.decode())


async def _read_body(source: asyncio.StreamReader) -> bytes | None:
    """The body of the next message of a session, which writes one line before each."""
    head = await source.readuntil(b"\r\n\r\n")
    assert len(head) < LONGEST_HEADER
    return await source.readexactly(int(head.partition(b":")[2]))
