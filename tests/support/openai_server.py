"""A loopback server that speaks OpenAI's chat completions: real ASGI, scripted or answering from the prompt.

    with OpenAIServer() as server:
        server.script(Reply("[[ ## answer ## ]]\\nBlue"), RateLimit(retry_after=0.05), Reply("…"))
        lm = LM("openai/any", api_base=server.api_base, api_key="canary")

Without a script, or after its end, the server reads the ChatAdapter's field list out of the prompt and fills
every output with a plausible value of its type.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .plausible import answer_from_messages
from .responses_api import events_of, messages_of, response_of


@dataclass(frozen=True)
class Reply:
    """An answer; several texts are several choices, each with its own finish reason where several are given.

    `extra` joins each choice's message (`tool_calls`, `reasoning_content`), `logprobs` each choice.
    """

    text: str | tuple[str | None, ...] | None
    finish_reason: str | tuple[str, ...] = "stop"
    delay: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)
    logprobs: dict[str, Any] | None = None


@dataclass(frozen=True)
class Failure:
    """An HTTP error in OpenAI's form."""

    status: int
    message: str = "scripted failure"
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def RateLimit(retry_after: float | str | None = None) -> Failure:  # noqa: N802
    """A 429, with Retry-After when given."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Failure(429, "too many requests", "rate_limit_exceeded", headers)


@dataclass(frozen=True)
class Malformed:
    """A 200 whose body is not what it should be."""

    body: str = "<html>a proxy's page</html>"


@dataclass(frozen=True)
class Raw:
    """A 200 with this JSON, merged over that of an ordinary answer."""

    changes: dict[str, Any]


@dataclass(frozen=True)
class Dropped:
    """A connection that breaks in the middle of the body."""


@dataclass(frozen=True)
class Silent:
    """No answer for so long."""

    seconds: float = 30.0


Step = Reply | Failure | Malformed | Dropped | Silent | Raw


@dataclass
class Seen:
    """One request as the server saw it."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    at: float


