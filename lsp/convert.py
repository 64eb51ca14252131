"""Between the compiler's terms and the protocol's: spans and ranges, paths and URIs, and nowhere else."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types as lsp

from ..grammar.source import Encoding, Position, Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..compiler.diagnostic import Edit, Severity

PREFERRED_ENCODINGS: tuple[Encoding, ...] = ("utf-32", "utf-16", "utf-8")
"""Python counts code points, so the first costs nothing and the last the most."""

SEVERITIES: dict[Severity, lsp.DiagnosticSeverity] = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}


def choose_encoding(offered: Iterable[str] | None) -> Encoding:
    """The encoding to count columns in; a client that offers none means UTF-16."""
    known = set(offered or ())
    return next((encoding for encoding in PREFERRED_ENCODINGS if encoding in known), "utf-16")


def position(source: Source, offset: int, encoding: Encoding) -> lsp.Position:
    """Where a code point stands, as the client counts."""
    line, column = source.position(offset, encoding)
    return lsp.Position(line, column)


def range_of(source: Source, span: Span, encoding: Encoding) -> lsp.Range:
    """A span as the client counts."""
    return lsp.Range(position(source, span.start, encoding), position(source, span.end, encoding))


def offset(source: Source, place: lsp.Position, encoding: Encoding) -> int:
    """The code point that a client's position means; one beyond the end means the end."""
    return source.offset(Position(place.line, place.character), encoding)


def span_of(source: Source, area: lsp.Range, encoding: Encoding) -> Span:
    """A client's range in code points."""
    start = offset(source, area.start, encoding)
    return Span(start, max(start, offset(source, area.end, encoding)))


def changed(
    source: Source, changes: Sequence[lsp.TextDocumentContentChangeEvent], encoding: Encoding
) -> Source:
    """The text after a client's changes, each of which counts in the text that the one before it left."""
    for change in changes:
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            start, end = span_of(source, change.range, encoding)
            source = Source(source.uri, source.text[:start] + change.text + source.text[end:])
        else:
            source = Source(source.uri, change.text)
    return source


def text_edits(source: Source, edits: Iterable[Edit], encoding: Encoding) -> list[lsp.TextEdit]:
    """The compiler's edits as the protocol's."""
    return [lsp.TextEdit(range_of(source, edit.span, encoding), edit.replacement) for edit in edits]


def path_of(uri: str) -> str:
    """The path that a `file:` URI names; any other URI stands for itself, and no file has that name."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return uri
    path = unquote(parts.path)
    if os.name == "nt":
        path = path.lstrip("/") if path[2:3] == ":" else path
        return os.path.normpath(f"//{parts.netloc}{path}" if parts.netloc else path)
    return os.path.normpath(path)


def uri_of(path: str) -> str:
    """The URI of a path; what is a URI already stays as it is."""
    if not os.path.isabs(path):
        return path
    path = path.replace(os.sep, "/")
    return "file://" + quote(path if path.startswith("/") else "/" + path)
