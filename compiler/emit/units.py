"""What the statements of a block need and give, so that it can be told which of them run beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ...grammar import syntax
from ..program import children, walk
from . import waiting
from .scope import Scope, written

Compound = syntax.If | syntax.For | syntax.Match


@dataclass(frozen=True)
class Unit:
    """A statement, or a part of one that was taken out of it, with what it reads and writes."""

    statement: syntax.Statement
    reads: frozenset[str]
    writes: frozenset[str]
    calls: bool
    """Whether it makes calls that are waited for."""
    barrier: bool
    """Whether the calls after it wait for it: it may return, leave a loop, or fail an `assert`."""
    effects: int | None
    """How many calls with effects it makes at most; None when that cannot be said."""
    taken_out: syntax.Expression | None = None
    """The expression that this unit works out for the statement behind it."""


def units(scope: Scope, statements: Iterable[syntax.Statement], *, single: bool = False) -> list[Unit]:
    """The statements of a block, with calls that can run beside each other as units of their own.

    With `single`, every unit makes at most one call: what an `assert` tries again is told call by call.
    """
    found: list[Unit] = []
    for statement in statements:
        found += _taken_out(scope, statement, single)
        found.append(_unit(scope, statement))
    return found


def _unit(scope: Scope, statement: syntax.Statement) -> Unit:
    return Unit(
        statement,
        frozenset(_reads(scope, statement)),
        frozenset(scope.local(name) for name in written(statement)),
        waiting.waits(scope, statement),
        leaves(statement),
        waiting.effects(scope, statement) if scope.asynchronous else 0,
    )


def leaves(statement: syntax.Statement, *, in_loop: bool = False) -> bool:
    """Whether a statement may end more than itself."""
    match statement:
        case syntax.Return():
            return True
        case syntax.Assert(suggest=suggest):
            return not suggest
        case syntax.Break() | syntax.Continue():
            return not in_loop
        case syntax.If() | syntax.For() | syntax.Match():
            inside = in_loop or isinstance(statement, syntax.For)
            return any(leaves(each, in_loop=inside) for block in blocks(statement) for each in block)
        case _:
            return False


def blocks(statement: Compound) -> Iterator[tuple[syntax.Statement, ...]]:
    """The blocks of a compound statement."""
    match statement:
        case syntax.If(branches=branches, otherwise=otherwise):
            yield from (branch.body for branch in branches)
            yield otherwise
        case syntax.For(body=body):
            yield body
        case syntax.Match(cases=cases):
            yield from (case.body for case in cases)


def _reads(scope: Scope, node: syntax.Node) -> Iterator[str]:
    match node:
        case syntax.Assign(value=value) | syntax.AnnotatedAssign(value=value):
            yield from scope.reads(value)
        case syntax.For(iterable=iterable, body=body):
            yield from scope.reads(iterable)
            for each in body:
                yield from _reads(scope, each)
        case syntax.If() | syntax.IfBranch() | syntax.Match() | syntax.Case():
            for child in children(node):
                yield from _reads(scope, child)
        case _:
            yield from scope.reads(node)


def independent_call_after(found: Sequence[Unit], index: int) -> bool:
    """Whether a later unit makes calls that need nothing from this one, so that it must not be waited for."""
    fed = set(found[index].writes)
    for unit in found[index + 1 :]:
        if unit.reads & fed:
            if unit.barrier:
                return False
            fed |= unit.writes
        elif unit.calls:
            return True
        else:
            fed -= unit.writes
    return False


def surely_written(statement: syntax.Statement) -> frozenset[str]:
    """The variables that have a value after a statement, whichever way it went."""
    match statement:
        case syntax.If(branches=branches, otherwise=otherwise):
            ways = [*(branch.body for branch in branches), otherwise]
            return frozenset.intersection(*(_surely_in(way) for way in ways))
        case syntax.Match(cases=cases):
            last = cases[-1]
            whole = last.guard is None and isinstance(last.pattern, syntax.CapturePattern)
            return (
                frozenset.intersection(*(_surely_in(case.body) for case in cases)) if whole else frozenset()
            )
        case syntax.For():
            return frozenset()
        case _:
            return written(statement)


def _surely_in(statements: Iterable[syntax.Statement]) -> frozenset[str]:
    return frozenset(name for statement in statements for name in surely_written(statement))


# --- taking calls out of statements ---------------------------------------------------------------------


def _taken_out(scope: Scope, statement: syntax.Statement, single: bool) -> Iterator[Unit]:
    if not scope.asynchronous:
        return
    match statement:
        case (
            syntax.Assign(value=value)
            | syntax.AnnotatedAssign(value=value)
            | syntax.AugmentedAssign(value=value)
        ):
            plain = isinstance(statement, syntax.Assign) and isinstance(statement.target, syntax.Name)
            yield from _from_expressions(scope, [value], single, keep=plain)
        case syntax.ExpressionStatement(value=value):
            yield from _from_expressions(scope, [value], single, keep=True)
        case syntax.Return(value=value, outputs=outputs):
            values = [value] if value is not None else [each.value for each in outputs or ()]
            yield from _from_expressions(scope, values, False, keep=True, within=statement)
        case syntax.Assert(test=test):
            yield from _from_expressions(scope, [test], False, keep=True)
        case syntax.If(branches=(first, *_)):
            yield from _from_expressions(scope, [first.test], False, keep=True)
        case syntax.For(iterable=iterable):
            yield from _from_expressions(scope, [iterable], False, keep=True)
        case syntax.Match(subject=subject):
            yield from _from_expressions(scope, [subject], False, keep=True)


def _from_expressions(
    scope: Scope,
    values: Sequence[syntax.Expression],
    single: bool,
    *,
    keep: bool,
    within: syntax.Node | None = None,
) -> Iterator[Unit]:
    """Take out the calls that can run beside each other; `keep` leaves a call that is the whole value in place."""
    found = [root for value in values for root in waiting.roots(scope, value)]
    hints = _hints(scope, within or values[0]) if found else {}
    for root in found:
        yield from _from_inside(scope, root, single)
        alone = len(found) == 1 and (not single or (keep and any(root is value for value in values)))
        if not alone:
            yield _take_out(scope, root, hints.get(id(root)))


def _from_inside(scope: Scope, root: syntax.Expression, single: bool) -> Iterator[Unit]:
    match root:
        case syntax.Call():
            within: list[syntax.Node] = list(children(root))
        case syntax.Comprehension():
            within = [root.clauses[0].iterable]
        case _:
            return
    inner = [each for part in within for each in waiting.roots(scope, part)]
    hints = _hints(scope, root)
    for each in inner:
        yield from _from_inside(scope, each, single)
        if len(inner) > 1 or single:
            yield _take_out(scope, each, hints.get(id(each)))


def _take_out(scope: Scope, root: syntax.Expression, hint: str | None) -> Unit:
    name = scope.function.fresh(hint or name_for(root))
    unit = _unit(scope, syntax.Assign(root.span, syntax.Name(root.span, name), root))
    # From here on the expression stands for the variable; the unit itself still makes the call.
    scope.replaced[id(root)] = name
    return replace(unit, taken_out=root)


def _hints(scope: Scope, node: syntax.Node) -> dict[int, str]:
    """Names for values that are taken out: those of the arguments and outputs that they are for."""
    found: dict[int, str] = {}
    for argument in walk(node):
        if isinstance(argument, syntax.Argument) and argument.name is not None:
            inside = waiting.roots(scope, argument.value)
            if len(inside) == 1:
                found.setdefault(id(inside[0]), argument.name.text)
    return found


def name_of(statement: syntax.Statement) -> str:
    """A name for the function that a statement becomes, where it gives no variable a value."""
    return name_for(statement.value) if isinstance(statement, syntax.ExpressionStatement) else "step"


def name_for(root: syntax.Expression) -> str:
    match root:
        case syntax.Call(function=syntax.Name(text=text)):
            return f"{text}_result"
        case syntax.Call(function=syntax.Attribute(name=name)):
            return f"{name.text}_result"
        case syntax.Comprehension():
            return "items"
        case _:
            return "value"
