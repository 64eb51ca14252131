"""What a feature is made of: the methods that it answers, each with the shape of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Source
from .. import convert
from ..protocol import DocumentParams, Position, Structure, TextDocumentIdentifier
from ..session import Server

Needs: TypeAlias = Literal["file", "project"]
"""`file`: answered in the order of arrival, by the thread that also takes the changes. `project`: looks at
many files, so another process answers, from the texts as they are then; the client may cancel it any time."""
OfSettings: TypeAlias = Callable[[Server, Source, int, Any], Any]
"""The answer about a place of a file of settings."""


class Handler(Struct, frozen=True):
    """The answer to one method."""

    params: type[Structure]
    run: Callable[[Server, Any], Any]
    needs: Needs = "file"


class _OfDocument(Protocol):
    @property
    def text_document(self) -> TextDocumentIdentifier: ...


class _AtPosition(_OfDocument, Protocol):
    @property
    def position(self) -> Position: ...


def about_file(
    answer: Callable[[Server, FileAnalysis, Any], Any], params: type[Structure] = DocumentParams
) -> Handler:
    """A handler that gets the analysis of the file it is asked about; null for a file that is not there."""

    def run(server: Server, params: _OfDocument) -> Any:
        analysis = server.files.analysis(params.text_document.uri)
        return None if analysis is None else answer(server, analysis, params)

    return Handler(params, run)


def about_position(
    answer: Callable[[Server, FileAnalysis, int, Any], Any],
    params: type[Structure],
    of_settings: OfSettings | None = None,
) -> Handler:
    """A handler that gets the analysis of a file and an offset in it; null for a file that is not there.

    `of_settings` answers for files of settings.
    """

    def run(server: Server, params: _AtPosition) -> Any:
        if of_settings is not None and server.files.is_settings(params.text_document.uri):
            source = server.files.source(convert.path_of(params.text_document.uri))
            if source is None:
                return None
            place = convert.offset(source, params.position, server.encoding)
            return of_settings(server, source, place, params)
        analysis = server.files.analysis(params.text_document.uri)
        if analysis is None:
            return None
        offset = convert.offset(analysis.source, params.position, server.encoding)
        return answer(server, analysis, offset, params)

    return Handler(params, run)
