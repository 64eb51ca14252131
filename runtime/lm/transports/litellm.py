"""The transport over litellm: every provider that it knows.

It makes one attempt: retries are ours. Asynchronous requests run on one loop of their own; see `io_loop.py`.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import nullcontext
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from ...errors import (
    ContextWindowExceededError,
    LMAuthError,
    LMError,
    LMInvalidRequestError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
    LMUnexpectedError,
    LMUnknownModelError,
)
from ..doors import read_response
from ..keys import endpoint_identity
from ..openai_shapes import as_plain, entry, iterate_choices, read_usage
from ..redact import redact
from ..request import ATTEMPT, Request, Response
from ..stream import Delta, ToolCallPiece
from . import io_loop, litellm_module

_NOISE = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Timeout|Exception)(?::| -) )+")
_TRACEBACK = re.compile(r"\s*Traceback \(most recent call last\).*", re.DOTALL)
_TOO_LONG = re.compile(
    r"context_length_exceeded|maximum context length|context window|prompt is too long|input is too long"
    r"|exceeds? the (?:available|maximum) (?:context|number of tokens)",
    re.IGNORECASE,
)
_NO_KEY = re.compile(
    r"missing credentials|(?:missing|no) [\w ]{0,20}api[_ ]key"
    r"|api[_ ]key[\w ]{0,30}(?:must be set|is missing|not set)",
    re.IGNORECASE,
)

_TEXT_OPENAI = "text-completion-openai/"
FIRST_CONNECT_SECONDS = 1.8
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 600.0

_BY_NAME: dict[str, type[LMError]] = {
    "ContextWindowExceededError": ContextWindowExceededError,
    "AuthenticationError": LMAuthError,
    "PermissionDeniedError": LMAuthError,
    "RateLimitError": LMRateLimitError,
    "Timeout": LMTimeoutError,
    "NotFoundError": LMUnknownModelError,
    "APIConnectionError": LMTransportError,
    "InternalServerError": LMServerError,
    "ServiceUnavailableError": LMServerError,
    "BadGatewayError": LMServerError,
    "BadRequestError": LMInvalidRequestError,
    "UnprocessableEntityError": LMInvalidRequestError,
    "UnsupportedParamsError": LMInvalidRequestError,
}
_ADVICE: dict[type[LMError], str] = {
    LMAuthError: "check the key (the provider's environment variable, or api_key=)",
    LMUnknownModelError: "check the model's name, `provider/name`",
    LMRateLimitError: "wait, raise num_retries, or run fewer calls at once",
    LMTransportError: "check the network and api_base",
    ContextWindowExceededError: "shorten the inputs or demos, or use a model with a larger context window",
}


class LitellmTransport:
    """Requests through litellm."""

    def complete(self, request: Request) -> Response:
        """Send a request and wait in this thread."""
        litellm = litellm_module.load()
        try:
            if request.model_type == "text":
                with _text_client(request, "OpenAI") as client:
                    return read_response(litellm.text_completion(**_text_arguments(request), client=client))
            return read_response(litellm.completion(**_arguments(request)))
        except Exception as error:  # noqa: BLE001 every failure of litellm becomes one of ours
            raise _translated(error, request) from _showable(error, request)

    async def acomplete(self, request: Request) -> Response:
        """Send a request and wait on the event loop."""
        litellm = await litellm_module.aload()
        try:
            return read_response(await io_loop.run(lambda: _send(litellm, request)))
        except Exception as error:  # noqa: BLE001 every failure of litellm becomes one of ours
            raise _translated(error, request) from _showable(error, request)

    async def astream(self, request: Request) -> AsyncIterator[Delta]:
        """Send a request and give the answer in pieces as they come."""
        litellm = await litellm_module.aload()
        try:
            async for chunk in io_loop.iterate(lambda: _chunks(litellm, request)):
                for delta in _deltas(chunk):
                    yield delta
        except Exception as error:  # noqa: BLE001 every failure of litellm becomes one of ours
            raise _translated(error, request) from _showable(error, request)

    def identity(self, request: Request) -> str:
        """The endpoint: the address given, or the provider's own."""
        return f"litellm {endpoint_identity(request.model, request.settings)}"


