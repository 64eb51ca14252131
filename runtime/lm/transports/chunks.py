"""The chunks of a streamed answer of OpenAI's shape, as deltas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..openai_shapes import as_plain, entry, iterate_choices, read_citations, read_usage
from ..stream import Delta, ToolCallPiece


def read_chunk(chunk: Any) -> Iterator[Delta]:
    """The pieces of a chunk, a dict or an object; what is said of the whole answer is one of its own."""
    for choice in iterate_choices(chunk):
        delta = entry(choice, "delta")
        text = entry(choice, "text") if delta is None else entry(delta, "content")
        reasoning, calls = entry(delta, "reasoning_content"), entry(delta, "tool_calls")
        reason = entry(choice, "finish_reason")
        yield Delta(
            index=entry(choice, "index") or 0,
            text=text if isinstance(text, str) else "",
            reasoning=reasoning if isinstance(reasoning, str) else "",
            tool_calls=tuple(_call_piece(call) for call in calls or ()),
            parts=read_citations(fields) if (fields := entry(delta, "provider_specific_fields")) else (),
            finish_reason=reason if isinstance(reason, str) else None,
            logprobs=as_plain(entry(choice, "logprobs")),
        )
    if usage := read_usage(entry(chunk, "usage")):
        yield Delta(usage=usage, model=entry(chunk, "model"), id=entry(chunk, "id"))


def _call_piece(call: Any) -> ToolCallPiece:
    function = entry(call, "function")
    return ToolCallPiece(
        entry(call, "index") or 0,
        entry(call, "id") or "",
        entry(function, "name") or "",
        entry(function, "arguments") or "",
    )
