"""Answers of OpenAI's API for responses, whole and as events, for the loopback server."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

_WHY = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response_of(
    text: str | None, reason: str, extra: Mapping[str, Any], logprobs: Any, body: Mapping[str, Any]
) -> dict[str, Any]:
    """An answer; `reason` and `extra` are those of an answer of chat completions."""
    items: list[dict[str, Any]] = []
    if thought := extra.get("reasoning_content"):
        summary = [{"type": "summary_text", "text": thought}]
        items.append({"type": "reasoning", "id": "rs_1", "summary": summary})
    if text is not None:
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs or []}
        facts = {"role": "assistant", "status": "completed", "content": [part]}
        items.append({"type": "message", "id": "msg_1", **facts})
    for call in extra.get("tool_calls") or []:
        facts = {"call_id": call["id"], "status": "completed", **call["function"]}
        items.append({"type": "function_call", "id": f"fc_{call['id']}", **facts})
    why = _WHY.get(reason)
    read, written = len(json.dumps(body["input"])) // 4, len(text or "") // 4
    return {
        "id": f"resp_{time.monotonic_ns()}",
        "object": "response",
        "created_at": int(time.time()),
        "model": body["model"],
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "error": None,
        "output": items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "metadata": {},
        "instructions": None,
        "usage": {
            "input_tokens": read,
            "output_tokens": written,
            "total_tokens": read + written,
            "input_tokens_details": {"cached_tokens": 1},
            "output_tokens_details": {"reasoning_tokens": 2},
        },
    }


def messages_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages among the items of input."""
    return [
        {"role": each["role"], "content": "".join(part.get("text", "") for part in each["content"])}
        for each in body["input"]
        if "role" in each
    ]


async def events_of(whole: dict[str, Any]) -> AsyncIterator[str]:
    """An answer as events."""
    begun = {**whole, "output": [], "status": "in_progress"}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for index, item in enumerate(whole["output"]):
        where = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            text = item["content"][0]["text"]
            for at in range(0, len(text), 8):
                piece = {"content_index": 0, "delta": text[at : at + 8], "logprobs": []}
                events.append({"type": "response.output_text.delta", **where, **piece})
        elif item["type"] == "function_call":
            events.append({"type": "response.output_item.added", **where, "item": {**item, "arguments": ""}})
            half = len(item["arguments"]) // 2
            kind = "response.function_call_arguments.delta"
            halves = (item["arguments"][:half], item["arguments"][half:])
            events += [{"type": kind, **where, "delta": piece} for piece in halves]
        else:
            for part in item["summary"]:
                said = {"summary_index": 0, "delta": part["text"]}
                events.append({"type": "response.reasoning_summary_text.delta", **where, **said})
    events.append({"type": f"response.{whole['status']}", "response": whole})
    for number, event in enumerate(events):
        data = json.dumps({**event, "sequence_number": number})
        yield f"event: {event['type']}\ndata: {data}\n\n"
