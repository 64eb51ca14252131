"""Variables that nothing reads, and answers of models that nothing uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeVar, get_args

from msgspec import Struct

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...trees import walk
from ..rule import BODIES, Body, Findings, replace, rule
from ..walking import remembered
from .edits import removal
from .paths import bodies

_Assignment: TypeAlias = syntax.Assign | syntax.AnnotatedAssign | syntax.AugmentedAssign


_ASSIGNMENTS: tuple[type[syntax.Node], ...] = get_args(_Assignment)


class Unused(Struct, frozen=True):
    """A variable of a body that nothing reads."""

    name: str
    target: syntax.Node
    statement: _Assignment
    """The first that gives it a value."""
    is_only: bool
    """Whether no other does."""


@rule("W102", "unused-variable", *BODIES, fix="sometimes", severity="warning")
def unused_variable(program: Program, item: Item, node: Body) -> Findings:
    """A variable is assigned but never used.

    Start the name with `_` if its value is not needed.

    ```dspy
    def shorten(text: str) -> str:
        words = text.split()
    #   ^^^^^ W102 the variable `words` is never used
        return text[:80]
    ```

    ```dspy
    def shorten(text: str) -> str:
        words = text.split()
        return " ".join(words[:10])
    ```
    """
    for each in unused_variables(item):
        value = each.statement.value
        if wasted_call(program, item, value) is not None:
            continue
        calls = any(isinstance(inner, syntax.Call) for inner in walk(value))
        fix = (
            None
            if calls or not each.is_only
            else replace(f"Remove `{each.name}`", *removal(item, each.statement))
        )
        yield unused_variable.at(each.target, f"the variable `{each.name}` is never used", fix=fix)


@rule("W302", "unused-answer", *BODIES, fix="sometimes", severity="warning")
def unused_answer(program: Program, item: Item, node: Body) -> Findings:
    """A model is called, but its answer is not used.

    Every call costs money and time, even if its answer is not used.

    ```dspy
    module Triage:
        input text: str
        output label: str
        summarize = Predict("text -> summary")
        classify = Predict("text -> label")
        forward:
            summarize(text=text)
    #       ^^^^^^^^^^^^^^^^^^^^ W302 this model call is paid for, but its answer is not used
            return label=classify(text=text).label
    ```

    ```dspy
    module Triage:
        input text: str
        output label: str
        summarize = Predict("text -> summary")
        classify = Predict("text -> label")
        forward:
            short = summarize(text=text).summary
            return label=classify(text=short).label
    ```
    """
    if isinstance(node, syntax.TestDeclaration):
        return
    for statement in item.nodes(syntax.ExpressionStatement):
        call = wasted_call(program, item, statement.value)
        if call is not None:
            gone = replace("Remove the call", *removal(item, statement))
            words = "this model call is paid for, but its answer is not used"
            yield unused_answer.at(call, words, fix=gone)
    for each in unused_variables(item):
        if wasted_call(program, item, each.statement.value) is not None:
            words = f"`{each.name}` is never used, but its model call is paid for"
            fix = replace("Remove the call", *removal(item, each.statement)) if each.is_only else None
            yield unused_answer.at(each.target, words, fix=fix)


@remembered
def unused_variables(item: Item) -> Sequence[Unused]:
    """The variables of an item's bodies that get values and are never read.

    There are none as long as a name in the item means nothing: it may be the variable, misspelt. An output's
    name is left out, because what is missing then is its `return`.
    """
    if item.unresolved or not any(item.nodes(each) for each in _ASSIGNMENTS):
        return ()
    if _is_test_without_assert(item.declaration):
        return ()
    return [each for _, body in bodies(item.declaration) for each in _unused(item, body)]


def _unused(item: Item, body: Sequence[syntax.Statement]) -> Iterator[Unused]:
    assigned = list(_assignments(item, body))
    if not assigned:
        return
    stored = {id(target) for _, target, _ in assigned}
    read = {node.text for node in _inside(item, body, syntax.Name) if id(node) not in stored}
    kept = {each.name.text for each in _fields(item.declaration)}
    counts = Counter(name for name, _, _ in assigned)
    seen: set[str] = set()
    for name, target, statement in assigned:
        if name not in read and name not in kept and name not in seen and not name.startswith("_"):
            yield Unused(name, target, statement, counts[name] == 1)
        seen.add(name)


_N = TypeVar("_N", bound=syntax.Node)


def _inside(item: Item, body: Sequence[syntax.Statement], *kinds: type[_N]) -> list[_N]:
    """The nodes of some classes in a body, in the order of the text."""
    start, end = (body[0].span.start, body[-1].span.end) if body else (0, 0)
    found = [node for kind in kinds for node in item.nodes(kind) if start <= node.span.start < end]
    return sorted(found, key=lambda node: node.span.start) if len(kinds) > 1 else found


def _assignments(
    item: Item, body: Sequence[syntax.Statement]
) -> Iterator[tuple[str, syntax.Node, _Assignment]]:
    """The assignments of single variables in a body, each with the name and its place."""
    for node in _inside(item, body, *_ASSIGNMENTS):
        match node:
            case (
                syntax.Assign(target=syntax.Name(text=name) as target)
                | syntax.AugmentedAssign(target=syntax.Name(text=name) as target)
                | syntax.AnnotatedAssign(target=syntax.Identifier(text=name) as target)
            ):
                yield name, target, node


def _fields(node: syntax.Declaration | None) -> Sequence[syntax.Field | syntax.Part]:
    return (*node.fields, *node.parts) if isinstance(node, syntax.ModuleDeclaration) else ()


def _is_test_without_assert(node: syntax.Declaration | None) -> bool:
    return isinstance(node, syntax.TestDeclaration) and not has_assert(node)


def has_assert(node: syntax.Node) -> bool:
    """Whether there is an `assert` in a declaration."""
    return any(isinstance(each, syntax.Assert) for each in walk(node))


# --- calls of models ------------------------------------------------------------------------------------


def wasted_call(program: Program, item: Item, value: syntax.Expression) -> syntax.Expression | None:
    """The call in an unused expression that does nothing but ask a model; None where there is none."""
    match value:
        case syntax.Attribute(value=owner) | syntax.Subscript(value=owner):
            return wasted_call(program, item, owner)
        case syntax.Comprehension(kind="list" | "set", element=element) if not isinstance(
            element, syntax.DictEntry
        ):
            return wasted_call(program, item, element)
        case syntax.Call() if _only_asks(program, item, value):
            return value
        case _:
            return None


def _only_asks(program: Program, item: Item, call: syntax.Call) -> bool:
    """Whether a call asks a model and has no other effect, as far as that is known."""
    kind = program.call_kind(item, call)
    if kind.target == "lm":
        return True
    if kind.target == "function":
        return kind.awaits and not kind.effects
    callee = item.type_of(call.function)
    if kind.target != "module" or not isinstance(callee, types.Module):
        return False
    if callee.definition is not None:
        return callee.definition.name in _ASKS
    declared = callee.declared
    symbol = program.symbols.get(declared.name) if declared and declared.path == program.path else None
    owner = program.item(symbol.item) if symbol is not None else None
    return owner is not None and not any(
        each is not None and _acts(program, owner, each) for each in owner.nodes(syntax.Call)
    )


def _acts(program: Program, item: Item, call: syntax.Call) -> bool:
    """Whether a call in the body of a module may do more than ask a model."""
    if isinstance(item.declaration, syntax.ModuleDeclaration) and any(
        part.span.contains(call.span.start) for part in item.declaration.parts
    ):
        kind = item.type_of(call)
        return not (isinstance(kind, types.Module) and kind.definition and kind.definition.name in _ASKS)
    return program.call_kind(item, call).effects


_ASKS = frozenset({"Predict", "ChainOfThought", "ChainOfThoughtWithHint", "BestOfN", "Refine"})
"""The runtime's modules that do nothing but ask models; others may use tools."""