async def _send(litellm: Any, request: Request) -> Any:
    if request.model_type != "text":
        return await litellm.acompletion(**_arguments(request))
    async with _text_client(request, "AsyncOpenAI") as client:
        return await litellm.atext_completion(**_text_arguments(request), client=client)


async def _chunks(litellm: Any, request: Request) -> AsyncIterator[Any]:
    streamed = request.with_settings({"stream": True, "stream_options": {"include_usage": True}})
    if request.model_type != "text":
        async for chunk in await litellm.acompletion(**_arguments(streamed)):
            yield chunk
        return
    async with _text_client(request, "AsyncOpenAI") as client:
        async for chunk in await litellm.atext_completion(**_text_arguments(streamed), client=client):
            yield chunk


def _text_client(request: Request, kind: str) -> Any:
    """A client for one request of a text model, to be closed after it: litellm makes one and leaves it open.

    Nothing, in a context of its own, for other providers than OpenAI's.
    """
    arguments = _text_arguments(request)
    if not arguments["model"].startswith(_TEXT_OPENAI):
        return nullcontext()
    import openai

    return getattr(openai, kind)(
        api_key=arguments.get("api_key"),
        base_url=arguments.get("api_base") or arguments.get("base_url") or os.environ.get("OPENAI_API_BASE"),
        organization=arguments.get("organization"),
        timeout=arguments["timeout"],
        max_retries=0,
    )


def _deltas(chunk: Any) -> Iterator[Delta]:
    """The pieces of a chunk of OpenAI's shape; what is said of the whole answer comes as one of its own."""
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


def _arguments(request: Request) -> dict[str, Any]:
    settings = request.sent_settings
    settings.pop("grammar", None)
    return {
        **settings,
        "timeout": _timeout(settings),
        "model": request.model,
        "messages": request.openai_messages,
        "num_retries": 0,
        "max_retries": 0,
    }


def _timeout(settings: dict[str, Any]) -> Any:
    """The time limit of an attempt: the one given, with a short one for the connection.

    What cannot be reached is told within two seconds; later attempts have longer, for slow networks.
    """
    import httpx

    given = settings.pop("timeout", None) or settings.pop("request_timeout", None)
    longest = FIRST_CONNECT_SECONDS if settings.pop(ATTEMPT, 0) == 0 else CONNECT_SECONDS
    if isinstance(given, httpx.Timeout):
        return given
    seconds = float(given) if given is not None else ANSWER_SECONDS
    return httpx.Timeout(seconds, connect=min(seconds, longest))


def _text_arguments(request: Request) -> dict[str, Any]:
    arguments = _arguments(request)
    messages = arguments.pop("messages")
    arguments["prompt"] = request.prompt or "\n\n".join(
        [*(str(message["content"]) for message in messages), "BEGIN RESPONSE:"]
    )
    provider, _, name = request.model.partition("/")
    if provider == "openai":
        arguments["model"] = f"{_TEXT_OPENAI}{name}"
    return arguments


def _translated(error: Exception, request: Request) -> LMError:
    """The error of our tree for one of litellm's, its text without keys."""
    status = getattr(error, "status_code", None)
    status = status if isinstance(status, int) else None
    if "LLM Provider NOT provided" in str(error):
        return LMUnknownModelError(
            f"`{request.model}` does not name a provider: write `openai/…`, `anthropic/…`, `gemini/…`, "
            "`ollama_chat/…` or another that litellm knows, `gguf/PATH` for a file, or `embedded/NAME`",
            model=request.model,
        )
    kind = _kind(error, status)
    if kind is LMAuthError and (variable := _missing_variable(error, request)):
        return LMAuthError(
            f"no key for `{request.model}`\n`export {variable}=…`, or write `LM(…, api_key=…)`",
            model=request.model,
            status=status,
        )
    words = redact(str(getattr(error, "message", None) or error), request.settings).strip()
    words = _NOISE.sub("", _TRACEBACK.sub("", words)) or type(error).__name__
    advice = _ADVICE.get(kind)
    unreachable = _why_unreachable(error)
    if unreachable:
        words, advice = unreachable, "start the server, or check api_base and the network"
    headers = _headers(error)
    translated = kind(
        f"`{request.model}`: {words}" + (f"\n{advice}" if advice else ""),
        model=request.model,
        status=status,
        retry_after=retry_after(headers),
        request_id=headers.get("x-request-id"),
    )
    if isinstance(translated, LMTransportError):
        translated.unreachable = unreachable is not None
    return translated


