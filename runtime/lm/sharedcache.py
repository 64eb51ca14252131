"""The cache that machines share: answers on a Redis server, each asked for by one machine at a time.

Whoever asks a model for an answer claims its name for half a minute, and renews the claim while it waits. The
claim of a process that dies runs out, and the next one asks. Nothing here raises: a server that cannot be
reached is a miss, with one line in the log, and is left alone for a minute.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from ...base.forks import new_lock
from ...base.secrets import redact
from ..errors import ConfigurationError
from .cachejson import read_json, render_json
from .request import Response

T = TypeVar("T")

logger = logging.getLogger("dspyc")

_PATIENCE = 2.0
"""Seconds to wait for the server."""
_REST = 60.0
_CLAIM_SECONDS = 30.0
_ANSWER = "dspyc:answer:"
_CLAIM = "dspyc:claim:"
_IF_OWN = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end "
_RELEASE = f"{_IF_OWN} return redis.call('del', KEYS[1])"
_RENEW = f"{_IF_OWN} return redis.call('pexpire', KEYS[1], ARGV[2])"


class SharedCache:
    """Answers on a Redis server, by the name of their request.

    Args:
        url: the server, `redis://[user:password@]host[:port][/database]`, `rediss://…`, `unix://…`.
        claim_seconds: how long a claim holds when its process no longer renews it.

    Raises:
        ConfigurationError: the package is not installed, or this is no address of a server.
    """

    def __init__(self, url: str, claim_seconds: float = _CLAIM_SECONDS) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "a cache on a Redis server needs the package `redis`: pip install 'dspyc[redis]'"
            ) from error
        self._errors = (redis.RedisError, OSError)
        self._connect = partial(
            redis.Redis.from_url,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            # Once more, for a connection that the server has closed meanwhile.
            retry=Retry(NoBackoff(), 1),
            protocol=2,
        )
        self._url, self._claim_seconds = url, claim_seconds
        self._client = self._connected()
        self._claims: dict[str, str] = {}
        self._lock = new_lock()
        self._renewing: threading.Event | None = None
        self._rest_until = 0.0
        self._has_warned = False

    def get(self, key: str) -> Response | None:
        """The answer of this name, marked as a hit, or None."""
        text = self._try(lambda: self._client.get(_ANSWER + key))
        if isinstance(text, bytes):
            with suppress(KeyError, TypeError, ValueError, UnicodeDecodeError):
                found: Response = read_json(text.decode())
                return found
        return None

    def put(self, key: str, response: Response) -> None:
        """Keep an answer."""
        with suppress(TypeError, ValueError, RecursionError):
            text = render_json(response.as_hit())
            self._try(lambda: self._client.set(_ANSWER + key, text))

    def get_or_claim(self, key: str) -> tuple[Response | None, str | None]:
        """The answer of this name, or the claim to ask for it; neither while another process has the claim.

        A claim is given too where the server cannot be reached.
        """
        if (found := self.get(key)) is not None:
            return found, None
        token = uuid4().hex
        milliseconds = int(self._claim_seconds * 1000)
        taken = self._try(lambda: bool(self._client.set(_CLAIM + key, token, nx=True, px=milliseconds)))
        if taken is False:
            return None, None
        if taken and (found := self.get(key)) is not None:
            # Its last owner has kept it between our looking and our claiming.
            self._drop(key, token)
            return found, None
        if taken:
            self._renew(key, token)
        return None, key

    def release(self, claim: str | None) -> None:
        """Let others ask."""
        with self._lock:
            token = None if claim is None else self._claims.pop(claim, None)
            if not self._claims and self._renewing is not None:
                self._renewing.set()
                self._renewing = None
        if claim is not None and token is not None:
            self._drop(claim, token)

    def close(self) -> None:
        """Close the connections; the next use opens them again."""
        with suppress(*self._errors):
            self._client.close()

    def abandon(self) -> None:
        """Forget connections and claims: they are the parent's, and this is its forked child."""
        self._client = self._connected()
        self._claims, self._renewing = {}, None

    def _connected(self) -> Any:
        try:
            return self._connect(self._url)
        except ValueError as error:
            raise ConfigurationError(
                f"`{redact(self._url)}` is no address of a Redis server; write redis://host:6379/0"
            ) from error

    def _drop(self, key: str, token: str) -> None:
        self._try(lambda: self._client.eval(_RELEASE, 1, _CLAIM + key, token))

    def _renew(self, key: str, token: str) -> None:
        """Keep a claim from running out while its model is asked; one thread renews all of them."""
        with self._lock:
            self._claims[key] = token
            if self._renewing is not None:
                return
            self._renewing = ended = threading.Event()
        threading.Thread(target=self._renew_all, args=(ended,), name="dspyc-claims", daemon=True).start()

    def _renew_all(self, ended: threading.Event) -> None:
        while not ended.wait(self._claim_seconds / 3):
            with self._lock:
                claims = list(self._claims.items())
                if not claims:
                    self._renewing = None
                    return
            for key, token in claims:
                self._prolong(key, token)

    def _prolong(self, key: str, token: str) -> None:
        milliseconds = int(self._claim_seconds * 1000)
        self._try(lambda: self._client.eval(_RENEW, 1, _CLAIM + key, token, milliseconds))

    def _try(self, work: Callable[[], T]) -> T | None:
        if time.monotonic() < self._rest_until:
            return None
        try:
            return work()
        except self._errors as error:
            self._rest_until = time.monotonic() + _REST
            if not self._has_warned:
                self._has_warned = True
                where, why = redact(self._url), redact(str(error))
                logger.warning(
                    "the shared cache at %s cannot be used (%s); continuing without it", where, why
                )
            return None
