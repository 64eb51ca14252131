"""What implements a declaration: the modules that are made of a signature or of a module with a body."""

from __future__ import annotations

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..program import Item
from .at import find


def implementation_at(analysis: FileAnalysis, offset: int) -> Span | None:
    """The name of what is made of the name at an offset, where that stands in its construction.

    That is the module or part whose value a signature's name stands in, or which constructs a module with a
    body; a signature that extends another one.
    """
    found = find(analysis, offset)
    if found is None:
        return None
    named: syntax.Identifier | None = None
    for node in found.path:
        match node:
            case syntax.Part(name=name) | syntax.ValueDeclaration(names=(name,)):
                named = name
            case syntax.SignatureDeclaration(name=name, base=base) if _is_in(base, found.node):
                return found.item.at(name)
            case syntax.Call() if named is not None and _makes(found.item, node, found.node):
                return found.item.at(named)
    return None


def _makes(item: Item, call: syntax.Call, name: syntax.Node) -> bool:
    """Whether a call makes a module out of what a name stands for."""
    if not isinstance(item.type_of(call), types.Module):
        return False
    return call.function is name or any(each.value is name for each in call.arguments)


def _is_in(node: syntax.Node | None, inner: syntax.Node) -> bool:
    return node is not None and node.span.start <= inner.span.start and inner.span.end <= node.span.end
