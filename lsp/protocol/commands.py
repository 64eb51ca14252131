"""Commands: what an editor lets its user do, and asks the server to do."""

from __future__ import annotations

from typing import Any

from msgspec import field

from .places import Position, Range, Structure


class Command(Structure, omit_defaults=False, frozen=True):
    """Something that the client does, or asks the server to do."""

    title: str
    command: str
    arguments: list[Any] = field(default_factory=list)


class CodeLensData(Structure, frozen=True):
    """The name whose references a lens counts."""

    uri: str
    position: Position


class CodeLens(Structure, frozen=True):
    """A command that is shown between two lines."""

    range: Range
    command: Command | None = None
    data: CodeLensData | None = None


class ExecuteCommandParams(Structure, frozen=True):
    """A command that the server is to do."""

    command: str
    arguments: list[Any] = field(default_factory=list)
    work_done_token: str | int | None = None


class ShowMessageParams(Structure, frozen=True):
    """A sentence for the user."""

    type: int
    message: str
