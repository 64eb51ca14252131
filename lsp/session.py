"""What the features work with: the files, the client and what it can do, and what is to be done later."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..grammar.source import Encoding
from .configuration import Configuration
from .connection import Connection
from .progress import Progress
from .protocol import Diagnostic, LogMessageParams, MessageType
from .scheduling import InThread, Later
from .workspace import Workspace

if TYPE_CHECKING:
    from ..compiler.completion.items import Completion

logger = logging.getLogger(__name__)


class Refusal(Exception):
    """Why a request cannot be answered, as a sentence that the client shows to its user."""


class Waiting(Struct, frozen=True):
    """The answer of a request that is asked again when something has changed, and is not answered before."""


class Server:
    """One client, from `initialize` to `exit`."""

    def __init__(self, connection: Connection, *, is_worker: bool = False, is_near: bool = True) -> None:
        self.connection = connection
        self.is_near = is_near
        """Whether the client has started this process. Of one over the network nobody knows who it is, and
        the number of its process means nothing here."""
        self.is_worker = is_worker
        """Whether this is the process that another server asks about the whole project."""
        self.files = Workspace()
        self.later = Later()
        self.looking_for_exports = InThread("exports", self._look_for_exports)
        self.runs_commands = is_near
        """Whether the commands of lenses can be run: by this server, or by the client, which says so."""
        self.encoding: Encoding = "utf-16"
        """How this client counts columns."""
        self.client: dict[str, Any] = {}
        """What the client says that it can do."""
        self.configuration = Configuration()
        """What the user sets in the editor."""
        self.published: dict[str, tuple[int, list[Diagnostic]]] = {}
        """What was pushed last for each URI."""
        self._tokens: dict[str, tuple[int, list[int]]] = {}
        self.wrong_settings: dict[str, list[Diagnostic]] = {}
        """What was pushed last for each file of settings in which something is wrong."""
        self.pulled: dict[str, str] = {}
        """The name of the last answer about the findings of each URI that the client asks for."""
        self.stale: set[str] = set()
        """The URIs whose findings may be others since the client asked for them."""
        self.offered: tuple[int, tuple[Completion, ...]] = (0, ())
        """The last completions, and how many lists there were: for what is asked of one of them."""
        self.resume: Callable[[], None] = lambda: None
        """Asks again what waits for a change."""

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

    def _look_for_exports(self) -> None:
        with self.guard("looking for names to import"):
            self.files.look_for_exports()

    # --- what the client can do

    def client_can(self, path: str) -> Any:
        """What the client says under a path such as `textDocument.hover.contentFormat`; None for nothing."""
        found: Any = self.client
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    @property
    def pulls(self) -> bool:
        """Whether the client asks for diagnostics; what it asks for is not pushed as well."""
        return self.client_can("textDocument.diagnostic") is not None

    @property
    def can_refresh(self) -> bool:
        """Whether the client asks for diagnostics anew when it is told to."""
        return bool(self.client_can("workspace.diagnostics.refreshSupport"))

    @property
    def shows_pages(self) -> bool:
        """Whether the client can link a finding to its page, and shows a text that only this server has."""
        support = "codeDescriptionSupport"
        has_link = any(
            self.client_can(f"textDocument.{each}.{support}") for each in ("publishDiagnostics", "diagnostic")
        )
        return has_link and self.client_can("workspace.textDocumentContent") is not None

    @property
    def takes_markup(self) -> bool:
        """Whether the message of a diagnostic that is asked for may be Markdown."""
        return bool(self.client_can("textDocument.diagnostic.markupMessageSupport"))

    # --- what is told while a request is answered

    def progress(self, token: str | int | None, title: str, total: int) -> Progress:
        """Tells the client how far some work is, under the token that it gave for it."""
        tell = None if token is None else partial(self._tell, token)
        return Progress(tell, title, total)

    def report_partially(self, token: str | int, part: Any) -> None:
        """Send a part of an answer before the rest is there."""
        self._tell(token, part)

    def _tell(self, token: str | int, value: Any) -> None:
        self.connection.notify("$/progress", {"token": token, "value": value})

    # --- the log

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
