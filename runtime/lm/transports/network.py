"""What both ways to send a request over the network share: its answer, its bounds, TLS and proxies."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.request import getproxies, proxy_bypass

from ....base.version import VERSION

LARGEST = 64 << 20
"""In bytes; a longer answer is a runaway."""
IDLE_SECONDS = 4.0
"""How long a connection is kept for the next request.

uvicorn, on which vLLM and SGLang stand, closes an idle connection after 5 seconds: a request that goes out
at that moment is lost, and nobody can say whether the server has read it.
"""
USER_AGENT = f"dspyc/{VERSION}"


class Answer(NamedTuple):
    """What a server sent back."""

    status: int
    headers: Mapping[str, str]
    """The names are in lower case."""
    body: bytes


class TooLarge(Exception):
    """An answer of more than `LARGEST` bytes."""


@cache
def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for a host, by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.

    It is asked once. aiohttp's own way (`trust_env`) asks for each request, and reads `.netrc` in a thread
    each time, which takes as long as all the rest.
    """
    proxies = getproxies()
    chosen = proxies.get(scheme) or proxies.get("all")
    return None if chosen is None or proxy_bypass(host) else chosen


@cache
def tls() -> ssl.SSLContext:
    """What connections to `https:` addresses are secured with: the usual authorities, or those of the
    environment's `SSL_CERT_FILE`.
    """
    import certifi

    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())
