"""One connection to an MCP server: opened at the first request, opened again after it broke."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TextIO

from ....base import secrets
from ....base.text import clip
from ...errors import ToolError

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SAID = 600
"""How many characters of what a server wrote to stderr an error shows."""


class Address(NamedTuple):
    """Where a server is: a command to start, or a URL."""

    command: str
    args: Sequence[str]
    env: Mapping[str, str]
    cwd: str | None
    url: str
    headers: Mapping[str, str]

    def __str__(self) -> str:
        # Neither arguments nor headers, which may hold keys.
        return secrets.redact(self.url) if self.url else f"`{self.command}`"


class Connection:
    """A connection to one server; everything of it runs on the loop of `loop.py`."""

    def __init__(self, address: Address, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._opening: asyncio.Future[Any] | None = None
        self._holder: asyncio.Task[None] | None = None
        self._closing: asyncio.Event | None = None
        self._ended = False

    async def list_tools(self) -> list[Any]:
        """The server's tools, all pages.

        Raises:
            ToolError: it cannot be reached, or does not answer.
        """
        found: list[Any] = []
        cursor: str | None = None
        while True:
            listed = await self._request(lambda client, at=cursor: client.list_tools(cursor=at), "its tools")
            found += listed.tools
            cursor = getattr(listed, "next_cursor", getattr(listed, "nextCursor", None))
            if not cursor:
                return found

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """Call a tool, and get the SDK's result.

        Raises:
            ToolError: the server cannot be reached, ended, or did not answer in time.
        """
        return await self._request(lambda client: client.call_tool(name, arguments=arguments), f"`{name}`")

    async def close(self) -> None:
        """Close the connection, and end the server that it started."""
        holder, closing = self._holder, self._closing
        self._holder = self._opening = self._closing = None
        if holder is not None and closing is not None:
            closing.set()
            await asyncio.wait([holder])

    async def _request(self, ask: Callable[..., Any], what: str) -> Any:
        client = await self._client()
        try:
            async with asyncio.timeout(self._timeout):
                return await ask(client)
        except Exception as error:  # noqa: BLE001 the SDK's errors are of many kinds
            if isinstance(error, TimeoutError) or _is_timeout(error):
                raise ToolError(
                    f"the MCP server {self._address} did not answer for {what} within "
                    f"{self._timeout:g} seconds"
                ) from None
            if self._ended or _is_broken(error):
                await self.close()
                raise ToolError(
                    f"the MCP server {self._address} ended while it was asked for {what}; "
                    "the next call starts it again"
                ) from None
            raise ToolError(f"the MCP server {self._address} refused {what}: {_words(error)}") from None

    async def _client(self) -> Any:
        """The SDK's client, connected; callers at the same time wait for the same."""
        if self._holder is not None and (self._ended or self._holder.done()):
            await self.close()
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_future()
            # An error that nobody waits for any more is no news.
            self._opening.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._closing = asyncio.Event()
            self._ended = False
            self._holder = asyncio.create_task(self._hold(self._opening, self._closing))
        return await asyncio.shield(self._opening)

    async def _hold(self, opened: asyncio.Future[Any], closing: asyncio.Event) -> None:
        """Keep the connection open until it is to be closed; a task must leave what it has entered."""
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            try:
                async with self._connected(said) as client:
                    opened.set_result(client)
                    await closing.wait()
            except Exception as error:  # noqa: BLE001 whatever it is, who waits for the connection is told
                self._ended = True
                if not opened.done():
                    self._opening = None
                    opened.set_exception(self._not_opened(error, _tail(said)))

    @asynccontextmanager
    async def _connected(self, said: TextIO) -> AsyncIterator[Any]:
        try:
            from mcp import Client
        except ImportError as error:
            raise ToolError('tools of MCP servers need the extra: `pip install "dspyc[mcp]"`') from error
        async with asyncio.timeout(self._timeout) as limit, Client(self._transport(said)) as client:
            limit.reschedule(None)
            yield client

    @asynccontextmanager
    async def _transport(self, said: TextIO) -> AsyncIterator[Any]:
        """The SDK's streams to the server, watched for their end."""
        address = self._address
        if address.url:
            from mcp.client.streamable_http import streamable_http_client
            from mcp.shared._httpx_utils import create_mcp_http_client

            headers = {name: _filled(value) for name, value in address.headers.items()}
            async with (
                create_mcp_http_client(headers) as http,
                streamable_http_client(address.url, http_client=http) as streams,
            ):
                yield streams
            return
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client

        started = StdioServerParameters(
            command=address.command,
            args=[_filled(each) for each in address.args],
            env={name: _filled(value) for name, value in address.env.items()},
            cwd=address.cwd,
        )
        async with stdio_client(started, errlog=said) as (read, write):
            yield _Watched(read, self._note_end), write

    def _note_end(self) -> None:
        self._ended = True

    def _not_opened(self, error: BaseException, said: str) -> ToolError:
        if isinstance(error, ToolError):
            return error
        inner = _first(error)
        if isinstance(inner, FileNotFoundError) or _is_nowhere(inner):
            return ToolError(f"the command {self._address} of the MCP server was not found")
        late = f"no answer within {self._timeout:g} seconds"
        reason = late if isinstance(inner, TimeoutError) else _words(inner)
        tail = f"; it wrote: {said}" if said else ""
        return ToolError(f"the MCP server {self._address} cannot be reached: {reason}{tail}")


def _is_nowhere(error: BaseException) -> bool:
    """Whether a command is in no folder of the PATH of which one may not be looked into."""
    name = error.filename if isinstance(error, PermissionError) else None
    return isinstance(name, str) and os.path.basename(name) == name and shutil.which(name) is None


class _Watched:
    """A stream of messages that tells when it ends."""

    def __init__(self, stream: Any, ended: Callable[[], None]) -> None:
        self._stream = stream
        self._tell = ended

    async def receive(self) -> Any:
        import anyio

        try:
            return await self._stream.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._tell()
            raise

    def __aiter__(self) -> _Watched:
        return self

    async def __anext__(self) -> Any:
        import anyio

        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> _Watched:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _filled(text: str) -> str:
    """A text with `${NAME}` replaced by what the environment has; read when a server is started.

    Raises:
        ToolError: there is no such variable.
    """

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise ToolError(f"an MCP server needs the environment variable `{match[1]}`, which is not set")
        return found

    return _VARIABLE.sub(value, text)


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _words(error: BaseException) -> str:
    inner = _first(error)
    return clip(secrets.redact(str(inner) or type(inner).__name__), _SAID)


def _is_broken(error: BaseException) -> bool:
    """Whether the connection is over, and not only a request."""
    from mcp.types import CONNECTION_CLOSED

    inner = _first(error)
    if getattr(getattr(inner, "error", None), "code", None) == CONNECTION_CLOSED:
        return True
    kind = type(inner)
    return kind.__module__.startswith(("anyio", "httpx")) or isinstance(inner, OSError)


def _is_timeout(error: BaseException) -> bool:
    from mcp.types import REQUEST_TIMEOUT

    return getattr(getattr(_first(error), "error", None), "code", None) == REQUEST_TIMEOUT


def _tail(said: TextIO) -> str:
    said.seek(0)
    return secrets.redact(" ".join(said.read()[-_SAID:].split()))
