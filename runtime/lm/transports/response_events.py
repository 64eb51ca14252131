"""The events of a streamed answer of OpenAI's API for responses, as deltas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..openai_shapes import as_plain, entry
from ..responses_shapes import read_responses
from ..stream import Delta, ToolCallPiece, other_parts

_REASONING = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
_ENDS = ("response.completed", "response.incomplete")


def read_event(event: Any) -> Iterator[Delta]:
    """The pieces of an event, a dict or an object; what is said of the whole answer comes with the last."""
    kind = entry(event, "type")
    if kind == "response.output_text.delta":
        logprobs = as_plain(entry(event, "logprobs"))
        yield Delta(text=_text(event), logprobs={"content": logprobs} if logprobs else None)
    elif kind in _REASONING:
        yield Delta(reasoning=_text(event))
    elif kind == "response.output_item.added":
        item = entry(event, "item")
        if entry(item, "type") == "function_call":
            index = entry(event, "output_index") or 0
            call = ToolCallPiece(index, str(entry(item, "call_id") or ""), str(entry(item, "name") or ""))
            yield Delta(tool_calls=(call,))
    elif kind == "response.function_call_arguments.delta":
        yield Delta(tool_calls=(ToolCallPiece(entry(event, "output_index") or 0, arguments=_text(event)),))
    elif kind in _ENDS:
        response = read_responses(entry(event, "response"))
        completion = response.completions[0]
        yield Delta(parts=other_parts(completion), finish_reason=completion.finish_reason)
        yield Delta(usage=response.usage, cost=response.cost, model=response.model, id=response.id)


def is_end(event: Any) -> bool:
    """Whether an event is the last one, which holds the whole answer."""
    return entry(event, "type") in _ENDS


def failure_of(event: Any) -> Any:
    """The error that an event tells of, or None."""
    kind = entry(event, "type")
    if kind == "response.failed":
        return entry(entry(event, "response"), "error") or {"message": "the response failed"}
    return (entry(event, "error") or event) if kind == "error" else None


def _text(event: Any) -> str:
    text = entry(event, "delta")
    return text if isinstance(text, str) else ""
