"""Which signatures extend which: `signature Finer(Sort):`, in all files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..compiler.query import at
from ..compiler.query.definition import definition
from ..compiler.query.symbols import OutlineEntry, outline
from ..compiler.types import in_program
from ..grammar import syntax

if TYPE_CHECKING:
    from .index import Index

Signature = tuple[str, OutlineEntry]
"""A signature: its file, and its entry in the outline of that."""


def signature_at(index: Index, path: str, offset: int) -> Signature | None:
    """The signature whose name stands at an offset of a file."""
    place = definition(index.files.analyse(path), offset)
    if place is None or place.span is None or not in_program(place.path):
        return None
    entries = outline(index.files.analyse(place.path))
    found = (each for each in entries if each.kind == "signature" and each.name_span == place.span)
    entry = next(found, None)
    return None if entry is None else (place.path, entry)


def extended(index: Index, path: str, offset: int) -> Signature | None:
    """The signature that the one at an offset extends."""
    found = at.find(index.files.analyse(path), offset)
    declaration = found.item.declaration if found is not None else None
    if found is None or not isinstance(declaration, syntax.SignatureDeclaration) or declaration.base is None:
        return None
    return signature_at(index, path, found.item.at(declaration.base).start)


def extending(index: Index, path: str, offset: int, paths: Iterable[str]) -> list[Signature]:
    """The signatures of these files that extend the one at an offset."""
    found = []
    for mention in index.mentions(path, offset, paths):
        here = at.find(index.files.analyse(mention.path), mention.span.start)
        declaration = here.item.declaration if here is not None else None
        if here is None or not isinstance(declaration, syntax.SignatureDeclaration):
            continue
        if declaration.base is not None and declaration.base is here.node:
            one = signature_at(index, mention.path, here.item.at(declaration.name).start)
            if one is not None:
                found.append(one)
    return found
