"""The ASGI application: `POST /programs/NAME`, its `/stream` and `/batch`, and what is asked about them.

| | |
| --- | --- |
| `GET /` | a page with the programs, their fields, and a form to try them |
| `GET /openapi.json` | the same as an OpenAPI 3.1 document |
| `GET /programs` | the programs as JSON |
| `POST /programs/NAME` | inputs as a JSON object; the outputs come back as one |
| `POST /programs/NAME/stream` | the same as server-sent events, while the model writes |
| `POST /programs/NAME/batch` | `{"rows": [inputs, …]}`; an answer or an error for each |
| `GET /health`, `GET /ready` | for load balancers; no key is needed |
| `GET /metrics` | counters for Prometheus |
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from ..base.loopback import LOOPBACK
from .counting import Counts
from .endpoints import Endpoint
from .events import as_event, comment
from .gate import Turnstile, let_in, read_body
from .openapi import document
from .page import DOOR, render_page
from .problems import MEDIA_TYPE, Problem, problem_of, problem_of_inputs
from .settings import Settings, keys

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_QUIET_SECONDS = 15.0
"""After so long without an event a comment is sent, so that proxies keep the connection."""

_encode = msgspec.json.Encoder(order=None).encode


def make_app(endpoints: Sequence[Endpoint], settings: Settings) -> Starlette:
    """The application that serves some programs.

    Args:
        endpoints: the programs.
        settings: limits, and who may call.
    """
    service = _Service(endpoints, settings)
    routes = [
        Route("/", service.guarded(service.page)),
        Route("/openapi.json", service.guarded(service.openapi)),
        Route("/health", service.guarded(service.health)),
        Route("/ready", service.guarded(service.health)),
        Route("/metrics", service.guarded(service.metrics)),
        Route("/programs", service.guarded(service.programs)),
        Route("/programs/{name}", service.guarded(service.run), methods=["POST"]),
        Route("/programs/{name}/stream", service.guarded(service.stream), methods=["POST"]),
        Route("/programs/{name}/batch", service.guarded(service.batch), methods=["POST"]),
    ]
    made = Starlette(routes=routes, exception_handlers={HTTPException: _on_http_error})
    # A redirect would lead to whatever name the caller has given this service.
    made.router.redirect_slashes = False
    made.add_middleware(_Ended)
    return made


Handler = Callable[[Request], Awaitable[Response]]


def _is_stream(start: Message) -> bool:
    kind: bytes = dict(start.get("headers", ())).get(b"content-type", b"")
    return kind.startswith(b"text/event-stream")


class _Ended:
    """Answers requests that a stop has ended because their time was over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun: Message | None = None
        is_over = False

        async def noting(message: Message) -> None:
            nonlocal begun, is_over
            begun = begun or message
            is_over = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            stops = Problem(503, "The service stops", retry_after=1)
            if begun is None:
                await problem_response(stops)(scope, receive, send)
            elif _is_stream(begun) and not is_over:
                await send({"type": "http.response.body", "body": as_event(stops), "more_body": False})
            # Anything else is cut, which its length tells.
            raise


