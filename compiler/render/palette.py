"""Colours: what each role of a text looks like on a terminal, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

Role = Literal["error", "warning", "info", "help", "gutter", "strong", "dim", "good"]

Palette: TypeAlias = Callable[[Role, str], str]
"""Gives a text the look of a role."""

_ANSI: dict[Role, str] = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "help": "36",
    "gutter": "1;34",
    "strong": "1",
    "dim": "2",
    "good": "1;32",
}


def plain(role: Role, text: str) -> str:
    """The text as it is."""
    return text


def ansi(role: Role, text: str) -> str:
    """The text between ANSI escape sequences."""
    return f"\x1b[{_ANSI[role]}m{text}\x1b[0m" if text else ""
