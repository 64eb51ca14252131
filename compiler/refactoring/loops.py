"""A loop that collects values, turned into a comprehension, whose calls are all in flight together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from msgspec import Struct

from ...base.diagnostic import Edit
from ...base.span import Span
from ...grammar import syntax
from ..program import Item
from ..trees import walk
from .blocks import blocks, names_of
from .refactoring import Edits, Refactoring, Selection, has_comment


class _Collected(Struct, frozen=True):
    """What a loop adds to a list, with the `for` and `if` around it as a comprehension has them."""

    element: str
    clauses: str


def comprehension_of_loop(selection: Selection) -> Iterator[Refactoring]:
    """Turn the loop at the cursor, and the empty list before it, into a comprehension."""
    found = selection.found
    if found is None or not selection.nearest(syntax.For):
        return
    around = {id(each) for each in found.path}
    for block in blocks(found.item):
        for before, loop in pairwise(block):
            if isinstance(loop, syntax.For) and id(loop) in around:
                name = _emptied(before)
                collected = _collected(found.item, loop, name) if name else None
                span = Span(before.span.start, loop.span.end)
                if collected is None or has_comment(found.item.text, span):
                    continue
                if not _is_read_later(found.item, loop):
                    make = partial(_comprehension, selection, found.item, before, loop, collected)
                    yield Refactoring("Turn the loop into a comprehension", "refactor.rewrite", make)


def _emptied(statement: syntax.Statement) -> str:
    """The name that becomes an empty list."""
    match statement:
        case (
            syntax.Assign(target=syntax.Name(text=name), value=syntax.List(elements=()))
            | syntax.AnnotatedAssign(target=syntax.Identifier(text=name), value=syntax.List(elements=()))
        ):
            return name
        case _:
            return ""


def _collected(item: Item, loop: syntax.For, name: str) -> _Collected | None:
    """What a loop adds to the list of this name, if that is all that it does."""
    clause = f"for {_text(item, loop.target)} in {_text(item, loop.iterable)}"
    inside = _of_block(item, loop.body, name)
    if inside is None or names_of(loop.iterable, name):
        return None
    return _Collected(inside.element, f"{clause}{inside.clauses}")


def _of_block(item: Item, block: Sequence[syntax.Statement], name: str) -> _Collected | None:
    match block:
        case (syntax.For() as loop,):
            inner = _collected(item, loop, name)
            return None if inner is None else _Collected(inner.element, f" {inner.clauses}")
        case (syntax.If(branches=(branch,), otherwise=()),):
            inner = _of_block(item, branch.body, name)
            if inner is None or names_of(branch.test, name):
                return None
            return _Collected(inner.element, f" if {_text(item, branch.test)}{inner.clauses}")
        case (syntax.Assign(target=syntax.Name(text=made), value=value), adding):
            element = _added(adding, name)
            return None if element is None else _with_value(item, element, made, value, name)
        case (adding,):
            element = _added(adding, name)
            if element is None or names_of(element, name):
                return None
            return _Collected(_text(item, element), "")
        case _:
            return None


def _added(statement: syntax.Statement, name: str) -> syntax.Expression | None:
    """The value that a statement adds to a list: by `+= [x]`, `xs = xs + [x]` or `xs.append(x)`."""
    match statement:
        case syntax.AugmentedAssign(
            target=syntax.Name(text=to), operator="+", value=syntax.List(elements=(element,))
        ):
            pass
        case syntax.Assign(
            target=syntax.Name(text=to),
            value=syntax.Binary(
                left=syntax.Name(text=old), operator="+", right=syntax.List(elements=(element,))
            ),
        ) if old == to:
            pass
        case syntax.ExpressionStatement(
            value=syntax.Call(
                function=syntax.Attribute(value=syntax.Name(text=to), name=syntax.Identifier(text="append")),
                arguments=(syntax.Argument(name=None, star="", value=element),),
            )
        ):
            pass
        case _:
            return None
    return element if to == name and not isinstance(element, syntax.Starred) else None


def _with_value(
    item: Item, element: syntax.Expression, made: str, value: syntax.Expression, name: str
) -> _Collected | None:
    """The element with the value of a variable in the place of its only mention."""
    uses = names_of(element, made)
    if len(uses) != 1 or names_of(value, name) or names_of(element, name) or names_of(value, made):
        return None
    if any(isinstance(each, syntax.FString | syntax.Comprehension | syntax.Lambda) for each in walk(element)):
        return None
    text, start, span = _text(item, element), element.span.start, uses[0].span
    written = _text(item, value)
    if not isinstance(value, syntax.Call | syntax.Name | syntax.Attribute | syntax.Subscript):
        written = f"({written})"
    return _Collected(text[: span.start - start] + written + text[span.end - start :], "")


def _is_read_later(item: Item, loop: syntax.For) -> bool:
    """Whether a name that the loop gives is read behind it, where a comprehension's names are gone."""
    targets = [loop.target]
    targets += [each.target for each in walk(loop) if isinstance(each, syntax.For)]
    targets += [
        each.target
        for each in walk(loop)
        if isinstance(each, syntax.Assign) and not isinstance(each.value, syntax.Binary)
    ]
    given = {id(name): name.text for each in targets for name in walk(each) if isinstance(name, syntax.Name)}
    for read in item.nodes(syntax.Name):
        if read.span.start >= loop.span.end and read.text in given.values():
            symbol = item.symbol_of(read)
            if symbol is None or symbol.node is None or id(symbol.node) in given:
                return True
    return False


def _comprehension(
    selection: Selection,
    item: Item,
    before: syntax.Statement,
    loop: syntax.For,
    collected: _Collected,
) -> Edits:
    assert isinstance(before, syntax.Assign | syntax.AnnotatedAssign)
    head = item.text[before.span.start : before.value.span.start]
    text = f"{head}[{collected.element} {collected.clauses}]"
    return selection.here(item, (Edit(Span(before.span.start, loop.span.end), text),))


def _text(item: Item, node: syntax.Node) -> str:
    return item.text[node.span.start : node.span.end]
