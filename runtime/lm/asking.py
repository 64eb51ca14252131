"""How a request goes: callbacks, the cache, equal requests in flight, the model, and the history.

The other half of `BaseLM`, which is imported with the first request: making a model takes none of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ...base.later import Later
from ..errors import ConfigurationError
from ..execution import drive, trace
from ..execution.callbacks import BaseCallback, Report, listening
from ..execution.loading import loaded, refuse_while_loading
from ..execution.settings import Heard, at_once, lookup
from . import history as calls
from . import usage
from .capabilities import ModelType
from .doors import Outputs, read_outputs, read_response, render_outputs, render_response
from .messages import OutputFormat, ToolSpec
from .playing import player
from .recording import answered, recorder
from .request import GivenMessage, Request, Response
from .rollouts import warn_of_rollout
from .verify import verify_response

if TYPE_CHECKING:
    from . import cache as caching
    from . import flights, keys
    from . import stream as pieces
    from .stream import Delta
else:
    # What keeps answers and names requests is imported with the first one that is cached, and streams with
    # the first one.
    caching = Later(globals(), "caching", ".cache")
    flights = Later(globals(), "flights")
    keys = Later(globals(), "keys")
    pieces = Later(globals(), "pieces", ".stream")


class Asked(Protocol):
    """What a request asks of a model."""

    model: str
    model_type: ModelType
    cache: bool
    cache_in_memory: bool
    callbacks: Sequence[BaseCallback] | None
    kwargs: Mapping[str, Any]
    warned_of_rollout: bool

    _history: calls.CallHistory | None

    @property
    def in_process(self) -> bool:
        """Whether it answers in this process."""
        ...

    @property
    def history(self) -> calls.CallHistory:
        """The calls of this model."""
        ...

    def send(self, request: Request) -> Awaitable[Response]:
        """One request past the cache."""
        ...

    def send_now(self, request: Request) -> Response:
        """The same in code that waits in place."""
        ...

    def stream(self, request: Request) -> AsyncIterator[Delta]:
        """One request past the cache, its answer in pieces."""
        ...

    def identity(self, request: Request) -> str:
        """Who answers."""
        ...


def make_request(
    lm: Asked,
    prompt: str | None,
    messages: Sequence[GivenMessage] | None,
    settings: Mapping[str, Any],
    tools: tuple[ToolSpec, ...] = (),
    output: OutputFormat | None = None,
) -> Request:
    """A request with the model's settings and those of the call; see `BaseLM.request`.

    Raises:
        ConfigurationError: there is neither a prompt nor a conversation, or a program is being loaded.
    """
    if loaded() is not None:
        refuse_while_loading("a model is called")
    if messages is None:
        if prompt is None:
            raise ConfigurationError("a language model is called with a prompt or with messages=[…]")
        messages = [{"role": "user", "content": prompt}]
    merged = {**lm.kwargs, **settings} if settings else lm.kwargs
    if settings and "rollout_id" in settings:
        warn_of_rollout(merged, lm)
    return Request(lm.model, messages, merged, lm.model_type, prompt, tools, output)


def ask(lm: Asked, request: Request) -> Coroutine[Any, Any, Response]:
    """Ask a model, with everything around it.

    Raises:
        LMError: the model could not be reached, rejected the request, or gave no answer.
    """
    # Awaiting a coroutine costs; the fewer there are between a module and its model, the better.
    work = _get(lm, request) if player() is None else played(lm, request, partial(_get, lm, request))
    callbacks = listening(lm.callbacks) if Heard.anywhere or lm.callbacks else None
    return _watched(callbacks, lm, request, work) if callbacks else work


def ask_now(lm: Asked, request: Request) -> Response:
    """What `ask` does, for code that waits in place: without a coroutine for what needs none."""
    if lm.callbacks or Heard.anywhere or player() is not None or recorder() is not None:
        return drive.drive(ask(lm, request), inside=True)
    number, facts = calls.next_number(), _facts(lm, request)
    if facts is None:
        response = verify_response(lm.send_now(request), lm.model)
    else:
        key = keys.digest(facts)
        kept: Response | None = caching.current().get(key, lm.cache_in_memory)
        response = kept or drive.drive(_once(lm, request, key, facts), inside=True)
    _note(lm, number, request, response)
    return response


async def _watched(
    callbacks: Sequence[BaseCallback], lm: Asked, request: Request, work: Awaitable[Response]
) -> Response:
    with Report(callbacks, "lm", lm, _told(request)) as report:
        response = await work
        report.outputs = render_outputs(response)
        return response


def _told(request: Request) -> dict[str, Any]:
    """What callbacks are told of a request."""
    from .redact import visible_settings

    return {
        "prompt": request.prompt,
        "messages": request.openai_messages,
        "kwargs": visible_settings(request.settings),
    }


async def ask_in_pieces(lm: Asked, request: Request) -> AsyncIterator[Delta]:
    """Ask a model and give the answer in pieces, as they come; one from the cache comes in one piece."""
    callbacks = listening(lm.callbacks)
    if not callbacks:
        async for delta in _pieces(lm, request):
            yield delta
        return
    with Report(callbacks, "lm", lm, _told(request)) as report:
        collector = pieces.Collector()
        async for delta in _pieces(lm, request):
            collector.add(delta)
            yield delta
        report.outputs = render_outputs(collector.response)


async def _pieces(lm: Asked, request: Request) -> AsyncIterator[Delta]:
    if player() is not None:
        for delta in pieces.as_deltas(await played(lm, request, partial(_get, lm, request))):
            yield delta
        return
    number, facts = calls.next_number(), _facts(lm, request)
    key = None if facts is None else keys.digest(facts)
    response = None if key is None else caching.get(key, lm.cache_in_memory)
    if response is not None:
        for delta in pieces.as_deltas(response):
            yield delta
    else:
        collector = pieces.Collector()
        async for delta in lm.stream(request):
            collector.add(delta)
            yield delta
        response = verify_response(collector.response, lm.model)
        # What a stream brought without the reason why it ended may be half an answer.
        is_whole = response.is_good and all(each.finish_reason is not None for each in response.completions)
        # What another model has answered is not kept under the name of this one.
        if key is not None and is_whole and response.answered_by is None:
            caching.put(key, response, lm.cache_in_memory, facts)
    _note(lm, number, request, response)


async def _get(lm: Asked, request: Request) -> Response:
    number, facts = calls.next_number(), _facts(lm, request)
    # Inline, as awaiting a coroutine costs.
    if facts is not None:
        key = keys.digest(facts)
        kept: Response | None = caching.current().get(key, lm.cache_in_memory)
        response = kept or await _once(lm, request, key, facts)
    elif recorder() is not None:
        response = await _send(lm, request)
    else:
        response = verify_response(await lm.send(request), lm.model)
    _note(lm, number, request, response)
    return response


async def fetch(lm: Asked, request: Request) -> Response:
    """The answer to a request, from the cache, an equal request under way, or the model; in no history."""
    facts = _facts(lm, request)
    if facts is None:
        return await _send(lm, request)
    key = keys.digest(facts)
    kept: Response | None = caching.get(key, lm.cache_in_memory)
    return kept or await _once(lm, request, key, facts)


def _once(lm: Asked, request: Request, key: str, facts: bytes) -> Coroutine[Any, Any, Response]:
    """The answer to a request that is not in the cache, of one of all who ask the same now."""
    return flights.fetch_once(flights.Wanted(key, partial(_send, lm, request), lm.cache_in_memory, facts))


async def played(lm: Asked, request: Request, send: Callable[[], Awaitable[Response]]) -> Response:
    """What the cassette of the running test answers, or keeps of what the model does.

    Args:
        lm: the model.
        request: what it is asked.
        send: asks it.
    """
    number, between = calls.next_number(), player()
    if between is None or between.leaves(request, lm.in_process):
        return await send()
    response = await between.answer(request, send)
    if not between.asks_models:
        _note(lm, number, request, response)
    return response


async def _send(lm: Asked, request: Request) -> Response:
    if recorder() is not None:
        return await answered(request, lm.identity(request), partial(_verified, lm))
    return await _verified(lm, request)


async def _verified(lm: Asked, request: Request) -> Response:
    return verify_response(await lm.send(request), lm.model)


def _facts(lm: Asked, request: Request) -> bytes | None:
    """What names the request in the cache; None where it is not to be cached, or cannot be named."""
    if not request.settings.get("cache", lm.cache):
        return None
    return keys.request_facts(request, lm.identity(request))


def _note(lm: Asked, number: int, request: Request, response: Response) -> None:
    if response.usage and not response.cache_hit:
        usage.count(response.answered_by or lm.model, response.usage, response.cost)
    for observer in usage.observers():
        observer(response, request)
    here = at_once()
    if here is None:
        hidden, most = lookup("disable_history"), lookup("max_history_size")
    else:
        hidden, most = here["disable_history"], here["max_history_size"]
    if not hidden:
        remember(lm, calls.Entry(number, request, response), most)


def shown_outputs(response: Response, lm: Asked) -> Outputs:
    """What a direct call returns, with a warning where an answer was cut off at the limit of tokens."""
    if response.is_truncated:
        limit = lm.kwargs.get("max_tokens") or lm.kwargs.get("max_completion_tokens")
        import logging  # with all that formats tracebacks, for what is rare

        logging.getLogger("dspyc").warning(
            "the answer of `%s` is truncated: it was cut off at %s; raise max_tokens to get all of it",
            lm.model, "the model's limit of tokens" if limit is None else f"max_tokens={limit}",
        )  # fmt: skip
    return render_outputs(response)


def remember(lm: Asked, entry: calls.Entry, most: int) -> None:
    """Add a call to the histories of its model, of all models and of the modules that are being called.

    Args:
        lm: the model.
        entry: the call.
        most: how many calls a history keeps, `settings.max_history_size`.
    """
    histories = [calls.ALL, lm._history or lm.history]
    for module in trace.callers.get():
        histories.append(module._history or module.history)  # noqa: PERF401 a comprehension costs
    calls.add(entry, histories, most)


__all__ = [
    "Request",
    "Response",
    "ask",
    "ask_in_pieces",
    "ask_now",
    "fetch",
    "lookup",
    "make_request",
    "pieces",
    "played",
    "player",
    "read_outputs",
    "read_response",
    "remember",
    "render_outputs",
    "render_response",
    "shown_outputs",
    "verify_response",
]
