"""One attempt of a request over the network, whichever protocol its server speaks.

It goes over connections of our own (`direct.py` from synchronous code, `http.py` from an event loop), which
costs a small part of what litellm takes for a call. A request with settings that only litellm understands
goes through litellm; so does every one where a program has registered callbacks with litellm.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import (
    LMCollectionLimitError,
    LMError,
    LMInvalidRequestError,
    LMServerError,
    LMStreamAssemblyError,
    LMTimeoutError,
    LMTransportError,
    LMUnexpectedError,
)
from ..keys import endpoint_identity
from ..prices import cost_of
from ..request import Request, Response
from ..stream import Delta, collect
from . import direct, io_loop
from .events import END, events
from .failures import (
    kind_of_refusal,
    make_error,
    showable,
    why_unreachable,
)
from .network import Answer
from .posting import Posted

if TYPE_CHECKING:
    from .litellm import LitellmTransport

_HOOKS = (
    "callbacks", "input_callback", "success_callback", "failure_callback", "api_base", "api_key",
    "openai_key", "headers", "drop_params", "modify_params", "client_session", "aclient_session",
)  # fmt: skip
"""What a program may set in litellm to have a word in each of its requests."""
_FUNCTIONS = (
    "completion", "acompletion", "text_completion", "atext_completion", "responses", "aresponses",
)  # fmt: skip
_LARGEST_WORDS = 2_000
_STATUSES = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "timeout_error": 504,
    "overloaded_error": 529,
}  # fmt: skip
"""The statuses of errors by Anthropic's names for them, which tell of them amid a stream."""


class HttpTransport:
    """Requests to servers of one protocol, which a subclass defines."""

    # --- the protocol -----------------------------------------------------------------------------------

    def posted(self, request: Request, is_streamed: bool) -> Posted | None:
        """The request as bytes and headers; None for one that only litellm can say in the protocol.

        Raises:
            LMError: there is no key or no address for it, or it holds what JSON cannot.
        """
        raise NotImplementedError

    def read(self, raw: Mapping[str, Any], request: Request) -> Response:
        """The response in a body."""
        raise NotImplementedError

    def event_reader(self, request: Request) -> Callable[[Any], Iterator[Delta]]:
        """What reads the events of a stream, one after the other."""
        raise NotImplementedError

    def is_last(self, event: Any) -> bool:
        """Whether an event says that the stream is whole, beside the reason why an answer ended."""
        return False

    def failure_in(self, body: Mapping[str, Any]) -> Any:
        """The error that a body or an event tells of beside an entry `error`, or None."""
        return None

    def as_events(self, whole: Mapping[str, Any]) -> list[Any]:
        """A whole answer as the events of a stream, for a server that does not stream."""
        raise NotImplementedError

    # --- an attempt -------------------------------------------------------------------------------------

    def complete(self, request: Request) -> Response:
        """Send a request and wait for the answer in this thread."""
        posted = self._posted(request)
        if posted is None:
            return _litellm().complete(request)
        try:
            answer = _sent(posted)
        except Exception as error:  # noqa: BLE001 every failure of the network becomes one of ours
            raise _translated(error, request) from showable(error, request)
        return self._response(answer, request)

    async def acomplete(self, request: Request) -> Response:
        """Send a request and wait for the answer on the event loop."""
        posted = self._posted(request)
        if posted is None:
            return await _litellm().acomplete(request)
        try:
            answer = await io_loop.run(lambda: _post(posted))
        except Exception as error:  # noqa: BLE001 every failure of the network becomes one of ours
            raise _translated(error, request) from showable(error, request)
        return self._response(answer, request)

    async def astream(self, request: Request) -> AsyncIterator[Delta]:
        """Send a request and give the answer in pieces as they come.

        Raises:
            LMError: among them LMStreamAssemblyError, for a stream that ends before the answer does; one that
                ends before its first piece is a connection that broke.
        """
        posted = self._posted(request, is_streamed=True)
        if posted is None:
            async for delta in _litellm().astream(request):
                yield delta
            return
        read_piece = self.event_reader(request)
        came: list[Delta] = []
        is_whole = False
        try:
            async for event in io_loop.iterate(lambda: self._events(posted, request)):
                if event is END:
                    is_whole = True
                    continue
                for delta in read_piece(event):
                    came.append(delta)
                    yield _priced(delta, request)
                is_whole = is_whole or self.is_last(event)
            if not is_whole:
                _verify_end(came, request)
        except LMError:
            raise
        except Exception as error:  # noqa: BLE001 every failure of the network becomes one of ours
            raise _translated(error, request) from showable(error, request)

    def identity(self, request: Request) -> str:
        """The endpoint: the address given, or the provider's own.

        It is named as it is for litellm: whichever way a request goes, the answer is the same.
        """
        return f"litellm {endpoint_identity(request.model, request.settings)}"

    def _posted(self, request: Request, is_streamed: bool = False) -> Posted | None:
        litellm = sys.modules.get("litellm")
        return None if litellm is not None and _has_a_word(litellm) else self.posted(request, is_streamed)

    def _response(self, answer: Answer, request: Request) -> Response:
        """The response in an answer. Raises LMError for a refusal, and for what is no response."""
        response = self.read(_verified(answer, request), request)
        cost = cost_of(request.model, response.usage, response.model, request.settings)
        return Response(
            response.completions, usage=response.usage, cost=cost, model=response.model, id=response.id
        )

    async def _events(self, posted: Posted, request: Request) -> AsyncIterator[Any]:
        from . import http

        async with http.stream(*posted) as (status, headers, pieces):
            if status != 200 or not _is_events(headers):
                body = b"".join([piece async for piece in pieces])
                # A server that does not stream answers at once.
                for event in self.as_events(_verified(Answer(status, headers, body), request)):
                    yield event
                yield END
                return
            async for data in events(pieces):
                if data == END:
                    yield END
                    return
                event = _decoded(data, request)
                failure = event.get("error") if isinstance(event, Mapping) else None
                if failure or (isinstance(event, Mapping) and (failure := self.failure_in(event))):
                    told = {"error": failure}
                    raise _refusal(Answer(_status_in(told), headers, msgspec.json.encode(told)), request)
                yield event


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


