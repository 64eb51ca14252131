"""The life of a server, its log, and the codes of errors."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any

from msgspec import field

from .documents import WorkspaceFolder
from .places import Structure


class InitializeParams(Structure, frozen=True):
    """The first request: who is asking, and what it can do."""

    process_id: int | None = None
    root_uri: str | None = None
    root_path: str | None = None
    workspace_folders: list[WorkspaceFolder] | None = None
    capabilities: dict[str, Any] = field(default_factory=dict)
    initialization_options: Any = None


class ServerInfo(Structure, frozen=True):
    """Name and version of this server."""

    name: str
    version: str


class InitializeResult(Structure, frozen=True):
    """What this server can do."""

    capabilities: dict[str, Any]
    server_info: ServerInfo


class MessageType(IntEnum):
    """How serious a message to the user is."""

    ERROR = 1
    WARNING = 2
    INFO = 3
    LOG = 4


class LogMessageParams(Structure, frozen=True):
    """A line for the client's log."""

    type: MessageType
    message: str


class ErrorCode(IntEnum):
    """The codes of error responses."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    SERVER_NOT_INITIALIZED = -32002
    REQUEST_FAILED = -32803
    REQUEST_CANCELLED = -32800
    CONTENT_MODIFIED = -32801


class TextDocumentSyncKind(IntFlag):
    """How a client sends changes."""

    NONE = 0
    FULL = 1
    INCREMENTAL = 2
