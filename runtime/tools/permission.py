"""Whether code that a model has written may run: off until a program says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from ..execution.settings import lookup


class CodeNotAllowedError(ConfigurationError):
    """A model has written code, or was about to, and the program does not allow running it."""


def require(who: str, allowed: bool | None = None, defaults: Mapping[str, Any] | None = None) -> None:
    """Refuse to run code that the program does not allow.

    Args:
        who: what would run it, for the message.
        allowed: what its own parameter `allow_code` says; None for the setting.
        defaults: the settings of the file that declares it.

    Raises:
        CodeNotAllowedError: it is not allowed.
    """
    if allowed is None:
        allowed = bool(lookup("allow_code", defaults))
    if not allowed:
        raise CodeNotAllowedError(
            f"`{who}` runs code that a model writes, and the program does not allow that; to allow it, "
            "write `configure(allow_code=True)`. The code runs in a sandbox without files and network"
        )
