"""Inline a variable: write its value where it is used, and leave the assignment out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ...base.diagnostic import Edit
from ...grammar import syntax
from ..program import Item
from ..rules.edits import lines_of
from ..trees import walk
from .blocks import blocks, names_of, path_to
from .refactoring import Edits, Refactoring, Selection

_ATOMS = (
    syntax.Name,
    syntax.Constant,
    syntax.String,
    syntax.FString,
    syntax.Attribute,
    syntax.Call,
    syntax.Subscript,
    syntax.List,
    syntax.Set,
    syntax.Dict,
)
"""What needs no brackets anywhere."""
_WHOLE = (syntax.Assign, syntax.AnnotatedAssign, syntax.Argument, syntax.Return)
"""What takes any value without brackets."""
_SOMETIMES = (syntax.Boolean, syntax.Conditional, syntax.Comprehension, syntax.Lambda)
"""What does not make each of its values just once."""
_BINDING = (syntax.For, syntax.ComprehensionClause, syntax.Assign, syntax.AugmentedAssign)


def inline_variable(selection: Selection) -> Iterator[Refactoring]:
    """Inline the variable at the cursor, where that changes neither what is computed nor how often."""
    found = selection.found
    name = found.node if found is not None else None
    if found is None or not isinstance(name, syntax.Name):
        return
    symbol = found.item.symbol_of(name)
    if symbol is None or symbol.kind != "local" or _bindings(found.item, name.text) != 1:
        return
    for block in blocks(found.item):
        for at, statement in enumerate(block):
            match statement:
                case syntax.Assign(target=syntax.Name(text=text)) if text == name.text:
                    uses = _uses(selection, found.item, block[at + 1 :], statement)
                    if uses:
                        make = partial(_inlined, selection, found.item, statement, uses)
                        yield Refactoring(f"Inline `{text}`", "refactor.inline", make)
                    return


def _bindings(item: Item, name: str) -> int:
    """How often a name gets a value in an item, in whatever way."""
    targets = [each.target for each in item.all_nodes() if isinstance(each, _BINDING)]
    count = sum(len(names_of(each, name)) for each in targets)
    named: list[syntax.Identifier | None] = [each.target for each in item.nodes(syntax.AnnotatedAssign)]
    named += [each.name for each in item.nodes(syntax.CapturePattern)]
    named += [each.name for each in item.nodes(syntax.StarPattern)]
    named += [each.name for each in item.nodes(syntax.AsPattern)]
    named += [each.rest for each in item.nodes(syntax.MappingPattern)]
    named += [each.name for each in item.nodes(syntax.ExceptClause)]
    named += [each.name for each in item.nodes(syntax.Parameter)]
    return count + sum(each is not None and each.text == name for each in named)


def _uses(
    selection: Selection, item: Item, following: Sequence[syntax.Statement], assigned: syntax.Assign
) -> list[tuple[syntax.Name, bool]]:
    """Where the value would stand instead, each with whether it needs brackets; none where it must not."""
    target, value = assigned.target, assigned.value
    assert isinstance(target, syntax.Name)
    inside = [
        (use, path_to(statement, use)) for statement in following for use in names_of(statement, target.text)
    ]
    everywhere = names_of(item.declaration, target.text) if item.declaration is not None else []
    if len(inside) != len(everywhere) - 1:
        return []  # used in another branch, too
    calls = [each for each in item.nodes(syntax.Call) if path_to(value, each)]
    if calls and not (len(inside) == 1 and _is_made_once(inside[0][1])):
        return []
    program = selection.analysis.program
    if any(program.call_kind(item, each).effects for each in calls):
        return []
    if any(_changes(following, each.text) for each in _names(item, value)):
        return []
    if not isinstance(value, syntax.Name | syntax.Attribute | syntax.Constant) and any(
        isinstance(node, syntax.FString) for _, path in inside for node in path
    ):
        return []  # quotes in an f-string end it
    return [
        (use, not isinstance(value, _ATOMS) and not (path[-2:-1] and isinstance(path[-2], _WHOLE)))
        for use, path in inside
    ]


def _is_made_once(path: Sequence[syntax.Node]) -> bool:
    """Whether a use is reached exactly once: in no loop, branch or comprehension of its statement."""
    statement = path[0] if path else None
    if isinstance(statement, syntax.If | syntax.For | syntax.Match | syntax.Try):
        return False
    return bool(path) and not any(isinstance(each, _SOMETIMES) for each in path)


def _names(item: Item, value: syntax.Expression) -> list[syntax.Name]:
    return [each for each in item.nodes(syntax.Name) if path_to(value, each)]


def _changes(following: Sequence[syntax.Statement], name: str) -> bool:
    """Whether a name gets another value in these statements."""
    for statement in following:
        for node in walk(statement):
            if isinstance(node, _BINDING) and names_of(node.target, name):
                return True
    return False


def _inlined(
    selection: Selection, item: Item, assigned: syntax.Assign, uses: Sequence[tuple[syntax.Name, bool]]
) -> Edits:
    value = item.text[assigned.value.span.start : assigned.value.span.end]
    edits = [Edit(use.span, f"({value})" if brackets else value) for use, brackets in uses]
    return selection.here(item, (Edit(lines_of(item, assigned.span), ""), *edits))
