"""Completion: what may stand at the cursor, in a file that need not parse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...grammar import syntax
from ...grammar.actions.strings import parts
from ...grammar.source import Span
from ..analysis import FileAnalysis
from . import items
from .annotations import type_items
from .arguments import argument_items
from .columns import columns_here
from .context import Context, context_at
from .imports import Modules, imported_items, module_items
from .items import Completion
from .patterns import pattern_items
from .values import name_items, value_items
from .words import word_items


def _no_modules(_level: int, _packages: Sequence[str]) -> Iterable[str]:
    return ()


def complete(analysis: FileAnalysis, offset: int, modules: Modules = _no_modules) -> tuple[Completion, ...]:
    """What may stand at an offset, the likeliest first; `modules` gives what an import may go on with."""
    context = context_at(analysis, offset)
    found = items.unique((*_items(context, modules), *word_items(context)))
    if context.marked.followed_by_equals:
        found = tuple(map(items.without_equals, found))
    return found


def _items(context: Context, modules: Modules) -> Iterator[Completion]:
    match context.kind:
        case "nothing" | "words":
            return
        case "statement":
            yield from name_items(context)
        case "value":
            if isinstance(context.parent, syntax.Return):
                yield from argument_items(context)
            yield from value_items(context)
        case "argument":
            yield from argument_items(context)
            yield from value_items(context)
        case "label":
            yield from argument_items(context)
        case "member":
            yield from _members(context)
        case "type":
            yield from type_items(context)
        case "literal":
            return
        case "pattern":
            yield from pattern_items(context)
        case "module":
            yield from module_items(context, modules)
        case "imported name":
            yield from imported_items(context)
        case "text":
            yield from _in_text(context)


def _members(context: Context) -> Iterator[Completion]:
    if isinstance(context.parent, syntax.Attribute):
        kind = context.item.type_of(context.parent.value)
        for found in context.analysis.program.members(kind).values():
            if not found.name.startswith("_"):
                yield items.member(found, context.replaced, kind)


def _in_text(context: Context) -> Iterator[Completion]:
    """The strings that fit, to replace what stands between the quote and the cursor."""
    if isinstance(context.node, syntax.String):
        _, start, _ = parts(context.node.raw)
        content = Span(context.item.at(context.node).start + start, context.marked.cursor)
        yield from items.string_values(context.expected, content)
        for name in columns_here(context):
            yield Completion(name, "field", content, "column", rank=items.EXPECTED)
