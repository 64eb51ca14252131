"""Requests to Anthropic in the form of OpenAI, and an answer with all its parts, whole and as events."""

from __future__ import annotations

from typing import Any

from support.anthropic_server import MESSAGE

TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Look it up.",
        "parameters": {
            "title": "Look",
            "type": "object",
            "properties": {"q": {"$ref": "#/$defs/Number"}},
            "required": ["q"],
            "$defs": {"Number": {"type": "integer"}},
        },
    },
}
USER = {"role": "user", "content": "Hi"}
CALLED = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"q": 2}'}},
        {"id": "t2", "type": "function", "function": {"name": "look", "arguments": "{}"}},
    ],
}
RESULTS = [
    {"role": "tool", "tool_call_id": "t1", "content": "yes"},
    {"role": "tool", "tool_call_id": "t2", "content": ""},
]
PICTURES = [
    {"type": "text", "text": "See:"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}},
]
DOCUMENT = [
    {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}},
    {"type": "text", "text": "Sum it up."},
]
ASKED: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "plain": ([{"role": "system", "content": "Be brief."}, USER], {}),
    "settings": (
        [USER],
        {"temperature": 0.5, "top_p": 0.9, "top_k": 4, "max_tokens": 77, "stop": ["a", "b"]},
    ),
    "other names": ([USER], {"max_completion_tokens": 9, "stop": "x", "n": 1, "seed": None}),
    "longest": ([USER], {"max_tokens": None}),
    "turns": (
        [
            {"role": "system", "content": "A"},
            {"role": "system", "content": "B"},
            USER,
            {"role": "user", "content": "two"},
            {"role": "assistant", "content": "three  "},
            {"role": "assistant", "content": "four "},
        ],
        {},
    ),
    "tools": (
        [USER, CALLED, *RESULTS, {"role": "user", "content": "And?"}],
        {"tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": False},
    ),
    "one tool": (
        [USER],
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
    ),
    "no tool": ([USER], {"tools": [TOOL], "tool_choice": "none"}),
    "several tools at once": ([USER], {"tools": [TOOL], "parallel_tool_calls": True}),
    "pictures": ([{"role": "user", "content": PICTURES}], {}),
    "document": ([{"role": "user", "content": DOCUMENT}], {}),
    "thinking": ([USER], {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}),
}
RICH = {
    **MESSAGE,
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
        {"type": "text", "text": "Here "},
        {"type": "text", "text": "it is."},
        {"type": "tool_use", "id": "t1", "name": "look", "input": {"q": 1}},
        {"type": "tool_use", "id": "t2", "name": "look", "input": {}},
    ],
    "stop_reason": "tool_use",
    "usage": {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 2,
    },
}
EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            **RICH,
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": 10, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Here "}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "it is."}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "t1", "name": "look", "input": {}},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '{"q"'},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": ": 1}"},
    },
    {"type": "content_block_stop", "index": 2},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 5},
    },
    {"type": "message_stop"},
]
