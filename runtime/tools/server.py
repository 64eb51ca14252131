"""What several agents can take tools from, once it has been asked which it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import ConfigurationError, ToolError, also_as
from .tool import Tool


class ToolServer:
    """A source of tools that is asked for them at the first call of an agent, not when the agent is made.

    It stands for its tools in a list: `tools=[search, *server]`, `tools=server`.
    """

    async def list_tools(self) -> Sequence[Tool]:
        """The tools, asked for once."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        # `[search, *server]` is written before anybody may be asked anything.
        yield self


def collect(given: Iterable[Any], taken: Mapping[str, str]) -> tuple[dict[str, Tool], list[ToolServer]]:
    """An agent's tools by name, and the servers that have more.

    Args:
        given: functions, tools and servers.
        taken: names that the agent itself has, and why no tool can have each.

    Raises:
        ConfigurationError: two tools have the same name, or one has a taken name.
        ToolError: a tool's arguments cannot be described.
    """
    if isinstance(given, Mapping):
        wrong = ToolError("tools must be a list, not a dict: `list(tools.values())` has its functions")
        raise also_as(wrong, TypeError())
    tools: dict[str, Tool] = {}
    servers: list[ToolServer] = []
    for each in given:
        if isinstance(each, ToolServer):
            if each not in servers:
                servers.append(each)
            continue
        tool = each if isinstance(each, Tool) else Tool(each)
        if tool.name in taken:
            raise ConfigurationError(
                f"a tool named `{tool.name}` conflicts with built-in functions: {taken[tool.name]}; "
                "give it another name"
            )
        if tool.name in tools:
            raise ConfigurationError(f"two tools are named `{tool.name}`")
        tools[tool.name] = tool
    return tools, servers


async def all_tools(
    tools: Mapping[str, Tool], servers: Iterable[ToolServer], taken: Mapping[str, str]
) -> dict[str, Tool]:
    """An agent's tools with those of its servers; in the agent's order.

    Raises:
        ConfigurationError: a server has a tool of a name that is there already.
    """
    found = dict(tools)
    for server in servers:
        for tool in await server.list_tools():
            if tool.name in found or tool.name in taken:
                raise ConfigurationError(
                    f"two tools are named `{tool.name}`, one of them from {server!r}; "
                    "give the server a `prefix`"
                )
            found[tool.name] = tool
    return found
