"""The transport over litellm: every provider that it knows.

It makes one attempt: retries are ours. Asynchronous requests run on one loop of their own; see `io_loop.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import nullcontext
from typing import Any

from ...errors import (
    ContextWindowExceededError,
    LMAuthError,
    LMBillingError,
    LMError,
    LMInvalidRequestError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
    LMUnknownModelError,
)
from ..doors import read_response
from ..keys import endpoint_identity
from ..openai_shapes import entry
from ..prices import cost_of
from ..redact import redact
from ..request import ATTEMPT, Request, Response
from ..responses_shapes import render_input, render_settings
from ..stream import Delta
from . import io_loop, litellm_module
from .chunks import read_chunk
from .failures import (
    chain,
    is_too_long,
    kind_of_refusal,
    kind_of_status,
    make_error,
    no_key,
    showable,
    why_unreachable,
)
from .limits import time_limit
from .posting import refuse_several
from .response_events import failure_of, read_event

_NOISE = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Timeout|Exception)(?::| -) )+")
_TRACEBACK = re.compile(r"\s*Traceback \(most recent call last\).*", re.DOTALL)
_NO_KEY = re.compile(
    r"missing credentials|(?:missing|no) [\w ]{0,20}api[_ ]key"
    r"|api[_ ]key[\w ]{0,30}(?:must be set|is missing|not set)",
    re.IGNORECASE,
)
_TEXT_OPENAI = "text-completion-openai/"
_OURS = {
    "cache": {"no-cache": True, "no-store": True},
    "num_retries": 0,
    "max_retries": 0,
    "retry_strategy": "exponential_backoff_retry",
}
"""The cache and the retries are ours. The arguments are those that DSPy passes, because a program may have
put a function with these parameters in the place of litellm's.
"""
_OF_COMPLETIONS = ("cache", "num_retries", "retry_strategy")
"""Those of them that the API for responses does not have."""

_BY_NAME: dict[str, type[LMError]] = {
    "ContextWindowExceededError": ContextWindowExceededError,
    "AuthenticationError": LMAuthError,
    "PermissionDeniedError": LMAuthError,
    "BudgetExceededError": LMBillingError,
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


class LitellmTransport:
    """Requests through litellm."""

    def complete(self, request: Request) -> Response:
        """Send a request and wait in this thread."""
        litellm = litellm_module.load()
        try:
            if request.model_type == "text":
                with _text_client(request, "OpenAI") as client:
                    return read_response(litellm.text_completion(**_text_arguments(request), client=client))
            if request.model_type == "responses":
                return _priced(litellm.responses(**_response_arguments(request)), request)
            return read_response(litellm.completion(**_arguments(request)))
        except Exception as error:  # noqa: BLE001 every failure of litellm becomes one of ours
            raise _translated(error, request) from showable(error, request)

    async def acomplete(self, request: Request) -> Response:
        """Send a request and wait on the event loop."""
        litellm = await litellm_module.aload()
        try:
            raw = await io_loop.run(lambda: _send(litellm, request))
            return _priced(raw, request) if request.model_type == "responses" else read_response(raw)
        except Exception as error:  # noqa: BLE001 every failure of litellm becomes one of ours
            raise _translated(error, request) from showable(error, request)

    async def astream(self, request: Request) -> AsyncIterator[Delta]:
        """Send a request and give the answer in pieces as they come."""
        litellm = await litellm_module.aload()
        read_piece = read_event if request.model_type == "responses" else read_chunk
        try:
            async for chunk in io_loop.iterate(lambda: _chunks(litellm, request)):
                for delta in read_piece(chunk):
                    yield delta
        except Exception as error:  # noqa: BLE001 every failure of litellm becomes one of ours
            raise _translated(error, request) from showable(error, request)

    def identity(self, request: Request) -> str:
        """The endpoint: the address given, or the provider's own."""
        return f"litellm {endpoint_identity(request.model, request.settings)}"


async def _send(litellm: Any, request: Request) -> Any:
    if request.model_type == "responses":
        return await litellm.aresponses(**_response_arguments(request))
    if request.model_type != "text":
        return await litellm.acompletion(**_arguments(request))
    async with _text_client(request, "AsyncOpenAI") as client:
        return await litellm.atext_completion(**_text_arguments(request), client=client)


async def _chunks(litellm: Any, request: Request) -> AsyncIterator[Any]:
    streamed = request.with_settings({"stream": True, "stream_options": {"include_usage": True}})
    if request.model_type == "responses":
        streamed = request.with_settings({"stream": True})
        async for event in await litellm.aresponses(**_response_arguments(streamed)):
            if failure := failure_of(event):
                words = entry(failure, "message") or "the response failed"
                raise make_error(LMServerError, str(words), request, status=500)
            yield event
        return
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


