"""The tools as an MCP server over standard input and output, by the official SDK."""

from __future__ import annotations

from typing import Any

from ..base.version import VERSION
from . import checks, guide, names, programs
from .folder import Folder, Refused
from .tool import Tool

INSTRUCTIONS = (
    "Tools for .dspy files: programs made of language-model calls, in the language dspyc. Read `guide` "
    "before you write one, call `check` after every change, and repair what it finds; `fix` often can. "
    "`complete`, `hover` and `describe` say what a place, a name or a class of the language takes."
)


def tools_of(*, allow_run: bool) -> tuple[Tool, ...]:
    """The tools that are offered.

    Args:
        allow_run: whether programs may run, and the Python files that they import.
    """
    running = programs.WITH_RUNS if allow_run else programs.WITHOUT_RUNS
    return (*guide.TOOLS, *checks.TOOLS, *names.TOOLS, *running)


def make_server(folder: Folder, *, allow_run: bool) -> Any:
    """An MCP server that answers about the files of a folder.

    Args:
        folder: the files.
        allow_run: whether programs may run.
    """
    import anyio.to_thread
    from mcp import types
    from mcp.server.lowlevel import Server

    known = {tool.name: tool for tool in tools_of(allow_run=allow_run)}

    def answer(tool: Tool, given: dict[str, Any]) -> str:
        if tool.runs_programs:
            return tool.call(folder, given)
        with folder.lock, folder.files.in_one_pass():
            return tool.call(folder, given)

    async def list_tools(context: Any, parameters: Any) -> Any:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.schema(),
                    annotations=types.ToolAnnotations(
                        read_only_hint=not (tool.changes_files or tool.runs_programs),
                        destructive_hint=tool.changes_files,
                        open_world_hint=tool.runs_programs,
                    ),
                )
                for tool in known.values()
            ]
        )

    async def call_tool(context: Any, parameters: Any) -> Any:
        tool = known.get(parameters.name)
        if tool is None:
            return _answer(f"there is no tool `{parameters.name}`; there is {', '.join(known)}", failed=True)
        try:
            return _answer(await anyio.to_thread.run_sync(answer, tool, parameters.arguments or {}))
        except Refused as refused:
            return _answer(str(refused), failed=True)
        except OSError as error:
            return _answer(f"{tool.name}: {error.strerror or error}", failed=True)

    def _answer(text: str, *, failed: bool = False) -> Any:
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=failed)

    return Server(
        "dspyc",
        version=VERSION,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(folder: Folder, *, allow_run: bool) -> None:
    """Answer over standard input and output until the client goes away.

    Args:
        folder: the files.
        allow_run: whether programs may run.
    """
    from mcp.server.stdio import stdio_server

    server = make_server(folder, allow_run=allow_run)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
