"""The transport to servers that speak OpenAI's protocol: OpenAI, vLLM, SGLang, llama.cpp, Ollama, …

It makes one attempt over our own pool of connections (`http.py`), which costs about a fifteenth of what
litellm takes for a call. A request with settings that only litellm understands goes through litellm; so
does every one where a program has registered callbacks with litellm.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import (
    LMCollectionLimitError,
    LMError,
    LMInvalidRequestError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
    LMUnexpectedError,
)
from ..doors import read_response
from ..keys import endpoint_identity
from ..prices import cost_of
from ..request import Request, Response
from ..responses_shapes import is_response, read_responses
from ..stream import Delta
from . import io_loop
from .chunks import read_chunk
from .events import events
from .failures import (
    kind_of_refusal,
    make_error,
    showable,
    why_unreachable,
)
from .posting import Posted, kind_of, posted_of
from .response_events import failure_of, read_event

if TYPE_CHECKING:
    from .http import Answer
    from .litellm import LitellmTransport

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
_HOOKS = (
    "callbacks", "input_callback", "success_callback", "failure_callback", "api_base", "api_key",
    "openai_key", "headers", "drop_params", "modify_params", "client_session", "aclient_session",
)  # fmt: skip
"""What a program may set in litellm to have a word in each of its requests."""
_FUNCTIONS = (
    "completion", "acompletion", "text_completion", "atext_completion", "responses", "aresponses",
)  # fmt: skip
_LARGEST_WORDS = 2_000


class OpenAITransport:
    """Requests to servers that speak OpenAI's protocol: chat completions, completions, responses."""

    def complete(self, request: Request) -> Response:
        """Send a request and wait for the answer in this thread."""
        if _is_for_litellm(request):
            return _litellm().complete(request)
        posted = posted_of(request)
        try:
            answer = io_loop.wait(lambda: _post(posted))
        except Exception as error:  # noqa: BLE001 every failure of the network becomes one of ours
            raise _translated(error, request) from showable(error, request)
        return _read(answer, request)

    async def acomplete(self, request: Request) -> Response:
        """Send a request and wait for the answer on the event loop."""
        if _is_for_litellm(request):
            return await _litellm().acomplete(request)
        posted = posted_of(request)
        try:
            answer = await io_loop.run(lambda: _post(posted))
        except Exception as error:  # noqa: BLE001 every failure of the network becomes one of ours
            raise _translated(error, request) from showable(error, request)
        return _read(answer, request)

    async def astream(self, request: Request) -> AsyncIterator[Delta]:
        """Send a request and give the answer in pieces as they come."""
        if _is_for_litellm(request):
            async for delta in _litellm().astream(request):
                yield delta
            return
        posted = posted_of(request.with_settings({"stream": True, "stream_options": {"include_usage": True}}))
        read_piece = read_event if kind_of(request) == "responses" else read_chunk
        try:
            async for chunk in io_loop.iterate(lambda: _chunks(posted, request)):
                for delta in read_piece(chunk):
                    yield _priced(delta, request)
        except LMError:
            raise
        except Exception as error:  # noqa: BLE001 every failure of the network becomes one of ours
            raise _translated(error, request) from showable(error, request)

    def identity(self, request: Request) -> str:
        """The endpoint: the address given, or the provider's own.

        It is named as it is for litellm: whichever way a request goes, the answer is the same.
        """
        return f"litellm {endpoint_identity(request.model, request.settings)}"


def _is_for_litellm(request: Request) -> bool:
    settings = request.settings
    if not _LITELLM_ONLY.isdisjoint(settings):
        return True
    output = settings.get("response_format")
    if output is not None and not isinstance(output, Mapping):
        return True
    litellm = sys.modules.get("litellm")
    return litellm is not None and _has_a_word(litellm)


def _has_a_word(litellm: Any) -> bool:
    """Whether a program has registered something with litellm, or put something in its functions' place."""
    held = vars(litellm)
    if any(held.get(name) for name in _HOOKS):
        return True
    functions = [held.get(name) for name in _FUNCTIONS]
    functions.append(getattr(held.get("OpenAIChatCompletion"), "completion", None))
    return any(not str(getattr(each, "__module__", "litellm")).startswith("litellm") for each in functions)


@cache
def _litellm() -> LitellmTransport:
    from .litellm import LitellmTransport

    return LitellmTransport()


async def _post(posted: Posted) -> Answer:
    # It takes a tenth of a second to import.
    from . import http

    return await http.post(*posted)


