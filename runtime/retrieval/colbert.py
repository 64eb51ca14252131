"""`ColBERTv2`: passages from a server that searches an index by ColBERTv2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

from ...base import json
from ..errors import LMError, LMInvalidRequestError, LMTransportError, LMUnexpectedError
from ..execution import drive
from ..execution.loading import refuse_while_loading
from ..lm import cache, retry
from ..lm.keys import request_key
from ..lm.request import Request, Response
from ..lm.stream import Delta
from ..lm.transports import io_loop
from ..lm.transports.failures import kind_of_status, make_error, showable
from ..lm.transports.limits import TimeLimit
from ..parameters import KW_ONLY, parameters
from .dummies import Passage

_LIMIT = TimeLimit(connect=10, answer=30)
_MOST_PASSAGES = 100


@parameters
class ColBERTv2:
    """Asks a server for passages; its answers are cached.

        search = ColBERTv2(url="http://localhost:8893/api/search")
        search("opening hours", k=3)[0].text

    For `configure(rm=…)` and `Retrieve`. The server is asked with `GET URL?query=…&k=…`, or `POST` with both
    as JSON, and answers `{"topk": [{"text": "…", "pid": 1, "score": 20.1}, …]}`. Source: Santhanam et al.,
    "ColBERTv2: Effective and Efficient Retrieval via Lightweight Late Interaction", 2022.
    """

    url: str = "http://0.0.0.0"
    """The server's address."""
    port: str | int | None = None
    """Its port, where the address does not have it."""
    post_requests: bool = False
    """Whether to send the query as JSON instead of in the address."""
    _: KW_ONLY
    num_retries: int = 3
    """How often a request that failed for a passing reason is sent again."""
    caching: bool = True
    """Whether answers are kept in the cache."""

    def __post_init__(self) -> None:
        """Put the address together."""
        self.url = f"{self.url}:{self.port}" if self.port else self.url

    def __call__(self, query: str, k: int = 10, simplify: bool = False) -> list[Any]:
        """The passages that fit a query best.

        Args:
            query: what to look for.
            k: how many; at most 100.
            simplify: give their texts alone.

        Returns:
            passages with `text`, `long_text` and what else the server says of each.

        Raises:
            LMError: the server could not be asked, or did not answer with passages.
        """
        return drive.run(self.acall(query, k, simplify))

    async def acall(self, query: str, k: int = 10, simplify: bool = False) -> list[Any]:
        """The same from asynchronous code."""
        refuse_while_loading("a search is made")
        if k > _MOST_PASSAGES:
            raise LMInvalidRequestError(
                f"k is {k}; a ColBERTv2 server returns at most {_MOST_PASSAGES} passages"
            )
        request = Request("colbertv2", [], {"k": k, "post": self.post_requests}, prompt=query)
        transport = _ColBERTTransport(self.url)
        key = request_key(request, transport.identity(request)) if self.caching else None
        kept = None if key is None else cache.get(key)
        response = kept or await retry.send(transport, request, self.num_retries)
        if key is not None and kept is None:
            cache.put(key, response)
        found = [Passage({"long_text": row.get("text"), **row}) for row in json.load(response.text)[:k]]
        return [passage["long_text"] for passage in found] if simplify else found

    def __deepcopy__(self, memo: dict[int, Any]) -> ColBERTv2:
        return self


class _ColBERTTransport:
    """One request to a server; the passages are the answer's text, as JSON."""

    def __init__(self, url: str) -> None:
        self._url = url

    def complete(self, request: Request) -> Response:
        """Ask and wait in this thread."""
        try:
            return self._read(io_loop.wait(lambda: self._ask(request)), request)
        except Exception as error:  # noqa: BLE001 every failure of the network becomes one of ours
            raise self._translated(error, request) from showable(error, request)

    async def acomplete(self, request: Request) -> Response:
        """Ask and wait on the event loop."""
        try:
            return self._read(await io_loop.run(lambda: self._ask(request)), request)
        except Exception as error:  # noqa: BLE001 every failure of the network becomes one of ours
            raise self._translated(error, request) from showable(error, request)

    def astream(self, request: Request) -> AsyncIterator[Delta]:
        """Passages do not come in pieces."""
        raise NotImplementedError

    def identity(self, request: Request) -> str:
        """The server's address."""
        return f"colbertv2 {self._url}"

    async def _ask(self, request: Request) -> Any:
        from ..lm.transports import http  # aiohttp, which only requests need

        asked = {"query": request.prompt or "", "k": request.settings["k"]}
        if request.settings["post"]:
            headers = {"content-type": "application/json; charset=utf-8"}
            return await http.post(self._url, headers, json.dump(asked).encode(), _LIMIT)
        return await http.get(f"{self._url}?{urlencode(asked)}", {}, _LIMIT)

    def _read(self, answer: Any, request: Request) -> Response:
        text = answer.body.decode("utf-8", "replace")
        if answer.status >= 400:
            raise make_error(
                kind_of_status(answer.status),
                text[:500],
                request,
                status=answer.status,
                headers=answer.headers,
            )
        try:
            found = json.load(text)
        except ValueError:
            found = None
        if not isinstance(found, Mapping) or not isinstance(found.get("topk"), list):
            said = found.get("message") or found.get("error") if isinstance(found, Mapping) else None
            words = f"the ColBERTv2 server at {self._url} returned no passages: {said or text[:200]}"
            raise make_error(LMUnexpectedError, words, request, status=answer.status)
        return Response([json.dump(found["topk"])], finish_reason="stop", model=request.model)

    def _translated(self, error: Exception, request: Request) -> LMError:
        if isinstance(error, LMError):
            return error
        words = f"no answer from {self._url}: {error or type(error).__name__}"
        return make_error(LMTransportError, words, request, is_unreachable=isinstance(error, OSError))
