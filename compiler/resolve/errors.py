"""What an `except` catches: errors of the runtime, of Python itself, and of imported Python modules."""

from __future__ import annotations

import builtins

from ...grammar import syntax
from .. import types
from ..facts import Symbol
from ..types import Type
from .context import Context
from .expressions import infer

_OF_PYTHON = {
    name: types.Class(
        types.ClassDefinition(
            name,
            "builtins",
            tuple(base.__name__ for base in found.__mro__ if issubclass(base, BaseException)),
            lambda: None,
            dict,
            complete=False,
        )
    )
    for name, found in vars(builtins).items()
    if isinstance(found, type) and issubclass(found, Exception)
}
"""Python's own errors by their names, which mean something only where errors are named."""
OF_PYTHON = tuple(_OF_PYTHON)
EXITS = frozenset({"BaseException", "GeneratorExit", "KeyboardInterrupt", "SystemExit"})
"""What ends a program, and is no error."""


def caught(kind: syntax.Expression, context: Context) -> Type:
    """What stands behind `except`: one error or several. Returns the type of what is caught."""
    match kind:
        case syntax.Tuple(elements=elements):
            return types.union(*(caught(each, context) for each in elements))
        case syntax.Name(text=name) if name in _OF_PYTHON and context.lookup(name) is None:
            found: Type = _OF_PYTHON[name]
            context.refer(kind, Symbol(name, "builtin", found))
            context.record(kind, found)
        case _:
            found = infer(kind, context)
    return types.Instance(found.definition) if isinstance(found, types.Class) else types.UNKNOWN
