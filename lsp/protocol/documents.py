"""Files as a client opens, changes and closes them, and requests about one."""

from __future__ import annotations

from typing import Any

from msgspec import field

from .places import Position, Range, Structure


class TextDocumentIdentifier(Structure, frozen=True):
    """A file, by its URI."""

    uri: str


class VersionedTextDocumentIdentifier(Structure, frozen=True):
    """A file as it was after a change. Some clients count no versions; their changes count all the same."""

    uri: str
    version: int | None = None


class TextDocumentItem(Structure, frozen=True):
    """A file that is opened, with its text."""

    uri: str
    version: int
    text: str
    language_id: str = ""


class TextDocumentContentChangeEvent(Structure, frozen=True):
    """A change of a range; without one, the whole text is new."""

    text: str
    range: Range | None = None


class DidOpenTextDocumentParams(Structure, frozen=True):
    """A file was opened."""

    text_document: TextDocumentItem


class DidChangeTextDocumentParams(Structure, frozen=True):
    """A file was changed: each change counts in the text that the one before it left."""

    text_document: VersionedTextDocumentIdentifier
    content_changes: list[TextDocumentContentChangeEvent]


class DidSaveTextDocumentParams(Structure, frozen=True):
    """A file was saved."""

    text_document: TextDocumentIdentifier


class DidCloseTextDocumentParams(Structure, frozen=True):
    """A file was closed."""

    text_document: TextDocumentIdentifier


class DocumentParams(Structure, frozen=True):
    """A request about a whole file."""

    text_document: TextDocumentIdentifier


class PositionParams(Structure, frozen=True):
    """A request about a place in a file."""

    text_document: TextDocumentIdentifier
    position: Position


class WorkspaceFolder(Structure, frozen=True):
    """A folder that is open in the editor."""

    uri: str
    name: str = ""


class WorkspaceFoldersChangeEvent(Structure, frozen=True):
    """Folders that were added to and removed from the editor."""

    added: list[WorkspaceFolder] = field(default_factory=list)
    removed: list[WorkspaceFolder] = field(default_factory=list)


class DidChangeWorkspaceFoldersParams(Structure, frozen=True):
    """The editor's folders have changed."""

    event: WorkspaceFoldersChangeEvent


class FileEvent(Structure, frozen=True):
    """A file that was created (1), changed (2) or deleted (3) outside of the editor."""

    uri: str
    type: int


class DidChangeWatchedFilesParams(Structure, frozen=True):
    """Files have changed outside of the editor."""

    changes: list[FileEvent]


class DidChangeConfigurationParams(Structure, frozen=True):
    """The settings of the editor have changed; what some clients send along are all of them."""

    settings: Any = None


class AnyParams(Structure, frozen=True):
    """Parameters that are not looked at."""
