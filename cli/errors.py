"""What ends a command with a message: one paragraph that says what is wrong and what would do.

click.ClickException
└── Refusal         exit code 2: what was asked for cannot be done
    └── Failure     exit code 1: it was tried, and it failed
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

import click

from ..base import text
from ..base.text import list_names as list_names
from .console import say_error


class Refusal(click.ClickException):
    """What was asked for cannot be done; `hint` says what would do."""

    exit_code = 2

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def report_text(self) -> str:
        """The whole message as plain text, for where there is no terminal."""
        return "\n".join(filter(None, [self.message, self.hint]))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message to standard error."""
        say_error(self.message, self.hint)


class Failure(Refusal):
    """Something was tried and failed: a run, an answer, a gate."""

    exit_code = 1


def near(name: str, names: Iterable[str]) -> str | None:
    """`did you mean …?` for a name that is close to a known one."""
    close = text.near(name, names)
    return f"did you mean `{close}`?" if close else None
