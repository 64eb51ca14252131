"""The ASGI application of `dspyc ui`: a page, and what it asks for. Everything is read, nothing is written.

| | |
| --- | --- |
| `GET /` | the page |
| `GET /api/list` | what there is in the folder |
| `GET /api/trace/KEY`, `/api/trace/KEY/call/NUMBER` | a trace, and what was said in one of its calls |
| `GET /api/journal/KEY` | how far an unfinished run is |
| `GET /report/KEY`, `/report/KEY/NUMBER` | the report of an evaluation, or of what a program has learned |
| `GET /compare?before=KEY/NUMBER&after=KEY/NUMBER` | the report of two evaluations on the same rows |
| `GET /events` | an event each time when something in the folder has changed |
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from .gate import REPORT_POLICY, Gate, guard
from .library import Library, Missing, number_in

_HERE = Path(__file__).parent / "pages"
_REPORT = Path(__file__).parent.parent / "runtime" / "evaluate" / "report"
_ASSETS = {
    "ui.css": (_HERE / "ui.css", "text/css"),
    "report.css": (_REPORT / "page.css", "text/css"),
    "ui.js": (_HERE / "ui.js", "text/javascript"),
    "list.js": (_HERE / "list.js", "text/javascript"),
    "trace.js": (_HERE / "trace.js", "text/javascript"),
    "parts.js": (_HERE / "parts.js", "text/javascript"),
}
_LOOK_SECONDS = 0.5
"""How often the folder is looked at while a page listens."""
_QUIET_LOOKS = 30
"""After so many looks without an event a comment is sent, so that a page that is gone is noticed."""

_encode = msgspec.json.Encoder(order=None).encode
Answer = Callable[[Request], Response]


def make_app(folder: Path, gate: Gate) -> Starlette:
    """The application that shows a folder.

    Args:
        folder: the folder.
        gate: who may look.
    """
    pages = _Pages(Library(folder))
    routes = [
        Route("/", _guarded(gate, pages.page)),
        Route("/assets/{name}", _guarded(gate, pages.asset)),
        Route("/api/list", _guarded(gate, pages.listing)),
        Route("/api/trace/{key}", _guarded(gate, pages.trace)),
        Route("/api/trace/{key}/call/{number}", _guarded(gate, pages.call)),
        Route("/api/journal/{key}", _guarded(gate, pages.journal)),
        Route("/report/{key}", _guarded(gate, pages.report)),
        Route("/report/{key}/{number}", _guarded(gate, pages.report)),
        Route("/compare", _guarded(gate, pages.compare)),
        Route("/events", _guarded(gate, pages.events)),
        # Who has no token is not told what there is.
        Route("/{rest:path}", _guarded(gate, lambda _: _missing("there is nothing at this address"))),
    ]
    return Starlette(routes=routes)


def _guarded(gate: Gate, answer: Answer) -> Any:
    async def handle(request: Request) -> Response:
        refusal = gate.refusal(request)
        if refusal is not None:
            return refusal
        try:
            return guard(await run_in_threadpool(answer, request))
        except Missing as problem:
            return guard(_missing(str(problem)))

    return handle


class _Pages:
    def __init__(self, library: Library) -> None:
        self._library = library

    def page(self, request: Request) -> Response:
        return HTMLResponse((_HERE / "index.html").read_bytes())

    def asset(self, request: Request) -> Response:
        found = _ASSETS.get(request.path_params["name"])
        if found is None:
            return _missing("there is nothing at this address")
        return Response(found[0].read_bytes(), media_type=found[1])

    def listing(self, request: Request) -> Response:
        return _json(self._library.listing())

    def trace(self, request: Request) -> Response:
        return _json(self._library.trace(request.path_params["key"]))

    def call(self, request: Request) -> Response:
        return _json(self._library.said(request.path_params["key"], _number(request)))

    def journal(self, request: Request) -> Response:
        return _json(self._library.journal(request.path_params["key"]))

    def report(self, request: Request) -> Response:
        number = _number(request) if "number" in request.path_params else None
        return _report(self._library.report(request.path_params["key"], number))

    def compare(self, request: Request) -> Response:
        return _report(
            self._library.compared(*(request.query_params.get(name, "") for name in ("before", "after")))
        )

    def events(self, request: Request) -> Response:
        return StreamingResponse(self._changes(), media_type="text/event-stream")

    async def _changes(self) -> AsyncIterator[bytes]:
        seen, quiet = "", 0
        while True:
            now = await run_in_threadpool(self._library.fingerprint)
            quiet += 1
            if now != seen:
                seen, quiet = now, 0
                yield f"event: changed\ndata: {now}\n\n".encode()
            elif quiet >= _QUIET_LOOKS:
                quiet = 0
                yield b": nothing new\n\n"
            await asyncio.sleep(_LOOK_SECONDS)


def _number(request: Request) -> int:
    """The number in an address.

    Raises:
        Missing: it is none.
    """
    number = number_in(request.path_params["number"])
    if number is None:
        raise Missing("there is nothing at this address")
    return number


def _json(value: Any) -> Response:
    try:
        content = _encode(value)
    except (UnicodeEncodeError, OverflowError):
        # What files hold, and what they are called, may be more than a page can be told.
        content = _encode(_tellable(value))
    return Response(content, media_type="application/json")


def _tellable(value: Any) -> Any:
    """A value in which half a surrogate pair is a question mark, and so is a number beyond 64 bits."""
    if isinstance(value, str):
        return _encoded(value).decode()
    if isinstance(value, int):
        return value if abs(value) < 2**63 else "?"
    if isinstance(value, dict):
        return {_tellable(name): _tellable(each) for name, each in value.items()}
    return [_tellable(each) for each in value] if isinstance(value, (list, tuple)) else value


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _report(page: str) -> Response:
    return HTMLResponse(_encoded(page), headers={"content-security-policy": REPORT_POLICY})


def _missing(why: str) -> Response:
    return PlainTextResponse(_encoded(f"{why[:1].upper()}{why[1:]}.\n"), 404)
