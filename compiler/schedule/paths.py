"""The ways through a body, and the most that one of them counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ...grammar import syntax
from .count import ZERO, Count, most
from .dependence import Unit, takes_all, units
from .here import Here
from .retries import asserts, regions
from .sizes import length_of

Cost: TypeAlias = Callable[[Here, syntax.Node], Count]
"""What an expression counts."""


class Paths(Struct, frozen=True):
    """The most that is counted on the ways through statements, by where they lead; None where none does."""

    end: Count | None = ZERO
    """To what stands behind."""
    again: Count | None = None
    """By `continue`."""
    out: Count | None = None
    """By `break`."""
    left: Count | None = None
    """Out of the body, by `return` or an error."""

    @property
    def most(self) -> Count:
        """The most that any way counts."""
        return most(each for each in (self.end, self.again, self.out, self.left) if each is not None)

    def after(self, before: Count) -> Paths:
        """The ways, all of which begin with something."""
        return self._each(lambda count: before + count)

    def times(self, number: Count) -> Paths:
        """The ways, each of which is taken several times."""
        return self._each(lambda count: number * count)

    def then(self, later: Paths) -> Paths:
        """The ways through this and then through something else."""
        return self if self.end is None else either(replace(self, end=None), later.after(self.end))

    def _each(self, change: Callable[[Count], Count]) -> Paths:
        ways = (self.end, self.again, self.out, self.left)
        return Paths(*(None if count is None else change(count) for count in ways))


def either(*ways: Paths) -> Paths:
    """The ways through one of several."""
    by_aim = zip(*((each.end, each.again, each.out, each.left) for each in ways), strict=True)
    found = ([count for count in counts if count is not None] for counts in by_aim)
    return Paths(*(most(counts) if counts else None for counts in found))


def block(here: Here, body: Sequence[syntax.Statement], cost: Cost) -> Paths:
    """The ways through a block, some of whose calls a failed `assert` makes again."""
    if not (here.is_retried and any(asserts(each) for each in body)):
        return _in_order(statement(here, each, cost) for each in body)
    found = units(here, body, single=True)
    again = {id(unit) for region in regions(here, found) for unit in region.units}
    ways = ((unit, _unit(here, unit, cost)) for unit in found)
    return _in_order(way.times(here.attempts) if id(unit) in again else way for unit, way in ways)


def _in_order(ways: Iterable[Paths]) -> Paths:
    whole = Paths()
    for each in ways:
        whole = whole.then(each)
    return whole


def _unit(here: Here, unit: Unit, cost: Cost) -> Paths:
    if unit.taken_out is None:
        return statement(here, unit.statement, cost)
    name = here.replaced.pop(id(unit.taken_out))
    try:
        return Paths(cost(here, unit.taken_out))
    finally:
        here.replaced[id(unit.taken_out)] = name


def statement(here: Here, node: syntax.Statement, cost: Cost) -> Paths:
    """The ways through a statement."""
    match node:
        case syntax.Return():
            return Paths(None, left=cost(here, node))
        case syntax.Break():
            return Paths(None, out=ZERO)
        case syntax.Continue():
            return Paths(None, again=ZERO)
        case syntax.Assert(test=test, message=message, suggest=suggest):
            failed = ZERO if message is None else cost(here, message)
            ways = Paths(failed) if suggest else Paths(ZERO, left=failed)
            return ways.after(cost(here, test))
        case syntax.If(branches=branches, otherwise=otherwise):
            ways = block(here, otherwise, cost)
            for branch in reversed(branches):
                ways = either(block(here, branch.body, cost), ways).after(cost(here, branch.test))
            return ways
        case syntax.Match(subject=subject, cases=cases):
            ways = Paths(None if takes_all(cases[-1]) else ZERO)
            for case in reversed(cases):
                ways = either(block(here, case.body, cost), ways)
                ways = ways if case.guard is None else ways.after(cost(here, case.guard))
            return ways.after(cost(here, subject))
        case syntax.Try(body=body, clauses=clauses):
            tried = block(here, body, cost)
            # The block may fail at its very end, after all that it counts.
            handled = [block(here, each.body, cost).after(tried.most) for each in clauses]
            return either(tried, *handled)
        case syntax.For(iterable=iterable, body=body):
            ways = _loop(length_of(here, iterable), block(here, body, cost))
            return ways.after(cost(here, iterable))
        case _:
            return Paths(cost(here, node))


def _loop(length: Count, once: Paths) -> Paths:
    """The ways through a loop: all rounds, or all but the last that leaves it."""
    if length.value == 0:
        return Paths()
    if once.end is None and once.again is None:
        return Paths(once.out or ZERO, left=once.left)
    each = most(count for count in (once.end, once.again) if count is not None)
    all_rounds, before_last = length * each, length * each - each
    ended = all_rounds if once.out is None else most((all_rounds, before_last + once.out))
    return Paths(ended, left=None if once.left is None else before_last + once.left)
