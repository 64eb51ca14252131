"""Completion in the head of a declaration that extends another: `signature Brief(‸`, `type Employee(‸`."""

from __future__ import annotations

from collections.abc import Iterator

from ...grammar import syntax
from .. import types
from ..program import Symbol
from . import items
from .context import Context
from .items import Completion

_Extending = syntax.SignatureDeclaration | syntax.TypeDeclaration


def is_base(context: Context) -> bool:
    """Whether the cursor stands where a declaration names what it extends."""
    return isinstance(context.parent, _Extending) and context.parent.base is context.node


def base_items(context: Context) -> Iterator[Completion]:
    """What the declaration may extend: one of its kind that does not extend it, or what a module may hold."""
    declaration = context.parent
    assert isinstance(declaration, _Extending)
    below = _extending(context, declaration.name.text)
    for found in context.names.values():
        if found.kind in ("python", "imported") and found.name not in below and not _is_known(found):
            yield items.symbol(found, context.replaced)
        elif found.name not in below and _is_of_kind(found, declaration):
            yield items.symbol(found, context.replaced, items.EXPECTED)


def _is_known(found: Symbol) -> bool:
    return types.known(found.type) and not isinstance(found.type, types.PythonModule)


def _is_of_kind(found: Symbol, declaration: _Extending) -> bool:
    if isinstance(declaration, syntax.SignatureDeclaration):
        return isinstance(found.type, types.Signature)
    kind = found.type
    return (
        isinstance(kind, types.TypeForm) and isinstance(kind.type, types.Record) and found.kind != "runtime"
    )


def _extending(context: Context, name: str) -> frozenset[str]:
    """A declaration of the file, and all that extend it, be it through others."""
    bases = {
        item.declaration.name.text: item.declaration.base.text
        for item in context.analysis.program.items
        if isinstance(item.declaration, _Extending) and isinstance(item.declaration.base, syntax.Name)
    }
    found = {name}
    while new := {each for each, base in bases.items() if base in found} - found:
        found |= new
    return frozenset(found)
