"""Signature help: the parameters of the call around the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...compiler.analysis import FileAnalysis
from ..docstrings import as_markdown
from ..protocol import (
    MarkupContent,
    ParameterInformation,
    SignatureHelp,
    SignatureHelpParams,
    SignatureInformation,
)
from ..session import Server
from .handler import about_position

if TYPE_CHECKING:
    from ...compiler.completion import signature_help as compiler


def _signature_help(
    server: Server, analysis: FileAnalysis, offset: int, _params: SignatureHelpParams
) -> SignatureHelp | None:
    """The ways to call what is called around the cursor; null outside of a call's brackets."""
    from ...compiler.completion.signature_help import signature_help

    found = signature_help(analysis, offset)
    if not found:
        return None
    active = next((at for at, each in enumerate(found) if each.is_active), 0)
    return SignatureHelp([_signature(each) for each in found], active)


def _signature(found: compiler.SignatureHelp) -> SignatureInformation:
    # Behind the last parameter is none, so that none is highlighted.
    active = len(found.parameters) if found.active is None else found.active
    return SignatureInformation(
        found.label,
        [_parameter(found.label, each) for each in found.parameters],
        MarkupContent(as_markdown(found.doc)) if found.doc else None,
        active,
    )


def _parameter(label: str, found: compiler.ParameterHelp) -> ParameterInformation:
    # The protocol counts UTF-16 units here, whichever encoding positions have.
    start, end = (len(label[:at].encode("utf-16-le")) // 2 for at in (found.start, found.end))
    return ParameterInformation((start, end), MarkupContent(as_markdown(found.doc)) if found.doc else None)


HANDLERS = {"textDocument/signatureHelp": about_position(_signature_help, SignatureHelpParams)}
CAPABILITIES = {"signatureHelpProvider": {"triggerCharacters": ["(", ","], "retriggerCharacters": ["=", ")"]}}
