"""What happens between `initialize` and `exit`: the features, and the files that they are asked about."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import traceback
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from ..grammar.source import Encoding, Source
from . import convert, stdio
from .features import FEATURES, diagnostics
from .protocol import Protocol
from .workspace import SOURCE_SUFFIX, Document, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

WATCHED = "**/*.{dspy,py,toml}"
"""The files that an open one may depend on."""


class Server(LanguageServer):
    """What the features work with: the files, what is to be done later, and what the client was told."""

    protocol: Protocol

    def __init__(self) -> None:
        super().__init__("dspyc", version("dspyc"), protocol_cls=Protocol)
        self.files = Workspace()
        self.later = stdio.Later()
        self.published: dict[str, tuple[int, list[lsp.Diagnostic]]] = {}
        """What was pushed last for each URI."""

    @property
    def encoding(self) -> Encoding:
        """How this client counts columns."""
        return self.protocol.encoding

    @contextlib.contextmanager
    def guard(self, what: str) -> Iterator[None]:
        """Go on after a defect of ours, and tell the client's log about it."""
        try:
            yield
        except Exception:
            logger.exception("%s failed", what)
            report = f"dspyc: {what} failed; this is a defect of dspyc.\n{traceback.format_exc()}"
            self.window_log_message(lsp.LogMessageParams(type=lsp.MessageType.Error, message=report))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write what goes wrong outside of a feature to the client's log; no window pops up."""
        logger.error("%s: %s", source, error)


def make_server() -> Server:
    """A server with all its features, not yet connected to a client."""
    server = Server()
    for feature in FEATURES:
        server.feature(feature.METHOD, feature.OPTIONS)(_guarded(server, feature.METHOD, feature.handle))
    notifications: dict[str, Callable[[Server, Any], None]] = {
        lsp.INITIALIZE: _initialize,
        lsp.INITIALIZED: _initialized,
        lsp.TEXT_DOCUMENT_DID_OPEN: _did_open,
        lsp.TEXT_DOCUMENT_DID_CHANGE: _did_change,
        lsp.TEXT_DOCUMENT_DID_SAVE: _did_save,
        lsp.TEXT_DOCUMENT_DID_CLOSE: _did_close,
        lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES: _did_change_watched_files,
        lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: _did_change_workspace_folders,
        lsp.WORKSPACE_DID_CHANGE_CONFIGURATION: _did_change_configuration,
    }
    for method, handle in notifications.items():
        server.feature(method)(_guarded(server, method, handle))
    return server


def _guarded(server: Server, method: str, handle: Callable[[Server, Any], Any]) -> Callable[[Any], Any]:
    def run(params: Any) -> Any:
        result = None
        with server.guard(method):
            result = handle(server, params)
        return result

    return run


def _initialize(server: Server, params: lsp.InitializeParams) -> None:
    folders = [folder.uri for folder in params.workspace_folders or ()]
    if not folders and params.root_uri is not None:
        folders = [params.root_uri]
    server.files.folders = [convert.path_of(uri) for uri in folders]


def _initialized(server: Server, _params: lsp.InitializedParams) -> None:
    server.later.add("warm up", 0, lambda: _warm_up(server))
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if watching is not None and watching.dynamic_registration:
        options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(WATCHED)])
        server.client_register_capability(
            lsp.RegistrationParams(
                [lsp.Registration("dspyc-files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
            )
        )


def _warm_up(server: Server) -> None:
    """Do what is slow the first time, then keep what is there out of the garbage collector's sight."""
    with server.guard("warm up"):
        path = os.path.join(os.sep, "warm up" + SOURCE_SUFFIX)
        server.files.put(
            Document(convert.uri_of(path), path, 0, Source(path, 'module warm = Predict("a -> b")\n'))
        )
        try:
            server.files.analysis(convert.uri_of(path))
        finally:
            server.files.close(convert.uri_of(path))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


def _did_open(server: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    opened = params.text_document
    path = convert.path_of(opened.uri)
    server.files.put(Document(opened.uri, path, opened.version, Source(path, opened.text)))
    diagnostics.schedule(server, opened.uri)


def _did_change(server: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    document = server.files.document(params.text_document.uri)
    if document is None:
        return
    document.source = convert.changed(document.source, params.content_changes, server.encoding)
    document.version = params.text_document.version
    diagnostics.schedule(server, document.uri)


def _did_save(server: Server, params: lsp.DidSaveTextDocumentParams) -> None:
    diagnostics.schedule(server, params.text_document.uri)


def _did_close(server: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    server.files.close(params.text_document.uri)
    diagnostics.clear(server, params.text_document.uri)
    diagnostics.schedule_others(server)


def _did_change_watched_files(server: Server, _params: lsp.DidChangeWatchedFilesParams) -> None:
    diagnostics.schedule_others(server)


def _did_change_workspace_folders(server: Server, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
    removed = {convert.path_of(folder.uri) for folder in params.event.removed}
    added = [convert.path_of(folder.uri) for folder in params.event.added]
    server.files.folders = [folder for folder in server.files.folders if folder not in removed] + added
    diagnostics.schedule_others(server)


def _did_change_configuration(server: Server, _params: lsp.DidChangeConfigurationParams) -> None:
    diagnostics.schedule_others(server)