class _Service:
    def __init__(self, endpoints: Sequence[Endpoint], settings: Settings) -> None:
        self._endpoints = {one.name: one for one in endpoints}
        self._settings = settings
        self._keys = keys()
        self._hosts = LOOPBACK if settings.local else None
        self._counts = Counts()
        self._turnstile = Turnstile(settings.max_concurrency, settings.max_waiting, self._counts)
        self._document = _encode(document(endpoints, settings, needs_key=bool(self._keys)))
        self._page = render_page(endpoints, needs_key=bool(self._keys))

    def guarded(self, handler: Handler) -> Handler:
        """A handler whose problems become answers, and that only those reach who may."""

        async def handle(request: Request) -> Response:
            try:
                let_in(request, self._keys, self._hosts)
                return await handler(request)
            except Problem as problem:
                if problem.status == 401 and request.url.path == "/":
                    # A browser sends no key of its own: the page asks for it.
                    return HTMLResponse(DOOR, 401, _PAGE_HEADERS)
                return problem_response(problem)
            except ClientDisconnect:
                return Response(status_code=499)

        return handle

    # --- about the service

    async def page(self, request: Request) -> Response:
        return HTMLResponse(self._page, headers=_PAGE_HEADERS)

    async def openapi(self, request: Request) -> Response:
        return Response(self._document, media_type="application/json")

    async def health(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        return Response(self._counts.text(), media_type="text/plain; version=0.0.4")

    async def programs(self, request: Request) -> Response:
        return _json(
            {
                "programs": [
                    {
                        "name": one.name,
                        "description": one.description,
                        "inputs": [each.name for each in one.inputs],
                        "outputs": list(one.outputs),
                    }
                    for one in self._endpoints.values()
                ]
            }
        )

    # --- running

    async def run(self, request: Request) -> Response:
        endpoint = self._endpoint(request)
        values = await self._body(request)
        return _json(await _while_connected(request, self._run(endpoint, values)))

    async def stream(self, request: Request) -> Response:
        endpoint = self._endpoint(request)
        values = self._read(endpoint, await self._body(request))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(
            self._events(endpoint, values), media_type="text/event-stream", headers=headers
        )

    async def batch(self, request: Request) -> Response:
        endpoint = self._endpoint(request)
        rows = (await self._body(request)).get("rows")
        if not isinstance(rows, list):
            raise Problem(422, "There are no rows", 'a batch is written {"rows": [{…}, {…}]}')
        if len(rows) > self._settings.max_batch:
            raise Problem(
                413,
                "The batch is too large",
                f"it may have {self._settings.max_batch:,} rows, not {len(rows):,}",
            )
        async with self._turnstile.batch() as room:
            results = asyncio.gather(*(self._row(endpoint, row, room) for row in rows))
            return _json({"results": await _while_connected(request, results)})

    async def _row(self, endpoint: Endpoint, row: Any, room: asyncio.Semaphore) -> dict[str, Any]:
        try:
            if not isinstance(row, dict):
                raise Problem(422, "A row must be a JSON object")
            async with room:
                return {"outputs": await self._run(endpoint, row, patient=True)}
        except Problem as problem:
            return {"error": problem.as_json()}

    async def _run(
        self, endpoint: Endpoint, given: dict[str, Any], *, patient: bool = False
    ) -> dict[str, Any]:
        with self._counts.run(endpoint.name) as outcome:
            try:
                values = self._read(endpoint, given)
                async with self._turn(patient):
                    outputs = await endpoint.run(values)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
                problem = problem_of(error, endpoint.name)
                outcome.status = problem.status
                raise problem from None
            outcome.status = 200
            return outputs

    async def _events(self, endpoint: Endpoint, values: dict[str, Any]) -> AsyncIterator[bytes]:
        """The events of a run, with comments where there is none for long."""
        pieces: asyncio.Queue[bytes | None] = asyncio.Queue(256)
        task = asyncio.create_task(self._write_events(endpoint, values, pieces))
        try:
            while not (task.done() and pieces.empty()):
                try:
                    event = await asyncio.wait_for(pieces.get(), _QUIET_SECONDS)
                except TimeoutError:
                    event = comment()
                if event is None:
                    return
                yield event
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _write_events(
        self, endpoint: Endpoint, values: dict[str, Any], pieces: asyncio.Queue[bytes | None]
    ) -> None:
        with self._counts.run(endpoint.name) as outcome:
            try:
                async with self._turn(patient=False):
                    async for piece in endpoint.stream(values):
                        await pieces.put(as_event(piece))
                outcome.status = 200
            except Exception as error:  # noqa: BLE001 - the status line is long gone: it becomes an event
                problem = problem_of(error, endpoint.name)
                outcome.status = problem.status
                await pieces.put(as_event(problem))
        await pieces.put(None)

    def _turn(self, patient: bool) -> _Turn:
        return _Turn(self._turnstile, self._settings.timeout, patient)

    # --- reading

    def _endpoint(self, request: Request) -> Endpoint:
        name = request.path_params["name"]
        if name not in self._endpoints:
            raise Problem(404, "There is no such program", f"there is {', '.join(self._endpoints)}")
        return self._endpoints[name]

    async def _body(self, request: Request) -> dict[str, Any]:
        body = await read_body(request, self._settings.max_body)
        if not body.strip():
            raise Problem(400, "The body is not JSON", "it is empty")
        try:
            values = msgspec.json.decode(body)
            json.loads(body, object_pairs_hook=_once)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Problem(400, "The body is not JSON", str(error)) from None
        if not isinstance(values, dict):
            raise Problem(422, "The inputs do not fit", 'they are a JSON object, like {"text": "…"}')
        return values

    def _read(self, endpoint: Endpoint, values: dict[str, Any]) -> dict[str, Any]:
        try:
            return endpoint.read(values)
        except Exception as error:  # noqa: BLE001 - also what a type of the user's own raises
            raise problem_of_inputs(error, endpoint.name) from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object in which a name is there twice: readers differ in which of the values they take."""
    names = {name for name, _ in pairs}
    if len(names) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Problem(400, "The body is not clear", f"`{name[:100]}` is there twice")
            seen.add(name)


class _Turn:
    """A turn of the turnstile that ends when its time is over."""

    def __init__(self, turnstile: Turnstile, seconds: float, patient: bool) -> None:
        self._timeout = asyncio.timeout(seconds)
        self._turn = turnstile.turn(patient=patient)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        try:
            await self._turn.__aenter__()
        except BaseException as error:
            await self._timeout.__aexit__(type(error), error, error.__traceback__)
            raise

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self._turn.__aexit__(kind, error, traceback)
        await self._timeout.__aexit__(kind, error, traceback)


async def _while_connected(request: Request, work: Awaitable[Any]) -> Any:
    """What some work gives; it is cancelled when the caller goes away, so that nobody pays for it."""
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def problem_response(problem: Problem) -> Response:
    """A problem as an answer."""
    headers = problem.headers()
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(_encode(problem.as_json()), problem.status, headers, MEDIA_TYPE)


async def _on_http_error(request: Request, error: Exception) -> Response:
    """What has no route, or is asked for by another method."""
    assert isinstance(error, HTTPException)
    detail = {404: "`GET /` shows what there is", 405: "programs are run by POST"}.get(error.status_code, "")
    problem = problem_response(Problem(error.status_code, error.detail, detail))
    problem.headers.update(error.headers or {})
    return problem


def _json(value: Any) -> Response:
    return Response(_encode(value), media_type="application/json")


_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
