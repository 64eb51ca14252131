"""The name of a request in the cache: equal for requests whose answers may stand for each other."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from ...base.secrets import is_secret, redact
from .messages import Message
from .request import ATTEMPT, Request

NOT_IDENTITY = frozenset(
    {
        "api_key", "api_token", "api_base", "base_url", "headers", "extra_headers", "default_headers",
        "timeout", "request_timeout", "deadline", "num_retries", "max_retries", "cache", "client", "user",
        "metadata", "azure_ad_token", "aws_access_key_id", "aws_secret_access_key",
        "aws_session_token", "vertex_credentials", "accept_truncated", ATTEMPT,
    }
)  # fmt: skip
"""Request settings that do not change what a model answers, or that must never be written down."""
_HEADERS = frozenset({"headers", "extra_headers", "default_headers"})
_ENDPOINT_VARIABLE = re.compile(
    r"([A-Z0-9_]+?)_?(?:API_BASE|BASE_URL|API_URL|ENDPOINT|API_VERSION|HOST|REGION|REGION_NAME|LOCATION"
    r"|PROJECT|PROJECT_ID|ORGANIZATION|ORG_ID)"
)
_PROVIDERS_VARIABLES = {
    "bedrock": "AWS", "sagemaker": "AWS", "gemini": "GEMINI", "vertex": "VERTEX", "text": "OPENAI",
}  # fmt: skip
"""First words of providers whose variables begin with another word."""


def request_key(request: Request, identity: str) -> str | None:
    """The name of a request in the cache: the digest of its facts.

    Args:
        request: the request.
        identity: which endpoint or file serves it.

    Returns:
        64 hexadecimal digits, or None for a request that cannot be named, because it holds foreign objects.
    """
    facts = request_facts(request, identity)
    return None if facts is None else digest(facts)


def digest(facts: bytes) -> str:
    """The name of the request that these are the facts of."""
    return hashlib.sha256(facts).hexdigest()


def request_facts(request: Request, identity: str) -> bytes | None:
    """All that decides what answers a request, as JSON, without keys; None where JSON cannot hold it.

    It is an array in this order: a version, who answers, the model, its type, the prompt, the messages, the
    settings, the tools, and the format of the answer.
    """
    given = request.settings
    names, headers = _identifying(tuple(given))
    settings = {}
    for name in names:  # a comprehension costs, and this is every call
        value = given[name]
        if value is not None:
            settings[name] = value if isinstance(value, (str, int, float)) else _without_secrets(value)
    for name in headers:
        if known := _known_headers(given[name] or ()):
            settings[name] = known
    facts = [
        2,
        identity,
        request.model,
        request.model_type,
        request.prompt,
        request.given,
        settings,
        [tool.as_openai() for tool in request.tools] if request.tools else [],
        None if request.output is None else request.output.as_settings(),
    ]
    try:
        return _encode(facts)
    except (TypeError, ValueError):
        pass
    facts[_MESSAGES] = request.openai_messages
    try:
        # It knows subclasses, and half a surrogate pair.
        text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError):
        return None
    return text.encode("utf-8", "surrogatepass")


def _as_openai(value: Any) -> Any:
    """A message in parts, as the dict that it is to a provider."""
    if isinstance(value, Message):
        return value.as_openai()
    raise TypeError(f"JSON has no {type(value).__name__}")


_encode = msgspec.json.Encoder(order="deterministic", enc_hook=_as_openai).encode
_MESSAGES = 5
"""The place of the messages among the facts."""


@lru_cache(maxsize=1024)
def _identifying(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The settings among these that decide what answers, and those that hold headers."""
    deciding = tuple(name for name in names if name not in NOT_IDENTITY and not is_secret(name))
    return deciding, tuple(name for name in names if name in _HEADERS)


def endpoint_identity(model: str, settings: Mapping[str, Any]) -> str:
    """Which endpoint a provider's requests go to: the address given, or what the environment says of it.

    Passwords and keys inside an address are left out.
    """
    base = settings.get("api_base") or settings.get("base_url")
    if base:
        return _address(base if isinstance(base, str) else str(base))
    provider = str(
        settings.get("custom_llm_provider") or (model.partition("/")[0] if "/" in model else "openai")
    )
    word = re.split(r"[-_]", provider, maxsplit=1)[0].upper()
    word = _PROVIDERS_VARIABLES.get(word.lower(), word)
    return _endpoint_of_environment(word)


def _endpoint_of_environment(word: str) -> str:
    """What the environment says of the endpoint of a provider whose variables begin with this word."""
    global _environment
    # The variables as `os.environ` has them underneath: to compare their names takes no time there.
    variables = getattr(os.environ, "_data", None) or dict(os.environ)
    names, known = _environment
    if (now := list(variables)) != names:
        known = {}
        _environment = now, known
    if word in known:
        seen, said = known[word]
        for name, value in seen:
            if variables.get(name) != value:
                break
        else:
            return said
    found = [(name, variables.get(name)) for name in now if _is_of_endpoint(os.fsdecode(name), word)]
    said = " ".join(
        f"{os.fsdecode(name)}={_without_password(os.fsdecode(value))}"
        for name, value in sorted(found)
        if value is not None  # another thread may have removed it
    )
    known[word] = tuple(found), said
    return said


def _is_of_endpoint(name: str, word: str) -> bool:
    return name.startswith(word) and _ENDPOINT_VARIABLE.fullmatch(name) is not None


_environment: tuple[list[Any], dict[str, tuple[tuple[tuple[Any, Any], ...], str]]] = ([], {})
"""The names of the environment's variables as they were seen last; and by the first word of a provider's,
those that say where its endpoint is, with what they said. No others are kept, as keys are among them.
"""


@lru_cache(maxsize=1024)
def _address(base: str) -> str:
    return _without_password(base.rstrip("/"))


def _without_password(address: str) -> str:
    return redact(address) if "@" in address or "?" in address else address


def _known_headers(headers: Any) -> list[list[str]]:
    """The headers that are not secrets, with digests of their values: they may choose what answers.

    What a program sends to its own server may be a secret all the same, and facts are written down.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return sorted(
        [str(name).lower(), hashlib.sha256(str(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]]
        for name, value in pairs
        if not is_secret(str(name)) and redact(str(value)) == str(value)
    )


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_secrets(each) for name, each in value.items() if not is_secret(str(name))}
    if isinstance(value, (list, tuple)):
        return [_without_secrets(each) for each in value]
    return value
