"""pygls' protocol with the parts replaced that do not fit: text handling, encodings, the wire, the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.protocol import LanguageServerProtocol, lsp_method

from . import convert

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..grammar.source import Encoding


class Protocol(LanguageServerProtocol):
    """pygls' protocol, whose own text documents stay empty.

    pygls splits lines where the protocol does not (at form feeds, U+2028 …) and clamps positions one short at
    the end of a text, so texts are kept by `workspace.Workspace` and `grammar.source.Source` instead.
    """

    encoding: Encoding = "utf-16"

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Generator[Any, Any, lsp.InitializeResult]:
        """Choose the encoding that costs us least, then initialize as pygls does."""
        general = params.capabilities.general
        self.encoding = convert.choose_encoding(general.position_encodings if general else None)
        if general is not None and general.position_encodings:
            general.position_encodings = [self.encoding]
        return (yield from super().lsp_initialize(params))

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> Generator[Any, Any, None]:
        """Hand the notification on, keeping nothing here."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: lsp.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification on, keeping nothing here."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(
        self, params: lsp.DidCloseTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification on, keeping nothing here."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CLOSE], (params,), None

    def refuse(self, request: str | int, code: int, message: str) -> None:
        """Answer a request with an error."""
        self._send_response(request, error=lsp.ResponseError(code=int(code), message=message))

    def _send_data(self, data: Any) -> None:
        """Send a message; unlike pygls, as plain UTF-8 and without writing all of it to the log."""
        if data and self.writer is not None:
            text = json.dumps(
                data, default=self._serialize_message, ensure_ascii=False, separators=(",", ":")
            )
            self.writer.write(text.encode("utf-8", "surrogatepass"))
