"""What those functions of Python's `re` return that look for one match: None where there is none."""

from __future__ import annotations

from functools import cache

from .. import types

_LOOKING = ("fullmatch", "match", "search")


def of_expressions(name: str) -> types.Type | None:
    """The type of a name of `re`; None for those of which no more is known than that they are there."""
    return _functions().get(name)


@cache
def _functions() -> dict[str, types.Type]:
    match = _class("Match")
    found = types.union(types.Instance(match), types.NONE)
    looking: dict[str, types.Type] = {name: _function(name, found) for name in _LOOKING}
    pattern = _class("Pattern", looking)
    return {
        **looking,
        "compile": _function("compile", types.Instance(pattern)),
        # For `isinstance`.
        "Match": types.Class(match),
        "Pattern": types.Class(pattern),
    }


def _class(name: str, members: dict[str, types.Type] | None = None) -> types.ClassDefinition:
    """A class of `re`, of which only the members that matter here are known."""
    return types.ClassDefinition(name, "re", (name,), lambda: None, lambda: members or {}, complete=False)


def _function(name: str, returns: types.Type) -> types.Function:
    return types.Function(name, (), returns, origin="builtin", pure=True, untyped=True)
