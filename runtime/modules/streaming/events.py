"""A stream as server-sent events, for web servers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from ...lm.stream import Delta
from ...prediction import Prediction
from ...values.rendering import to_json_types
from .pieces import Piece, StatusMessage, StreamResponse, StreamRestart


async def streaming_response(streamer: AsyncIterator[Piece]) -> AsyncIterator[str]:
    """A stream as server-sent events, as web servers send them; the last is `data: [DONE]`.

    Args:
        streamer: what `streamify`'s function gives.
    """
    async for piece in streamer:
        if isinstance(piece, str) and piece.startswith("data:"):
            yield piece
        else:
            event = json.dumps(_as_event(piece), ensure_ascii=False, default=str, separators=(",", ":"))
            yield f"data: {event}\n\n"
    yield "data: [DONE]\n\n"


def _as_event(piece: Piece) -> dict[str, Any]:
    match piece:
        case Prediction():
            return {"prediction": {name: to_json_types(value) for name, value in piece.items()}}
        case StreamResponse(name, field, chunk, is_last):
            return {"predictor": name, "field": field, "chunk": chunk, "is_last": is_last}
        case StreamRestart(name):
            return {"restart": name}
        case StatusMessage(message):
            return {"status": message}
        case Delta():
            return {"chunk": {"index": piece.index, "text": piece.text, "reasoning": piece.reasoning}}
        case _:
            return {"value": to_json_types(piece)}
