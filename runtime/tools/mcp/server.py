"""`MCP`: a server of tools, in another process or on the network, by the Model Context Protocol."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal, Self

from ...errors import ConfigurationError
from ...limits import Ge
from ...parameters import KW_ONLY, parameters, parameters_of
from ..server import ToolServer
from ..tool import Tool
from .connection import Address, Connection
from .conversion import tool_of
from .loop import start_there, there, wait_there

_CLOSE_SECONDS = 5.0


@parameters
class MCP(ToolServer):
    """The tools of an MCP server: a command that is started, or a URL.

        files = MCP("npx", args=["-y", "@modelcontextprotocol/server-filesystem", "docs"])
        search = MCP(url="https://example.com/mcp", headers={"Authorization": "Bearer ${SEARCH_TOKEN}"})
        agent = ReAct("question -> answer", tools=[*files, *search])

    Making one starts and contacts nothing: the connection is opened by the first call of an agent that has
    it, shared by all of them, reopened if the server has ended, and closed with the process or by `close()`.
    `${NAME}` in `args`, `env` and `headers` stands for an environment variable, read when the connection is
    opened. A server that is started sees only the usual variables (`PATH`, `HOME`) and `env`. Needs
    `pip install "dspyc[mcp]"`.
    """

    command: str = ""
    """The program to start, which talks through its standard input and output; or a URL."""
    _: KW_ONLY
    args: list[str] | tuple[str, ...] = ()
    """The arguments of the program."""
    env: Mapping[str, str] | None = None
    """Variables of the environment for the program; `${NAME}` passes one on."""
    cwd: str | None = None
    """The folder that it runs in."""
    url: str = ""
    """The address of a server that speaks MCP over HTTP ("streamable HTTP")."""
    headers: Mapping[str, str] | None = None
    """Headers for each request to the URL."""
    only: list[str] | tuple[str, ...] | None = None
    """The names of the tools to take; all unless given."""
    prefix: str = ""
    """What the tools' names begin with for the agent, where two servers have tools of the same name."""
    timeout: Annotated[float, Ge(0.01)] = 60.0
    """How many seconds to wait for the connection, and for each call."""
    result_mode: Literal["text", "structured"] = "text"
    """`structured` returns a tool's structured result where it gives one."""

    def __post_init__(self) -> None:
        """Take note of the address.

        Raises:
            ConfigurationError: neither a command nor a URL is given, or both.
        """
        if self.command.startswith(("http://", "https://")) and not self.url:
            self.url, self.command = self.command, ""
        if bool(self.command) == bool(self.url):
            raise ConfigurationError(
                '`MCP` needs a command, `MCP("npx", args=[…])`, or a URL, `MCP(url="…")`'
            )
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"the URL of an MCP server must begin with http:// or https://, not {self.url!r}"
            )
        for name in ("args", "only"):
            if isinstance(getattr(self, name), str):
                raise ConfigurationError(f'`{name}` of `MCP` is a list of strings: `{name}=["…"]`')
        if self.url and (self.args or self.env or self.cwd):
            raise ConfigurationError("`args`, `env` and `cwd` are for a command; a URL takes `headers`")
        if self.command and self.headers:
            raise ConfigurationError("`headers` are for a URL; a command takes `env`")
        address = Address(
            self.command, tuple(self.args), dict(self.env or {}), self.cwd, self.url, dict(self.headers or {})
        )
        self._connection = Connection(address, self.timeout)
        self._address = address
        self._listed: tuple[Tool, ...] | None = None

    async def list_tools(self) -> tuple[Tool, ...]:
        """The server's tools, asked for once.

        Raises:
            ToolError: it cannot be reached.
            ConfigurationError: one of `only` is not among them.
        """
        if self._listed is None:
            _note(self)
            found = await there(self._connection.list_tools())
            if self.only is not None:
                names = [tool.name for tool in found]
                if missing := [name for name in self.only if name not in names]:
                    raise ConfigurationError(
                        f"the MCP server {self._address} has no tool `{missing[0]}` "
                        f"(it has: {', '.join(names)})"
                    )
                found = [tool for tool in found if tool.name in self.only]
            self._listed = tuple(
                tool_of(self._call, tool, prefix=self.prefix, result_mode=self.result_mode) for tool in found
            )
        return self._listed

    async def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        return await there(self._connection.call_tool(name, arguments))

    def close(self) -> None:
        """Close the connection and end a server that it started; the next call opens it again."""
        with suppress(TimeoutError):
            wait_there(self._connection.close(), _CLOSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __deepcopy__(self, memo: dict[int, Any]) -> MCP:
        # Copies of an agent share the connection.
        return self

    def __copy__(self) -> MCP:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        given = {field.name: getattr(self, field.name) for field in parameters_of(MCP)}
        return _made_again, (given,)

    def __repr__(self) -> str:
        return f"MCP({str(self._address).strip('`')!r})"


def _made_again(given: Mapping[str, Any]) -> MCP:
    return MCP(**given)


_open: set[Connection] = set()


def _note(server: MCP) -> None:
    """Have a server's connection closed when the server is forgotten, or the process ends."""
    connection = server._connection
    if connection not in _open:
        _open.add(connection)
        weakref.finalize(server, _forget, connection).atexit = False


def _forget(connection: Connection) -> None:
    if connection in _open:
        _open.discard(connection)
        start_there(connection.close())


@atexit.register
def _close_all() -> None:
    while _open:
        with suppress(Exception):
            wait_there(_open.pop().close(), _CLOSE_SECONDS)
