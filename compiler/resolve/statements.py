"""Bodies: what each statement binds, what tests leave of types, and what the `return`s give."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

from msgspec.structs import replace

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..facts import Draft
from ..schedule.names import may_fail, written
from ..types import Type
from ..types.assignable import assignable
from ..types.narrow import assigned
from .annotations import annotate
from .context import Context, Flow, Loop, Names
from .errors import caught
from .expressions import bind_target, infer, item_for
from .meeting import meet
from .narrowing import NOTHING, assume, forget, path_of
from .operators import binary, fits
from .patterns import match

_DEEPEST_LOOP = 3
"""Loops are read again until what an iteration leaves is known in the next; deeper ones only once."""
_MOST_TURNS = 3
"""What is still changing after so many readings of a loop is Unknown."""


def run(body: Sequence[syntax.Statement], context: Context, end: int, loops: int = 0) -> Flow | None:
    """Resolve statements in their order. Returns what holds behind them, None where their end is not reached.

    Args:
        body: the statements.
        context: what holds before them.
        end: the offset up to which their names can be used.
        loops: how many loops are around them.
    """
    reached = True
    for statement in body:
        after = _statement(statement, context, end, loops)
        if after is None:
            reached = False
        else:
            context = context.at(after)
    return context.flow if reached else None


def _statement(node: syntax.Statement, context: Context, end: int, loops: int) -> Flow | None:
    match node:
        case syntax.Assign(target=target, value=value):
            given = _as_declared(target, infer(value, context), context)
            return _bound(target, given, context, Span(node.span.end, end))
        case syntax.AnnotatedAssign():
            return _annotated(node, context, Span(node.span.end, end))
        case syntax.AugmentedAssign(target=target, operator=operator, value=value):
            before, added = infer(target, context), infer(value, context)
            # What does not work leaves the type as it was, so that it is told once.
            result = binary(before, operator, added) if fits(before, operator, added) else before
            flow = _bound(target, result, context, Span(node.span.end, end))
            context.record(target, before)
            return flow
        case syntax.Return():
            context.returns.append((node, _returned(node, context)))
            return None
        case syntax.Assert():
            return _assert(node, context)
        case syntax.If():
            return _if(node, context, end, loops)
        case syntax.For():
            return _for(node, context, end, loops)
        case syntax.Match():
            return match(node, context, lambda body, inside: run(body, inside, end, loops), end)
        case syntax.Try():
            return _try(node, context, end, loops)
        case syntax.ExpressionStatement(value=value):
            infer(value, context)
        case syntax.Break() | syntax.Continue():
            if context.loop is not None:
                ways = context.loop.breaks if isinstance(node, syntax.Break) else context.loop.continues
                ways.append(context.flow)
            return None
        case syntax.Pass():
            pass
        case _:
            assert_never(node)
    return context.flow


def _bound(target: syntax.Expression, kind: Type, context: Context, visible: Span) -> Flow:
    names: Names = {}
    bind_target(target, kind, context, names, syntax.Pass(visible))
    return Flow({**context.names, **names}, forget(context.narrowed, names.keys()))


def _as_declared(target: syntax.Expression, given: Type, context: Context) -> Type:
    """What a variable is that is assigned again: of its declared type where the value does not fit that."""
    symbol = context.names.get(target.text) if isinstance(target, syntax.Name) else None
    if symbol is None or symbol.kind != "local" or not isinstance(symbol.node, syntax.Identifier):
        return given
    return given if assignable(given, symbol.type) else symbol.type


def _annotated(node: syntax.AnnotatedAssign, context: Context, visible: Span) -> Flow:
    """`x: T = value`; of a union the value tells which option `x` is, until it is assigned again."""
    given = infer(node.value, context)
    kind = annotate(node.annotation, context)
    name = node.target.text
    flow = context.inside({name: context.declare("local", node.target, kind, visible)}).flow
    left = assigned(kind, given)
    return flow if left is kind else Flow(flow.names, {**flow.narrowed, name: left})


def _returned(node: syntax.Return, context: Context) -> Type:
    for argument in node.outputs or ():
        infer(argument.value, context)
    return infer(node.value, context) if node.value is not None else types.NONE


def _assert(node: syntax.Assert, context: Context) -> Flow | None:
    infer(node.test, context)
    if node.message is not None:
        infer(node.message, context.knowing(assume(node.test, False, context.item, context.narrowed)))
    if node.suggest:
        return context.flow
    narrowed = assume(node.test, True, context.item, context.narrowed)
    return None if narrowed is None else context.knowing(narrowed).flow


# --- branches -------------------------------------------------------------------------------------------


def _if(node: syntax.If, context: Context, end: int, loops: int) -> Flow | None:
    ends: list[Flow | None] = []
    reached = True
    for branch in node.branches:
        context.item.note_exhaustive(branch, holds=not reached)
        infer(branch.test, context)
        taken = assume(branch.test, True, context.item, context.narrowed)
        after = run(branch.body, context.knowing(taken), end, loops)
        ends.append(after if reached and taken is not None else None)
        passed = assume(branch.test, False, context.item, context.narrowed)
        reached = reached and passed is not None
        context = context.knowing(passed)
    context.item.note_exhaustive(node, holds=not reached)
    _note_untaken(node, context)
    after = run(node.otherwise, context, end, loops)
    ends.append(after if reached else None)
    return meet(ends)


def _note_untaken(node: syntax.If, context: Context) -> None:
    """Of branches that all compare one path with choices, what none of them takes."""
    subjects = {
        path_of(each.test.left) if isinstance(each.test, syntax.Comparison) else None
        for each in node.branches
    }
    first = node.branches[0].test
    path = subjects.pop()
    if path is not None and not subjects and isinstance(first, syntax.Comparison):
        before = context.item.type_of(first.left)
        context.item.note_untaken(node, before, context.narrowed.get(path))


def _for(node: syntax.For, context: Context, end: int, loops: int) -> Flow | None:
    kind = item_for(infer(node.iterable, context), node.target)
    before = context.flow
    skipped = None if has_items(node.iterable, context.item) else before
    head = before if loops < _DEEPEST_LOOP else _unknown(before, written(node))
    for turn in range(_MOST_TURNS):
        around, loop, names = context.at(head), Loop(), Names()
        bind_target(node.target, kind, around, names, node)
        inside = around.inside(names).in_loop(loop)
        body = run(node.body, inside, end, loops + 1)
        after = meet([head, body, *loop.continues]) or head
        if loops >= _DEEPEST_LOOP or not _tells_more(around, names, after):
            break
        head = after if turn < _MOST_TURNS - 2 else _unknown(after, _changed(head, after))
    return meet([skipped, body, *loop.continues, *loop.breaks])


def has_items(node: syntax.Expression, item: Draft) -> bool:
    """Whether a loop over a value has at least one turn, as far as that is evident."""
    match node:
        case syntax.List(elements=elements) | syntax.Tuple(elements=elements) | syntax.Set(elements=elements):
            return any(not isinstance(each, syntax.Starred) for each in elements)
        case syntax.Call(
            function=syntax.Name(text="range"),
            arguments=(syntax.Argument(value=syntax.Constant(value=int() as stop)),),
        ):
            return stop > 0
        case syntax.Call(
            function=syntax.Name(text="enumerate" | "reversed" | "sorted" | "list"),
            arguments=(inner, *_),
        ):
            return has_items(inner.value, item)
        case _:
            kind = item.type_of(node)
            if isinstance(kind, types.TypeForm) and isinstance(kind.type, types.Enum):
                return bool(kind.type.members)
            return isinstance(kind, types.Tuple) and bool(kind.items)


def _tells_more(context: Context, names: Names, after: Flow) -> bool:
    """Whether the next iteration may find something else in a loop than this one did."""
    if after.narrowed != context.narrowed:
        return True
    for name, symbol in after.names.items():
        before = context.names.get(name)
        if before is symbol or name in names:
            continue
        if before is not None:
            if before.type != symbol.type:
                return True
        elif context.scope.lookup(name) is not None:
            return True  # the first iteration may have read what this name means outside
    unresolved = {each.text for each in context.item.unresolved.values()}
    return not unresolved.isdisjoint(after.names)


def _changed(before: Flow, after: Flow) -> set[str]:
    """The names whose types an iteration has changed."""
    return {
        name
        for name, symbol in after.names.items()
        if name in before.names and before.names[name].type != symbol.type
    }


def _try(node: syntax.Try, context: Context, end: int, loops: int) -> Flow | None:
    """`try`: an error may come behind any statement of the block, so what it binds may be bound or not."""
    failing: list[Flow] = []
    bound: Names = {}
    reached, inside = True, context
    for statement in node.body:
        after = _statement(statement, inside, end, loops)
        if after is not None:
            bound |= after.names
        if may_fail(statement):
            failing += [inside.flow] if after is None else [inside.flow, after]
        reached = reached and after is not None
        inside = inside if after is None else inside.at(after)
    ends = [inside.flow if reached else None]
    left = meet(failing) or context.flow
    # What the block binds means something behind it, though perhaps without a value: that is a rule's.
    failed = context.at(Flow({**bound, **left.names}, left.narrowed))
    for clause in node.clauses:
        error = caught(clause.kind, context)
        names: Names = {}
        if clause.name is not None:
            visible = Span(clause.name.span.end, clause.span.end)
            names = {clause.name.text: failed.declare("local", clause.name, error, visible)}
        ends.append(_without(run(clause.body, failed.inside(names), end, loops), names))
    return meet(ends)


def _without(flow: Flow | None, hidden: Collection[str]) -> Flow | None:
    """What holds where some names mean nothing any more."""
    if flow is None or not hidden:
        return flow
    names = {name: each for name, each in flow.names.items() if name not in hidden}
    return Flow(names, forget(flow.narrowed, hidden))


def _unknown(flow: Flow, names: Collection[str]) -> Flow:
    """What holds where the values of some names are not known."""
    changed = {name: replace(flow.names[name], type=types.UNKNOWN) for name in names if name in flow.names}
    return Flow({**flow.names, **changed}, NOTHING)
