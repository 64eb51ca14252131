"""Types of the standard library: what a dotted name in an annotation stands for, with nothing imported."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from ...grammar import syntax
from .. import types
from ..catalog import stdlib
from ..facts import Symbol
from .context import Context

_TYPES: Mapping[str, frozenset[str]] = {
    "datetime": frozenset(["date", "datetime", "time", "timedelta"]),
    "decimal": frozenset(["Decimal"]),
    "pathlib": frozenset(["Path"]),
    "uuid": frozenset(["UUID"]),
}
"""The classes that a type may also name without their module."""

_LOWER_CASE_CLASSES = frozenset(["collections.defaultdict", "collections.deque"])
"""Further classes that are written like functions and of which a field may be."""


def library_symbol(node: syntax.Expression, context: Context) -> Symbol | None:
    """What a name of a standard module stands for in an annotation; None where that cannot be told.

    The type of the symbol is `object` for what is no type: a function, a method, a constant.
    """
    module, _, name = _full_name(node, context).rpartition(".")
    if not module or not name or module == "builtins":
        return None
    known = _TYPES.get(module, frozenset())
    if name in known:
        return Symbol(name, "imported", types.TypeForm(types.Builtin(name)))
    if f"{module}.{name}" in _LOWER_CASE_CLASSES:
        return None
    # Classes of the standard library begin with a capital, and its constants are all capitals.
    if not name:
        return None
    is_value = name[0].islower() or (bool(known) and name.isupper())
    return Symbol(name, "imported", types.Builtin("object")) if is_value else None


def typing_name(node: syntax.Expression, context: Context) -> str:
    """The name of a generic of `typing` or `collections.abc` that is imported; else empty."""
    module, _, name = _full_name(node, context).rpartition(".")
    return name if module in ("typing", "collections.abc") else ""


def _full_name(node: syntax.Expression, context: Context) -> str:
    """`datetime.date` for that or for its alias; `""` for what is not of the standard library."""
    match node:
        case syntax.Attribute(value=value, name=name):
            before = _full_name(value, context)
            return f"{before}.{name.text}" if before else ""
        case syntax.Name(text=text):
            symbol = context.lookup(text)
            full = "" if symbol is None else _imported_name(symbol)
            return full if full.partition(".")[0] in sys.stdlib_module_names else ""
        case _:
            return ""


def _imported_name(symbol: Symbol) -> str:
    match symbol.type, symbol.node:
        case types.PythonModule(name=name, names=names), _:
            found = names()
            return name if not found or found is stdlib.names(name) else ""
        case types.Unknown(), syntax.FromImport(level=0, module=module, names=names) if (
            symbol.kind == "imported" and symbol.place is None
        ):
            for each in names:
                if (each.alias or each.name).text == symbol.name:
                    return ".".join(part.text for part in (*module, each.name))
    return ""
