"""Edits of files, and what makes them: formatting, code actions, rename."""

from __future__ import annotations

from typing import Any

from msgspec import field

from .diagnostics import Diagnostic
from .documents import PositionParams, TextDocumentIdentifier
from .places import Range, Structure, TextEdit


class FormattingParams(Structure, frozen=True):
    """Lay a file out."""

    text_document: TextDocumentIdentifier
    options: dict[str, Any] = field(default_factory=dict)


class RangeFormattingParams(Structure, frozen=True):
    """Lay the declarations of a selection out."""

    text_document: TextDocumentIdentifier
    range: Range
    options: dict[str, Any] = field(default_factory=dict)


class RangesFormattingParams(Structure, frozen=True):
    """Lay the declarations of several selections out."""

    text_document: TextDocumentIdentifier
    ranges: list[Range]
    options: dict[str, Any] = field(default_factory=dict)


class OnTypeFormattingParams(PositionParams, frozen=True, kw_only=True):
    """A character was typed; the position is behind it."""

    ch: str
    options: dict[str, Any] = field(default_factory=dict)


class CodeActionContext(Structure, frozen=True):
    """What the client shows at a place, and what it wants."""

    diagnostics: list[Any] = field(default_factory=list)
    only: list[str] | None = None


class CodeActionParams(Structure, frozen=True):
    """What can be done about a range."""

    text_document: TextDocumentIdentifier
    range: Range
    context: CodeActionContext


class OptionalVersionedTextDocumentIdentifier(Structure, omit_defaults=False, frozen=True):
    """A file at a version, or as it is on the disk."""

    uri: str
    version: int | None


class TextDocumentEdit(Structure, frozen=True):
    """Edits of one file at one version."""

    text_document: OptionalVersionedTextDocumentIdentifier
    edits: list[TextEdit]


class FileRename(Structure, frozen=True):
    """A file or folder, where it is and where it will be."""

    old_uri: str
    new_uri: str


class RenameFilesParams(Structure, frozen=True):
    """Files and folders are to be renamed or moved."""

    files: list[FileRename]


class RenameFile(Structure, omit_defaults=False, frozen=True):
    """The renaming of a file, as a part of an edit."""

    old_uri: str
    new_uri: str
    kind: str = "rename"


class ChangeAnnotation(Structure, frozen=True):
    """What a client tells its user of some edits, before they are made."""

    label: str
    needs_confirmation: bool
    description: str | None = None


class AnnotatedTextEdit(TextEdit, frozen=True):
    """An edit that belongs to an annotation."""

    annotation_id: str


class AnnotatedRenameFile(RenameFile, omit_defaults=False, frozen=True, kw_only=True):
    """The renaming of a file that belongs to an annotation."""

    annotation_id: str


class WorkspaceEdit(Structure, frozen=True):
    """Edits of several files, in one of two forms."""

    changes: dict[str, list[TextEdit]] | None = None
    document_changes: list[Any] | None = None
    """Each a `TextDocumentEdit` or a `RenameFile`."""
    change_annotations: dict[str, ChangeAnnotation] | None = None


class CodeActionData(Structure, frozen=True):
    """Where an action was offered, by which its edits are worked out when it is chosen."""

    uri: str
    version: int
    start: int
    """In code points, as `end`."""
    end: int
    index: int = 0
    """How many actions of the same title and kind were offered before it."""


class CodeAction(Structure, frozen=True):
    """Something that can be done, with the edits that do it."""

    title: str
    kind: str
    diagnostics: list[Diagnostic] | None = None
    is_preferred: bool | None = None
    edit: WorkspaceEdit | None = None
    data: CodeActionData | None = None
    """What `codeAction/resolve` makes the edit of."""


class RenameParams(PositionParams, frozen=True, kw_only=True):
    """Give the name at a cursor another one."""

    new_name: str


class PrepareRenameResult(Structure, frozen=True):
    """The name that would be changed."""

    range: Range
    placeholder: str
