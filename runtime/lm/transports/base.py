"""Who serves a model: a small table from the beginning of its name to the code that can reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache, lru_cache
from importlib import import_module
from typing import Protocol

from ...errors import LMConfigurationError
from ..request import Request, Response
from ..stream import Delta


class Transport(Protocol):
    """Carries requests to models.

    It makes one attempt and raises an `LMError`; retries, the cache and the history are the client's.
    """

    def complete(self, request: Request) -> Response:
        """Send a request and wait for the answer in this thread."""
        ...

    async def acomplete(self, request: Request) -> Response:
        """Send a request and wait for the answer on the event loop."""
        ...

    def astream(self, request: Request) -> AsyncIterator[Delta]:
        """Send a request and give the answer in pieces, on the event loop."""
        ...

    def identity(self, request: Request) -> str:
        """Which endpoint or file would serve the request; part of its name in the cache, so no key."""
        ...


TRANSPORTS: dict[str, str] = {
    "gguf/": ".embedded:EmbeddedTransport",
    "embedded/": ".embedded:EmbeddedTransport",
    **{f"{name}/": ".openai:OpenAITransport" for name in ("openai", "hosted_vllm", "lm_studio", "llamafile")},
    "anthropic/": ".anthropic:AnthropicTransport",
    "": ".litellm:LitellmTransport",
}
"""The longest beginning of a model's name that fits decides; classes are named, because most are never
needed.
"""


def transport_for(model: str) -> Transport:
    """The transport that serves a model.

    Raises:
        LMConfigurationError: what it needs is not installed.
    """
    return _make(TRANSPORTS[_beginning(model)])


@lru_cache(maxsize=1024)
def _beginning(model: str) -> str:
    """The longest beginning of a model's name that is in the table."""
    return max((prefix for prefix in TRANSPORTS if model.startswith(prefix)), key=len)


def close_connections() -> None:
    """Close the connections that are kept for later requests; what is under way is finished."""
    import sys

    # Without these modules no connection was ever made.
    for name in ("direct", "http"):
        module = sys.modules.get(f"{__package__}.{name}")
        if module is not None:
            module.close_idle()


@cache
def _make(place: str) -> Transport:
    module_name, _, class_name = place.partition(":")
    try:
        module = import_module(module_name, __package__)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("dspyc"):
            raise
        raise LMConfigurationError(
            f"this model needs the package `{error.name}`: pip install {error.name}"
        ) from error
    transport: Transport = getattr(module, class_name)()
    return transport
