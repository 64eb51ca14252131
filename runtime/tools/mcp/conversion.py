"""MCP's tools as tools of an agent, and their results as values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from ...errors import ToolError
from ..tool import Tool, schema_parts


def tool_of(
    call_tool: Callable[..., Awaitable[Any]],
    tool: Any,
    *,
    prefix: str = "",
    result_mode: Literal["text", "structured"] = "text",
) -> Tool:
    """A tool that a server lists, as a tool of an agent.

    Args:
        call_tool: calls it: `await call_tool(name, arguments={…})`.
        tool: what the server lists.
        prefix: what its name begins with for the agent.
        result_mode: see `value_of`.
    """

    async def call(**arguments: Any) -> Any:
        return value_of(await call_tool(tool.name, arguments=arguments), tool.name, result_mode)

    schema = _read(tool, "input_schema", "inputSchema", {}) or {}
    made = Tool(call, prefix + tool.name, tool.description or "", *schema_parts(schema))
    made.is_described = True
    made.required = [name for name in schema.get("required", ()) if name in made.args]
    made.has_kwargs = bool(schema.get("additionalProperties", False))
    return made


def value_of(result: Any, name: str, mode: Literal["text", "structured"] = "text") -> Any:
    """What a tool has returned: its text, several texts, or the parts that are no text.

    Args:
        result: the SDK's `CallToolResult`.
        name: the tool, for an error.
        mode: `structured` takes the structured result where there is one.

    Raises:
        ToolError: the server says that the call failed.
    """
    texts = [each.text for each in result.content if getattr(each, "type", None) == "text"]
    others = [each for each in result.content if getattr(each, "type", None) != "text"]
    if _read(result, "is_error", "isError", False):
        raise ToolError(f"`{name}` failed: {' '.join(texts) or 'the server gives no reason'}")
    structured = _read(result, "structured_content", "structuredContent", None)
    if mode == "structured" and structured is not None:
        return structured
    if len(texts) == 1:
        return texts[0]
    return texts or others


def _read(of: Any, name: str, older: str, default: Any) -> Any:
    """An attribute that the SDK's first version called otherwise."""
    return getattr(of, name, getattr(of, older, default))
