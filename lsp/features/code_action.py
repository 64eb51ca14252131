"""Code actions: fixes of what was found, refactorings, and what can be done about the whole file.

What takes a look at the text is offered without its edits where the client can ask for them: it gets them by
`codeAction/resolve`, for the one action that its user chooses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from ...base.diagnostic import Diagnostic, Edit
from ...compiler.analysis import FileAnalysis
from ...compiler.fixing import apart, applicable
from ...compiler.suppressing import can_be_suppressed, edits_for
from ...grammar.source import Span
from .. import convert
from ..protocol import CodeAction, CodeActionData, CodeActionParams
from ..session import Refusal, Server
from ..told import told
from .edits import edits_of_files
from .handler import Handler

QUICK_FIX = "quickfix"
FIX_ALL = "source.fixAll"
ORGANIZE_IMPORTS = "source.organizeImports"
KINDS = [
    QUICK_FIX,
    "refactor.extract",
    "refactor.inline",
    "refactor.rewrite",
    FIX_ALL,
    ORGANIZE_IMPORTS,
]


class _Offer(Struct, frozen=True):
    """An action, and what works out its edits by path."""

    title: str
    kind: str
    make: Callable[[], Mapping[str, Sequence[Edit]]]
    found: Sequence[Diagnostic] = ()
    """The findings that it removes."""
    is_preferred: bool | None = None


def _code_action(server: Server, analysis: FileAnalysis, params: CodeActionParams) -> list[CodeAction]:
    """What can be done about a range."""
    document = server.files.document(params.text_document.uri)
    if document is None:
        return []
    area = convert.span_of(analysis.source, params.range, server.encoding)
    before: Counter[tuple[str, str]] = Counter()
    lazy = "edit" in (server.client_can("textDocument.codeAction.resolveSupport.properties") or ())
    actions = []
    for offer in _offers(analysis, area, params.context.only):
        removed = [told(server, each, analysis.source) for each in offer.found]
        action = CodeAction(offer.title, offer.kind, removed or None, offer.is_preferred)
        if lazy:
            index = before[offer.title, offer.kind]
            before[offer.title, offer.kind] += 1
            data = CodeActionData(document.uri, document.version, area.start, area.end, index)
            actions.append(replace(action, data=data))
        else:
            actions.append(replace(action, edit=edits_of_files(server, offer.make())))
    return actions


def _run(server: Server, params: CodeActionParams) -> list[CodeAction] | None:
    """What can be done about a range of a program, or of a file of settings."""
    uri = params.text_document.uri
    if server.files.is_settings(uri):
        return list(_of_settings(server, params))
    analysis = server.files.analysis(uri)
    return None if analysis is None else _code_action(server, analysis, params)


def _of_settings(server: Server, params: CodeActionParams) -> Iterator[CodeAction]:
    """The fixes of what is wrong in a range of a file of settings."""
    path = convert.path_of(params.text_document.uri)
    settings, source = server.files.settings(path), server.files.source(path)
    if source is None or settings.path != path or not _wants(params.context.only, QUICK_FIX):
        return
    area = convert.span_of(source, params.range, server.encoding)
    for each in settings.problems:
        if each.span.start <= area.end and each.span.end >= area.start:
            for fix in each.fixes:
                edit = edits_of_files(server, {path: fix.edits})
                yield CodeAction(fix.title, QUICK_FIX, [told(server, each, source)], None, edit)


def _resolve(server: Server, action: CodeAction) -> CodeAction:
    """An action with its edits."""
    data = action.data
    if data is None:
        return action
    document, analysis = server.files.document(data.uri), server.files.analysis(data.uri)
    if document is None or analysis is None or document.version != data.version:
        raise Refusal("the file has changed since this was offered")
    offers = _offers(analysis, Span(data.start, data.end), [action.kind])
    alike = (each for each in offers if (each.title, each.kind) == (action.title, action.kind))
    offer = next(islice(alike, max(data.index, 0), None), None)
    if offer is None:
        raise Refusal("this is not offered any more")
    return replace(action, edit=edits_of_files(server, offer.make()))


def _offers(analysis: FileAnalysis, area: Span, only: Sequence[str] | None) -> Iterator[_Offer]:
    if _wants(only, QUICK_FIX):
        found = [
            each
            for each in analysis.diagnostics
            if each.span.start <= area.end and each.span.end >= area.start
        ]
        yield from _fixes(analysis, found)
        yield from _refactorings(analysis, area, only, found, quick=True)
        yield from _fixes_of_a_kind(analysis, found)
        yield from _suppressions(analysis, found)
    if _wants(only, "refactor"):
        yield from _refactorings(analysis, area, only, (), quick=False)
    # What is done about a whole file is only offered where it is asked for: it would be there at every place.
    if only is not None and _wants(only, FIX_ALL):
        yield from _all_safe_fixes(analysis)
    if only is not None and _wants(only, ORGANIZE_IMPORTS):
        yield from _organised(analysis)


def _wants(only: Sequence[str] | None, kind: str) -> bool:
    """Whether a client asks for a kind of actions: for all, for itself, for one above it or below it."""
    return only is None or any(
        each in ("", kind) or kind.startswith(f"{each}.") or each.startswith(f"{kind}.") for each in only
    )


def _fixes(analysis: FileAnalysis, found: Sequence[Diagnostic]) -> Iterator[_Offer]:
    """Each fix of each finding."""
    for each in found:
        for fix in each.fixes:
            if fix.applicability != "display-only":
                yield _offer(analysis, fix.title, fix.edits, [each], is_preferred=fix.is_safe or None)


def _refactorings(
    analysis: FileAnalysis,
    area: Span,
    only: Sequence[str] | None,
    found: Sequence[Diagnostic],
    *,
    quick: bool,
) -> Iterator[_Offer]:
    """The refactorings at a place: those that remove one of these findings, or the others."""
    from ...compiler.refactoring.all import refactorings  # only this request needs them
    from ...compiler.refactoring.refactoring import Selection

    if quick and not found:
        return
    for each in refactorings(Selection(analysis, area)):
        removed = [one for one in found if one.code == each.code]
        if quick and removed:
            yield _Offer(each.title, each.kind, each.make, removed)
        elif not quick and each.kind != QUICK_FIX and _wants(only, each.kind):
            yield _Offer(each.title, each.kind, each.make)


def _fixes_of_a_kind(analysis: FileAnalysis, found: Sequence[Diagnostic]) -> Iterator[_Offer]:
    """For each kind of finding here that the file has more of: all of their fixes."""
    for code in dict.fromkeys(each.code for each in found):
        alike = [each for each in analysis.diagnostics if each.code == code]
        fixes = apart(fix for each in alike if (fix := applicable(each, unsafe=True)) is not None)
        if len(fixes) > 1:
            edits = [edit for fix in fixes for edit in fix.edits]
            yield _offer(analysis, f"Fix all in this file: {code} {alike[0].name}", edits, alike)


def _suppressions(analysis: FileAnalysis, found: Sequence[Diagnostic]) -> Iterator[_Offer]:
    """A comment for each finding here that one can suppress."""
    for each in found:
        if can_be_suppressed(each):
            edits = edits_for(analysis.file, [each])
            yield _offer(analysis, f"Ignore {each.code} here: {each.name}", edits, [each])


def _all_safe_fixes(analysis: FileAnalysis) -> Iterator[_Offer]:
    """All safe fixes of the file, as `dspyc check --fix` makes them in one round."""
    found = analysis.diagnostics
    fixes = apart(fix for each in found if (fix := applicable(each, unsafe=False)) is not None)
    edits = [edit for fix in fixes for edit in fix.edits]
    if edits:
        yield _offer(analysis, "Fix everything that can be fixed safely", edits, kind=FIX_ALL)


def _organised(analysis: FileAnalysis) -> Iterator[_Offer]:
    from ...compiler.refactoring.imports import organised_imports

    edits = organised_imports(analysis)
    if edits:
        yield _offer(analysis, "Organise the imports", edits, kind=ORGANIZE_IMPORTS)


def _offer(
    analysis: FileAnalysis,
    title: str,
    edits: Sequence[Edit],
    found: Sequence[Diagnostic] = (),
    kind: str = QUICK_FIX,
    is_preferred: bool | None = None,
) -> _Offer:
    return _Offer(title, kind, lambda: {analysis.path: edits}, found, is_preferred)


HANDLERS = {
    "textDocument/codeAction": Handler(CodeActionParams, _run),
    "codeAction/resolve": Handler(CodeAction, _resolve),
}
CAPABILITIES = {"codeActionProvider": {"codeActionKinds": KINDS, "resolveProvider": True}}
