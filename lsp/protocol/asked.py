"""What is asked at a place: hover, completion, signature help."""

from __future__ import annotations

from enum import IntEnum

from .documents import TextDocumentIdentifier
from .places import MarkupContent, Position, Range, Structure, TextEdit


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
