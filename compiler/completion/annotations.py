"""Completion where a type is written: behind the colon of a field or parameter, `->`, and `type X =`."""

from __future__ import annotations

from collections.abc import Iterator

from ...grammar import syntax
from .. import declared, types
from ..program import Symbol
from ..relations import named
from . import items
from .context import Context
from .items import Completion

_COMMON = ("str", "int", "float", "bool", "date", "datetime", "Decimal")
_GENERICS = ("list", "dict", "tuple", "set", "Literal", "Any")
_WITH_FIELDS = {"signature", "module", "module class", "program", "dataset"}
"""What stands for its fields when it is named as a type: mostly in the parameters of a metric."""


def type_items(context: Context) -> Iterator[Completion]:
    """The types that may be written: the file's own first, then Python's, then the runtime's."""
    replaced = context.replaced
    yield from items.named(_COMMON, replaced, "type", "built-in", items.NEAR)
    for name in _GENERICS:
        snippet = f"{name}[$0]" if name != "Any" else ""
        yield Completion(name, "type", replaced, "built-in", rank=items.NEAR, snippet=snippet)
    yield Completion("None", "type", replaced, "built-in", rank=items.BUILTIN)
    of_parameter = isinstance(context.item.declaration, syntax.FunctionDeclaration)
    for found in context.names.values():
        if found.kind in ("local", "builtin", "input", "part", "parameter"):
            continue
        is_type = isinstance(found.type, types.TypeForm) and found.kind != "runtime"
        if is_type or (of_parameter and _has_fields(found)):
            yield items.symbol(found, replaced, items.EXPECTED)
        elif isinstance(found.type, types.PythonModule):
            yield items.symbol(found, replaced)
        elif found.kind == "runtime" and _is_value(found.type):
            yield items.symbol(found, replaced, items.RUNTIME)


def _has_fields(found: Symbol) -> bool:
    return found.kind in _WITH_FIELDS and types.known(named(found.type) or types.UNKNOWN)


def _is_value(kind: types.Type) -> bool:
    """Whether objects of a class of the runtime are held by fields: an image, a history, a language model."""
    if isinstance(kind, types.TypeForm):
        return isinstance(kind.type, types.Record | types.Enum | types.Instance)
    return isinstance(kind, types.Class) and (
        ".types" in kind.definition.module or declared.holds("lm", declared.constructed(kind))
    )
