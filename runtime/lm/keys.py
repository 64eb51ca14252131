"""The name of a request in the cache: equal for requests whose answers may stand for each other."""

from __future__ import annotations

import hashlib
import json

from .request import Request

NOT_IDENTITY = frozenset(
    {
        "api_key", "api_token", "api_base", "base_url", "headers", "extra_headers", "default_headers",
        "timeout", "request_timeout", "num_retries", "max_retries", "cache", "client", "user", "metadata",
        "azure_ad_token", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
        "vertex_credentials", "accept_truncated",
    }
)  # fmt: skip
"""Request settings that do not change what a model answers, or that must never be written down."""


def request_key(request: Request, identity: str) -> str | None:
    """The name of a request in the cache.

    Args:
        request: the request.
        identity: which endpoint or file serves it.

    Returns:
        64 hexadecimal digits, or None for a request that cannot be named, because it holds foreign objects.
    """
    settings = {
        name: value
        for name, value in request.settings.items()
        if name not in NOT_IDENTITY and value is not None
    }
    output = None if request.output is None else request.output.as_settings()
    facts = [
        2,
        identity,
        request.model,
        request.model_type,
        request.prompt,
        request.openai_messages,
        settings,
        [tool.as_openai() for tool in request.tools],
        output,
    ]
    try:
        text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError):
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
