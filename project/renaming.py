"""Renaming: the edits that give a name another one wherever it is written, or why that cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from ..base.span import Span
from ..compiler.query import at
from ..compiler.query.definition import definition
from ..compiler.types import in_program
from ..grammar import syntax
from ..grammar.words import HARD_KEYWORDS

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from .index import Index, Mention


class Refused(Exception):
    """Why a name cannot be changed, as a sentence for the user."""


def renamed_span(analysis: FileAnalysis, offset: int) -> Span:
    """The name at an offset that can be given another one; raises Refused where there is none."""
    found = at.find(analysis, offset)
    node = found.node if found is not None else None
    if found is None or not isinstance(node, syntax.Name | syntax.Identifier) or not node.text:
        raise Refused("there is no name here to rename")
    symbol = at.symbol_at(found)
    if symbol is not None and symbol.kind in ("builtin", "runtime"):
        raise Refused(f"`{node.text}` comes with the language and cannot be renamed")
    place = definition(analysis, offset)
    if place is None:
        raise Refused(f"`{node.text}` is not declared in this project, so it cannot be renamed")
    if not in_program(place.path):
        raise Refused(f"`{node.text}` is declared in Python; rename it there")
    if place.span is None:
        raise Refused(f"`{node.text}` names a file; rename the file instead")
    return found.span(node)


class Renaming(Struct, frozen=True):
    """What to do in which file."""

    old: str
    new: str
    places: tuple[Mention, ...]


def renaming(index: Index, path: str, offset: int, new: str, paths: Iterable[str]) -> Renaming:
    """The places of the name at an offset in these files. Raises Refused, FileNotFoundError."""
    analysis = index.files.analyse(path)
    span = renamed_span(analysis, offset)
    old = analysis.source.text[span.start : span.end]
    _check_form(new)
    # An import may have brought it under another name, which stays: `from shop import Order as Purchase`.
    found = index.mentions(path, offset, paths)
    places = tuple(each for each in found if each.source.text[each.span.start : each.span.end] == old)
    if old != new:
        _check_free(index, places, new)
    return Renaming(old, new, places)


def _check_form(new: str) -> None:
    if not new.isidentifier():
        raise Refused(f"`{new}` is not a name: names consist of letters, digits and `_`")
    if new in HARD_KEYWORDS:
        raise Refused(f"`{new}` is a keyword; choose another name")


def _check_free(index: Index, places: Iterable[Mention], new: str) -> None:
    """Whether the name means nothing yet where it would come to stand."""
    for each in places:
        analysis = index.files.analyse(each.path)
        found = at.find(analysis, each.span.start)
        parent = found.parent(found.node) if found is not None else None
        if found is not None and _is_named_by(parent, found.node):
            continue  # an attribute or an argument hides nothing
        taken = analysis.program.names_at(each.span.start).get(new)
        if taken is not None and taken.kind != "builtin":
            raise Refused(f"`{new}` already means something where `{_text(each)}` is used")
        if found is not None and new in _beside(found):
            raise Refused(f"`{new}` is already declared next to `{_text(each)}`")


def _is_named_by(parent: syntax.Node | None, name: syntax.Node) -> bool:
    """Whether a name stands behind a dot, or before the `=` of an argument."""
    match parent:
        case syntax.Attribute(name=behind) | syntax.Argument(name=behind):
            return behind is name
        case _:
            return False


def _beside(found: at.Found) -> set[str]:
    """The names of the fields, members and parameters around a name that is one of them."""
    match found.item.declaration:
        case syntax.TypeDeclaration(attributes=fields) | syntax.SignatureDeclaration(fields=fields):
            named: list[syntax.Identifier | None] = [each.name for each in fields]
        case syntax.EnumDeclaration(members=members):
            named = [each.name for each in members]
        case syntax.ModuleDeclaration(fields=fields, parts=parts, parameters=parameters):
            named = [
                *(each.name for each in fields),
                *(each.name for each in parts),
                *(each.name for each in parameters),
            ]
        case _:
            named = []
    names = [each for each in named if each is not None]
    return {each.text for each in names} if any(each is found.node for each in names) else set()


def _text(mention: Mention) -> str:
    return mention.source.text[mention.span.start : mention.span.end]
