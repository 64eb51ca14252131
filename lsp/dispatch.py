"""The server's loop: what is done when, in which thread, and what a cancellation stops.

One thread reads. The main thread takes changes and answers most requests, in the order of arrival; jobs that
can wait (diagnostics) run between two messages as soon as they are due, so that a client which asks all the
time does not keep them away. Another process answers what needs the whole project (`worker.py`); there, the
main thread does, and so does this file.

A cancellation is seen by the thread that reads, at once: a request that waits is refused, one that runs is
stopped at its next `check_cancelled`.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from ..base.cancellation import Cancelled, Token, cancelled_by
from .connection import Message
from .features.handler import Handler
from .protocol import ErrorCode, Structure
from .session import Refusal, Server, Waiting
from .worker import Worker

_SHARED = frozenset(
    {
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didClose",
        "workspace/didChangeWatchedFiles",
        "workspace/didChangeWorkspaceFolders",
        "workspace/didCreateFiles",
        "workspace/didDeleteFiles",
        "workspace/didRenameFiles",
    }
)
"""What the other process hears, too."""


CANNOT_START = "the process that looks at the whole project cannot be started"


class ExitCode(Struct, frozen=True):
    """What `exit` was answered with: the process ends with this."""

    code: int


class Dispatcher:
    """Takes what a client sends to what answers it."""

    def __init__(
        self, server: Server, requests: Mapping[str, Handler], notifications: Mapping[str, Handler]
    ) -> None:
        self._server = server
        self._requests = requests
        self._notifications = notifications
        self._tokens: dict[Any, Token] = {}
        """The requests without an answer, each with what cancels it."""
        self._lock = threading.Lock()
        self._worker = None if server.is_worker else Worker(server, self._forget)
        self._passed_on: set[str] = set()
        """The requests that the other process has."""
        self._waiting: dict[str, Callable[[], None]] = {}
        """What asks again for each request that is answered when something has changed."""
        self._state = "new"
        server.resume = self._resume

    def serve(self) -> int:
        """Handle messages until the client goes away or says `exit`; the exit code of the process."""
        connection, later = self._server.connection, self._server.later
        connection.start(self._arrived)
        waiting: deque[Message] = deque()
        while True:
            ended = _take(connection.inbox, waiting, None if waiting else later.wait())
            if waiting:
                done = self._handle(waiting.popleft())
                if done is not None:
                    return done.code
            elif ended:
                return 0
            if not any(message.get("method") == "textDocument/didChange" for message in waiting):
                later.run_one()

    def _arrived(self, message: Message) -> bool:
        """In the reading thread: note a request, obey a cancellation."""
        method, request = message.get("method"), message.get("id")
        if method == "$/cancelRequest":
            params = message.get("params")
            with self._lock:
                key = _key(params.get("id")) if isinstance(params, dict) else ""
                token = self._tokens.get(key)
                waits = key in self._waiting
                is_passed_on = key in self._passed_on
            if token is not None:
                token.cancel()
            if is_passed_on and self._worker is not None:
                self._worker.tell(message)
            return not waits
        if method is not None and request is not None:
            with self._lock:
                self._tokens[_key(request)] = Token()
        return method is None and not self._server.connection.is_expected(message)

    def _handle(self, message: Message) -> ExitCode | None:
        method, request = str(message.get("method")), message.get("id")
        if "method" not in message:
            with self._server.guard("an answer of the client"):
                self._server.connection.take_answer(message)
        elif request is not None:
            self._answer(method, request, message)
        elif method == "$/cancelRequest":
            self._resume()
        elif method == "exit":
            return ExitCode(0 if self._state == "shut down" else 1)
        elif self._state == "running" and method in self._notifications:
            handler = self._notifications[method]
            try:
                params = _shaped(message.get("params"), handler.params)
            except msgspec.ValidationError as error:
                self._server.log_warning(f"invalid parameters for `{method}`: {error}")
                return None
            if self._worker is not None and method in _SHARED:
                self._worker.tell(message)
            with self._server.guard(method):
                handler.run(self._server, params)
        return None

    # --- requests ---------------------------------------------------------------------------------------

    def _answer(self, method: str, request: Any, message: Message) -> None:
        refusal = self._refusal(method)
        if refusal is not None:
            self._fail(request, *refusal)
            return
        if method == "shutdown":
            self._state = "shut down"
            for token in list(self._tokens.values()):
                token.cancel()
            self._resume()
            self._finish(request, None)
            if self._worker is not None:
                self._worker.end()
            return
        handler = self._requests.get(method)
        if handler is None:
            self._fail(request, ErrorCode.METHOD_NOT_FOUND, f"this server does not support `{method}`")
            return
        try:
            structured = _shaped(message.get("params"), handler.params)
        except msgspec.ValidationError as error:
            self._fail(request, ErrorCode.INVALID_PARAMS, str(error))
            return
        if handler.needs == "project" and self._worker is not None:
            self._pass_on(self._worker, request, message)
            return
        self._run(method, handler, request, structured)
        if method == "initialize":
            self._state = "running"

    def _pass_on(self, worker: Worker, request: Any, message: Message) -> None:
        """Let the other process answer a request, unless it is cancelled already."""
        with self._lock:
            token = self._tokens.get(_key(request))
            is_cancelled = token is not None and token.is_cancelled
            if not is_cancelled:
                self._passed_on.add(_key(request))
        if is_cancelled:
            self._fail(request, ErrorCode.REQUEST_CANCELLED, "cancelled")
            return
        try:
            worker.ask(message)
        except OSError as error:
            self._fail(request, ErrorCode.REQUEST_FAILED, f"{CANNOT_START}: {error.strerror or error}")

    def _resume(self) -> None:
        """Ask again what waits for a change, or was cancelled while it did."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for ask in waiting.values():
            ask()

    def _refusal(self, method: str) -> tuple[ErrorCode, str] | None:
        if self._state == "new" and method != "initialize":
            return ErrorCode.SERVER_NOT_INITIALIZED, "`initialize` must be sent first"
        if self._state == "running" and method == "initialize":
            return ErrorCode.INVALID_REQUEST, "the server is already initialized"
        if self._state == "shut down":
            return ErrorCode.INVALID_REQUEST, "the server is shut down"
        return None

    def _run(self, method: str, handler: Handler, request: Any, params: Structure) -> None:
        with self._lock:
            token = self._tokens.get(_key(request)) or Token()
        try:
            with cancelled_by(token):
                if token.is_cancelled:
                    raise Cancelled
                with self._in_one_pass(handler):
                    result = handler.run(self._server, params)
        except Cancelled:
            self._fail(request, ErrorCode.REQUEST_CANCELLED, "cancelled")
        except Refusal as refusal:
            self._fail(request, ErrorCode.REQUEST_FAILED, str(refusal))
        except Exception as error:  # noqa: BLE001 one defect of ours must not end the session
            self._server.report(method)
            self._fail(request, ErrorCode.INTERNAL_ERROR, f"{type(error).__name__}: {error}")
        else:
            if isinstance(result, Waiting):
                self._wait(request, partial(self._run, method, handler, request, params), token)
            else:
                self._finish(request, result)

    def _in_one_pass(self, handler: Handler) -> AbstractContextManager[None]:
        """Look at each file only once for what needs all of them."""
        return self._server.files.in_one_pass() if handler.needs == "project" else nullcontext()

    def _wait(self, request: Any, ask: Callable[[], None], token: Token) -> None:
        """Ask a request again when something has changed, or it is cancelled."""
        with self._lock:
            is_cancelled = token.is_cancelled
            if not is_cancelled:
                self._waiting[_key(request)] = ask
        if is_cancelled:
            self._fail(request, ErrorCode.REQUEST_CANCELLED, "cancelled")

    def _finish(self, request: Any, result: Any) -> None:
        self._forget(request)
        self._server.connection.answer(request, result)

    def _fail(self, request: Any, code: ErrorCode, message: str) -> None:
        self._forget(request)
        self._server.connection.fail(request, code, message)

    def _forget(self, request: Any) -> None:
        with self._lock:
            self._tokens.pop(_key(request), None)
            self._passed_on.discard(_key(request))


def _take(inbox: queue.SimpleQueue[Message | None], waiting: deque[Message], timeout: float | None) -> bool:
    """Move what has arrived to `waiting`, at least one message if there is none; whether it has ended."""
    block = not waiting
    try:
        while True:
            message = inbox.get(block, timeout)
            if message is None:
                inbox.put(None)
                return True
            waiting.append(message)
            block = False
    except queue.Empty:
        return False


def _shaped(params: Any, kind: type[Structure]) -> Structure:
    return msgspec.convert({} if params is None else params, kind)


def _key(request: Any) -> str:
    """A request's number as a key: whatever a client sends as one, `1` and `"1"` apart."""
    return repr(request)