def _sent(posted: Posted) -> Answer:
    """The answer to a request of synchronous code."""
    place = direct.place_of(posted.url)
    if place is not None:
        return direct.post(place, posted.headers, posted.body, posted.limit)
    return io_loop.wait(lambda: _post(posted))


async def _post(posted: Posted) -> Answer:
    # It takes a tenth of a second to import.
    from . import http

    return await http.post(*posted)


def _is_events(headers: Mapping[str, str]) -> bool:
    return "text/event-stream" in headers.get("content-type", "")


# --- what comes back ------------------------------------------------------------------------------------


def _verified(answer: Answer, request: Request) -> Mapping[str, Any]:
    """The object in an answer. Raises LMError for a refusal, and for what is none."""
    if answer.status != 200:
        raise _refusal(answer, request)
    raw = _decoded(answer.body, request)
    if not isinstance(raw, Mapping):
        raise make_error(LMServerError, "the answer is not an object", request, status=500)
    if raw.get("error") and not raw.get("choices"):
        raise _refusal(answer._replace(status=_status_in(raw)), request)
    return raw


def _verify_end(came: list[Delta], request: Request) -> None:
    """Refuse a stream that has brought no answer, or one without the reason why it ended.

    Raises:
        LMStreamAssemblyError: it has brought a part of an answer.
        LMTransportError: it has brought nothing, and may be asked for again.
    """
    response = collect(came)
    if response.completions and all(each.finish_reason is not None for each in response.completions):
        return
    kind = LMStreamAssemblyError if came else LMTransportError
    error = make_error(kind, "the stream ended before the answer did", request, status=200)
    if isinstance(error, LMStreamAssemblyError):
        error.partial = response
    raise error


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
    if not isinstance(error, Mapping):
        return 500
    code = error.get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else _STATUSES.get(str(error.get("type")), 500)


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
    if isinstance(error, OSError) or type(error).__module__.startswith(("aiohttp", "http.")):
        words = f"the connection broke: {str(error) or name}"
        return make_error(LMTransportError, words, request, status=500)
    return make_error(LMUnexpectedError, f"{name}: {error}", request)
