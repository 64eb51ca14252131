"""Inline a variable: write its value where it is used, and leave the assignment out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
"""What takes any value of one line without brackets, but for a tuple."""
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
    if symbol is None or symbol.kind != "local" or _bindings(found.item.all_nodes(), name.text) != 1:
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


def _bindings(nodes: Iterable[syntax.Node], name: str) -> int:
    """How often a name gets a value in these nodes, in whatever way."""
    count = 0
    for node in nodes:
        match node:
            case (
                syntax.AnnotatedAssign(target=syntax.Identifier(text=text))
                | syntax.CapturePattern(name=syntax.Identifier(text=text))
                | syntax.StarPattern(name=syntax.Identifier(text=text))
                | syntax.AsPattern(name=syntax.Identifier(text=text))
                | syntax.MappingPattern(rest=syntax.Identifier(text=text))
                | syntax.ExceptClause(name=syntax.Identifier(text=text))
                | syntax.Parameter(name=syntax.Identifier(text=text))
            ):
                count += text == name
            case _ if isinstance(node, _BINDING):
                count += len(names_of(node.target, name))
    return count


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
    if any(_bindings(walk(later), each.text) for each in _names(item, value) for later in following):
        return []
    if any(isinstance(node, syntax.Interpolation) and node.debug for _, path in inside for node in path):
        return []  # what is written there is printed
    if not isinstance(value, syntax.Name | syntax.Attribute | syntax.Constant) and any(
        isinstance(node, syntax.FString) for _, path in inside for node in path
    ):
        return []  # quotes in an f-string end it
    return [(use, needs_brackets(item, value, path[-2] if len(path) > 1 else None)) for use, path in inside]


def needs_brackets(item: Item, value: syntax.Expression, around: syntax.Node | None) -> bool:
    """Whether a value needs brackets where it stands right in a node."""
    if not _is_on_one_line(item, value):
        return True
    if isinstance(value, syntax.Tuple):
        return not isinstance(around, syntax.Assign | syntax.Return)
    if isinstance(value, syntax.Constant):
        return isinstance(around, syntax.Attribute)  # `1.real` would be a wrong number
    return not isinstance(value, _ATOMS) and not isinstance(around, _WHOLE)


def _is_on_one_line(item: Item, value: syntax.Expression) -> bool:
    """Whether a value is on one line, but for what stands in brackets of its own."""
    match value:
        case (
            syntax.List() | syntax.Set() | syntax.Dict() | syntax.Comprehension(kind="list" | "set" | "dict")
        ):
            return True
        case syntax.Call(function=inner) | syntax.Subscript(value=inner):
            return item.text[inner.span.end] in "([" and _is_on_one_line(item, inner)
        case syntax.Attribute(value=inner):
            between = item.text[inner.span.end : value.span.end]
            return "\n" not in between and _is_on_one_line(item, inner)
        case _:
            return "\n" not in item.text[value.span.start : value.span.end]


def _is_made_once(path: Sequence[syntax.Node]) -> bool:
    """Whether a use is reached exactly once: in no loop, branch or comprehension of its statement."""
    statement = path[0] if path else None
    if isinstance(statement, syntax.If | syntax.For | syntax.Match | syntax.Try):
        return False
    return bool(path) and not any(isinstance(each, _SOMETIMES) for each in path)


def _names(item: Item, value: syntax.Expression) -> list[syntax.Name]:
    return [each for each in item.nodes(syntax.Name) if path_to(value, each)]


def _inlined(
    selection: Selection, item: Item, assigned: syntax.Assign, uses: Sequence[tuple[syntax.Name, bool]]
) -> Edits:
    value = item.text[assigned.value.span.start : assigned.value.span.end]
    edits = [Edit(use.span, f"({value})" if brackets else value) for use, brackets in uses]
    return selection.here(item, (Edit(lines_of(item, assigned.span), ""), *edits))
