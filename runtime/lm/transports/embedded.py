"""GGUF models that llama.cpp answers in this process: `LM("gguf/PATH")` and those that the package ships.

Nothing is downloaded and no other process is started. The wheel `xllamacpp` is llama.cpp's own server as a
library; a request goes to it as a function call. A model is loaded at its first request and stays until the
process ends. A folder of safetensors that holds no llama is answered by transformers instead.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from ....base.forks import new_lock
from ...errors import (
    ContextWindowExceededError,
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMServerError,
    LMUnexpectedError,
)
from ...execution.threads import run_in_thread
from ..doors import read_response
from ..gguf.folder import digest_of
from ..gguf.forms import prompt_form
from ..gguf.header import Header, read_header
from ..gguf.places import SHIPPED as SHIPPED
from ..gguf.places import asked_in_torch, folder_of
from ..gguf.places import model_path as model_path
from ..keys import NOT_IDENTITY
from ..reproducible import is_reproducible
from ..request import Request, Response
from ..stream import Delta, as_deltas
from . import in_pieces, in_torch
from .at_work import at_work, end_all
from .limits import LONGEST_SECONDS, time_limit

LONGEST_CONTEXT = 8_192
SMALL_FILE = 64 << 20
_ALONE = {"n_parallel": 1, "cache_prompt": False}
"""What makes an answer independent of the requests before and beside it."""
SERVER_SETTINGS = frozenset({"n_ctx", "n_parallel", "n_threads", "n_gpu_layers"})


@dataclass(frozen=True)
class ServerSettings:
    """How a model is served; requests that agree on all of it share one server.

    `changed` is when the file was written, so that a model trained anew under the same name is loaded anew.
    """

    path: Path
    changed: int
    context: int
    slots: int
    threads: int
    gpu_layers: int | None

    @classmethod
    def alone(cls, folder: Path) -> Self:
        """Those of a model that is no server's and answers one request at a time."""
        return cls(folder, changed=0, context=0, slots=1, threads=1, gpu_layers=None)


class EmbeddedTransport:
    """Answers requests for `gguf/PATH` and `embedded/NAME`.

    Beside the sampling settings of a request (`temperature`, 0 unless given, `max_tokens`, `seed`, `stop`,
    `n`, `top_p`, `grammar`, `response_format` and llama.cpp's own), these settings of the LM say how it is
    served: `n_ctx`, the tokens that one conversation may have (the model's own context, at most 8,192, unless
    given); `n_parallel`, the conversations at one time (4, or 1 for files above 64 MiB, whose conversations
    take much memory); `n_threads`; `n_gpu_layers`.

    About one answer in a thousand depends on the requests before it and beside it. Inside `reproducible()`,
    as in optimizers, none does: `n_parallel` is then 1 and `cache_prompt` false, unless the LM says
    otherwise, and the same request gets the same answer on the same machine.
    """

    def complete(self, request: Request) -> Response:
        """Answer in this thread; other threads run meanwhile.

        Raises:
            LMUnknownModelError: there is no such model or file.
            LMConfigurationError: llama.cpp is not installed, or cannot load the file.
            ContextWindowExceededError: the messages are longer than the context.
            LMInvalidRequestError: a setting or message that llama.cpp refuses.
            LMTimeoutError: the answer takes longer than the setting `timeout` says.
        """
        return _answer(request, _limit(request), lambda: None)

    async def acomplete(self, request: Request) -> Response:
        """Answer in a thread of its own, first come, first served."""
        limit = _limit(request)
        release = await _turn(request, limit)
        work = asyncio.ensure_future(run_in_thread(_answer, request, limit, release))
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        # Who goes away leaves llama.cpp at work, and the next one must not be let in before that ends.
        return await asyncio.shield(work)

    async def astream(self, request: Request) -> AsyncIterator[Delta]:
        """Answer in pieces, as they are written; models that torch answers give theirs as a whole."""
        if asked_in_torch(request.model) is not None:
            for delta in as_deltas(await self.acomplete(request)):
                yield delta
            return
        limit = _limit(request)
        release = await _turn(request, limit)
        pieces = in_pieces.streamed(limit, partial(_write, request), request.model, release)
        async with aclosing(pieces):
            async for delta in pieces:
                yield delta

    def identity(self, request: Request) -> str:
        """The file and when it was written; for a folder, what tells its content from another's."""
        if (folder := folder_of(request.model)) is not None:
            return f"{folder}:{digest_of(folder)}"
        path = model_path(request.model)
        facts = path.stat() if path.is_file() else None
        return f"{path}:{facts.st_size}:{facts.st_mtime_ns}" if facts else str(path)


