"""What people, logs and error trackers may see of a model's settings: the rule of `base/secrets.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...base.secrets import drop_secrets, is_secret, redact, redact_mapping


def visible_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings to be shown: without keys, and with `[redacted]` for secrets inside what remains."""
    return redact_mapping({name: value for name, value in settings.items() if not is_secret(name)})


def saved_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings to be read back: without whatever holds a secret."""
    return drop_secrets(dict(settings))


__all__ = ["is_secret", "redact", "saved_settings", "visible_settings"]
