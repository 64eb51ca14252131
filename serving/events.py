"""What a program writes while it runs, as server-sent events (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

from typing import Any

import msgspec

from ..runtime.modules.streaming import StatusMessage, StreamResponse, StreamRestart
from ..runtime.prediction import Prediction
from .endpoints import as_json
from .problems import Problem


def as_event(piece: Any) -> bytes:
    """A piece of a stream as an event.

    | event | data |
    | --- | --- |
    | `piece` | `{"predictor": …, "field": …, "text": …, "complete": …}`: the next characters of a field |
    | `restart` | `{"predictor": …}`: its answer could not be used; what it has written is void |
    | `status` | `{"message": …}`: what a tool does |
    | `outputs` | the outputs; the last event |
    | `error` | the problem; the last event |
    """
    match piece:
        case StreamResponse(predictor, field, text, complete):
            data = {"predictor": predictor, "field": field, "text": text, "complete": complete}
            return _event("piece", data)
        case StreamRestart(predictor):
            return _event("restart", {"predictor": predictor})
        case StatusMessage(message):
            return _event("status", {"message": message})
        case Problem():
            return _event("error", piece.as_json())
        case Prediction() | _:
            return _event("outputs", as_json(piece))


def comment() -> bytes:
    """A line that clients ignore."""
    return b": still running\n\n"


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
