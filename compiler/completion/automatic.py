"""Names that another file declares: choosing one writes the import, too."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ...base.diagnostic import Edit
from ...base.span import Span
from ...grammar import syntax
from ..analysis import FileAnalysis
from . import items
from .bases import is_base
from .context import Context
from .items import Completion, CompletionKind
from .surroundings import Export, ExportKind, Surroundings

SHORTEST = 2
"""Letters that must be there: before, every name of every file would be offered."""
_KINDS: dict[ExportKind, CompletionKind] = {
    "signature": "type",
    "type": "type",
    "enum": "type",
    "module": "module",
    "function": "function",
    "lm": "variable",
    "dataset": "variable",
    "value": "constant",
}

_SIGNATURES: tuple[ExportKind, ...] = ("signature",)
_RECORDS: tuple[ExportKind, ...] = ("type",)
_TYPES: tuple[ExportKind, ...] = ("type", "enum")


def automatic_items(context: Context, around: Surroundings) -> Iterator[Completion]:
    """The names of other files that begin like the word at the cursor and mean nothing here yet."""
    if len(context.prefix) < SHORTEST or context.kind not in ("value", "argument", "statement", "type"):
        return
    kinds = _kinds(context)
    for export in around.exports(context.prefix):
        if export.kind not in kinds:
            continue
        if context.analysis.program.lookup(export.name) is None:
            edit = import_edit(context.analysis, export)
            yield Completion(
                export.name,
                _KINDS[export.kind],
                context.replaced,
                f"from {export.module}",
                rank=items.RUNTIME,
                more=(edit,),
            )


def _kinds(context: Context) -> Collection[ExportKind]:
    """What of other files may be named at the cursor."""
    if is_base(context):
        return _SIGNATURES if isinstance(context.parent, syntax.SignatureDeclaration) else _RECORDS
    return _TYPES if context.kind == "type" else _KINDS


def import_edit(analysis: FileAnalysis, export: Export) -> Edit:
    """What imports a name: more of an import that is there, or a line of its own below the others."""
    below = 0
    for item in analysis.program.items:
        declaration = item.declaration
        if isinstance(declaration, syntax.FromImport) and not item.broken and declaration.names:
            if _module_of(declaration) == export.module:
                end = item.start + declaration.names[-1].span.end
                return Edit(Span(end, end), f", {export.name}")
        elif not isinstance(declaration, syntax.Import | syntax.FileDocstring):
            continue
        end = item.text.find("\n", declaration.span.end)
        below = item.start + (len(item.text) if end < 0 else end + 1)
    line = f"from {export.module} import {export.name}\n"
    text = analysis.source.text
    if below and text[below - 1] != "\n":
        line = f"\n{line}"
    if not below or not _is_below_import(analysis, below):
        line = f"{line}\n" if not below else f"\n{line}"
    return Edit(Span(below, below), line)


def _is_below_import(analysis: FileAnalysis, offset: int) -> bool:
    item = analysis.program.item_at(max(offset - 1, 0))
    return item is not None and isinstance(item.declaration, syntax.FromImport | syntax.Import)


def _module_of(declaration: syntax.FromImport) -> str:
    return "." * declaration.level + ".".join(each.text for each in declaration.module)
