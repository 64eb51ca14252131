"""Anthropic's protocol: messages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..request import ATTEMPT, Request, Response
from ..stream import Delta
from .anthropic_shapes import EventReader, Unknown, as_events, read_message, render_request
from .failures import no_key
from .over_http import HttpTransport
from .posting import Posted, as_posted

_ADDRESS = "https://api.anthropic.com"
_ADDRESSES = ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL")
_KEY = "ANTHROPIC_API_KEY"
_PATH = "/v1/messages"
_VERSION = "2023-06-01"
_UNDERSTOOD = frozenset(
    {
        "api_key", "api_base", "base_url", "timeout", "request_timeout", "num_retries", "max_retries",
        "headers", "extra_headers", "default_headers", "extra_body", "input_cost_per_token",
        "output_cost_per_token", ATTEMPT, "temperature", "top_p", "top_k", "max_tokens",
        "max_completion_tokens", "stop", "tools", "tool_choice", "parallel_tool_calls", "thinking", "n",
    }
)  # fmt: skip
"""The settings that this transport knows; a request with any other goes through litellm."""


class AnthropicTransport(HttpTransport):
    """Requests to servers that speak Anthropic's messages."""

    def posted(self, request: Request, is_streamed: bool) -> Posted | None:
        """The request as bytes and headers; None for one with settings or parts that we do not know."""
        settings = request.sent_settings
        if request.model_type != "chat" or not settings.keys() <= _UNDERSTOOD or settings.get("n", 1) != 1:
            return None
        if "thinking" in settings and not (
            settings.get("max_tokens") or settings.get("max_completion_tokens")
        ):
            return None  # litellm reckons a length for the thoughts
        try:
            body = render_request(request)
        except (Unknown, KeyError, TypeError, AttributeError):
            # Where settings have another shape, litellm says what is wrong.
            return None
        given = settings.get("api_base") or settings.get("base_url")
        base = given or next(filter(None, map(os.environ.get, _ADDRESSES)), None) or _ADDRESS
        key = settings.get("api_key") or os.environ.get(_KEY)
        if not key and os.environ.get("ANTHROPIC_AUTH_TOKEN"):
            return None
        if not key and base == _ADDRESS:
            raise no_key(request, _KEY)
        body |= {"stream": True} if is_streamed else {}
        own = {"anthropic-version": _VERSION, **({"x-api-key": str(key)} if key else {})}
        return as_posted(request, str(base).rstrip("/").removesuffix(_PATH), _PATH, body, own)

    def read(self, raw: Mapping[str, Any], request: Request) -> Response:
        """The response in a body."""
        return read_message(raw)

    def event_reader(self, request: Request) -> Callable[[Any], Iterator[Delta]]:
        """What reads the events of a stream."""
        return EventReader()

    def is_last(self, event: Any) -> bool:
        """Whether an event says that the message is whole."""
        return isinstance(event, Mapping) and event.get("type") == "message_stop"

    def as_events(self, whole: Mapping[str, Any]) -> list[Any]:
        """A whole message as the events of a stream."""
        return as_events(whole)
