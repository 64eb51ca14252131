"""What the statements of a block need and give: from it follows which of them run beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ...grammar import syntax
from ..trees import children, walk
from . import effects
from .names import caught, written
from .view import View, reads

Compound = syntax.If | syntax.For | syntax.Match | syntax.Try
"""The statements with blocks of their own."""


class Unit(Struct, frozen=True):
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
    leaves_traces: bool = False
    """Whether it has effects that cannot be made again."""
    taken_out: syntax.Expression | None = None
    """The expression that this unit works out for the statement behind it."""


def units(view: View, statements: Iterable[syntax.Statement], *, single: bool = False) -> list[Unit]:
    """The statements of a block, with calls that can run beside each other as units of their own.

    With `single`, every unit makes at most one call: what an `assert` tries again is told call by call.
    """
    found: list[Unit] = []
    for statement in statements:
        found += _taken_out(view, statement, single)
        found.append(_unit(view, statement))
    return found


def _unit(view: View, statement: syntax.Statement) -> Unit:
    # What a statement may leave as it was has, behind it, the value from before.
    changed = (
        written(statement) - caught(statement) if isinstance(statement, Compound) else written(statement)
    )
    kept = changed - surely_written(statement)
    return Unit(
        statement,
        frozenset(_reads(view, statement)) | {view.local(name) for name in kept},
        frozenset(view.local(name) for name in changed),
        effects.waits(view, statement),
        leaves(statement),
        effects.effects(view, statement) if view.asynchronous else 0,
        effects.leaves_traces(view, statement),
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
        case syntax.If() | syntax.For() | syntax.Match() | syntax.Try():
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
        case syntax.Try(body=body, clauses=clauses):
            yield body
            yield from (clause.body for clause in clauses)


def _reads(view: View, node: syntax.Node) -> Iterator[str]:
    match node:
        case syntax.Assign(value=value) | syntax.AnnotatedAssign(value=value):
            yield from reads(view, value)
        case syntax.For(iterable=iterable, body=body):
            yield from reads(view, iterable)
            for each in body:
                yield from _reads(view, each)
        case syntax.ExceptClause(kind=kind, name=name):
            yield from reads(view, kind)
            own = view.local(name.text) if name is not None else ""
            for each in node.body:
                yield from (text for text in _reads(view, each) if text != own)
        case syntax.If() | syntax.IfBranch() | syntax.Match() | syntax.Case() | syntax.Try():
            for child in children(node):
                yield from _reads(view, child)
        case _:
            yield from reads(view, node)


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
            if not takes_all(cases[-1]):
                return frozenset()
            return frozenset.intersection(*(_surely_in(case.body) for case in cases))
        case syntax.Try(body=body, clauses=clauses):
            return frozenset.intersection(_surely_in(body), *(_surely_in(each.body) for each in clauses))
        case syntax.For():
            return frozenset()
        case _:
            return written(statement)


def takes_all(case: syntax.Case) -> bool:
    """Whether a case takes whatever comes to it."""
    return case.guard is None and isinstance(case.pattern, syntax.CapturePattern)


def _surely_in(statements: Iterable[syntax.Statement]) -> frozenset[str]:
    return frozenset(name for statement in statements for name in surely_written(statement))


def first_calls(view: View, statement: syntax.Statement) -> list[Unit]:
    """The calls that a statement begins with, as units of their own."""
    found = [root for value in _beginning(statement) for root in effects.roots(view, value)]
    hints = _hints(view, statement)
    return [_take_out(view, root, hints.get(id(root))) for root in found]


# --- taking calls out of statements ---------------------------------------------------------------------


def _beginning(statement: syntax.Statement) -> list[syntax.Expression]:
    """The expressions that a statement works out in any case, before all else."""
    match statement:
        case (
            syntax.Assign(value=value)
            | syntax.AnnotatedAssign(value=value)
            | syntax.AugmentedAssign(value=value)
            | syntax.ExpressionStatement(value=value)
        ):
            return [value]
        case syntax.Return(value=value, outputs=outputs):
            return [each.value for each in outputs or ()] if value is None else [value]
        case syntax.Assert(test=test) | syntax.If(branches=(syntax.IfBranch(test=test), *_)):
            return [test]
        case syntax.For(iterable=iterable):
            return [iterable]
        case syntax.Match(subject=subject):
            return [subject]
        case _:
            return []


def _taken_out(view: View, statement: syntax.Statement, single: bool) -> Iterator[Unit]:
    """The calls of a statement that can run beside each other; if `single`, all but one that is its value."""
    if not view.asynchronous:
        return
    single = single and not isinstance(statement, syntax.Return | syntax.Assert | Compound)
    values = _beginning(statement)
    found = [root for value in values for root in effects.roots(view, value)]
    hints = _hints(view, statement) if found else {}
    for root in found:
        yield from _from_inside(view, root, single)
        if len(found) > 1 or (single and not _is_value(statement, root)):
            yield _take_out(view, root, hints.get(id(root)))


def _is_value(statement: syntax.Statement, root: syntax.Expression) -> bool:
    match statement:
        case syntax.Assign(target=syntax.Name(), value=value) | syntax.ExpressionStatement(value=value):
            return value is root
        case _:
            return False


def _from_inside(view: View, root: syntax.Expression, single: bool) -> Iterator[Unit]:
    match root:
        case syntax.Call():
            within: list[syntax.Node] = list(children(root))
        case syntax.Comprehension():
            within = [root.clauses[0].iterable]
        case _:
            return
    inner = [each for part in within for each in effects.roots(view, part)]
    hints = _hints(view, root)
    for each in inner:
        yield from _from_inside(view, each, single)
        if len(inner) > 1 or single:
            yield _take_out(view, each, hints.get(id(each)))


def _take_out(view: View, root: syntax.Expression, hint: str | None) -> Unit:
    name = view.fresh(hint or name_for(root))
    unit = _unit(view, syntax.Assign(root.span, syntax.Name(root.span, name), root))
    # From here on the expression stands for the variable; the unit itself still makes the call.
    view.replaced[id(root)] = name
    return replace(unit, taken_out=root)


def _hints(view: View, node: syntax.Node) -> dict[int, str]:
    """Names for values that are taken out: those of the arguments and outputs that they are for."""
    found: dict[int, str] = {}
    for argument in walk(node):
        if isinstance(argument, syntax.Argument) and argument.name is not None:
            inside = effects.roots(view, argument.value)
            if len(inside) == 1:
                found.setdefault(id(inside[0]), argument.name.text)
    return found


def name_of(statement: syntax.Statement) -> str:
    """A name for the function that a statement becomes, where it gives no variable a value."""
    return name_for(statement.value) if isinstance(statement, syntax.ExpressionStatement) else "step"


def name_for(root: syntax.Expression) -> str:
    """A name for the variable that holds a value which the text gives no name."""
    match root:
        case syntax.Call(function=syntax.Name(text=text)):
            return f"{text}_result"
        case syntax.Call(function=syntax.Attribute(name=name)):
            return f"{name.text}_result"
        case syntax.Comprehension():
            return "items"
        case _:
            return "value"
