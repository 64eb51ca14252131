"""Connections on which a request has to come in time."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 30.0
"""How long a caller may take for the head of a request, once at least and less than twice as long."""

_Protocol: Any = AutoHTTPProtocol


class Connection(_Protocol):  # type: ignore[misc]
    """uvicorn's protocol, which itself waits for ever for the rest of a request's head.

    Whoever opens connections and sends nothing, or a byte now and then, would take all that there can be.
    """

    _timer: asyncio.TimerHandle
    _seen: Any = None
    """The last request, when it was looked last."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A caller is there."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._timer.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._look)

    def _look(self) -> None:
        """Close the connection if nothing was asked since the last look, and nothing is being answered."""
        last = self.cycle
        if last is self._seen and (last is None or last.response_complete):
            self.transport.close()
            return
        self._seen = last
        self._wait()
