"""Completion where a value is written: what is expected there, and the names in scope."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ...grammar import syntax
from .. import catalog, types
from ..declared import constructed, holds, is_common_base, makes
from ..program import Symbol
from ..resolve.errors import OF_PYTHON
from ..types.assignable import assignable
from . import items
from .context import Context
from .items import Completion

_JUDGES = ("metric", "reward")
_JUDGED = 2
"""How many things a metric or reward looks at: what was asked, and what came back."""


def value_items(context: Context) -> Iterator[Completion]:
    """What a value may be: the values of the type that is expected, then the names in scope."""
    rank = items.DECLARED if context.kind == "argument" else items.EXPECTED
    yield from items.values(context.expected, context.replaced, rank)
    yield from name_items(context)


def name_items(context: Context) -> Iterator[Completion]:
    """The names in scope; what fits, or behind `KIND name =` what makes such a thing, comes first."""
    if _is_caught(context):
        yield from _error_items(context)
        return
    word = _declared_word(context)
    taken = _taken_tools(context)
    for found in context.names.values():
        if isinstance(found.type, types.Class) and not _is_constructed(found.type.definition):
            continue
        if found.name in taken or _is_of_own_class(found, context):
            continue
        rank = None
        if word:
            rank = items.EXPECTED if _declares(word, found) else None
        elif _fits(found, context.expected):
            rank = items.EXPECTED
        elif _may_fit(found, context.expected):
            rank = items.NEAR
        yield items.symbol(found, context.replaced, rank)


def _is_caught(context: Context) -> bool:
    """Whether the cursor stands where `except` names its errors."""
    return any(
        isinstance(above, syntax.ExceptClause) and above.kind is below
        for above, below in pairwise(context.path)
    )


def _error_items(context: Context) -> Iterator[Completion]:
    """The errors that may be caught: the runtime's and imported ones, then Python's."""
    for found in context.names.values():
        if isinstance(found.type, types.Class) and found.type.definition.is_a("Exception"):
            yield items.symbol(found, context.replaced, items.EXPECTED)
        elif found.kind in ("python", "imported"):
            yield items.symbol(found, context.replaced, None)
    for name in OF_PYTHON:
        yield Completion(name, "class", context.replaced, rank=items.NEAR)


def _taken_tools(context: Context) -> frozenset[str]:
    """The tools of the list at the cursor, each of which an agent has once."""
    wanted = context.expected
    if not isinstance(context.parent, syntax.List) or not any(
        isinstance(each, types.Callback) and each.role == "tool" for each in types.options(wanted)
    ):
        return frozenset()
    others = [each for each in context.parent.elements if each is not context.node]
    return frozenset(each.text for each in others if isinstance(each, syntax.Name))


def _is_of_own_class(found: Symbol, context: Context) -> bool:
    """Whether a name is a module of the class that is being written, which cannot call itself."""
    own, kind = context.item.declaration, found.type
    made_from = kind.declared if isinstance(kind, types.Module) else None
    return (
        isinstance(own, syntax.ModuleDeclaration)
        and made_from is not None
        and (made_from.path, made_from.name) == (context.analysis.path, own.name.text)
    )


def _declared_word(context: Context) -> str:
    """The sort of thing that is declared with the value at the cursor, `""` for none."""
    match context.parent:
        case syntax.ValueDeclaration(kind=kind):
            return kind
        case syntax.Part():
            return "module"
        case _:
            return ""


def _declares(word: str, found: Symbol) -> bool:
    if word == "program":
        return holds("optimizer", found.type)
    return makes(word, found.type) or (word == "module" and isinstance(found.type, types.Module))


def _is_constructed(definition: types.ClassDefinition) -> bool:
    """Whether a program's text makes objects of a class: not of exceptions, nor what an optimizer makes."""
    needed = [
        option for each in definition.parameters or () if each.required for option in types.options(each.type)
    ]
    return not definition.is_a("Exception") and not any(holds("optimizer", each) for each in needed)


def _fits(found: Symbol, expected: types.Type) -> bool:
    """Whether a name is likely what is asked for: of the user's own making, and of a type that fits."""
    if not types.known(expected) or not types.known(found.type) or found.kind == "builtin":
        return False
    for each in types.options(expected):
        if isinstance(each, types.Callback):
            return isinstance(found.type, types.Function) and _has_role(found.type, each)
    return found.kind != "runtime" and _could_be(found.type, expected)


def _may_fit(found: Symbol, expected: types.Type) -> bool:
    """Whether what is asked for can be had of a name: `LM` behind `lm=`, or a function that says little."""
    if not types.known(expected):
        return False
    made = constructed(found.type)
    if isinstance(found.type, types.Class) and catalog.definition(found.name) is found.type.definition:
        if is_common_base(found.type.definition):
            return False
        if not found.type.definition.complete:
            return _is_one(made, expected)
    if types.known(made):
        return _could_be(made, expected)
    wanted = next((each for each in types.options(expected) if isinstance(each, types.Callback)), None)
    return (
        wanted is not None
        and isinstance(found.type, types.Function)
        and found.kind != "builtin"
        and _takes(found.type, wanted.role)
    )


def _is_one(made: types.Type, expected: types.Type) -> bool:
    """Whether an object is of a class that is asked for, and does not only fit because little is known."""
    return isinstance(made, types.Instance) and any(
        isinstance(each, types.Instance) and made.definition.is_a(each.definition.name)
        for each in types.options(expected)
    )


def _could_be(kind: types.Type, expected: types.Type) -> bool:
    """Whether a value fits; a module is only taken for what is said to be one, though it may have a class."""
    if isinstance(kind, types.Module) and not any(map(_takes_modules, types.options(expected))):
        return False
    return assignable(kind, expected)


def _takes_modules(kind: types.Type) -> bool:
    match kind:
        case types.Instance(definition=definition):
            return definition.is_a("Module")
        case _:
            return isinstance(kind, types.Module | types.AnyModule | types.Callback)


def _has_role(function: types.Function, wanted: types.Callback) -> bool:
    """Whether a function is a metric, reward or tool by what it takes and gives."""
    if wanted.role not in _JUDGES:
        return function.origin != "runtime"
    positional = [each for each in function.parameters if each.kind in ("", "positional-only")]
    judged, further = positional[:_JUDGED], positional[_JUDGED:]
    if any(each.required for each in further) or not all(
        assignable(types.Prediction(types.OPEN), each.type) for each in judged
    ):
        return False
    return len(judged) == _JUDGED and _is_score(function)


def _is_score(function: types.Function) -> bool:
    """Whether a function gives a number, or the runtime's object that holds one."""
    returns = function.returns
    if not types.known(returns):
        return function.origin == "declared"
    if isinstance(returns, types.Instance):
        return catalog.definition(returns.definition.name) is returns.definition
    return assignable(returns, types.FLOAT) or assignable(returns, types.BOOL)


def _takes(function: types.Function, role: str) -> bool:
    """Whether a function could be called as a metric or reward, with two things, or as a tool."""
    return role not in _JUDGES or sum(each.kind == "" for each in function.parameters) >= _JUDGED
