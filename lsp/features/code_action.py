"""Code actions: the fixes that findings carry, all of a kind or all safe ones at once, and suppressions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...base.diagnostic import Diagnostic, Edit
from ...compiler.analysis import FileAnalysis
from ...compiler.fixing import apart, applicable
from ...compiler.suppressing import can_be_suppressed, edits_for
from .. import convert
from ..protocol import (
    CodeAction,
    CodeActionParams,
    OptionalVersionedTextDocumentIdentifier,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)
from ..session import Server
from .handler import about_file

QUICK_FIX = "quickfix"
FIX_ALL = "source.fixAll"


def _code_action(server: Server, analysis: FileAnalysis, params: CodeActionParams) -> list[CodeAction]:
    """The fixes of what was found in a range, and what can be done about the whole file."""
    only = params.context.only
    document = server.files.document(params.text_document.uri)
    if document is None:
        return []
    made = _Maker(server, analysis, document.uri, document.version)
    actions: list[CodeAction] = []
    if _wants(only, QUICK_FIX):
        area = convert.span_of(analysis.source, params.range, server.encoding)
        found = [
            each
            for each in analysis.diagnostics
            if each.span.start <= area.end and each.span.end >= area.start
        ]
        actions += [*made.fixes(found), *made.fixes_of_a_kind(found), *made.suppressions(found)]
    if only is not None and _wants(only, FIX_ALL):
        actions += made.all_safe_fixes()
    return actions


def _wants(only: Sequence[str] | None, kind: str) -> bool:
    """Whether a client asks for a kind of actions: for all, for itself or for one above it."""
    return only is None or any(each in ("", kind) or kind.startswith(f"{each}.") for each in only)


class _Maker:
    """Makes the actions about one version of a file."""

    def __init__(self, server: Server, analysis: FileAnalysis, uri: str, version: int) -> None:
        self._server = server
        self._analysis = analysis
        self._uri = uri
        self._version = version

    def fixes(self, found: Sequence[Diagnostic]) -> Iterator[CodeAction]:
        """Each fix of each finding."""
        for each in found:
            for fix in each.fixes:
                if fix.applicability != "display-only":
                    yield self._action(fix.title, fix.edits, [each], is_preferred=fix.is_safe or None)

    def fixes_of_a_kind(self, found: Sequence[Diagnostic]) -> Iterator[CodeAction]:
        """For each kind of finding here that the file has more of: all of their fixes."""
        for code in dict.fromkeys(each.code for each in found):
            alike = [each for each in self._analysis.diagnostics if each.code == code]
            fixes = apart(fix for each in alike if (fix := applicable(each, unsafe=True)) is not None)
            if len(fixes) > 1:
                edits = [edit for fix in fixes for edit in fix.edits]
                yield self._action(f"Fix all in this file: {code} {alike[0].name}", edits, alike)

    def suppressions(self, found: Sequence[Diagnostic]) -> Iterator[CodeAction]:
        """A comment for each finding here that one can suppress."""
        for each in found:
            if can_be_suppressed(each):
                edits = edits_for(self._analysis.file, [each])
                yield self._action(f"Ignore {each.code} here: {each.name}", edits, [each])

    def all_safe_fixes(self) -> Iterator[CodeAction]:
        """All safe fixes of the file, as `dspyc check --fix` makes them in one round."""
        found = self._analysis.diagnostics
        fixes = apart(fix for each in found if (fix := applicable(each, unsafe=False)) is not None)
        edits = [edit for fix in fixes for edit in fix.edits]
        if edits:
            yield self._action("Fix everything that can be fixed safely", edits, [], kind=FIX_ALL)

    def _action(
        self,
        title: str,
        edits: Sequence[Edit],
        found: Sequence[Diagnostic],
        kind: str = QUICK_FIX,
        is_preferred: bool | None = None,
    ) -> CodeAction:
        source, encoding = self._analysis.source, self._server.encoding
        told = [convert.as_diagnostic(each, source, encoding, self._server.files.source) for each in found]
        return CodeAction(
            title=title,
            kind=kind,
            diagnostics=told or None,
            is_preferred=is_preferred,
            edit=self._workspace_edit(convert.text_edits(source, tuple(edits), encoding)),
        )

    def _workspace_edit(self, edits: list[TextEdit]) -> WorkspaceEdit:
        """Edits of this very version of the file, for a client that can tell versions apart."""
        if self._server.client_can("workspace.workspaceEdit.documentChanges"):
            identifier = OptionalVersionedTextDocumentIdentifier(self._uri, self._version)
            return WorkspaceEdit(document_changes=[TextDocumentEdit(identifier, edits)])
        return WorkspaceEdit(changes={self._uri: edits})


HANDLERS = {"textDocument/codeAction": about_file(_code_action, CodeActionParams)}
CAPABILITIES = {"codeActionProvider": {"codeActionKinds": [QUICK_FIX, FIX_ALL]}}
