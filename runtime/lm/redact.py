"""Keys taken out of texts that people, logs and error trackers see."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

_SECRET_NAME = re.compile(r"(^|_)(key|token|secret|password|credentials?)(_|$)", re.IGNORECASE)
_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|AIza|AKIA)[-_A-Za-z0-9]{12,}|(?<=[Bb]earer )[-._~+/A-Za-z0-9]{8,}=*"
)
_SHORTEST = 6


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds something that is not for other eyes."""
    return bool(_SECRET_NAME.search(name)) and name not in ("max_tokens", "max_completion_tokens")


def redact(text: str, settings: Mapping[str, Any] | None = None) -> str:
    """The text with every key in it replaced: those among the settings, those in the environment, and what
    looks like one.
    """
    secrets = {str(value) for name, value in (settings or {}).items() if is_secret(name) and value}
    secrets |= {value for name, value in os.environ.items() if is_secret(name)}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "[redacted]")
    return _SHAPES.sub("[redacted]", text)
