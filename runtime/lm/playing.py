"""What answers the requests of a running test instead of models, or keeps what they answer.

Apart from the cassettes themselves, because each request asks whether there is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from .request import Request, Response


class Player(Protocol):
    """A cassette during a test."""

    @property
    def asks_models(self) -> bool:
        """Whether models are asked, so that their calls are noted already."""
        ...

    def leaves(self, request: Request, in_process: bool) -> bool:
        """Whether a request is the model's alone; `in_process` is whether that answers in this process."""
        ...

    async def answer(self, request: Request, send: Callable[[], Awaitable[Response]]) -> Response:
        """What a model answers, from the cassette or for it; `send` asks the model."""
        ...


_player: ContextVar[Player | None] = ContextVar("dspyc_player", default=None)


@contextmanager
def playing(player: Player) -> Iterator[None]:
    """Let a cassette stand between models and what asks them."""
    token = _player.set(player)
    try:
        yield
    finally:
        _player.reset(token)


player: Callable[[], Player | None] = _player.get
"""What stands between models and what asks them here."""
