"""Bodies: what each statement binds, and what the `return`s give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..facts import Symbol
from ..types import Type
from ..types.assignable import iterated
from .annotations import annotate
from .context import Context, Names
from .errors import caught
from .expressions import bind_target, infer
from .members import member
from .operators import binary, fits

_DEEPEST_LOOP = 3
"""Loops are read twice, so that what an iteration binds is known in the next; deeper ones once."""


def run(body: Sequence[syntax.Statement], context: Context, end: int, loops: int = 0) -> Names:
    """Resolve statements in their order. Returns the names that are bound behind them.

    Args:
        body: the statements.
        context: what is bound before them.
        end: the offset up to which their names can be used.
        loops: how many loops are around them.
    """
    names = dict(context.names)
    for statement in body:
        names = _statement(statement, _with(context, names), end, loops)
    return names


def _with(context: Context, names: Names) -> Context:
    return Context(context.scope, context.item, names, context.returns, context.in_string)


def _statement(node: syntax.Statement, context: Context, end: int, loops: int) -> Names:
    match node:
        case syntax.Assign(target=target, value=value):
            return _bound(target, infer(value, context), context, Span(node.span.end, end))
        case syntax.AnnotatedAssign(target=target, annotation=annotation, value=value):
            infer(value, context)
            kind = annotate(annotation, context)
            symbol = context.declare("local", target, kind, Span(node.span.end, end))
            return {**context.names, target.text: symbol}
        case syntax.AugmentedAssign(target=target, operator=operator, value=value):
            before, added = infer(target, context), infer(value, context)
            # What does not work leaves the type as it was, so that it is told once.
            result = binary(before, operator, added) if fits(before, operator, added) else before
            names = _bound(target, result, context, Span(node.span.end, end))
            context.record(target, before)
            return names
        case syntax.Return():
            context.returns.append((node, _returned(node, context)))
        case syntax.Assert(test=test, message=message):
            infer(test, context)
            if message is not None:
                infer(message, context)
        case syntax.If():
            return _if(node, context, end, loops)
        case syntax.For():
            return _for(node, context, end, loops)
        case syntax.Match():
            return _match(node, context, end, loops)
        case syntax.Try():
            return _try(node, context, end, loops)
        case syntax.ExpressionStatement(value=value):
            infer(value, context)
        case syntax.Break() | syntax.Continue() | syntax.Pass():
            pass
        case _:
            assert_never(node)
    return context.names


def _bound(target: syntax.Expression, kind: Type, context: Context, visible: Span) -> Names:
    names: Names = {}
    bind_target(target, kind, context, names, syntax.Pass(visible))
    return {**context.names, **names}


def _returned(node: syntax.Return, context: Context) -> Type:
    for argument in node.outputs or ():
        infer(argument.value, context)
    return infer(node.value, context) if node.value is not None else types.NONE


# --- branches -------------------------------------------------------------------------------------------


def _if(node: syntax.If, context: Context, end: int, loops: int) -> Names:
    ends: list[Names] = []
    for branch in node.branches:
        infer(branch.test, context)
        ends.append(run(branch.body, context, end, loops))
    ends.append(run(node.otherwise, context, end, loops))
    return _joined(ends)


def _for(node: syntax.For, context: Context, end: int, loops: int) -> Names:
    item = iterated(infer(node.iterable, context))
    names: Names = {}
    bind_target(node.target, types.UNKNOWN if item is None else item, context, names, node)
    before = context.names
    after = run(node.body, context.inside(names), end, loops + 1)
    if loops < _DEEPEST_LOOP and _tells_more(context, names, after):
        again = _with(context, {**_joined([before, after]), **names})
        after = run(node.body, again, end, loops + 1)
    return _joined([before, after])


def _tells_more(context: Context, names: Names, after: Names) -> bool:
    """Whether the next iteration may find something else in a loop than the first did."""
    for name, symbol in after.items():
        before = context.names.get(name)
        if before is symbol or name in names:
            continue
        if before is not None:
            if before.type != symbol.type:
                return True
        elif context.scope.lookup(name) is not None:
            return True  # the first iteration may have read what this name means outside
    unresolved = {each.text for each in context.item.unresolved.values()}
    return not unresolved.isdisjoint(after)


def _match(node: syntax.Match, context: Context, end: int, loops: int) -> Names:
    subject = infer(node.subject, context)
    ends: list[Names] = [context.names]
    for case in node.cases:
        names: Names = {}
        _pattern(case.pattern, subject, context, names, Span(case.span.start, end))
        inside = context.inside(names)
        if case.guard is not None:
            infer(case.guard, inside)
        ends.append(run(case.body, inside, end, loops))
    return _joined(ends)


def _try(node: syntax.Try, context: Context, end: int, loops: int) -> Names:
    after = run(node.body, context, end, loops)
    ends = [after]
    # An error may come behind any statement of the block, so what it binds may be bound or not.
    failed = _joined([context.names, after])
    for clause in node.clauses:
        error = caught(clause.kind, context)
        names = failed
        if clause.name is not None:
            visible = Span(clause.name.span.end, clause.span.end)
            names = {**failed, clause.name.text: context.declare("local", clause.name, error, visible)}
        left = run(clause.body, _with(context, names), end, loops)
        hidden = clause.name.text if clause.name is not None else ""
        ends.append({name: each for name, each in left.items() if name != hidden})
    return _joined(ends)


def _joined(ends: Sequence[Names]) -> Names:
    """The names bound behind branches: a name bound in several has the types of all of them."""
    joined: Names = {}
    for names in ends:
        for name, symbol in names.items():
            before = joined.get(name)
            if before is None or before is symbol:
                joined[name] = symbol
            else:
                joined[name] = Symbol(
                    name,
                    before.kind,
                    types.joined((before.type, symbol.type)),
                    before.place,
                    before.item,
                    before.node,
                    before.doc,
                )
    return joined


# --- patterns -------------------------------------------------------------------------------------------


def _pattern(pattern: syntax.Pattern, kind: Type, context: Context, names: Names, visible: Span) -> None:
    context.record(pattern, kind)
    match pattern:
        case syntax.ValuePattern(value=value):
            infer(value, context)
        case syntax.CapturePattern(name=name):
            if name.text != "_":
                names[name.text] = context.declare("local", name, kind, visible)
        case syntax.StarPattern(name=name):
            if name.text != "_":
                names[name.text] = context.declare("local", name, types.List(kind), visible)
        case syntax.SequencePattern(elements=elements):
            inside = _elements(kind, len(elements))
            for element, of in zip(elements, inside, strict=True):
                _pattern(element, of, context, names, visible)
        case syntax.MappingPattern(entries=entries, rest=rest):
            of = kind.value if isinstance(kind, types.Dict) else types.UNKNOWN
            for key, inner in entries:
                infer(key, context)
                _pattern(inner, of, context, names, visible)
            if rest is not None:
                names[rest.text] = context.declare("local", rest, kind, visible)
        case syntax.ClassPattern():
            _class_pattern(pattern, context, names, visible)
        case syntax.OrPattern(options=alternatives):
            for alternative in alternatives:
                _pattern(alternative, kind, context, names, visible)
        case syntax.AsPattern(pattern=aliased, name=name):
            _pattern(aliased, kind, context, names, visible)
            names[name.text] = context.declare("local", name, context.item.type_of(aliased), visible)
        case _:
            assert_never(pattern)


def _class_pattern(pattern: syntax.ClassPattern, context: Context, names: Names, visible: Span) -> None:
    kind = annotate(pattern.name, context)
    context.record(pattern, kind)
    for each in pattern.positional:
        _pattern(each, kind if isinstance(kind, types.Builtin) else types.UNKNOWN, context, names, visible)
    for label, each in pattern.keywords:
        symbol = member(kind, label.text)
        context.refer(label, symbol)
        _pattern(each, symbol.type if symbol else types.UNKNOWN, context, names, visible)


def _elements(kind: Type, count: int) -> Sequence[Type]:
    if isinstance(kind, types.Tuple) and len(kind.items) == count:
        return kind.items
    item = iterated(kind) if isinstance(kind, types.List | types.Tuple) else None
    return [types.UNKNOWN if item is None else item] * count
