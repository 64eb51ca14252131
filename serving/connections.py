"""Connections on which a request has to come in time."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 30.0
"""How long a caller may take for the head of a request, from its first byte or the connection."""

_Protocol: Any = AutoHTTPProtocol


class Connection(_Protocol):  # type: ignore[misc]
    """uvicorn's protocol, which itself waits for ever for the rest of a request's head.

    Whoever opens connections and sends nothing, or a byte now and then, would take all that there can be.
    """

    _timer: asyncio.TimerHandle
    _since: float | None
    """Since when the head of a request is awaited; None while nothing has come of it, or it is all there."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A caller is there."""
        super().connection_made(transport)
        self._since = asyncio.get_running_loop().time()
        self._wait(HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or (before is not None and not before.response_complete):
            self._since = None
        elif self._since is None:
            self._since = asyncio.get_running_loop().time()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._timer.cancel()
        super().connection_lost(exc)

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """Close the connection if the head of a request has been awaited for too long."""
        passed = 0.0 if self._since is None else asyncio.get_running_loop().time() - self._since
        if passed >= HEAD_SECONDS:
            self.transport.close()
            return
        self._wait(max(HEAD_SECONDS - passed, 0.1))