def _missing_variable(error: Exception, request: Request) -> str | None:
    """The environment variable that the provider's key is read from, where neither it nor a key is given.

    None where a key was sent, and where the provider takes something else than one key.
    """
    if not _NO_KEY.search(str(error)) or request.settings.get("api_key"):
        return None
    variable = f"{request.model.partition('/')[0].upper()}_API_KEY"
    missing = litellm_module.load().validate_environment(model=request.model)["missing_keys"]
    return variable if variable in missing else None


def _why_unreachable(error: Exception) -> str | None:
    """In words why no connection could be made, or None where one was."""
    for each in _chain(error):
        if isinstance(each, ConnectionRefusedError):
            return "the connection was refused: no server is listening there"
        if isinstance(each, socket.gaierror):
            return f"the server's name cannot be resolved: {each.strerror}"
        if "ConnectTimeout" in type(each).__name__ or "ConnectionTimeout" in type(each).__name__:
            return "the server cannot be reached: the connection timed out"
    return None


def _showable(error: Exception, request: Request) -> Exception | None:
    """The error as a cause to show, or None when a text along its chain holds a key."""
    texts = [f"{each} {each.args}" for each in _chain(error)]
    return error if all(redact(text, request.settings) == text for text in texts) else None


def _kind(error: Exception, status: int | None) -> type[LMError]:
    if any(isinstance(each, UnicodeEncodeError) for each in _chain(error)):
        # A text that cannot be sent, with half a surrogate pair; it never will be.
        return LMInvalidRequestError
    if _broken_connection(error):
        return LMTransportError
    # A client without a key fails before it sends anything, which litellm calls an internal server error.
    if _NO_KEY.search(str(error)):
        return LMAuthError
    if status in (400, 413, None) and _TOO_LONG.search(f"{error} {getattr(error, 'body', '')}"):
        return ContextWindowExceededError
    for cls in type(error).__mro__:
        if (kind := _BY_NAME.get(cls.__name__)) is not None:
            return kind
    match status:
        case 401 | 403:
            return LMAuthError
        case 404:
            return LMUnknownModelError
        case 408:
            return LMTimeoutError
        case 429:
            return LMRateLimitError
        case int() if status >= 500:
            return LMServerError
        case int() if status >= 400:
            return LMInvalidRequestError
    return LMUnexpectedError


def _broken_connection(error: BaseException) -> bool:
    # litellm calls a refused connection an internal server error; the chain of causes knows better.
    names = (
        "ConnectError", "ConnectTimeout", "ConnectionTimeoutError", "RemoteProtocolError", "ReadError",
        "WriteError", "CloseError",
    )  # fmt: skip
    return any(type(each).__name__ in names for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, its cause, the cause of that, and so on."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _headers(error: Exception) -> Mapping[str, str]:
    response = getattr(error, "response", None)
    for headers in (getattr(error, "litellm_response_headers", None), getattr(response, "headers", None)):
        if headers:
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    milliseconds, text = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(float(milliseconds) / 1000, 0.0)
        if text is None:
            return None
        if text.replace(".", "", 1).isdigit():
            return float(text)
        return max(parsedate_to_datetime(text).timestamp() - time(), 0.0)
    except (ValueError, TypeError):
        return None
