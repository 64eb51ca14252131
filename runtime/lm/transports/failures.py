"""Failures of requests as errors of our tree: one set of classes and words, whoever carries the request."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping

from ...errors import (
    ContextWindowExceededError,
    LMAuthError,
    LMBillingError,
    LMError,
    LMInvalidRequestError,
    LMNotConfiguredError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
    LMUnexpectedError,
    LMUnknownModelError,
)
from ..redact import redact
from ..request import Request
from .waits import asked_wait

TOO_LONG = re.compile(
    r"context_length_exceeded|maximum context length|context window|prompt is too long|input is too long"
    r"|exceeds? the (?:available|maximum) (?:context|number of tokens)",
    re.IGNORECASE,
)
_ADVICE: dict[type[LMError], str] = {
    LMBillingError: "pay the account or raise its limit at the provider, or use another model",
    LMAuthError: "check the key (the provider's environment variable, or api_key=)",
    LMUnknownModelError: "check the model's name, `provider/name`",
    LMRateLimitError: "wait, raise num_retries, or run fewer calls at once",
    LMTransportError: "check the network and api_base",
    ContextWindowExceededError: "shorten the inputs or demos, or use a model with a larger context window",
}
_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "x-amz-request-id", "x-ms-request-id")
_UNREACHABLE_ADVICE = "start the server, or check api_base and the network"


def kind_of_status(status: int | None) -> type[LMError]:
    """The class of error that an HTTP status stands for."""
    match status:
        case 401 | 403:
            return LMAuthError
        case 402:
            return LMBillingError
        case 404:
            return LMUnknownModelError
        case 408:
            return LMTimeoutError
        case 429:
            return LMRateLimitError
        # A conflict with another request passes; OpenAI's own client retries it, too.
        case int() if status >= 500 or status == 409:
            return LMServerError
        case int() if status >= 400:
            return LMInvalidRequestError
    return LMUnexpectedError


_BY_CODE: dict[str, type[LMError]] = {
    "context_length_exceeded": ContextWindowExceededError,
    "insufficient_quota": LMBillingError,
    "billing_error": LMBillingError,
    "billing_hard_limit_reached": LMBillingError,
    "model_not_found": LMUnknownModelError,
    "invalid_api_key": LMAuthError,
    "authentication_error": LMAuthError,
    "permission_error": LMAuthError,
}
"""What the codes of OpenAI and Anthropic say better than the status beside them."""


def kind_of_refusal(status: int | None, code: str, words: str) -> type[LMError]:
    """The class of error that a refusal is.

    Args:
        status: the HTTP status.
        code: the provider's code.
        words: what the provider says.
    """
    if is_too_long(status, f"{words} {code}"):
        return ContextWindowExceededError
    return _BY_CODE.get(code) or kind_of_status(status)


def is_too_long(status: int | None, words: str) -> bool:
    """Whether a refusal says that the messages are longer than the model can read."""
    return status in (400, 413, None) and TOO_LONG.search(words) is not None


def make_error(
    kind: type[LMError],
    words: str,
    request: Request,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    code: str = "",
    body: str = "",
    is_unreachable: bool = False,
) -> LMError:
    """An error about a request, without the keys of its settings.

    Args:
        kind: its class.
        words: what is wrong, as the server or the network says it.
        request: the request that failed.
        status: the HTTP status.
        headers: the answer's headers, their names in lower case.
        code: the provider's code.
        body: the answer, which may say when to come again.
        is_unreachable: whether no connection could be made.
    """
    advice = _UNREACHABLE_ADVICE if is_unreachable else _ADVICE.get(kind)
    headers = headers or {}
    made = kind(
        f"`{request.model}`: {redact(words, request.settings).strip()}" + (f"\n{advice}" if advice else ""),
        model=request.model,
        status=status,
        provider_code=code or None,
        retry_after=asked_wait(headers, body),
        request_id=next((headers[name] for name in _REQUEST_IDS if name in headers), None),
    )
    if isinstance(made, LMTransportError):
        made.unreachable = is_unreachable
    return made


def no_key(request: Request, variable: str, status: int | None = None) -> LMError:
    """The error of a request for which there is no key in an environment variable or in the settings."""
    return LMNotConfiguredError(
        f"no key for `{request.model}`\n`export {variable}=…`, or write `LM(…, api_key=…)`",
        model=request.model,
        status=status,
    )


def why_unreachable(error: BaseException) -> str | None:
    """In words why no connection could be made, or None where one was."""
    for each in chain(error):
        if isinstance(each, ConnectionRefusedError):
            return "the connection was refused: no server is listening there"
        if isinstance(each, socket.gaierror):
            return f"the server's name cannot be resolved: {each.strerror}"
        if any(
            name in type(each).__name__
            for name in ("ConnectTimeout", "ConnectionTimeout", "ConnectionTimeoutError")
        ):
            return "the server cannot be reached: the connection timed out"
    return None


def showable(error: Exception, request: Request) -> Exception | None:
    """The error as a cause to show, or None when a text along its chain holds a key."""
    texts = [f"{each} {each.args}" for each in chain(error)]
    return error if all(redact(text, request.settings) == text for text in texts) else None


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, its cause, the cause of that, and so on."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
