"""Findings."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal

from msgspec import UNSET, UnsetType, field

from .documents import TextDocumentIdentifier
from .places import Location, MarkupContent, Range, Structure


class DiagnosticSeverity(IntEnum):
    """How serious a finding is."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4


class DiagnosticTag(IntEnum):
    """How an editor may show a finding: faded or struck through."""

    UNNECESSARY = 1
    DEPRECATED = 2


class DiagnosticRelatedInformation(Structure, frozen=True):
    """A second place that a finding talks about."""

    location: Location
    message: str


class CodeDescription(Structure, frozen=True):
    """The page of a kind of finding."""

    href: str


class Diagnostic(Structure, frozen=True):
    """A finding."""

    range: Range
    message: str | MarkupContent
    severity: DiagnosticSeverity
    code: str
    source: str
    tags: list[DiagnosticTag] | None = None
    related_information: list[DiagnosticRelatedInformation] | None = None
    code_description: CodeDescription | None = None
    data: dict[str, Any] | None = None


class PublishDiagnosticsParams(Structure, frozen=True):
    """All findings of a file."""

    uri: str
    diagnostics: list[Diagnostic]
    version: int | None = None


# --- findings that a client asks for


class DocumentDiagnosticParams(Structure, frozen=True):
    """The findings of a file, if they are others than those of an answer before."""

    text_document: TextDocumentIdentifier
    previous_result_id: str | None = None


class FullReport(Structure, omit_defaults=False, frozen=True):
    """The findings of a file."""

    items: list[Diagnostic]
    result_id: str
    related_documents: dict[str, FullReport | UnchangedReport] | UnsetType = UNSET
    kind: Literal["full"] = "full"


class UnchangedReport(Structure, omit_defaults=False, frozen=True):
    """The findings are those of an answer before."""

    result_id: str
    related_documents: dict[str, FullReport | UnchangedReport] | UnsetType = UNSET
    kind: Literal["unchanged"] = "unchanged"


class PreviousResultId(Structure, frozen=True):
    """The last answer about a file."""

    uri: str
    value: str


class WorkspaceDiagnosticParams(Structure, frozen=True):
    """The findings of all files, if they are others than those of the answers before."""

    previous_result_ids: list[PreviousResultId] = field(default_factory=list)
    partial_result_token: str | int | None = None
    work_done_token: str | int | None = None


class WorkspaceFullReport(Structure, omit_defaults=False, frozen=True):
    """The findings of a file, of the version that is open."""

    uri: str
    version: int | None
    items: list[Diagnostic]
    result_id: str
    kind: Literal["full"] = "full"


class WorkspaceUnchangedReport(Structure, omit_defaults=False, frozen=True):
    """The findings of a file are those of an answer before."""

    uri: str
    version: int | None
    result_id: str
    kind: Literal["unchanged"] = "unchanged"


class WorkspaceReport(Structure, omit_defaults=False, frozen=True):
    """The findings of files."""

    items: list[WorkspaceFullReport | WorkspaceUnchangedReport]
