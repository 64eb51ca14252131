"""What happens between `initialize` and `exit`, and what the client says of its files."""

from __future__ import annotations

import gc
import os
from importlib import import_module
from typing import Any

from ..base.version import VERSION
from ..grammar.source import Source
from . import convert, features, parent, settings_of_client
from .configuration import SECTION
from .dispatch import Dispatcher
from .features import diagnostics, last_results
from .features.handler import Handler
from .protocol import (
    AnyParams,
    DidChangeConfigurationParams,
    DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams,
    DidOpenTextDocumentParams,
    DidSaveTextDocumentParams,
    InitializeParams,
    InitializeResult,
    ServerInfo,
    TextDocumentSyncKind,
)
from .session import Server
from .workspace import SOURCE_SUFFIX, Document

WATCHED = "**/*.{dspy,py,toml,csv,tsv,json,jsonl,ndjson,parquet,gz}"
"""The files that an open one may depend on."""


def dispatcher(server: Server) -> Dispatcher:
    """What takes the messages of a client to the features."""
    return Dispatcher(
        server, {"initialize": Handler(InitializeParams, _initialize), **_requests()}, _NOTIFICATIONS
    )


def _requests() -> dict[str, Handler]:
    found: dict[str, Handler] = {}
    for feature in features.FEATURES:
        found.update(feature.HANDLERS)
    return found


def _initialize(server: Server, params: InitializeParams) -> InitializeResult:
    folders = [folder.uri for folder in params.workspace_folders or ()]
    if not folders and params.root_uri is not None:
        folders = [params.root_uri]
    server.files.folders = [convert.path_of(uri) for uri in folders]
    server.client = params.capabilities
    server.encoding = convert.choose_encoding(server.client_can("general.positionEncodings"))
    if params.process_id is not None and server.is_near:
        parent.watch(params.process_id, server.connection.end)
    capabilities: dict[str, Any] = {
        "positionEncoding": server.encoding,
        "textDocumentSync": {
            "openClose": True,
            "change": int(TextDocumentSyncKind.INCREMENTAL),
            "save": {"includeText": False},
        },
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
    }
    for feature in features.FEATURES:
        for name, offered in feature.CAPABILITIES.items():
            capabilities[name] = {**capabilities[name], **offered} if name == "workspace" else offered
    options = params.initialization_options
    client_runs = isinstance(options, dict) and bool(options.get("commands"))
    server.runs_commands = server.is_near or client_runs
    if not server.is_near or client_runs:
        # Over the network nobody may start any; and who runs them itself may not have two of the same name.
        del capabilities["executeCommandProvider"]
    return InitializeResult(capabilities, ServerInfo("dspyc", VERSION))


WARM_UP_DELAY = 0.25
"""Seconds; the first diagnostics come before it."""
_LATE = (
    "compiler.completion.complete",
    "compiler.query.hover",
    "compiler.query.symbols",
    "grammar.formatting.format",
)
"""Modules that only some requests need."""


def _initialized(server: Server, _params: AnyParams) -> None:
    server.later.add("warm up", WARM_UP_DELAY, lambda: _warm_up(server))
    _look_for_exports(server)
    settings_of_client.watch(server)
    if server.client_can("workspace.didChangeWatchedFiles.dynamicRegistration"):
        method = "workspace/didChangeWatchedFiles"
        results = last_results.watcher(server)
        options = {"watchers": [{"globPattern": WATCHED}, *([results] if results is not None else [])]}
        server.connection.request(
            "client/registerCapability",
            {"registrations": [{"id": "dspyc-files", "method": method, "registerOptions": options}]},
        )


EXPORTS_DELAY = 1.0
"""Seconds after a change on the disk."""


def _look_for_exports(server: Server) -> None:
    """Read what the files of the workspace declare, in a thread, so that nobody waits for it."""
    if not server.is_worker:
        server.later.add("exports", EXPORTS_DELAY, server.looking_for_exports.start)


LETTING_GO_DELAY = 2.0
"""Seconds after files were closed, deleted or renamed, or settings were changed."""


def _let_go(server: Server) -> None:
    """Forget files at which nobody looks any more: here the open ones matter, in the other process all."""

    def forget() -> None:
        with server.guard("letting files go"):
            files = server.files
            opened = [each.path for each in files.open.values() if files.is_program(each.uri)]
            files.keep_only(files.sources() if server.is_worker else opened)
            # Files and their projects refer to each other, and the collector seldom looks at old objects.
            gc.collect()

    server.later.add("let go", LETTING_GO_DELAY, forget)


