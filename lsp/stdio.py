"""The server's loop over standard streams: one thread reads, one works, and no cancelled request runs.

pygls' own loop reads, runs handlers and waits on the same threads, so that a request which was cancelled
while it waited is run all the same. Here everything that has arrived is looked at before anything is begun,
and what can wait (diagnostics) is done when nothing else is asked for.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from collections.abc import Callable

    from .protocol import Protocol

logger = logging.getLogger(__name__)

Message = dict[str, Any]


def read_messages(stream: BinaryIO) -> Message | None:
    """The next message of a stream that could be decoded; None at its end."""
    while True:
        length = None
        while (line := stream.readline()) not in (b"\r\n", b"\n", b""):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        if line == b"":
            return None
        if length is None:
            continue
        body = stream.read(length)
        if len(body) < length:
            return None
        try:
            message = json.loads(body)
        except ValueError:
            logger.warning("The client sent what is not JSON")
            continue
        if isinstance(message, dict):
            return message


class Writer:
    """What the protocol sends messages with; it adds the header."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Send the body of a message."""
        self._stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
        self._stream.flush()

    def close(self) -> None:
        """Send nothing more."""
        self._stream.close()


@dataclass
class _Job:
    due: float
    run: Callable[[], None]


class Later:
    """What is to be done when nothing is asked for: one job a key, a new one in the old one's place."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}

    def add(self, key: str, delay: float, run: Callable[[], None]) -> None:
        """Run this in `delay` seconds, or when there is nothing else to do after that."""
        self._jobs[key] = _Job(time.monotonic() + delay, run)

    def remove(self, key: str) -> None:
        """Forget a job."""
        self._jobs.pop(key, None)

    def wait(self) -> float | None:
        """The seconds until a job is due; None when there is none."""
        if not self._jobs:
            return None
        return max(0.0, min(job.due for job in self._jobs.values()) - time.monotonic())

    def run_one(self) -> None:
        """Run the job that has been due for longest, if one is."""
        if not self._jobs:
            return
        key, job = min(self._jobs.items(), key=lambda item: item[1].due)
        if job.due <= time.monotonic():
            del self._jobs[key]
            job.run()


def serve(protocol: Protocol, stdin: BinaryIO, later: Later) -> None:
    """Handle messages until the client goes away or says `exit` (which raises SystemExit)."""
    inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(stdin, inbox), name="reader", daemon=True).start()
    waiting: deque[Message] = deque()
    while True:
        ended = _take(inbox, waiting, None if waiting else later.wait(), block=not waiting)
        if waiting:
            _handle(protocol, waiting.popleft(), waiting)
        elif ended:
            return
        else:
            later.run_one()


def _read(stream: BinaryIO, inbox: queue.SimpleQueue[Message | None]) -> None:
    try:
        while (message := read_messages(stream)) is not None:
            inbox.put(message)
    except (OSError, ValueError):
        logger.info("The input was closed", exc_info=True)
    inbox.put(None)


def _take(
    inbox: queue.SimpleQueue[Message | None], waiting: deque[Message], timeout: float | None, *, block: bool
) -> bool:
    """Move all that has arrived to `waiting`, if asked to wait at least one; whether the input has ended."""
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


def _handle(protocol: Protocol, message: Message, waiting: deque[Message]) -> None:
    request = message.get("id") if "method" in message else None
    if request is not None and any(
        later.get("method") == lsp.CANCEL_REQUEST and later.get("params", {}).get("id") == request
        for later in waiting
    ):
        protocol.refuse(request, lsp.LSPErrorCodes.RequestCancelled, "cancelled before it was begun")
        return
    if message.get("method") == lsp.CANCEL_REQUEST:
        return  # The request has been answered: requests run one after the other.
    try:
        structured = protocol.structure_message(message)
    except JsonRpcException:
        logger.warning("The client sent a message of the wrong shape: %.500s", message)
        if request is not None:
            protocol.refuse(request, lsp.ErrorCodes.InvalidParams, "the parameters have the wrong shape")
        return
    protocol.handle_message(structured)