class OpenAIServer:
    """The server; a context manager that starts it on a free port of the loopback address."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.answered = 0
        """How many requests were not only received."""
        self.latency = 0.0
        self.gather = 0
        """How many requests must have come at once before any is answered."""
        self.most: int | None = None
        """How many requests at once are not refused with a 429."""
        self.refused = 0
        self.answer: Callable[[dict[str, Any]], str] | None = None
        """What answers requests beyond the script, from their bodies; a plausible answer when None."""
        self._steps: deque[Step] = deque()
        self._lock = threading.Lock()
        self._resets = 0

    def script(self, *steps: Step | str) -> None:
        """Answer the next requests like this, in turn."""
        with self._lock:
            self._steps.extend(Reply(step) if isinstance(step, str) else step for step in steps)

    def reset(self) -> None:
        """Forget script and requests."""
        with self._lock:
            self._steps.clear()
            self.requests.clear()
            self._resets += 1  # a request that an earlier test has left is none of this one's
            self.in_flight = self.most_in_flight = self.answered = 0
            self.latency, self.gather, self.answer = 0.0, 0, None
            self.most, self.refused = None, 0

    def wait_for(self, count: int, seconds: float = 60.0) -> None:
        """Wait until so many requests have been in flight at once."""
        end = time.monotonic() + seconds
        while self.most_in_flight < count:
            assert time.monotonic() < end, f"{self.most_in_flight} of {count} requests came"
            time.sleep(0.01)

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> OpenAIServer:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        routes = [
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/completions", self._text, methods=["POST"]),
            Route("/v1/responses", self._responses, methods=["POST"]),
            Route("/v1/models", self._models),
        ]
        # A process that tests on a loaded machine may sleep for longer than any client keeps a connection.
        config = uvicorn.Config(
            Starlette(routes=routes), log_level="critical", lifespan="off", timeout_keep_alive=120
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(timeout=10)

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "any", "object": "model"}]})

    async def _chat(self, request: Request) -> Response:
        return await self._answer(request, "chat")

    async def _text(self, request: Request) -> Response:
        return await self._answer(request, "text")

    async def _responses(self, request: Request) -> Response:
        return await self._answer(request, "responses")

    async def _answer(self, request: Request, api: str) -> Response:
        body = json.loads(await request.body())
        with self._lock:
            self.requests.append(Seen(request.url.path, body, dict(request.headers), time.monotonic()))
            step = self._steps.popleft() if self._steps else None
            resets = self._resets
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            if self.most is not None and self.in_flight > self.most:
                step = RateLimit()
                self.refused += 1
        try:
            while self.most_in_flight < self.gather:
                await asyncio.sleep(0.005)
            if self.latency:
                await asyncio.sleep(self.latency)
            self.answered += 1
            return await self._respond(step or self._plausible(body), body, api)
        finally:
            with self._lock:
                self.in_flight -= resets == self._resets

    def _plausible(self, body: dict[str, Any]) -> Reply:
        if self.answer is not None:
            return Reply(self.answer(body))
        messages = body.get("messages") or [{"role": "user", "content": body.get("prompt", "")}]
        if "input" in body:
            messages = messages_of(body)
        return Reply(tuple(answer_from_messages(messages) for _ in range(body.get("n") or 1)))

    async def _respond(self, step: Step, body: dict[str, Any], api: str) -> Response:
        match step:
            case Failure():
                error = {"message": step.message, "type": "error", "code": step.code, "param": None}
                return JSONResponse({"error": error}, status_code=step.status, headers=step.headers)
            case Malformed():
                return Response(step.body, media_type="text/html")
            case Dropped():
                return StreamingResponse(
                    _broken(), headers={"content-length": "5000"}, media_type="application/json"
                )
            case Silent():
                await asyncio.sleep(step.seconds)
                return JSONResponse({}, status_code=504)
            case Reply():
                await asyncio.sleep(step.delay)
                texts = step.text if isinstance(step.text, tuple) else (step.text,)
                if api == "responses":
                    logprobs = (step.logprobs or {}).get("content")
                    whole = response_of(texts[0], str(step.finish_reason), step.extra, logprobs, body)
                    if body.get("stream"):
                        return StreamingResponse(events_of(whole), media_type="text/event-stream")
                    return JSONResponse(whole)
                if body.get("stream"):
                    chunks = _chunks(texts[0] or "", step, body)
                    return StreamingResponse(chunks, media_type="text/event-stream")
                return JSONResponse(_completion(texts, step, body, api == "chat"))
            case Raw():
                if api == "responses":
                    return JSONResponse(response_of("fine", "stop", {}, None, body) | step.changes)
                return JSONResponse(_completion(("fine",), Reply("fine"), body, api == "chat") | step.changes)


def _completion(
    texts: tuple[str | None, ...], step: Reply, body: dict[str, Any], chat: bool
) -> dict[str, Any]:
    reasons = (
        step.finish_reason if isinstance(step.finish_reason, tuple) else (step.finish_reason,) * len(texts)
    )
    choices: list[dict[str, Any]] = []
    for index, (text, reason) in enumerate(zip(texts, reasons, strict=True)):
        message = {"role": "assistant", "content": text, **step.extra}
        content = {"message": message} if chat else {"text": text}
        if step.logprobs is not None:
            content["logprobs"] = step.logprobs
        choices.append({"index": index, "finish_reason": reason, **content})
    read = len(json.dumps(body.get("messages") or body.get("prompt"))) // 4
    written = sum(len(text or "") for text in texts) // 4
    return {
        "id": f"chatcmpl-{time.monotonic_ns()}",
        "object": "chat.completion" if chat else "text_completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": choices,
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


async def _chunks(text: str, step: Reply, body: dict[str, Any]) -> AsyncIterator[str]:
    head = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body["model"],
    }
    pieces = [text[start : start + 8] for start in range(0, len(text), 8)]
    calls = step.extra.get("tool_calls") or []
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": piece} for piece in pieces]
    deltas += [{"reasoning_content": piece} for piece in step.extra.get("reasoning_content", "").split()]
    for index, call in enumerate(calls):
        function = call["function"]
        half = len(function["arguments"]) // 2
        first = {**function, "arguments": function["arguments"][:half]}
        deltas.append({"tool_calls": [{**call, "index": index, "function": first}]})
        rest = {"arguments": function["arguments"][half:]}
        deltas.append({"tool_calls": [{"index": index, "function": rest}]})
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"
    last = {"index": 0, "delta": {}, "finish_reason": step.finish_reason}
    yield f"data: {json.dumps({**head, 'choices': [last]})}\n\n"
    if (body.get("stream_options") or {}).get("include_usage"):
        usage = {"prompt_tokens": 7, "completion_tokens": len(pieces), "total_tokens": 7 + len(pieces)}
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


async def _broken() -> AsyncIterator[bytes]:
    yield b'{"id": "chatcmpl-'
    raise ConnectionError("scripted: the connection breaks here")