def _warm_up(server: Server) -> None:
    """Do what is slow the first time, then keep what is there out of the garbage collector's sight."""
    with server.guard("warm up"):
        path = os.path.join(os.sep, "warm up" + SOURCE_SUFFIX)
        uri = convert.uri_of(path)
        server.files.put(Document(uri, path, 0, Source(path, 'module warm = Predict("a -> b")\n')))
        try:
            server.files.analysis(uri)
        finally:
            server.files.close(uri)
        for module in _LATE:
            import_module(f"...{module}", __name__)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


# --- documents ------------------------------------------------------------------------------------------


def _did_open(server: Server, params: DidOpenTextDocumentParams) -> None:
    opened = params.text_document
    path = convert.path_of(opened.uri)
    server.files.put(Document(opened.uri, path, opened.version, Source(path, opened.text)))
    diagnostics.schedule(server, opened.uri)
    diagnostics.schedule_settings(server)


def _did_change(server: Server, params: DidChangeTextDocumentParams) -> None:
    document = server.files.document(params.text_document.uri)
    if document is None:
        return
    source = convert.changed(document.source, params.content_changes, server.encoding)
    version = params.text_document.version
    version = document.version if version is None else version
    server.files.put(Document(document.uri, document.path, version, source))
    diagnostics.schedule(server, document.uri)
    if server.files.is_settings(document.uri):
        _let_go(server)


def _did_save(server: Server, params: DidSaveTextDocumentParams) -> None:
    diagnostics.schedule(server, params.text_document.uri)
    diagnostics.schedule_settings(server)
    _look_for_exports(server)


def _did_close(server: Server, params: DidCloseTextDocumentParams) -> None:
    server.files.close(params.text_document.uri)
    diagnostics.clear(server, params.text_document.uri)
    server.forget_tokens(params.text_document.uri)
    _let_go(server)
    diagnostics.schedule_others(server)


# --- the workspace --------------------------------------------------------------------------------------


def _did_change_workspace_folders(server: Server, params: DidChangeWorkspaceFoldersParams) -> None:
    removed = {convert.path_of(folder.uri) for folder in params.event.removed}
    added = [convert.path_of(folder.uri) for folder in params.event.added]
    server.files.folders = [folder for folder in server.files.folders if folder not in removed] + added
    _something_changed(server, params)


def _something_changed(server: Server, _params: Any) -> None:
    diagnostics.schedule_others(server)
    _look_for_exports(server)
    _let_go(server)


def _did_change_watched_files(server: Server, params: DidChangeWatchedFilesParams) -> None:
    """Files have changed on the disk; what only lenses tell of concerns nothing else."""
    paths = [convert.path_of(change.uri) for change in params.changes]
    results = [path for path in paths if last_results.is_result(path)]
    if results or any(path.endswith(".state.json") for path in paths):
        last_results.refresh_later(server)
    if len(results) < len(paths):
        _something_changed(server, params)


def _did_change_configuration(server: Server, params: DidChangeConfigurationParams) -> None:
    """The user has changed settings of the editor; a client that cannot be asked for them sends them."""
    if server.client_can("workspace.configuration"):
        settings_of_client.ask(server)
    elif isinstance(params.settings, dict):
        settings_of_client.use(server, params.settings.get(SECTION, params.settings))
    _something_changed(server, params)


_NOTIFICATIONS = {
    "initialized": Handler(AnyParams, _initialized),
    "textDocument/didOpen": Handler(DidOpenTextDocumentParams, _did_open),
    "textDocument/didChange": Handler(DidChangeTextDocumentParams, _did_change),
    "textDocument/didSave": Handler(DidSaveTextDocumentParams, _did_save),
    "textDocument/didClose": Handler(DidCloseTextDocumentParams, _did_close),
    "workspace/didChangeWatchedFiles": Handler(DidChangeWatchedFilesParams, _did_change_watched_files),
    "workspace/didChangeWorkspaceFolders": Handler(
        DidChangeWorkspaceFoldersParams, _did_change_workspace_folders
    ),
    "workspace/didRenameFiles": Handler(AnyParams, _something_changed),
    "workspace/didCreateFiles": Handler(AnyParams, _something_changed),
    "workspace/didDeleteFiles": Handler(AnyParams, _something_changed),
    "workspace/didChangeConfiguration": Handler(DidChangeConfigurationParams, _did_change_configuration),
}
