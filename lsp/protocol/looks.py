"""What a file looks like: folding, selection, colours, hints, links."""

from __future__ import annotations

from enum import IntEnum

from .documents import TextDocumentIdentifier
from .places import Position, Range, Structure


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


class LinkedEditingRanges(Structure, frozen=True):
    """Ranges with the same text, which are changed together."""

    ranges: list[Range]


class InlineValueContext(Structure, frozen=True):
    """Where a program has stopped that is debugged."""

    frame_id: int
    stopped_location: Range


class InlineValueParams(Structure, frozen=True):
    """What a debugger can show in a part of a file."""

    text_document: TextDocumentIdentifier
    range: Range
    context: InlineValueContext


class InlineValueVariableLookup(Structure, omit_defaults=False, frozen=True):
    """A variable whose value the debugger looks up."""

    range: Range
    variable_name: str
    case_sensitive_lookup: bool = True


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
    kind: InlayHintKind | None = None
    padding_left: bool | None = None
    padding_right: bool | None = None
    tooltip: str | None = None


class DocumentLink(Structure, frozen=True):
    """A range that leads to a file."""

    range: Range
    target: str
    tooltip: str | None = None


class TextDocumentContentParams(Structure, frozen=True):
    """The text of a URI that only the server knows."""

    uri: str


class TextDocumentContentResult(Structure, omit_defaults=False, frozen=True):
    """Such a text."""

    text: str
