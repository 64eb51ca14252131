"""The messages of the Language Server Protocol that this server reads and writes, under the names of the
specification (https://microsoft.github.io/language-server-protocol/), in Python's spelling.

msgspec checks their shape while it decodes them. `lsprotocol` has all of them as classes, but importing it
takes longer than checking a file does, so only the tests compare what is sent with it; see
`docs/decisions/030-the-server-has-its-own-connection.md`.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any

import msgspec


class Structure(msgspec.Struct, rename="camel", omit_defaults=True, frozen=True):
    """The base of all structures; what has its default value is not sent."""


# --- places


class Position(Structure, frozen=True):
    """A line and a column, both from 0; what a column counts was agreed on at the start."""

    line: int
    character: int


class Range(Structure, frozen=True):
    """From one position to another, the end excluded."""

    start: Position
    end: Position


class Location(Structure, frozen=True):
    """A range in a file."""

    uri: str
    range: Range


class TextEdit(Structure, frozen=True):
    """A replacement of a range."""

    range: Range
    new_text: str


# --- documents


class TextDocumentIdentifier(Structure, frozen=True):
    """A file, by its URI."""

    uri: str


class VersionedTextDocumentIdentifier(Structure, frozen=True):
    """A file as it was after a change."""

    uri: str
    version: int


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

    added: list[WorkspaceFolder] = []
    removed: list[WorkspaceFolder] = []


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


class AnyParams(Structure, frozen=True):
    """Parameters that are not looked at."""


# --- the life of a server


class InitializeParams(Structure, frozen=True):
    """The first request: who is asking, and what it can do."""

    process_id: int | None = None
    root_uri: str | None = None
    root_path: str | None = None
    workspace_folders: list[WorkspaceFolder] | None = None
    capabilities: dict[str, Any] = {}
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


# --- diagnostics


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


class Diagnostic(Structure, frozen=True):
    """A finding."""

    range: Range
    message: str
    severity: DiagnosticSeverity
    code: str
    source: str
    tags: list[DiagnosticTag] | None = None
    related_information: list[DiagnosticRelatedInformation] | None = None
    data: dict[str, Any] | None = None


class PublishDiagnosticsParams(Structure, frozen=True):
    """All findings of a file."""

    uri: str
    diagnostics: list[Diagnostic]
    version: int | None = None


# --- what is asked at a place


class MarkupContent(Structure, omit_defaults=False, frozen=True):
    """A text in Markdown."""

    value: str
    kind: str = "markdown"


class Hover(Structure, frozen=True):
    """What a name means."""

    contents: MarkupContent
    range: Range | None = None


class CompletionContext(Structure, frozen=True):
    """What made the client ask: a key (1), one of the trigger characters (2), an incomplete list (3)."""

    trigger_kind: int
    trigger_character: str | None = None


class CompletionParams(Structure, frozen=True):
    """What may stand at a place."""

    text_document: TextDocumentIdentifier
    position: Position
    context: CompletionContext | None = None


class CompletionItemKind(IntEnum):
    """The picture beside an offer."""

    METHOD = 2
    FUNCTION = 3
    FIELD = 5
    VARIABLE = 6
    CLASS = 7
    MODULE = 9
    PROPERTY = 10
    VALUE = 12
    KEYWORD = 14
    ENUM_MEMBER = 20
    CONSTANT = 21
    STRUCT = 22


class InsertTextFormat(IntEnum):
    """Whether places to fill in are marked in an offer."""

    PLAIN_TEXT = 1
    SNIPPET = 2


class InsertTextMode(IntEnum):
    """Whether the lines of an offer are indented as the one it goes into."""

    AS_IS = 1
    ADJUST_INDENTATION = 2


class CompletionItem(Structure, frozen=True):
    """An offer."""

    label: str
    kind: CompletionItemKind
    sort_text: str
    text_edit: TextEdit
    detail: str | None = None
    documentation: MarkupContent | None = None
    insert_text_format: InsertTextFormat | None = None
    insert_text_mode: InsertTextMode | None = None


class CompletionList(Structure, omit_defaults=False, frozen=True):
    """What is offered."""

    is_incomplete: bool
    items: list[CompletionItem]


class SignatureHelpParams(Structure, frozen=True):
    """Which call a place is in the arguments of."""

    text_document: TextDocumentIdentifier
    position: Position


class ParameterInformation(Structure, frozen=True):
    """A parameter: the range of its text in the label of its signature, the end excluded."""

    label: tuple[int, int]
    documentation: MarkupContent | None = None


class SignatureInformation(Structure, frozen=True):
    """One way to call something."""

    label: str
    parameters: list[ParameterInformation]
    documentation: MarkupContent | None = None
    active_parameter: int | None = None


class SignatureHelp(Structure, omit_defaults=False, frozen=True):
    """The ways to call what is called at a place."""

    signatures: list[SignatureInformation]
    active_signature: int = 0


# --- symbols


class SymbolKind(IntEnum):
    """The picture beside a name in an outline."""

    MODULE = 2
    NAMESPACE = 3
    CLASS = 5
    METHOD = 6
    PROPERTY = 7
    FIELD = 8
    ENUM = 10
    INTERFACE = 11
    FUNCTION = 12
    VARIABLE = 13
    CONSTANT = 14
    ARRAY = 18
    OBJECT = 19
    ENUM_MEMBER = 22
    STRUCT = 23
    EVENT = 24
    TYPE_PARAMETER = 26


class DocumentSymbol(Structure, frozen=True):
    """A declaration and what is in it."""

    name: str
    kind: SymbolKind
    range: Range
    selection_range: Range
    detail: str | None = None
    children: list[DocumentSymbol] | None = None


class SymbolInformation(Structure, frozen=True):
    """A declaration, without what is in it."""

    name: str
    kind: SymbolKind
    location: Location
    container_name: str | None = None


class ReferenceContext(Structure, frozen=True):
    """What counts as a reference."""

    include_declaration: bool = True


class ReferenceParams(PositionParams, frozen=True):
    """The places of the name at a cursor, anywhere in the project."""

    context: ReferenceContext = ReferenceContext()


class DocumentHighlightKind(IntEnum):
    """What is done with a name where it stands."""

    TEXT = 1
    READ = 2
    WRITE = 3


class DocumentHighlight(Structure, frozen=True):
    """A place of the name at the cursor."""

    range: Range
    kind: DocumentHighlightKind


class WorkspaceSymbolParams(Structure, frozen=True):
    """The names that a text stands for, anywhere in the project."""

    query: str


# --- edits


class FormattingParams(Structure, frozen=True):
    """Lay a file out."""

    text_document: TextDocumentIdentifier
    options: dict[str, Any] = {}


class RangeFormattingParams(Structure, frozen=True):
    """Lay the declarations of a selection out."""

    text_document: TextDocumentIdentifier
    range: Range
    options: dict[str, Any] = {}


class CodeActionContext(Structure, frozen=True):
    """What the client shows at a place, and what it wants."""

    diagnostics: list[Any] = []
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


class WorkspaceEdit(Structure, frozen=True):
    """Edits of several files, in one of two forms."""

    changes: dict[str, list[TextEdit]] | None = None
    document_changes: list[TextDocumentEdit] | None = None


class CodeAction(Structure, frozen=True):
    """Something that can be done, with the edits that do it."""

    title: str
    kind: str
    diagnostics: list[Diagnostic] | None = None
    is_preferred: bool | None = None
    edit: WorkspaceEdit | None = None


class RenameParams(PositionParams, frozen=True, kw_only=True):
    """Give the name at a cursor another one."""

    new_name: str


class PrepareRenameResult(Structure, frozen=True):
    """The name that would be changed."""

    range: Range
    placeholder: str


# --- what a file looks like


class FoldingRange(Structure, frozen=True):
    """Lines that can be folded away: all but the first, to the last."""

    start_line: int
    end_line: int
    kind: str | None = None


class SelectionRangeParams(Structure, frozen=True):
    """What selections at some places may grow to."""

    text_document: TextDocumentIdentifier
    positions: list[Position]


class SelectionRange(Structure, frozen=True):
    """A range, and the next larger one."""

    range: Range
    parent: SelectionRange | None = None


class SemanticTokensRangeParams(Structure, frozen=True):
    """The tokens of a part of a file."""

    text_document: TextDocumentIdentifier
    range: Range


class SemanticTokensDeltaParams(Structure, frozen=True):
    """What has changed in the tokens since an answer."""

    text_document: TextDocumentIdentifier
    previous_result_id: str


class SemanticTokens(Structure, omit_defaults=False, frozen=True):
    """Five numbers a token: lines and columns from the token before, length, type, modifiers."""

    data: list[int]
    result_id: str | None = None


class SemanticTokensEdit(Structure, omit_defaults=False, frozen=True):
    """Numbers that have gone, and those in their place."""

    start: int
    delete_count: int
    data: list[int]


class SemanticTokensDelta(Structure, omit_defaults=False, frozen=True):
    """What has changed."""

    edits: list[SemanticTokensEdit]
    result_id: str


class InlayHintParams(Structure, frozen=True):
    """What can be shown between the characters of a part of a file."""

    text_document: TextDocumentIdentifier
    range: Range


class InlayHintKind(IntEnum):
    """What a hint tells."""

    TYPE = 1
    PARAMETER = 2


class InlayHint(Structure, frozen=True):
    """A text that is shown, and is not in the file."""

    position: Position
    label: str
    kind: InlayHintKind
    padding_left: bool | None = None
    padding_right: bool | None = None


class DocumentLink(Structure, frozen=True):
    """A range that leads to a file."""

    range: Range
    target: str
    tooltip: str | None = None


# --- who calls whom


class CallHierarchyItem(Structure, frozen=True):
    """Something that can be called."""

    name: str
    kind: SymbolKind
    uri: str
    range: Range
    selection_range: Range
    detail: str | None = None


class CallHierarchyParams(Structure, frozen=True):
    """The callers or callees of an item."""

    item: CallHierarchyItem


class CallHierarchyIncomingCall(
    Structure, omit_defaults=False, rename={"caller": "from", "ranges": "fromRanges"}, frozen=True
):
    """A caller, and where it calls."""

    caller: CallHierarchyItem
    ranges: list[Range]


class CallHierarchyOutgoingCall(Structure, omit_defaults=False, frozen=True):
    """A callee, and where it is called."""

    to: CallHierarchyItem
    from_ranges: list[Range]


class TextDocumentSyncKind(IntFlag):
    """How a client sends changes."""

    NONE = 0
    FULL = 1
    INCREMENTAL = 2
