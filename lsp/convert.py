"""Between the compiler's terms and the protocol's: spans and ranges, paths and URIs, and nowhere else."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Sequence

from pygls.uris import from_fs_path, to_fs_path

from ..base import diagnostic
from ..grammar import source as text
from ..grammar.source import Encoding, Source, Span
from .protocol import (
    Diagnostic,
    DiagnosticRelatedInformation,
    DiagnosticSeverity,
    DiagnosticTag,
    Location,
    Position,
    Range,
    TextDocumentContentChangeEvent,
    TextEdit,
)

PREFERRED_ENCODINGS: tuple[Encoding, ...] = ("utf-32", "utf-16", "utf-8")
"""Python counts code points, so the first costs nothing and the last the most."""

_SEVERITIES: dict[diagnostic.Severity, DiagnosticSeverity] = {
    "error": DiagnosticSeverity.ERROR,
    "warning": DiagnosticSeverity.WARNING,
    "info": DiagnosticSeverity.INFORMATION,
}


def choose_encoding(offered: object) -> Encoding:
    """The encoding to count columns in; a client that offers none means UTF-16."""
    known = offered if isinstance(offered, list) else []
    return next((encoding for encoding in PREFERRED_ENCODINGS if encoding in known), "utf-16")


def position(source: Source, offset: int, encoding: Encoding) -> Position:
    """Where a code point stands, as the client counts."""
    line, column = source.position(offset, encoding)
    return Position(line, column)


def range_of(source: Source, span: Span, encoding: Encoding) -> Range:
    """A span as the client counts."""
    return Range(position(source, span.start, encoding), position(source, span.end, encoding))


def offset(source: Source, place: Position, encoding: Encoding) -> int:
    """The code point that a client's position means; one beyond the end means the end."""
    return source.offset(text.Position(place.line, place.character), encoding)


def span_of(source: Source, area: Range, encoding: Encoding) -> Span:
    """A client's range in code points."""
    start = offset(source, area.start, encoding)
    return Span(start, max(start, offset(source, area.end, encoding)))


def changed(source: Source, changes: Sequence[TextDocumentContentChangeEvent], encoding: Encoding) -> Source:
    """The text after a client's changes, each of which counts in the text that the one before it left."""
    for change in changes:
        if change.range is not None:
            source = source.edited(span_of(source, change.range, encoding), change.text)
        else:
            source = Source(source.uri, change.text)
    return source


def text_edits(source: Source, edits: Iterable[diagnostic.Edit], encoding: Encoding) -> list[TextEdit]:
    """The compiler's edits as the protocol's."""
    return [TextEdit(range_of(source, edit.span, encoding), edit.replacement) for edit in edits]


def as_diagnostic(
    found: diagnostic.Diagnostic,
    source: Source,
    encoding: Encoding,
    source_of: Callable[[str], Source | None],
) -> Diagnostic:
    """A finding in a source; `source_of` gives the texts of the other files that it mentions."""
    return Diagnostic(
        range=range_of(source, found.span, encoding),
        severity=_SEVERITIES[found.severity],
        code=found.code,
        source="dspyc",
        message=found.message if found.help is None else f"{found.message}\n{found.help}",
        tags=_tags(found.name),
        related_information=list(_related(found, source, encoding, source_of)) or None,
        data={"name": found.name},
    )


def _tags(name: str) -> list[DiagnosticTag] | None:
    """What is unused is greyed out, and what is switched off is struck through."""
    if name.startswith("unused-"):
        return [DiagnosticTag.UNNECESSARY]
    return [DiagnosticTag.DEPRECATED] if name == "retired-model" else None


def _related(
    found: diagnostic.Diagnostic,
    source: Source,
    encoding: Encoding,
    source_of: Callable[[str], Source | None],
) -> Iterable[DiagnosticRelatedInformation]:
    for label in found.labels:
        other = source if label.path is None else source_of(label.path)
        if other is not None:
            uri = uri_of(label.path or source.uri)
            yield DiagnosticRelatedInformation(
                Location(uri, range_of(other, label.span, encoding)), label.message
            )


def path_of(uri: str) -> str:
    """The path that a `file:` URI names; any other URI stands for itself, and no file has that name."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return uri if path is None else os.path.normpath(path)


def uri_of(path: str) -> str:
    """The URI of a path; what is a URI already stays as it is."""
    return (from_fs_path(path) if os.path.isabs(path) else None) or path
