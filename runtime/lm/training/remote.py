"""Trainings on other machines: they go on there whatever becomes of this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from ....base.forks import new_lock
from ...errors import (
    LMError,
    LMInvalidRequestError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
)
from ..jobs import TrainingJob

POLL_SECONDS = 5.0
OUTAGE_SECONDS = 600.0
"""How long looks at a job may fail before the wait for it ends; the job goes on at the server."""
_PASSING = (LMTransportError, LMServerError, LMRateLimitError, LMTimeoutError)
_T = TypeVar("_T")


class RemoteTrainingJob(TrainingJob):
    """A training at a server; subclasses say how it is stopped there."""

    states: ClassVar[Mapping[str, str]] = {}
    """The server's words for where a job stands, and ours; `running` for all others."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.provider_status: str | None = None
        self.events: list[dict[str, Any]] = []
        self._stopping = False
        self._stopped_there = False
        self._stop_lock = new_lock()

    def status(self) -> str:
        """Where it stands: `pending`, `running`, `paused`, `done`, `failed` or `cancelled`."""
        if self.done():
            return "cancelled" if self._stopping and self.exception_or_none() else super().status()
        return "pending" if self.provider_status is None else self.states.get(self.provider_status, "running")

    def exception_or_none(self) -> BaseException | None:
        """What it ended with, without raising."""
        return None if self.cancelled() else self.exception()

    def cancel(self) -> bool:
        """Stop the job at the server and delete its file there; False when it is over."""
        if self.done():
            return False
        self._stopping = True
        self._stop_there()
        return super().cancel() or True

    def _stop_there(self) -> None:
        """Stop the job at the server, once, and delete its file there; nothing where there is none yet."""
        with self._stop_lock:
            if self._stopped_there or not self.stop_at_server():
                return
            self._stopped_there = True
        self.forget_file()

    def stop_at_server(self) -> bool:
        """Stop the job at the server; False when there is none yet."""
        raise NotImplementedError

    def forget_file(self) -> None:
        """Delete the job's file at the server, if there is one; that it is gone already is no failure."""
        raise NotImplementedError

    def end_if_cancelled(self) -> None:
        """What the making of the job calls after each step: leave nothing behind at the server."""
        if self._stopping:
            self._stop_there()
            self.forget_file()
            self.stop_if_cancelled()

    def stop_if_cancelled(self) -> None:
        """What the wait calls each time."""
        if self._stopping:
            raise CancelledError(f"the training of `{self.model}` was cancelled")

    def tell(self, state: str, message: str, **facts: Any) -> None:
        """Note where the training stands, if that is new."""
        event = {"state": state, "message": message, **facts}
        if not self.events or self.events[-1] != event:
            self.events.append(event)

    def looked(self, look: Callable[[], _T], seconds: float) -> _T:
        """What a look at the server gives; an outage is waited out, as the job is paid for.

        Args:
            look: asks the server; it may be called again after a failure.
            seconds: between two attempts.

        Raises:
            LMError: the server refused it, or the outage lasted too long.
            CancelledError: the job was cancelled.
        """
        until = time.monotonic() + OUTAGE_SECONDS
        while True:
            try:
                return look()
            except _PASSING:
                if time.monotonic() >= until:
                    raise
            self.stop_if_cancelled()
            time.sleep(seconds)


@contextmanager
def naming(how: str) -> Iterator[None]:
    """Let an error say that the job goes on, and how to wait for it, unless the server does not know it."""
    try:
        yield
    except LMInvalidRequestError:
        raise
    except LMError as error:
        raise type(error)(f"{error}; {how}", status=error.status) from error
