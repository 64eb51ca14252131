"""Inline a function or a module: write what it is where its name is used. The declaration stays.

Other files may name it, too, and only the author knows whether it is still wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from ...base.diagnostic import Edit
from ...grammar import syntax
from .. import types
from ..facts import Symbol
from ..program import UNBOUND, Item
from ..trees import walk
from .blocks import path_to
from .refactoring import Refactoring, Selection, has_comment
from .variables import needs_brackets

_LAZY = (syntax.Boolean, syntax.Conditional, syntax.Comprehension, syntax.Lambda, syntax.FString)
"""What makes its values later, not at all or several times, or cannot hold every text."""
_ATOMS = (syntax.Name, syntax.Constant, syntax.String)


def inline_function(selection: Selection) -> Iterator[Refactoring]:
    """Write the value of the function that is called at the cursor, where that is one plain expression."""
    found = selection.found
    name = found.node if found is not None else None
    if found is None or not isinstance(name, syntax.Name):
        return
    call = found.parent(name)
    declared = _declared(selection, found.item.symbol_of(name), "function")
    if declared is None or not isinstance(call, syntax.Call) or call.function is not name:
        return
    if any(isinstance(each, syntax.FString) for each in found.path):
        return
    text = _value_of_call(selection, found.item, call, declared)
    if text is None:
        return
    value = _returned(declared)
    assert value is not None
    if needs_brackets(declared, value, found.parent(call)):
        text = f"({text})"
    make = partial(selection.here, found.item, (Edit(call.span, text),))
    yield Refactoring(f"Inline `{name.text}` here", "refactor.inline", make)


def inline_module(selection: Selection) -> Iterator[Refactoring]:
    """Write the construction of the module at the cursor, where nothing else of the file shares it."""
    found = selection.found
    name = found.node if found is not None else None
    if found is None or not isinstance(name, syntax.Name):
        return
    declared = _declared(selection, found.item.symbol_of(name), "module")
    declaration = declared.declaration if declared is not None else None
    if declared is None or not isinstance(declaration, syntax.ValueDeclaration):
        return
    value = declaration.value
    if not isinstance(value, syntax.Call) or not _is_part_of_a_construction(found.path):
        return
    program = selection.analysis.program
    uses = [each for item in program.items for each in item.nodes(syntax.Name) if each.text == name.text]
    if len(uses) != 1 or has_comment(declared.text, value.span):
        return
    if not _mean_the_same(selection, value, found.item.at(name).start):
        return
    text = declared.text[value.span.start : value.span.end]
    make = partial(selection.here, found.item, (Edit(name.span, text),))
    yield Refactoring(f"Inline `{name.text}` here", "refactor.inline", make)


def _declared(selection: Selection, symbol: Symbol | None, kind: str) -> Item | None:
    """The item of this file that declares a name of a kind."""
    if symbol is None or symbol.kind != kind:
        return None
    item = selection.analysis.program.item(symbol.item)
    return None if item is None or item.broken else item


def _returned(item: Item) -> syntax.Expression | None:
    """What a function returns that does nothing else."""
    match item.declaration:
        case syntax.FunctionDeclaration(body=(syntax.Return(value=value, outputs=None),)):
            return value
        case _:
            return None


def _value_of_call(selection: Selection, here: Item, call: syntax.Call, declared: Item) -> str | None:
    """The text of what a call returns; None where writing that would be something else."""
    value, declaration = _returned(declared), declared.declaration
    if value is None or not isinstance(declaration, syntax.FunctionDeclaration):
        return None
    inside = walk(value)
    if has_comment(declared.text, value.span) or any(isinstance(each, _LAZY) for each in inside):
        return None
    program = selection.analysis.program
    calls = (program.call_kind(declared, each) for each in inside if isinstance(each, syntax.Call))
    if any(each.awaits or each.effects for each in calls):
        return None
    given = _given(here, call, declared, declaration)
    if given is None or not _mean_the_same(selection, value, here.at(call).start, given):
        return None
    uses: dict[str, list[syntax.Name]] = {name: [] for name in given}
    for each in inside:
        if isinstance(each, syntax.Name) and each.text in uses:
            uses[each.text].append(each)
    if any(len(uses[name]) > 1 and not is_atom for name, (_, is_atom) in given.items()):
        return None
    text = declared.text
    places = sorted((use.span, name) for name, found in uses.items() for use in found)
    written, at = [], value.span.start
    for span, name in places:
        argument, is_atom = given[name]
        written += [text[at : span.start], argument if is_atom else f"({argument})"]
        at = span.end
    return "".join([*written, text[at : value.span.end]])


def _given(
    here: Item, call: syntax.Call, declared: Item, declaration: syntax.FunctionDeclaration
) -> Mapping[str, tuple[str, bool]] | None:
    """What each parameter stands for, and whether that needs no brackets; None where that is not plain."""
    binding = here.binding_of(call)
    if binding is UNBOUND or binding.missing or binding.unknown or binding.repeated or binding.surplus:
        return None
    found: dict[str, tuple[str, bool]] = {}
    for parameter in declaration.parameters:
        if parameter.name is None:
            return None
        if parameter.annotation is not None and _is_converted(declared.type_of(parameter.annotation)):
            return None
        argument = binding.argument(parameter.name.text)
        item, value = (here, argument.value) if argument is not None else (declared, parameter.default)
        if value is None or (argument is not None and argument.star):
            return None
        if any(isinstance(each, syntax.Call | syntax.Subscript | syntax.FString) for each in walk(value)):
            return None
        text = item.text[value.span.start : value.span.end]
        if has_comment(item.text, value.span) or (argument is None and not isinstance(value, _ATOMS)):
            return None
        found[parameter.name.text] = text, isinstance(value, _ATOMS)
    return found


def _is_converted(kind: types.Type) -> bool:
    """Whether a value that is given for a type may become another one: a record, a member."""
    match kind:
        case types.Builtin() | types.Literals() | types.Nothing() | types.Anything():
            return False
        case types.List(item=inner) | types.Set(item=inner):
            return _is_converted(inner)
        case types.Dict(value=inner):
            return _is_converted(inner)
        case types.Union(options=options):
            return any(_is_converted(each) for each in options)
        case _:
            return True


def _mean_the_same(
    selection: Selection, value: syntax.Expression, offset: int, but: Collection[str] = ()
) -> bool:
    """Whether the names of an expression at the top of the file mean the same at an offset."""
    program = selection.analysis.program
    names = {each.text for each in walk(value) if isinstance(each, syntax.Name) and each.text not in but}
    there = program.names_at(offset)
    return all(there.get(each) is program.lookup(each) for each in names)


def _is_part_of_a_construction(path: tuple[syntax.Node, ...]) -> bool:
    """Whether a name stands in what makes a part or a module, as an argument."""
    if len(path) < 2 or not isinstance(path[-2], syntax.Argument):
        return False
    for node in path:
        match node:
            case syntax.Part(value=value) | syntax.ValueDeclaration(kind="module", value=value):
                return bool(path_to(value, path[-1]))
    return False
