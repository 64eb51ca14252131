"""What the features work with: the files, the client and what it can do, and what is to be done later."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..grammar.source import Encoding
from .connection import Connection
from .protocol import Diagnostic, LogMessageParams, MessageType
from .scheduling import Later
from .workspace import Workspace

logger = logging.getLogger(__name__)


class Refusal(Exception):
    """Why a request cannot be answered, as a sentence that the client shows to its user."""


class Server:
    """One client, from `initialize` to `exit`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.files = Workspace()
        self.later = Later()
        self.encoding: Encoding = "utf-16"
        """How this client counts columns."""
        self.client: dict[str, Any] = {}
        """What the client says that it can do."""
        self.published: dict[str, tuple[int, list[Diagnostic]]] = {}
        """What was pushed last for each URI."""
        self._tokens: dict[str, tuple[int, list[int]]] = {}
        self.wrong_settings: dict[str, list[Diagnostic]] = {}
        """What was pushed last for each file of settings in which something is wrong."""

    def keep_tokens(self, uri: str, data: list[int]) -> str:
        """Keep the semantic tokens that are sent of a file; the name of that answer."""
        number = self._tokens[uri][0] + 1 if uri in self._tokens else 1
        self._tokens[uri] = (number, data)
        return str(number)

    def kept_tokens(self, uri: str, name: str) -> list[int] | None:
        """The semantic tokens that were sent last of a file, if that answer had this name."""
        number, data = self._tokens.get(uri, (0, []))
        return data if str(number) == name else None

    def forget_tokens(self, uri: str) -> None:
        """A file was closed."""
        self._tokens.pop(uri, None)

    def view(self) -> Server:
        """The same client, seen by another thread: with files of its own, and jobs that are never done."""
        other = Server(self.connection)
        other.encoding = self.encoding
        other.client = self.client
        return other

    def client_can(self, path: str) -> Any:
        """What the client says under a path such as `textDocument.hover.contentFormat`; None for nothing."""
        found: Any = self.client
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def log(self, level: MessageType, message: str) -> None:
        """Write to the client's log; no window pops up."""
        self.connection.notify("window/logMessage", LogMessageParams(level, message))

    def log_warning(self, message: str) -> None:
        """Write something that the client did wrong to its log, and to ours."""
        logger.warning("%s", message)
        self.log(MessageType.WARNING, f"dspyc: {message}")

    def report(self, what: str) -> None:
        """Write the exception that is being handled to the client's log: it is a defect of ours."""
        logger.exception("%s failed", what)
        self.log(
            MessageType.ERROR, f"dspyc: {what} failed; this is a bug in dspyc.\n{traceback.format_exc()}"
        )

    @contextmanager
    def guard(self, what: str) -> Iterator[None]:
        """Go on after a defect of ours, and write it to the client's log."""
        try:
            yield
        except Exception:  # noqa: BLE001 one defect of ours must not end the session
            self.report(what)
