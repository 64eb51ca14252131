"""What three editors say of themselves, as far as a server may look at it."""

from __future__ import annotations

from typing import Any

_KINDS = {"valueSet": ["", "quickfix", "refactor", "refactor.extract", "refactor.inline", "source"]}
_TOKENS: dict[str, Any] = {
    "requests": {"range": True, "full": {"delta": True}},
    "tokenTypes": ["type", "class", "enum", "interface", "struct", "parameter", "variable", "property"],
    "tokenModifiers": ["declaration", "readonly", "defaultLibrary"],
    "formats": ["relative"],
}

_ALL: dict[str, Any] = {
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {"applyEdit": True, "configuration": True, "workspaceFolders": True},
    "textDocument": {
        "synchronization": {"didSave": True, "willSave": True},
        "completion": {
            "contextSupport": True,
            "completionItem": {"snippetSupport": True},
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": _KINDS},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit", "command"]},
        },
        "rename": {"prepareSupport": True},
        "publishDiagnostics": {"relatedInformation": True, "tagSupport": {"valueSet": [1, 2]}},
    },
}
"""What all of them say."""


def _with(general: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What all say, with what one says of its own; within dicts, too."""
    both = general.keys() & own.keys()
    inner = {name: _with(general[name], own[name]) for name in both if isinstance(own[name], dict)}
    return {**general, **own, **inner}


VS_CODE = _with(
    _ALL,
    {
        "general": {"positionEncodings": ["utf-16"], "markdown": {"parser": "marked", "version": "1.1.0"}},
        "workspace": {
            "didChangeConfiguration": {"dynamicRegistration": True},
            "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
            "codeLens": {"refreshSupport": True},
            "inlayHint": {"refreshSupport": True},
            "diagnostics": {"refreshSupport": True},
            "fileOperations": {"willRename": True, "didRename": True, "didCreate": True, "didDelete": True},
            "textDocumentContent": {"dynamicRegistration": True},
            "workspaceEdit": {
                "documentChanges": True,
                "resourceOperations": ["create", "rename", "delete"],
                "failureHandling": "textOnlyTransactional",
                "changeAnnotationSupport": {"groupsOnLabel": True},
            },
        },
        "textDocument": {
            "completion": {
                "completionItem": {
                    "documentationFormat": ["markdown", "plaintext"],
                    "labelDetailsSupport": True,
                    "resolveSupport": {"properties": ["documentation", "detail", "additionalTextEdits"]},
                },
            },
            "codeAction": {"resolveSupport": {"properties": ["edit"]}},
            "rename": {"honorsChangeAnnotations": True},
            "diagnostic": {"relatedDocumentSupport": False, "codeDescriptionSupport": True},
            "semanticTokens": {**_TOKENS, "augmentsSyntaxTokens": True},
            "foldingRange": {"rangeLimit": 5000},
        },
    },
)

NEOVIM = _with(
    _ALL,
    {
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
        "window": {"showMessage": {}},
        "workspace": {
            "didChangeConfiguration": {"dynamicRegistration": False},
            "didChangeWatchedFiles": {"dynamicRegistration": False, "relativePatternSupport": True},
            "inlayHint": {"refreshSupport": True},
            "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
        },
        "textDocument": {
            "completion": {
                "completionItem": {
                    "documentationFormat": ["markdown", "plaintext"],
                    "resolveSupport": {"properties": ["additionalTextEdits", "command"]},
                },
            },
            "diagnostic": {"dynamicRegistration": False},
            "semanticTokens": {**_TOKENS, "requests": {"range": False, "full": {"delta": True}}},
        },
    },
)

EMACS = _with(
    _ALL,
    {
        "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]},
        "workspace": {
            "didChangeWatchedFiles": {"dynamicRegistration": True},
            "workspaceEdit": {"documentChanges": True},
        },
        "textDocument": {
            "completion": {
                "completionItem": {
                    "snippetSupport": False,
                    "deprecatedSupport": True,
                    "resolveSupport": {"properties": ["documentation", "details", "additionalTextEdits"]},
                },
            },
            "publishDiagnostics": {"relatedInformation": False, "codeDescriptionSupport": True},
        },
    },
)

EDITORS = {"VS Code": VS_CODE, "Neovim": NEOVIM, "Emacs": EMACS}
