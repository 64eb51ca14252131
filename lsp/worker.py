"""The process that answers what needs the whole project, so that whoever types waits for none of it.

It is another server of the same kind: it is told all that the client says of its files, and what it answers
goes to the client as it is. It starts with the first such request, and ends with this process.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader, BufferedWriter
from typing import TYPE_CHECKING, Any

from . import convert
from .connection import Connection, Message, decode, read_body
from .protocol import (
    DidOpenTextDocumentParams,
    ErrorCode,
    MessageType,
    TextDocumentItem,
)
from .starting import command_of

if TYPE_CHECKING:
    from .session import Server

logger = logging.getLogger(__name__)

ENDED = "the process that looks at the whole project has ended; ask again"
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows, a process of a server without a window would open one."""
_GREETING = "dspyc-greeting"
_GRACE = 5.0
"""Seconds that a process has to end once nobody listens to it."""


class _Process:
    """One process, from its start to its end."""

    def __init__(self, server: Server, done: Callable[[Any], None]) -> None:
        self._server = server
        self._done = done
        self._asked: dict[str, Any] = {}
        """The requests without an answer."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            command_of("worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            creationflags=_NO_WINDOW,
        )
        target, source = self._process.stdin, self._process.stdout
        assert isinstance(target, BufferedWriter)
        assert isinstance(source, BufferedReader)
        self._input, self._output = target, source
        self._connection = Connection(self._output, self._input)
        self.has_ended = False
        threading.Thread(target=self._pass_on, name="worker", daemon=True).start()

    def tell(self, message: Message) -> None:
        """Send a message; one that has ended is told nothing."""
        with suppress(OSError, ValueError):
            self._connection.send(message)

    def ask(self, message: Message) -> None:
        """Send a request; the client gets its answer, and an error where there is none."""
        with self._lock:
            is_lost = self.has_ended
            if not is_lost:
                self._asked[repr(message["id"])] = message["id"]
        if is_lost:
            self._fail(message["id"])
        else:
            self.tell(message)

    def end(self) -> None:
        """Let the process end, and answer what it was asked."""
        with suppress(OSError, ValueError):
            self._input.close()

    def _pass_on(self) -> None:
        with suppress(OSError, ValueError, RecursionError):
            while (body := read_body(self._output)) is not None:
                self._received(body)
        with self._lock:
            self.has_ended = True
            lost, self._asked = self._asked, {}
        # It may still run: what it said was no message.
        self._output.close()
        self.end()
        try:
            code = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code:
            self._server.log(MessageType.ERROR, f"dspyc: {ENDED} (it ended with {code})")
        for request in lost.values():
            self._fail(request)

    def _received(self, body: bytes) -> None:
        message = decode(body)
        if message.get("method") is None:
            request = message.get("id")
            if request == _GREETING:
                return
            with self._lock:
                is_asked = self._asked.pop(repr(request), None) is not None
            if not is_asked:
                return
            self._done(request)
        with suppress(OSError, ValueError):
            self._server.connection.send_body(body)

    def _fail(self, request: Any) -> None:
        self._done(request)
        with suppress(OSError, ValueError):
            self._server.connection.fail(request, ErrorCode.REQUEST_CANCELLED, ENDED)


class Worker:
    """The process behind a server, started anew where it has ended.

    Args:
        server: the server that is asked.
        done: called, in a thread, with the number of each request that has its answer.
    """

    def __init__(self, server: Server, done: Callable[[Any], None]) -> None:
        self._server = server
        self._done = done
        self._process: _Process | None = None

    def ask(self, message: Message) -> None:
        """Pass a request on. Raises OSError where no process can be started."""
        if self._process is None or self._process.has_ended:
            self._process = self._start()
        self._process.ask(message)

    def tell(self, message: Message) -> None:
        """Pass on what the client says, if there is a process to hear it."""
        if self._process is not None:
            self._process.tell(message)

    def end(self) -> None:
        """Nothing will be asked any more."""
        if self._process is not None:
            self._process.end()

    def _start(self) -> _Process:
        process = _Process(self._server, self._done)
        files = self._server.files
        greeting = {
            "processId": os.getpid(),
            "capabilities": self._server.client,
            "workspaceFolders": [{"uri": convert.uri_of(each)} for each in files.folders],
        }
        process.tell({"id": _GREETING, "method": "initialize", "params": greeting})
        for each in files.open.values():
            item = TextDocumentItem(each.uri, each.version, each.source.text)
            process.tell({"method": "textDocument/didOpen", "params": DidOpenTextDocumentParams(item)})
        return process
