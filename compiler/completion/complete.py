"""Completion: what may stand at the cursor, in a file that need not parse."""

from __future__ import annotations

from collections.abc import Iterator

from ...grammar import syntax
from ..analysis import FileAnalysis
from . import items
from .annotations import type_items
from .arguments import argument_items
from .automatic import automatic_items
from .bases import base_items, is_base
from .context import Context, context_at
from .imports import imported_items, module_items
from .items import Completion
from .patterns import pattern_items
from .strings import string_items
from .surroundings import Nothing, Surroundings
from .values import name_items, value_items
from .words import word_items

_NOTHING = Nothing()


def complete(analysis: FileAnalysis, offset: int, around: Surroundings = _NOTHING) -> tuple[Completion, ...]:
    """What may stand at an offset, the likeliest first; `around` knows the other files."""
    context = context_at(analysis, offset)
    if is_base(context):
        return items.unique((*base_items(context), *automatic_items(context, around)))
    found = items.unique((*_items(context, around), *word_items(context), *automatic_items(context, around)))
    if context.marked.followed_by_equals:
        found = tuple(map(items.without_equals, found))
    return found


def _items(context: Context, around: Surroundings) -> Iterator[Completion]:
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
            yield from module_items(context, around)
        case "imported name":
            yield from imported_items(context, around)
        case "text":
            yield from string_items(context, around)


def _members(context: Context) -> Iterator[Completion]:
    if isinstance(context.parent, syntax.Attribute):
        kind = context.item.type_of(context.parent.value)
        for found in context.analysis.program.members(kind).values():
            if not found.name.startswith("_"):
                yield items.member(found, context.replaced, kind)
