"""What goes to a model and what comes back, independent of who serves it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

ModelType: TypeAlias = Literal["chat", "text"]
Message: TypeAlias = dict[str, Any]

NOT_SENT = frozenset({"rollout_id", "cache"})
"""Request settings that are for us, never for a provider."""
NOT_IDENTITY = frozenset(
    {
        "api_key", "api_token", "api_base", "base_url", "headers", "extra_headers", "default_headers",
        "timeout", "request_timeout", "num_retries", "max_retries", "cache", "client", "user", "metadata",
        "azure_ad_token", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
        "vertex_credentials",
    }
)  # fmt: skip
"""Request settings that do not change what a model answers, or that must never be written down."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model.

    `messages` are OpenAI's; `prompt` is set instead for a text model. `kwargs` are sampling settings, stop
    sequences and whatever else the provider takes; `grammar` among them is a GBNF grammar of the answer,
    which transports that cannot use one leave out.
    """

    model: str
    messages: list[Message]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    model_type: ModelType = "chat"
    prompt: str | None = None

    @property
    def sent_kwargs(self) -> dict[str, Any]:
        """The settings without those that are only ours, and without those set to None."""
        return {
            name: value for name, value in self.kwargs.items() if name not in NOT_SENT and value is not None
        }

    def without(self, *names: str) -> Request:
        """The request without some of its settings."""
        return replace(self, kwargs={name: value for name, value in self.kwargs.items() if name not in names})


@dataclass(frozen=True, slots=True)
class Response:
    """What a model answered: one text for each answer asked for.

    `usage` has OpenAI's names (`prompt_tokens`, `completion_tokens`, `total_tokens`) and is empty for an
    answer from the cache; `cost` is in US dollars, None when it is not known.
    """

    texts: tuple[str, ...]
    usage: Mapping[str, Any] = field(default_factory=dict)
    cost: float | None = None
    finish_reason: str | None = None
    model: str | None = None
    id: str | None = None
    cache_hit: bool = False

    @property
    def text(self) -> str:
        """The first answer."""
        return self.texts[0]

    @property
    def truncated(self) -> bool:
        """Whether the model stopped because it had written as much as it may."""
        return self.finish_reason == "length"


def request_key(request: Request, identity: str) -> str | None:
    """The name of a request in the cache: equal for requests whose answers may stand for each other.

    Args:
        request: the request.
        identity: which endpoint or file serves it.

    Returns:
        64 hexadecimal digits, or None for a request that cannot be named, because it holds foreign objects.
    """
    kwargs = {
        name: value
        for name, value in request.kwargs.items()
        if name not in NOT_IDENTITY and value is not None
    }
    facts = [1, identity, request.model, request.model_type, request.prompt, request.messages, kwargs]
    try:
        text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError):
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
