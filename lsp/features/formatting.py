"""Formatting, as edits of the lines that change, so that cursors and breakpoints stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...grammar.source import Source, Span
from .. import convert
from ..protocol import (
    FormattingParams,
    Range,
    RangeFormattingParams,
    RangesFormattingParams,
    TextDocumentIdentifier,
    TextEdit,
)
from ..session import Server
from .handler import Handler


def _format(server: Server, params: FormattingParams) -> list[TextEdit]:
    """The edits that bring a document into the one layout; what does not parse stays as it is."""
    return _edits(server, params.text_document, None)


def _format_range(server: Server, params: RangeFormattingParams) -> list[TextEdit]:
    """The edits that bring the declarations of a selection into the one layout."""
    return _edits(server, params.text_document, [params.range])


def _format_ranges(server: Server, params: RangesFormattingParams) -> list[TextEdit]:
    """The same for several selections at once."""
    return _edits(server, params.text_document, params.ranges)


def _edits(
    server: Server, formatted: TextDocumentIdentifier, selected: Sequence[Range] | None
) -> list[TextEdit]:
    from ...grammar.formatting.format import format_source

    document = server.files.document(formatted.uri)
    if document is None or not server.files.is_program(formatted.uri):
        return []
    source, encoding = document.source, server.encoding
    only = None if selected is None else [convert.span_of(source, each, encoding) for each in selected]
    return [
        TextEdit(convert.range_of(source, span, encoding), replacement)
        for span, replacement in line_edits(source, format_source(source.text, only))
    ]


def line_edits(source: Source, text: str) -> Iterator[tuple[Span, str]]:
    """The fewest replacements of whole lines that turn a text into another, in order."""
    import difflib

    old, new = _lines(source), _lines(Source(source.uri, text))
    starts = [*source.line_starts, len(source.text)]
    for tag, old_start, old_end, new_start, new_end in difflib.SequenceMatcher(
        None, old, new, False
    ).get_opcodes():
        if tag != "equal":
            yield Span(starts[old_start], starts[old_end]), "".join(new[new_start:new_end])


def _lines(source: Source) -> list[str]:
    ends = [*source.line_starts[1:], len(source.text)]
    return [source.text[start:end] for start, end in zip(source.line_starts, ends, strict=True)]


HANDLERS = {
    "textDocument/formatting": Handler(FormattingParams, _format),
    "textDocument/rangeFormatting": Handler(RangeFormattingParams, _format_range),
    "textDocument/rangesFormatting": Handler(RangesFormattingParams, _format_ranges),
}
CAPABILITIES = {
    "documentFormattingProvider": True,
    "documentRangeFormattingProvider": {"rangesSupport": True},
}
