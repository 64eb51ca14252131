"""The protocol of OpenAI, which most servers speak: OpenAI, vLLM, SGLang, llama.cpp, Ollama, …"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..doors import read_response
from ..request import Request, Response
from ..responses_shapes import is_response, read_responses
from ..stream import Delta
from .chunks import read_chunk
from .over_http import HttpTransport
from .posting import Posted, kind_of, posted_of
from .response_events import failure_of, is_end, read_event

_LITELLM_ONLY = frozenset(
    {
        "mock_response", "mock_tool_calls", "mock_timeout", "drop_params", "additional_drop_params",
        "allowed_openai_params", "custom_llm_provider", "client", "api_version",
        "context_window_fallback_dict", "model_list", "input_cost_per_second", "output_cost_per_second",
        "base_model", "ssl_verify", "shared_session",
        "guardrails", "caching", "model_info", "proxy_server_request", "cooldown_time",
        "azure_ad_token", "deployment_id", "logger_fn", "verbose", "hooks", "retry_strategy", "no-log",
        "litellm_call_id", "litellm_metadata", "litellm_params", "litellm_session_id",
        "litellm_trace_id", "enable_json_schema_validation", "preset_cache_key", "text_completion",
    }
)  # fmt: skip


class OpenAITransport(HttpTransport):
    """Requests to servers that speak OpenAI's protocol: chat completions, completions, responses."""

    def posted(self, request: Request, is_streamed: bool) -> Posted | None:
        """The request as bytes and headers; None for one with a setting that is for litellm alone."""
        output = request.settings.get("response_format")
        if not _LITELLM_ONLY.isdisjoint(request.settings) or not (
            output is None or isinstance(output, Mapping)
        ):
            return None
        if is_streamed:
            request = request.with_settings({"stream": True, "stream_options": {"include_usage": True}})
        return posted_of(request)

    def read(self, raw: Mapping[str, Any], request: Request) -> Response:
        """The response in a body."""
        return read_response(raw)

    def event_reader(self, request: Request) -> Callable[[Any], Iterator[Delta]]:
        """What reads the events of a stream."""
        return read_event if kind_of(request) == "responses" else read_chunk

    def is_last(self, event: Any) -> bool:
        """Whether an event says that the stream is whole; that of chat completions ends with `[DONE]`."""
        return is_end(event)

    def failure_in(self, body: Mapping[str, Any]) -> Any:
        """The error that a body or an event tells of."""
        return failure_of(body)

    def as_events(self, whole: Mapping[str, Any]) -> list[Any]:
        """A whole answer as the events of a stream."""
        if is_response(whole):
            texts = read_responses(whole).texts
            return [
                *({"type": "response.output_text.delta", "delta": text} for text in texts),
                {"type": "response.completed", "response": whole},
            ]
        choices = [
            {**choice, "delta": choice.get("message"), "message": None} if "message" in choice else choice
            for choice in whole.get("choices") or ()
        ]
        return [{**whole, "choices": choices}]
