"""Vectors of texts from a provider's embedding model: one kept in the cache for each text.

A vector travels and is kept as an answer whose text is the vector as JSON. So retries, errors, the tiers of
the cache and the counting of tokens are those of all other requests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from ...base import json
from ..errors import LMAnswerError
from . import cache, retry, usage
from .keys import endpoint_identity, request_key
from .request import Request, Response
from .stream import Delta
from .transports import io_loop, litellm_module
from .transports.failures import showable
from .transports.limits import time_limit
from .transports.litellm import _translated as translate_error

_INPUT = "input"
_NUM_RETRIES = 8


class EmbeddingTransport:
    """Requests for vectors, through litellm; the texts are the setting `input`."""

    def complete(self, request: Request) -> Response:
        """Ask for the vectors and wait in this thread."""
        litellm = litellm_module.load()
        try:
            return _read(litellm.embedding(**_arguments(request)), request)
        except Exception as error:  # noqa: BLE001 every failure of litellm becomes one of ours
            raise translate_error(error, request) from showable(error, request)

    async def acomplete(self, request: Request) -> Response:
        """Ask for the vectors and wait on the event loop."""
        litellm = await litellm_module.aload()

        async def send() -> Any:
            return await litellm.aembedding(**_arguments(request))

        try:
            return _read(await io_loop.run(send), request)
        except Exception as error:  # noqa: BLE001 every failure of litellm becomes one of ours
            raise translate_error(error, request) from showable(error, request)

    def astream(self, request: Request) -> AsyncIterator[Delta]:
        """Vectors do not come in pieces."""
        raise NotImplementedError

    def identity(self, request: Request) -> str:
        """The endpoint: the address given, or the provider's own."""
        return f"embeddings {endpoint_identity(request.model, request.settings)}"


_TRANSPORT = EmbeddingTransport()


async def embed(
    model: str, texts: Sequence[str], settings: Mapping[str, Any], batch_size: int, caching: bool
) -> list[list[float]]:
    """The vectors of some texts, in their order; each different text is asked for once.

    Args:
        model: the embedding model, `provider/name`.
        texts: the texts.
        settings: further settings of the requests: `api_base`, `dimensions`, `num_retries`, …
        batch_size: how many texts one request holds at most.
        caching: whether vectors are taken from the cache and kept in it.

    Raises:
        LMError: the model could not be asked, or did not give a vector for each text.
    """
    retries = int(settings.get("num_retries", _NUM_RETRIES))
    keys = {text: _key(model, text, settings) if caching else None for text in texts}
    found: dict[str, list[float]] = {}
    for text, key in keys.items():
        if key is not None and (kept := cache.get(key)) is not None:
            found[text] = json.load(kept.text)
    for batch in _batches([text for text in keys if text not in found], batch_size):
        request = Request(model, [], {**settings, _INPUT: batch})
        response = await retry.send(_TRANSPORT, request, retries)
        if response.usage:
            usage.count(model, response.usage)
        for text, answer in zip(batch, response.completions, strict=True):
            found[text] = json.load(answer.text)
            if (key := keys[text]) is not None:
                cache.put(key, Response([answer], model=response.model))
    return [found[text] for text in texts]


def _key(model: str, text: str, settings: Mapping[str, Any]) -> str | None:
    request = Request(model, [], settings, prompt=text)
    return request_key(request, _TRANSPORT.identity(request))


def _batches(texts: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


def _arguments(request: Request) -> dict[str, Any]:
    settings = request.sent_settings
    limit = time_limit(settings).answer
    for name in ("num_retries", "max_retries", "request_timeout"):
        settings.pop(name, None)
    return {"timeout": limit, **settings, "model": request.model, "caching": False, "max_retries": 0}


def _read(found: Any, request: Request) -> Response:
    """litellm's answer, with the vectors in the order of the texts."""
    rows = [row if isinstance(row, Mapping) else vars(row) for row in found.data]
    rows.sort(key=lambda row: row.get("index") or 0)
    texts = request.settings[_INPUT]
    if len(rows) != len(texts):
        raise LMAnswerError(
            f"`{request.model}` returned {len(rows)} vectors for {len(texts)} texts", model=request.model
        )
    used = getattr(found, "usage", None)
    dump = getattr(used, "model_dump", None)
    counted = dump() if callable(dump) else {}
    return Response(
        [json.dump(list(row["embedding"])) for row in rows],
        usage=counted if isinstance(counted, dict) else {},
        finish_reason="stop",
        model=request.model,
    )
