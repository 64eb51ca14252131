"""The ways through a body: which variables have a value on all of them, and what lies on none."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct

from ....base.span import Span
from ....grammar import syntax
from ...program import Item
from ...schedule.names import free_names, may_fail, targets, written
from ...trees import walk
from ..rule import written as text_of
from ..walking import remembered
from .conditions import Test, fact_of, facts_of, has_items
from .flow import untaken


class Unbound(Struct, frozen=True):
    """A use of a variable that has no value on some way to it."""

    name: syntax.Name
    reason: str
    """When it has none, as a clause; `""` where nothing has given it one yet."""


class Unreached(Struct, frozen=True):
    """Statements that no way through the body leads to."""

    span: Span
    after: syntax.Statement
    """The statement before them."""


class Paths(Struct, frozen=True):
    """What the ways through the bodies of an item show."""

    unbound: tuple[Unbound, ...]
    """The first such use of each variable in each body."""
    unreached: tuple[Unreached, ...]


@remembered
def paths_of(item: Item) -> Paths:
    """What the ways through the bodies of an item show."""
    unbound: list[Unbound] = []
    unreached: list[Unreached] = []
    for given, body in bodies(item.declaration):
        if len(body) == 1 and isinstance(body[0], syntax.Return | syntax.ExpressionStatement):
            continue
        walked = _Walk(item, body)
        walked.run(body, _State(frozenset(given), {}))
        unbound += walked.unbound.values()
        unreached += walked.unreached
    return Paths(tuple(unbound), tuple(unreached))


def bodies(
    node: syntax.Declaration | None,
) -> Iterable[tuple[Sequence[str], Sequence[syntax.Statement]]]:
    """The bodies of a declaration, each with the names that have a value where it begins."""
    match node:
        case syntax.FunctionDeclaration(parameters=parameters, body=body):
            yield _names(parameters), body
        case syntax.TestDeclaration(body=body):
            yield (), body
        case syntax.ModuleDeclaration(parameters=parameters, fields=fields, parts=parts):
            given = [
                *_names(parameters),
                *(each.name.text for each in fields if each.direction == "input"),
                *(each.name.text for each in parts),
            ]
            yield given, node.forward or ()
            yield [*given, "error"], node.fallback or ()


def _names(parameters: Sequence[syntax.Parameter]) -> list[str]:
    return [each.name.text for each in parameters if each.name is not None]


class _State(Struct, frozen=True):
    """What holds at a point of a body."""

    bound: frozenset[str]
    """The variables that have a value."""
    given: Mapping[Test, frozenset[str]]
    """Those that have one where a condition comes out as it did when they got it."""
    known: frozenset[Test] = frozenset()
    """The conditions that came out so on every way here."""

    def bind(self, names: frozenset[str]) -> _State:
        """After variables have been given values."""
        if not self.given and not self.known:
            return self if names <= self.bound else _State(self.bound | names, self.given)
        left = self.forget(names)
        return _State(self.bound | names, left.given, left.known)

    def forget(self, names: frozenset[str]) -> _State:
        """Without what conditions on these variables have said, because they may come out otherwise now."""
        given = {test: bound for test, bound in self.given.items() if names.isdisjoint(_words(test[0]))}
        return _State(
            self.bound, given, frozenset(each for each in self.known if names.isdisjoint(_words(each[0])))
        )

    def unbind(self, names: frozenset[str]) -> _State:
        """After variables have ended."""
        left = self.forget(names)
        given = {test: bound - names for test, bound in left.given.items()}
        return _State(self.bound - names, given, left.known)

    def learn(self, test: Test | None, bound: frozenset[str]) -> _State:
        """With what a condition says about variables."""
        if test is None or bound <= self.bound:
            return self
        given = {**self.given, test: bound | self.given.get(test, frozenset())}
        return _State(self.bound, given, self.known)


_Ends: TypeAlias = list[_State]


class _Loop:
    """Where a loop is left and begun again."""

    def __init__(self) -> None:
        self.breaks: _Ends = []
        self.continues: _Ends = []


class _Walk:
    """One walk through a body, in the order in which it runs."""

    def __init__(self, item: Item, body: Sequence[syntax.Statement]) -> None:
        self.item = item
        self.names = sorted(item.nodes(syntax.Name), key=lambda each: each.span.start)
        self.starts = [each.span.start for each in self.names]
        self.variables = self._suspects(body)
        """The variables that may be read before they have a value."""
        self.unbound: dict[str, Unbound] = {}
        self.unreached: list[Unreached] = []
        self.reasons: dict[str, str] = {}
        self.loops: list[_Loop] = []

    def _suspects(self, body: Sequence[syntax.Statement]) -> frozenset[str]:
        """The variables of a body, without those that a statement of its own assigns before all else."""
        variables = [written(each) for each in body]
        all_ = frozenset().union(*variables)
        # `except … as error` takes the variable away again.
        suspects = {each.name.text for each in self.item.nodes(syntax.ExceptClause) if each.name is not None}
        given: set[str] = set()
        for statement, names in zip(body, variables, strict=True):
            is_assignment = isinstance(statement, syntax.Assign | syntax.AnnotatedAssign)
            read: syntax.Node = statement
            if isinstance(statement, syntax.Assign | syntax.AnnotatedAssign):
                read = statement.value
            first = bisect_left(self.starts, read.span.start)
            last = bisect_left(self.starts, read.span.end)
            used = {each.text for each in self.names[first:last]} & all_
            suspects |= used - given
            if is_assignment:
                given |= names - suspects
            else:
                suspects |= names - given
        return frozenset(suspects)

    def run(
        self, body: Sequence[syntax.Statement], state: _State, failing: list[_State] | None = None
    ) -> _State | None:
        """What holds behind statements; None where their end is never reached.

        What holds before each statement that may fail is added to `failing`.
        """
        for index, statement in enumerate(body):
            if failing is not None and may_fail(statement):
                failing.append(state)
            after = self._statement(statement, state)
            if after is None:
                rest = body[index + 1 :]
                if rest:
                    self.unreached.append(Unreached(Span(rest[0].span.start, rest[-1].span.end), statement))
                return None
            state = after
        return state

    def _statement(self, node: syntax.Statement, state: _State) -> _State | None:
        match node:
            case syntax.Assign(target=target, value=value):
                self._read(value, state)
                return state.bind(targets(target))
            case syntax.AnnotatedAssign(target=target, value=value):
                self._read(value, state)
                return state.bind(frozenset((target.text,)))
            case syntax.AugmentedAssign(target=target, value=value):
                self._read(target, state)
                self._read(value, state)
                return state.bind(targets(target))
            case syntax.Assert():
                return self._assert(node, state)
            case syntax.If():
                return self._if(node, state)
            case syntax.For():
                return self._for(node, state)
            case syntax.Match():
                return self._match(node, state)
            case syntax.Try():
                return self._try(node, state)
            case syntax.Break() | syntax.Continue():
                if self.loops:
                    loop = self.loops[-1]
                    (loop.breaks if isinstance(node, syntax.Break) else loop.continues).append(state)
                return None
            case syntax.Return():
                self._read(node, state)
                return None
            case _:
                self._read(node, state)
                return state

    def _read(self, node: syntax.Node, state: _State) -> None:
        if self.variables <= state.bound:
            return
        wanted = self.variables - state.bound - self.unbound.keys()
        first, last = bisect_left(self.starts, node.span.start), bisect_left(self.starts, node.span.end)
        for name in free_names(node) if any(each.text in wanted for each in self.names[first:last]) else ():
            if name.text in wanted:
                self.unbound.setdefault(name.text, Unbound(name, self.reasons.get(name.text, "")))

    def _assert(self, node: syntax.Assert, state: _State) -> _State | None:
        self._read(node, state)
        if node.suggest:
            return state
        if isinstance(node.test, syntax.Constant) and node.test.value is False:
            return None
        return self._assume(state, node.test, True)

    # --- branches ---------------------------------------------------------------------------------------

    def _if(self, node: syntax.If, state: _State) -> _State | None:
        ends: list[_State | None] = []
        current, first = state, node.branches[0].test
        for branch in node.branches:
            self._read(branch.test, current)
            ends.append(self.run(branch.body, self._assume(current, branch.test, True)))
            current = self._assume(current, branch.test, False)
        if node.otherwise:
            ends.append(self.run(node.otherwise, current))
            reason = "is not assigned in every branch of the `if`"
        elif self.item.is_exhaustive(node):
            reason = "is not assigned in every branch of the `if`"
        else:
            ends.append(current)
            single = f"`{_shortened(text_of(self.item, first))}` does not hold"
            several = untaken(self.item, node) or "none of the conditions holds"
            reason = f"has no value here if {single if len(node.branches) == 1 else several}"
        after = self._joined(ends, reason)
        if after is None:
            return None
        changed = written(node)
        bound: frozenset[str] | None = None
        for branch, end in zip(node.branches, ends, strict=False):
            if end is not None:
                # Where this condition holds, this branch was taken or one above it.
                bound = end.bound if bound is None else bound & end.bound
            if bound is not None:
                after = after.learn(self._test(branch.test, True, changed), bound)
        if len(ends) == 2 and ends[1] is not None and len(node.branches) == 1:
            after = after.learn(self._test(first, False, changed), ends[1].bound)
        return after

    def _match(self, node: syntax.Match, state: _State) -> _State | None:
        self._read(node.subject, state)
        ends: list[_State | None] = []
        for case in node.cases:
            self._read(case.pattern, state)
            inside = state.bind(written(case.pattern))
            if case.guard is not None:
                self._read(case.guard, inside)
            ends.append(self.run(case.body, inside))
        if self.item.is_exhaustive(node):
            return self._joined(ends, "is not assigned in every `case`")
        ends.append(state)
        left = untaken(self.item, node)
        return self._joined(ends, f"has no value here if {left or 'no `case` matches'}")

    def _try(self, node: syntax.Try, state: _State) -> _State | None:
        failing: list[_State] = []
        ends: list[_State | None] = [self.run(node.body, state, failing)]
        words = "has no value here if the `try` fails before it is assigned"
        failed = (self._joined(failing, words) or state).forget(written(node))
        for name in frozenset().union(*map(written, node.body)) - failed.bound:
            self.reasons.setdefault(name, words)
        for clause in node.clauses:
            self._read(clause.kind, state)
            names = frozenset((clause.name.text,)) if clause.name is not None else frozenset()
            end = self.run(clause.body, failed.bind(names))
            ends.append(end if end is None else end.unbind(names))
            for name in names:
                self.reasons.setdefault(name, "has a value only inside its `except`")
        return self._joined(ends, "is not assigned on every path through the `try`")

    def _for(self, node: syntax.For, state: _State) -> _State | None:
        self._read(node.iterable, state)
        loop = _Loop()
        self.loops.append(loop)
        changed = written(node)
        end = self.run(node.body, state.forget(changed).bind(targets(node.target)))
        self.loops.pop()
        through = [each for each in (end, *loop.continues) if each is not None]
        ends: list[_State | None] = [*through, *loop.breaks]
        if has_items(self.item, node.iterable, state.known):
            return self._joined(ends, "is not assigned on every path through the loop")
        inside = self._joined(ends, "is not assigned on every path through the loop")
        ends.append(state)
        shown = _shortened(text_of(self.item, node.iterable))
        after = self._joined(ends, f"has no value here if `{shown}` is empty")
        if after is None or inside is None:
            return after
        return after.learn(self._test(node.iterable, True, changed), inside.bound)

    def _joined(self, ends: Sequence[_State | None], reason: str) -> _State | None:
        """What holds where several ways meet."""
        found = [each for each in ends if each is not None]
        if not found:
            return None
        bound = frozenset.intersection(*(each.bound for each in found))
        for name in frozenset().union(*(each.bound for each in found)) - bound:
            self.reasons.setdefault(name, reason)
        given = {
            test: bound
            | frozenset.intersection(*(each.bound | each.given.get(test, frozenset()) for each in found))
            for test in {test for each in found for test in each.given}
        }
        known = frozenset.intersection(*(each.known for each in found))
        return _State(bound, {test: names for test, names in given.items() if not names <= bound}, known)

    # --- conditions -------------------------------------------------------------------------------------

    def _assume(self, state: _State, test: syntax.Expression, holds: bool) -> _State:
        """What holds where a condition has come out so."""
        match test:
            case syntax.Unary(operator="not", operand=operand):
                return self._assume(state, operand, not holds)
            case syntax.Boolean(operator=operator, values=values) if (operator == "and") is holds:
                for each in values:
                    state = self._assume(state, each, holds)
                return state
            case _:
                facts = facts_of(self.item, test, holds)
                names = frozenset().union(*(state.given.get(each, frozenset()) for each in facts))
                return _State(state.bound | names, state.given, state.known.union(facts))

    def _test(self, node: syntax.Expression, holds: bool, changed: frozenset[str]) -> Test | None:
        """A condition that comes out the same when it is asked again; None for one that may not."""
        fact = fact_of(self.item, node, holds)
        has_calls = "(" in fact[0] and any(isinstance(each, syntax.Call) for each in walk(node))
        return None if has_calls or not changed.isdisjoint(_words(fact[0])) else fact


@lru_cache(maxsize=1024)
def _words(text: str) -> frozenset[str]:
    """What may be names in a condition."""
    return frozenset("".join(each if each.isalnum() or each == "_" else " " for each in text).split())


def _shortened(text: str) -> str:
    return text if len(text) <= 50 else f"{text[:49]}…"
