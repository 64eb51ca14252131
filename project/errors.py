"""What is raised where something that was asked of a project cannot be done."""

from __future__ import annotations


class Misuse(Exception):
    """What was asked for cannot be done; `help` says what would do."""

    def __init__(self, message: str, help: str | None = None) -> None:  # noqa: A002 the word of a finding
        super().__init__(message)
        self.message = message
        self.help = help
