"""Requests as bytes, headers and an address; those to servers that speak OpenAI's protocol whole."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

import msgspec

from ....base.models import row_of
from ...errors import LMConfigurationError, LMInvalidRequestError, LMUnsupportedFeatureError
from ..capabilities import ModelType
from ..request import ATTEMPT, Request
from ..responses_shapes import render_input, render_settings
from .failures import make_error, no_key, showable
from .limits import TimeLimit, time_limit

_OURS = frozenset(
    {
        "api_key", "api_base", "base_url", "timeout", "request_timeout", "num_retries", "max_retries",
        "headers", "extra_headers", "default_headers", "organization", "project", "extra_body",
        "extra_query", "input_cost_per_token", "output_cost_per_token", ATTEMPT,
    }
)  # fmt: skip
"""Settings that are said by an address or a header, or that are not for the server."""
_PATHS: Mapping[ModelType, str] = {
    "chat": "/chat/completions",
    "text": "/completions",
    "responses": "/responses",
}


_LAUNCHED = "local:"
"""What the names of models begin with whose servers `LM.launch` starts; they are nowhere else."""


class _Server(NamedTuple):
    """A kind of server, by the beginning of its models' names."""

    addresses: tuple[str, ...]
    """The environment variables that may hold its address."""
    address: str | None
    """The address where none of these is set."""
    key: str
    """The environment variable that holds the key."""


_SERVERS = {
    "openai": _Server(("OPENAI_BASE_URL", "OPENAI_API_BASE"), "https://api.openai.com/v1", "OPENAI_API_KEY"),
    "hosted_vllm": _Server(("HOSTED_VLLM_API_BASE",), None, "HOSTED_VLLM_API_KEY"),
    "lm_studio": _Server(("LM_STUDIO_API_BASE",), "http://127.0.0.1:1234/v1", "LM_STUDIO_API_KEY"),
    "llamafile": _Server(("LLAMAFILE_API_BASE",), "http://127.0.0.1:8080/v1", "LLAMAFILE_API_KEY"),
}


class Posted(NamedTuple):
    """A request as it goes over the network."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    limit: TimeLimit


def kind_of(request: Request) -> ModelType:
    """The API that a request goes to; models that only the one for responses has go there in any case."""
    if request.model_type == "chat":
        row = row_of(request.model)
        if row is not None and row.get("mode") == "responses":
            return "responses"
    return request.model_type


def _asked(request: Request, kind: ModelType) -> dict[str, Any]:
    """What a request asks, by the names of its API."""
    settings = {name: value for name, value in request.sent_settings.items() if name not in _OURS}
    if kind == "text":
        return {"prompt": request.text_prompt, **settings}
    if kind == "chat":
        return {"messages": request.openai_messages, **settings}
    refuse_several(request)
    return {"input": render_input(request), **render_settings(settings)}


def refuse_several(request: Request) -> None:
    """Refuse `n` where the API gives one answer.

    Raises:
        LMUnsupportedFeatureError: more than one answer is asked for.
    """
    count = request.settings.get("n")
    if isinstance(count, int) and count > 1:
        raise LMUnsupportedFeatureError(
            f"`{request.model}`: the API for responses gives one answer, and n={count} are asked for\n"
            'leave `n` out, or write model_type="chat"',
            feature="n",
            model=request.model,
        )


def posted_of(request: Request) -> Posted:
    """The request as bytes and headers.

    Raises:
        LMError: there is no key or no address for it, or it holds what JSON cannot.
    """
    provider, _, name = request.model.partition("/")
    server = _SERVERS[provider]
    settings = request.sent_settings
    given = settings.get("api_base") or settings.get("base_url")
    if given is None and name.startswith(_LAUNCHED):
        raise LMConfigurationError(
            f"`{request.model}` is not running: call `launch()` of its LM, or say where it is with api_base=",
            model=request.model,
        )
    base = given or next(filter(None, map(os.environ.get, server.addresses)), None) or server.address
    if base is None:
        raise LMConfigurationError(
            f'`{request.model}` has no address: write `LM(…, api_base="http://…/v1")`, or set '
            f"{server.addresses[0]}",
            model=request.model,
        )
    key = settings.get("api_key") or os.environ.get(server.key)
    if not key and not given and server.address is not None and server.address.startswith("https:"):
        raise no_key(request, server.key)
    kind = kind_of(request)
    body = {"model": name, **_asked(request, kind)}
    own = {"authorization": f"Bearer {key}"} if key else {}
    organization = settings.get("organization") or os.environ.get("OPENAI_ORG_ID")
    if organization:
        own["openai-organization"] = str(organization)
    project = settings.get("project") or os.environ.get("OPENAI_PROJECT_ID")
    if project:
        own["openai-project"] = str(project)
    return as_posted(request, str(base), _PATHS[kind], body, own)


def as_posted(
    request: Request, base: str, path: str, body: Mapping[str, Any], own: Mapping[str, str]
) -> Posted:
    """A request as bytes and headers.

    Args:
        request: the request, whose settings may have more of a body, headers and a query.
        base: the server's address, in which a name and a password may stand.
        path: what follows it.
        body: what is asked.
        own: the headers of the protocol, among them the key.

    Raises:
        LMInvalidRequestError: it holds what JSON or a header cannot, or the address is none.
    """
    settings = request.settings
    try:
        encoded = msgspec.json.encode({**body, **dict(settings.get("extra_body") or {})})
        url, proof = _url(base, path, settings.get("extra_query"))
        headers = _headers(settings, {**own, **({"authorization": proof} if proof else {})})
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        words = f"the request cannot be sent: {error}"
        raise make_error(LMInvalidRequestError, words, request) from showable(error, request)
    return Posted(url, headers, encoded, time_limit(settings))


def _headers(settings: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, str]:
    headers = {"content-type": "application/json", "accept": "application/json", **own}
    for name in ("default_headers", "headers", "extra_headers"):
        headers |= {str(key).lower(): str(value) for key, value in dict(settings.get(name) or {}).items()}
    for name, value in headers.items():
        if not (name.isascii() and value.isascii()) or any(each in name + value for each in "\r\n\0"):
            raise ValueError(f"the header `{name}` contains a character that is not allowed in a header")
    return headers


def _url(base: str, path: str, query: Any) -> tuple[str, str]:
    """Where a request goes, and the header for the name and password that stand in the address."""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("api_base must be an address like `http://localhost:8000/v1`")
    proof = ""
    who, _, host = parts.netloc.rpartition("@")
    if who:
        proof = f"Basic {b64encode(unquote(who).encode()).decode()}"
    words = "&".join(filter(None, (parts.query, urlencode(dict(query or {})))))
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/") + path, words, "")), proof
