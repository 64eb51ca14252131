"""A real MCP server for the tests, by the official SDK: `python mcp_server.py`, or `… http PORT`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("test")


@server.tool()
def add(a: int, b: int = 1) -> int:
    """Add two numbers.

    Args:
        a: the first.
        b: the second.
    """
    return a + b


@server.tool()
def environment(name: str) -> str:
    """What a variable of the environment holds."""
    return os.environ.get(name, "nothing")


@server.tool()
def fail(reason: str) -> str:
    """Fail."""
    raise ToolError(reason)


@server.tool()
async def slow(seconds: float, mark: str = "") -> str:
    """Answer later."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if mark:
            Path(mark).write_text("cancelled", encoding="utf-8")
        raise
    return "at last"


@server.tool()
def process() -> int:
    """The id of the server's process."""
    return os.getpid()


@server.tool()
def crash() -> str:
    """End the server at once."""
    os._exit(3)


@server.tool()
def several() -> list[str]:
    """Several texts."""
    return ["one", "two"]


@server.tool()
def picture() -> Image:
    """A picture."""
    return Image(data=b"x", format="png")


@server.tool()
def table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Count rows."""
    return {"count": len(rows)}


if __name__ == "__main__":
    if sys.argv[1:2] == ["http"]:
        server.run("streamable-http", port=int(sys.argv[2]))
    elif sys.argv[1:2] == ["broken"]:
        sys.exit("the database is locked, token sk-abcdefghijklmnopqrstuvwx")
    else:
        server.run()
