"""Programs as the tools of an MCP server, by the official SDK."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .endpoints import Endpoint
from .problems import Problem, problem_of, problem_of_inputs
from .settings import Settings


def make_server(endpoints: Sequence[Endpoint], settings: Settings) -> Any:
    """An MCP server with one tool for each program, whose arguments are its inputs and whose structured
    result is its outputs.

    Args:
        endpoints: the programs.
        settings: the limits of a run.
    """
    import asyncio

    from mcp import types
    from mcp.server.lowlevel import Server

    known = {one.name: one for one in endpoints}
    free = asyncio.Semaphore(settings.max_concurrency)

    async def list_tools(context: Any, parameters: Any) -> Any:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=one.name,
                    description=one.description or None,
                    input_schema=one.takes.model_json_schema(),
                    output_schema=one.gives.model_json_schema(mode="serialization"),
                )
                for one in endpoints
            ]
        )

    async def call_tool(context: Any, parameters: Any) -> Any:
        endpoint = known.get(parameters.name)
        if endpoint is None:
            return _failed(types, f"there is no program `{parameters.name}`; there is {', '.join(known)}")
        try:
            values = endpoint.read(parameters.arguments or {})
        except Exception as error:  # noqa: BLE001 - also what a type of the user's own raises
            return _told(types, problem_of_inputs(error, endpoint.name))
        try:
            async with free, asyncio.timeout(settings.timeout):
                outputs = await endpoint.run(values)
        except Exception as error:  # noqa: BLE001 - whatever it is, the model that has called is told
            return _told(types, problem_of(error, endpoint.name))
        text = json.dumps(outputs, ensure_ascii=False)
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], structured_content=outputs
        )

    return Server("dspyc", version=settings.version, on_list_tools=list_tools, on_call_tool=call_tool)


def _told(types: Any, problem: Problem) -> Any:
    wrong = "".join(f"\n{one.field}: {one.message}" for one in problem.fields)
    return _failed(types, f"{problem.title}. {problem.detail}{wrong}".strip())


def _failed(types: Any, text: str) -> Any:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


async def serve_stdio(endpoints: Sequence[Endpoint], settings: Settings) -> None:
    """Offer programs as tools over standard input and output until the client goes away."""
    from mcp.server.stdio import stdio_server

    server = make_server(endpoints, settings)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