async def _chunks(posted: Posted, request: Request) -> AsyncIterator[Any]:
    from . import http

    async with http.stream(*posted) as (status, headers, pieces):
        if status != 200 or not _is_events(headers):
            body = b"".join([piece async for piece in pieces])
            answer = http.Answer(status, headers, body)
            # A server that does not stream answers at once.
            for chunk in _whole_as_chunks(answer, request):
                yield chunk
            return
        async for data in events(pieces):
            chunk = _decoded(data, request)
            failure = chunk.get("error") if isinstance(chunk, Mapping) else None
            if failure or (failure := failure_of(chunk)):
                chunk = {"error": failure}
                data = msgspec.json.encode(chunk)
                raise _refusal(http.Answer(_status_in(chunk), headers, data), request)
            yield chunk


def _is_events(headers: Mapping[str, str]) -> bool:
    return "text/event-stream" in headers.get("content-type", "")


def _whole_as_chunks(answer: Answer, request: Request) -> list[Any]:
    _read(answer, request)
    whole = _decoded(answer.body, request)
    if is_response(whole):
        return [
            *({"type": "response.output_text.delta", "delta": text} for text in read_responses(whole).texts),
            {"type": "response.completed", "response": whole},
        ]
    choices = [
        {**choice, "delta": choice.get("message"), "message": None} if "message" in choice else choice
        for choice in whole.get("choices") or ()
    ]
    return [{**whole, "choices": choices}]


# --- what comes back ------------------------------------------------------------------------------------


def _read(answer: Answer, request: Request) -> Response:
    """The response in an answer. Raises LMError for a refusal, and for what is no response."""
    if answer.status != 200:
        raise _refusal(answer, request)
    raw = _decoded(answer.body, request)
    if not isinstance(raw, Mapping):
        raise make_error(LMServerError, "the answer is not an object", request, status=500)
    if raw.get("error") and not raw.get("choices"):
        raise _refusal(answer._replace(status=_status_in(raw)), request)
    response = read_response(raw)
    cost = cost_of(request.model, response.usage, response.model, request.settings)
    return Response(
        response.completions, usage=response.usage, cost=cost, model=response.model, id=response.id
    )


def _priced(delta: Delta, request: Request) -> Delta:
    if not delta.usage:
        return delta
    cost = cost_of(request.model, delta.usage, delta.model, request.settings)
    return Delta(usage=delta.usage, cost=cost, model=delta.model, id=delta.id)


def _decoded(body: bytes, request: Request) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        pass
    try:
        # Some servers write NaN and Infinity among the log probabilities.
        return json.loads(body)
    except (ValueError, RecursionError):
        words = f"the answer is not JSON: {_clipped(body.decode('utf-8', 'replace'))}"
        raise make_error(LMServerError, words, request, status=500) from None


def _status_in(raw: Mapping[str, Any]) -> int:
    """The status of an error that comes with a status of 200."""
    error = raw.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def _refusal(answer: Answer, request: Request) -> LMError:
    """The error that a server answered with."""
    status, headers = answer.status, answer.headers
    if 300 <= status < 400:
        words = f"the server redirects to {headers.get('location', 'another address')}; use that as api_base"
        return make_error(LMInvalidRequestError, words, request, status=status, headers=headers)
    words, code = _words(answer)
    body = answer.body.decode("utf-8", "replace")
    return make_error(
        kind_of_refusal(status, code, words),
        words,
        request,
        status=status,
        headers=headers,
        code=code,
        body=body,
    )


def _words(answer: Answer) -> tuple[str, str]:
    """What a server says of an error, and its code."""
    text = answer.body.decode("utf-8", "replace")
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        is_page = text.lstrip()[:1] == "<"
        return f"the server answered {answer.status}" + ("" if is_page else f": {_clipped(text)}"), ""
    code = ""
    for _ in range(3):
        if not isinstance(said, Mapping):
            break
        code = str(said.get("code") or said.get("type") or code)
        said = next((said[name] for name in ("error", "message", "detail", "msg") if said.get(name)), "")
    words = said if isinstance(said, str) else json.dumps(said)
    return _clipped(words) or f"the server answered {answer.status}", code


def _clipped(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _LARGEST_WORDS else f"{text[:_LARGEST_WORDS]}…"


def _translated(error: Exception, request: Request) -> LMError:
    """The error of our tree for a failure of the network."""
    if isinstance(error, LMError):
        return error
    unreachable = why_unreachable(error)
    if unreachable:
        return make_error(LMTransportError, unreachable, request, status=500, is_unreachable=True)
    if isinstance(error, asyncio.TimeoutError | TimeoutError):
        return make_error(LMTimeoutError, "the answer took too long", request, status=408)
    name = type(error).__name__
    if name == "TooLarge":
        return make_error(LMCollectionLimitError, "the answer is larger than 64 MB", request, status=200)
    if isinstance(error, OSError) or type(error).__module__.startswith("aiohttp"):
        words = f"the connection broke: {str(error) or name}"
        return make_error(LMTransportError, words, request, status=500)
    return make_error(LMUnexpectedError, f"{name}: {error}", request)