def server_settings(model: str, settings: Mapping[str, Any]) -> ServerSettings:
    """How `model` is to be served, from the LM's settings and the file's own header."""
    path = model_path(model)
    header = read_header(path, model)
    facts = path.stat()
    small = facts.st_size < SMALL_FILE

    def whole(name: str, default: int | None, lowest: int = 1) -> Any:
        value = settings.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise LMConfigurationError(
                f"`{name}` must be a whole number of at least {lowest}, not {value!r}", model=model
            )
        return value

    return ServerSettings(
        path=path,
        changed=facts.st_mtime_ns,
        context=_context(whole("n_ctx", None), header, model),
        # Threads cost a tiny model more time than they save; slots cost a large one memory.
        slots=whole("n_parallel", 4 if small else 1),
        threads=whole("n_threads", 1 if small else max(1, (os.cpu_count() or 2) // 2)),
        gpu_layers=whole("n_gpu_layers", None, lowest=-1),
    )


def _context(wanted: int | None, header: Header, model: str) -> int:
    if wanted is None:
        return min(header.context, LONGEST_CONTEXT)
    if wanted > header.context:
        raise LMConfigurationError(
            f"`n_ctx` is {wanted}, but `{model}` supports at most {header.context} tokens", model=model
        )
    return wanted


_AHEAD = 2
"""How many requests llama.cpp is given for each of its slots, so that none of them waits for this process."""
_queues_lock = new_lock()
_queues: dict[asyncio.AbstractEventLoop, dict[ServerSettings, asyncio.Semaphore]] = {}


async def _turn(request: Request, limit: in_pieces.Limit | None) -> Callable[[], None]:
    """Wait for the turn of a request; what comes back ends it, from any thread.

    Raises:
        LMTimeoutError: it does not come in time.
    """
    loop = asyncio.get_running_loop()
    settings = {**_ALONE, **request.settings} if is_reproducible() else request.settings
    if folder_of(request.model) is None:
        server = server_settings(request.model, settings)
    else:
        # It may have to be converted first.
        served = run_in_thread(_served, request.model, settings)
        server = await in_pieces.in_time(served, limit, request.model)
    turns = _turns(loop, server)
    await in_pieces.in_time(turns.acquire(), limit, request.model)

    def release() -> None:
        # Where the loop has been closed nobody waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(turns.release)

    return release


def _served(model: str, settings: Mapping[str, Any]) -> ServerSettings:
    """How a model is served, which may be by torch."""
    folder = asked_in_torch(model)
    return server_settings(model, settings) if folder is None else ServerSettings.alone(folder)


def _turns(loop: asyncio.AbstractEventLoop, server: ServerSettings) -> asyncio.Semaphore:
    """What the requests of an event loop for a model pass, in their order.

    llama.cpp takes a new request before one that waits where a slot has just become free, so what waits there
    may wait long; and each request there holds a thread of this process.
    """
    with _queues_lock:
        if loop not in _queues:
            for each in [each for each in _queues if each.is_closed()]:
                del _queues[each]
        queues = _queues.setdefault(loop, {})
        return queues.setdefault(server, asyncio.Semaphore(_AHEAD * server.slots))


# Servers of this process. llama.cpp's own threads do the work: here a server is only started and stopped.

_lock = new_lock()
_servers: dict[ServerSettings, Any] = {}
_abandoned: list[Any] = []


def start(model: str, settings: Mapping[str, Any]) -> None:
    """Load a model now rather than at its first request."""
    if (folder := asked_in_torch(model)) is not None:
        in_torch.load(folder, model)
        return
    _server(server_settings(model, settings), model)


def stop(model: str) -> None:
    """Unload a model; it is loaded again when it is asked again."""
    if (folder := asked_in_torch(model)) is not None:
        in_torch.unload(folder)
        return
    path = model_path(model)
    with _lock:
        for settings in [settings for settings in _servers if settings.path == path]:
            del _servers[settings]


def _server(settings: ServerSettings, model: str) -> Any:
    with _lock:
        if settings not in _servers:
            for old in [
                old for old in _servers if old.path == settings.path and old.changed != settings.changed
            ]:
                del _servers[old]
            _servers[settings] = _start(settings, model)
        return _servers[settings]


def _start(settings: ServerSettings, model: str) -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise LMConfigurationError(
            f"`{model}` runs on llama.cpp, which is not installed: pip install 'dspyc[embedded]'", model=model
        ) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(settings.path)
    params.n_ctx = settings.context * settings.slots
    params.n_parallel = settings.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
    if settings.gpu_layers is not None:
        params.n_gpu_layers = settings.gpu_layers
    params.verbosity = -1
    params.warmup = False
    params.ui = params.endpoint_slots = False
    # llama.cpp also listens on a free port of this machine, which nobody uses: a secret key shuts it.
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_hex(32)]
    try:
        with at_work():
            return xllamacpp.Server(params)
    except RuntimeError as error:
        raise LMConfigurationError(
            f"llama.cpp cannot load `{settings.path}`: the file is truncated or damaged, its architecture is "
            "unknown to this version, or there is not enough memory",
            model=model,
        ) from error


@atexit.register
def _stop_all() -> None:
    if end_all():
        with _lock:
            _servers.clear()


def _after_fork() -> None:
    # A forked child has none of the server's threads: asking or closing the server would wait for ever.
    _abandoned.extend(_servers.values())
    _servers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _body(request: Request, is_plain: bool) -> dict[str, Any]:
    """The request as llama.cpp takes it: OpenAI's names, and its own for the rest."""
    settings = request.sent_settings
    body = {name: value for name, value in settings.items() if name not in NOT_IDENTITY | SERVER_SETTINGS}
    body.setdefault("temperature", 0.0)
    if "max_completion_tokens" in body:
        body["max_tokens"] = body.pop("max_completion_tokens")
    rollout = request.settings.get("rollout_id")
    if isinstance(rollout, int) and rollout >= 0:
        body.setdefault("seed", rollout)
    if request.model_type == "text":
        body["prompt"] = request.prompt if request.prompt is not None else request.messages[-1].text
    elif is_plain:
        body["prompt"] = "\n\n".join(message.text for message in request.messages)
    else:
        body["messages"] = request.openai_messages
    return body


def _whole_number(body: dict[str, Any], name: str, model: str) -> int | None:
    """Take a number out of the request."""
    value = body.pop(name, None)
    if value is None or (isinstance(value, int) and value >= 0):
        return value
    raise LMInvalidRequestError(f"`{name}` must be a whole number, not {value!r}", model=model)


def _asked(request: Request) -> tuple[Any, list[dict[str, Any]]]:
    """The server of a request's model, and what it is to be asked: once for each answer."""
    if is_reproducible():
        request = request.with_settings({**_ALONE, **request.settings})
    server = _server(server_settings(request.model, request.settings), request.model)
    body = _body(request, prompt_form(request.model) == "plain")
    wanted, seed = _whole_number(body, "n", request.model), _whole_number(body, "seed", request.model)
    # One after the other: the prompt is read once, a seed means the same answers, all tokens are counted.
    return server, [body if seed is None else {**body, "seed": seed + index} for index in range(wanted or 1)]


def _limit(request: Request) -> in_pieces.Limit | None:
    """How long the answer may take from now on; None where the program does not say."""
    said, deadline = request.settings, request.settings.get("deadline")
    limits = [] if deadline is None else [float(deadline)]
    if any(said.get(name) is not None for name in ("timeout", "request_timeout")):
        limits.append(time_limit(said).answer)
    return in_pieces.Limit.of(min(*limits, LONGEST_SECONDS)) if limits else None


def _answer(request: Request, limit: in_pieces.Limit | None, end: Callable[[], None]) -> Response:
    """The whole answer; `end` is called when the model has stopped, which may be after the time is over."""
    if limit is not None:
        return in_pieces.within(limit, partial(_write, request), request.model, end)
    try:
        if (folder := asked_in_torch(request.model)) is not None:
            return in_torch.answer(request, folder)
        return _response(_answers(*_asked(request), request), request.model)
    finally:
        end()


def _write(request: Request, tell: Callable[[Delta], None], is_over: Callable[[], bool]) -> None:
    """Load the model and write its answers in pieces."""
    if (folder := asked_in_torch(request.model)) is not None:
        for delta in as_deltas(in_torch.answer(request, folder, is_over)):
            tell(delta)
        return
    _writing(*_asked(request), request)(tell, is_over)


def _writing(server: Any, bodies: list[dict[str, Any]], request: Request) -> in_pieces.Write:
    """What writes the answers in pieces."""
    if any(body.get("logprobs") for body in bodies):
        # Those of the token that ends an answer are in no piece.
        return partial(_write_whole, server, bodies, request)
    return partial(
        in_pieces.write,
        lambda body, hear: _ask(server, body, request, hear),
        bodies,
        lambda told: _error(told, request.model),
        request.model,
    )


def _write_whole(
    server: Any,
    bodies: list[dict[str, Any]],
    request: Request,
    tell: Callable[[Delta], None],
    is_over: Callable[[], bool],
) -> None:
    """Give each answer as one piece, when all are there."""
    answers = _answers(server, bodies, request, is_over)
    if not is_over():
        for delta in as_deltas(_response(answers, request.model)):
            tell(delta)


def _answers(
    server: Any,
    bodies: list[dict[str, Any]],
    request: Request,
    is_over: Callable[[], bool] = lambda: False,
) -> list[dict[str, Any]]:
    """The answers as a whole, as many as there are until it is over."""
    answers: list[dict[str, Any]] = []
    for body in bodies:
        if is_over():
            break
        answer = _ask(server, body, request)
        if "error" in answer:
            raise _error(answer["error"], request.model)
        answers.append(answer)
    return answers


def _ask(server: Any, body: Mapping[str, Any], request: Request, *hear: in_pieces.Hear) -> Any:
    try:
        with at_work():
            if "prompt" in body:
                return server.handle_completions(body, *hear)
            return server.handle_chat_completions(body, *hear)
    except (ValueError, TypeError, RuntimeError) as error:
        raise LMInvalidRequestError(
            f"llama.cpp rejected the request: {error}", model=request.model
        ) from error


def _error(error: Mapping[str, Any], model: str) -> LMError:
    text, status = str(error.get("message")), error.get("code")
    if error.get("type") == "exceed_context_size_error":
        return ContextWindowExceededError(
            f"the messages have {error.get('n_prompt_tokens')} tokens and `{model}` reads at most "
            f"{error.get('n_ctx')}; shorten them, or raise `n_ctx` if the model allows it",
            model=model,
            status=status,
        )
    if isinstance(status, int) and 400 <= status < 500:
        return LMInvalidRequestError(f"llama.cpp rejected the request: {text}", model=model, status=status)
    if isinstance(status, int):
        return LMServerError(f"llama.cpp failed: {text}", model=model, status=status)
    return LMUnexpectedError(f"llama.cpp failed: {text}", model=model)


def _response(answers: list[dict[str, Any]], model: str) -> Response:
    read = [read_response(answer) for answer in answers]
    prompt = read[0].usage.get("prompt_tokens", 0)
    written = sum(one.usage.get("completion_tokens", 0) for one in read)
    return Response(
        [completion for one in read for completion in one.completions],
        usage={"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written},
        cost=0.0,
        model=model,
        id=read[0].id,
    )
