"""Extract a part: give a module that is constructed inside of something a name of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from ...base.diagnostic import Edit
from ...grammar import syntax
from .. import types
from ..program import Item
from ..query.at import Found
from ..rules.edits import lines_of
from .names import free, names_in, snake
from .refactoring import Edits, Refactoring, Selection, above, indent_at, inserted

_OWN = ("local", "input", "parameter")
"""Names that a module which is made at the start cannot know."""


def extract_part(selection: Selection) -> Iterator[Refactoring]:
    """Make the module that is constructed at the cursor a part, or a module of the file."""
    found = selection.found
    call = _constructed(found) if found is not None else None
    if found is None or call is None:
        return
    taken = {*selection.analysis.program.names(), *names_in(found.item)}
    name = free(_name_of(found.item, call), taken)
    if isinstance(found.item.declaration, syntax.ModuleDeclaration):
        title = f"Extract a part `{name}`"
        make = partial(_as_part, selection, found.item, found.item.declaration, call, name)
        yield Refactoring(title, "refactor.extract", make)
        yield Refactoring(title, "quickfix", make, "E307")
    else:
        make = partial(_as_module, selection, found.item, call, name)
        yield Refactoring(f"Extract a module `{name}`", "refactor.extract", make)


def _constructed(found: Found) -> syntax.Call | None:
    """The innermost call around the cursor that makes a module which has no name yet."""
    for node, around in zip(reversed(found.path), reversed((None, *found.path[:-1])), strict=True):
        if not isinstance(node, syntax.Call) or not isinstance(found.item.type_of(node), types.Module):
            continue
        if isinstance(around, syntax.Part | syntax.ValueDeclaration) or around is None:
            return None
        return None if _needs_more(found.item, node) else node
    return None


def _needs_more(item: Item, call: syntax.Call) -> bool:
    """Whether a value that only exists while the program runs goes into the construction."""
    names = (each for each in item.nodes(syntax.Name) if call.span.start <= each.span.start < call.span.end)
    return any((symbol := item.symbol_of(each)) is not None and symbol.kind in _OWN for each in names)


def _name_of(item: Item, call: syntax.Call) -> str:
    """A name by what is constructed: by its signature's name, or by its last output."""
    kind = item.type_of(call)
    outputs = kind.interface.outputs if isinstance(kind, types.Module) else ()
    first = call.arguments[0].value if call.arguments else None
    match first:
        case syntax.Name(text=text):
            return snake(text)
        case syntax.String() if outputs:
            return f"get_{outputs[-1].name}"
    match call.function:
        case syntax.Name(text=text) | syntax.Attribute(name=syntax.Identifier(text=text)):
            return snake(text)
        case _:
            return "part"


def _as_part(
    selection: Selection, item: Item, declaration: syntax.ModuleDeclaration, call: syntax.Call, name: str
) -> Edits:
    written = item.text[call.span.start : call.span.end]
    around = next((each for each in declaration.parts if _contains(each, call)), None)
    if around is not None:
        line = lines_of(item, around.span)
        text = f"{indent_at(item.text, line.start)}{name} = {written}\n"
        edits = (inserted(line.start, text), Edit(call.span, name))
    else:
        edits = (inserted(*_below_parts(item, declaration, f"{name} = {written}")), Edit(call.span, name))
    return selection.here(item, edits)


def _below_parts(item: Item, declaration: syntax.ModuleDeclaration, line: str) -> tuple[int, str]:
    """Where a line below the last part goes, and the text of it."""
    last = (*declaration.fields, *declaration.parts)[-1:]
    if declaration.parts or not last:
        place = max((each.span.end for each in declaration.parts), default=0)
        node = declaration.parts[-1] if place else (declaration.docstring or declaration.name)
        end = lines_of(item, node.span).end
        return end, f"{_indent(item, declaration)}{line}\n"
    end = lines_of(item, last[0].span).end
    return end, f"\n{_indent(item, declaration)}{line}\n"


def _indent(item: Item, declaration: syntax.ModuleDeclaration) -> str:
    """How far the lines of a module's body are indented."""
    head = re.compile(r"^([ \t]+)\S", re.MULTILINE).search(item.text, declaration.name.span.end)
    return head.group(1) if head is not None else "    "


def _as_module(selection: Selection, item: Item, call: syntax.Call, name: str) -> Edits:
    written = item.text[call.span.start : call.span.end]
    declared = inserted(above(item), f"module {name} = {written}\n")
    return selection.here(item, (declared, Edit(call.span, name)))


def _contains(node: syntax.Node, inner: syntax.Node) -> bool:
    return node.span.start <= inner.span.start and inner.span.end <= node.span.end
