"""What a service is started with, as data that its worker processes can be told."""

from __future__ import annotations

import os

import msgspec
from msgspec import Struct

KEY_VARIABLE = "DSPYC_SERVE_KEY"
"""The environment variable with the keys that callers have to send, separated by commas."""

_HANDED_ON = "DSPYC_SERVE_SETTINGS"


class Settings(Struct, frozen=True):
    """How a service answers."""

    targets: tuple[tuple[str, str | None], ...]
    """The files, each with the one program that is served of it; all of them where that is None."""
    models: tuple[str, ...] = ()
    """What `--lm` was given."""
    local: bool = True
    """Whether it can only be reached from this machine."""
    max_body: int = 4 << 20
    """The largest body of a request, in bytes."""
    max_concurrency: int = 64
    """How many runs of programs are under way at once, in each process."""
    max_waiting: int = 256
    """How many more wait for their turn; others are told to come back."""
    max_batch: int = 1_000
    """How many rows a batch may have."""
    timeout: float = 300.0
    """The seconds that one run may take, its waiting included."""
    version: str = ""
    """What the OpenAPI document gives as the version of the service."""

    def hand_on(self) -> None:
        """Put the settings where worker processes, which are started anew, find them."""
        os.environ[_HANDED_ON] = msgspec.json.encode(self).decode()

    @classmethod
    def handed_on(cls) -> Settings:
        """The settings in a worker process."""
        return msgspec.json.decode(os.environ[_HANDED_ON], type=cls)


def keys() -> tuple[bytes, ...]:
    """The keys of callers; none where anybody may call."""
    return tuple(
        each.strip().encode() for each in os.environ.get(KEY_VARIABLE, "").split(",") if each.strip()
    )
