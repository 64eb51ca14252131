"""JSON-RPC over two streams: a thread reads and decodes messages, and any thread may send one."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable
from itertools import count
from typing import Any, BinaryIO, TypeAlias

import msgspec

from .protocol import ErrorCode

logger = logging.getLogger(__name__)

Message: TypeAlias = dict[str, Any]
OnAnswer: TypeAlias = Callable[[Any], None]
OnArrival: TypeAlias = Callable[[Message], bool]
"""Looks at a message in the thread that reads; whether it is done with."""

LONGEST_MESSAGE = 256 << 20
"""Bytes; a header that announces more is not believed, and the connection ends."""
LONGEST_HEADER = 4096


class Connection:
    """Messages to and from a client."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self.inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        """What has arrived; None once nothing more will."""
        self._source = source
        self._target = target
        self._sending = threading.Lock()
        self._numbers = count(1)  # a thread may ask, too
        self._expected: dict[str, OnAnswer] = {}
        """What takes the answers to our requests, by their numbers."""

    # --- reading ----------------------------------------------------------------------------------------

    def start(self, on_arrival: OnArrival) -> None:
        """Read messages in a thread of their own until the stream ends.

        Each message goes to `on_arrival` first, in that thread, and to the inbox when that returns False.
        """
        threading.Thread(target=self._read_all, args=(on_arrival,), name="reader", daemon=True).start()

    def end(self) -> None:
        """Let the reader of the inbox know that nothing more will come."""
        self.inbox.put(None)

    def _read_all(self, on_arrival: OnArrival) -> None:
        try:
            while (body := read_body(self._source)) is not None:
                message = self._decode(body)
                if message is not None and not on_arrival(message):
                    self.inbox.put(message)
        except (OSError, ValueError):
            logger.info("the input was closed", exc_info=True)
        except Exception:
            logger.exception("reading failed")
        finally:
            self.end()

    def _decode(self, body: bytes) -> Message | None:
        try:
            message = decode(body)
        except (ValueError, RecursionError) as error:
            logger.warning("the client sent a message that is not JSON: %s", error)
            self.fail(None, ErrorCode.PARSE_ERROR, "the message is not JSON")
            return None
        if isinstance(message, dict):
            return message
        self.fail(None, ErrorCode.INVALID_REQUEST, "a message must be a JSON object")
        return None

    # --- sending ----------------------------------------------------------------------------------------

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any, on_answer: OnAnswer | None = None) -> None:
        """Send a request. `on_answer` gets the result, when the loop takes it; nobody an error."""
        number = f"dspyc-{next(self._numbers)}"
        if on_answer is not None:
            self._expected[number] = on_answer
        self.send({"id": number, "method": method, "params": params})

    def is_expected(self, message: Message) -> bool:
        """Whether a message is an answer that somebody waits for."""
        return "method" not in message and message.get("id") in self._expected

    def take_answer(self, message: Message) -> None:
        """Hand an answer to what waits for it."""
        on_answer = self._expected.pop(message["id"], None)
        if on_answer is not None and "result" in message:
            on_answer(message["result"])

    def answer(self, request: Any, result: Any) -> None:
        """Answer a request."""
        self.send({"id": request, "result": result})

    def fail(self, request: Any, code: ErrorCode, message: str) -> None:
        """Answer a request with an error; `None` stands for one whose number could not be read."""
        self.send({"id": request, "error": {"code": int(code), "message": message}})

    def send(self, message: Message) -> None:
        """Send a message that may have been received from somebody else."""
        self.send_body(encode({"jsonrpc": "2.0", **message}))

    def send_body(self, body: bytes) -> None:
        """Send a message that is encoded already."""
        with self._sending:
            self._target.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            self._target.flush()


def read_body(source: BinaryIO) -> bytes | None:
    """The body of the next message; None at the end of the stream, or where it cannot be followed."""
    while True:
        length: int | None = None
        while (line := source.readline(LONGEST_HEADER)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value) if len(value) < 20 else LONGEST_MESSAGE + 1
        if line == b"":
            return None
        if length is None:
            continue
        if length > LONGEST_MESSAGE:
            logger.error("the client announced a message of %d bytes or more; closing the connection", length)
            return None
        body = source.read(length)
        return body if len(body) == length else None


def decode(body: bytes) -> Any:
    """JSON to Python's values.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        # Half of a surrogate pair, which an editor may hold for a moment, is not Unicode but is JSON.
        return json.loads(body)


def encode(message: Message) -> bytes:
    """Structures and Python's values to JSON."""
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(message), ensure_ascii=True).encode()