def _arguments(request: Request) -> dict[str, Any]:
    settings = request.sent_settings
    settings.pop("grammar", None)
    return {
        **settings,
        "timeout": _timeout(settings),
        "model": request.model,
        "messages": request.openai_messages,
        **_OURS,
    }


def _response_arguments(request: Request) -> dict[str, Any]:
    refuse_several(request)
    arguments = _arguments(request)
    for name in ("messages", *_OF_COMPLETIONS):
        del arguments[name]
    return {**render_settings(arguments), "input": render_input(request)}


def _priced(raw: Any, request: Request) -> Response:
    """The response in an answer of the API for responses, with its cost."""
    response = read_response(raw)
    if response.cost is not None or not response.usage:
        return response
    cost = cost_of(request.model, response.usage, response.model, request.settings)
    return Response(response.completions, response.usage, cost, model=response.model, id=response.id)


def _timeout(settings: dict[str, Any]) -> Any:
    """The time limit of an attempt, taken out of the settings, as httpx has it."""
    import httpx

    limit = time_limit(settings)
    given = [settings.pop(name, None) for name in ("timeout", "request_timeout", ATTEMPT)]
    if isinstance(given[0] or given[1], httpx.Timeout):
        return given[0] or given[1]
    return httpx.Timeout(limit.answer, connect=limit.connect)


def _text_arguments(request: Request) -> dict[str, Any]:
    arguments = _arguments(request)
    del arguments["messages"]
    arguments["prompt"] = request.text_prompt
    provider, _, name = request.model.partition("/")
    if provider == "openai":
        arguments["model"] = f"{_TEXT_OPENAI}{name}"
    return arguments


def _translated(error: Exception, request: Request) -> LMError:
    """The error of our tree for one of litellm's, its text without keys."""
    if isinstance(error, LMError):
        return error
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
        return no_key(request, variable, status)
    words = redact(str(getattr(error, "message", None) or error), request.settings).strip()
    words = _NOISE.sub("", _TRACEBACK.sub("", words)) or type(error).__name__
    unreachable = why_unreachable(error)
    code = _code(error)
    if kind in (LMRateLimitError, LMInvalidRequestError, LMServerError) and not unreachable:
        kind = kind_of_refusal(status, code, words) if code else kind
    return make_error(
        kind,
        unreachable or words,
        request,
        status=status,
        headers=_headers(error),
        code=code,
        body=words,
        is_unreachable=unreachable is not None,
    )


def _missing_variable(error: Exception, request: Request) -> str | None:
    """The environment variable that the provider's key is read from, where neither it nor a key is given.

    None where a key was sent, and where the provider takes something else than one key.
    """
    if not _NO_KEY.search(str(error)) or request.settings.get("api_key"):
        return None
    variable = f"{request.model.partition('/')[0].upper()}_API_KEY"
    missing = litellm_module.load().validate_environment(model=request.model)["missing_keys"]
    return variable if variable in missing else None


def _kind(error: Exception, status: int | None) -> type[LMError]:
    if any(isinstance(each, UnicodeEncodeError) for each in chain(error)):
        # A text that cannot be sent, with half a surrogate pair; it never will be.
        return LMInvalidRequestError
    if _broken_connection(error):
        return LMTransportError
    # A client without a key fails before it sends anything, which litellm calls an internal server error.
    if _NO_KEY.search(str(error)):
        return LMAuthError
    if is_too_long(status, f"{error} {getattr(error, 'body', '')}"):
        return ContextWindowExceededError
    for cls in type(error).__mro__:
        if (kind := _BY_NAME.get(cls.__name__)) is not None:
            return kind
    if type(error).__name__ == "APIError" and (status is None or status < 400):
        # The answer came, and is not what it should be.
        return LMServerError
    return kind_of_status(status)


def _broken_connection(error: BaseException) -> bool:
    # litellm calls a refused connection an internal server error; the chain of causes knows better.
    names = (
        "ConnectError", "ConnectTimeout", "ConnectionTimeoutError", "RemoteProtocolError", "ReadError",
        "WriteError", "CloseError",
    )  # fmt: skip
    return any(type(each).__name__ in names for each in chain(error))


def _code(error: Exception) -> str:
    """The provider's code of an error; empty where litellm does not hand it on."""
    body = getattr(error, "body", None)
    detail = body.get("error", body) if isinstance(body, Mapping) else None
    code = (detail.get("code") or detail.get("type")) if isinstance(detail, Mapping) else None
    return str(code or getattr(error, "code", None) or "")


def _headers(error: Exception) -> Mapping[str, str]:
    response = getattr(error, "response", None)
    for headers in (getattr(error, "litellm_response_headers", None), getattr(response, "headers", None)):
        if headers:
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}
