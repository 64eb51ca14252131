"""What a `def` makes of values of which only the size is known: as it would run, in few steps.

A constant may call a function, so what that makes of its arguments counts as the constant's own size. Each
call is worked out once; branches are followed where their conditions are known and otherwise taken both; of
a loop the first turns are, and how they grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from ....grammar import syntax
from ...schedule.names import targets, written
from ...trees import walk
from .sizes import LIMIT, UNKNOWN, Measure, Measuring, as_number, combined, grown, larger

_DEEPEST = 40
"""Calls inside of more calls than these count as one item; recursion has told how it grows by then."""
_MOST_TURNS = 40
"""How many turns of a loop are followed one by one."""
_MOST_STATEMENTS = 4_000
"""How many statements are looked at for a constant; what takes longer is not looked into any further."""


class Functions(Protocol):
    """The functions of a file, and what its names stand for."""

    def declaration(self, name: str) -> syntax.FunctionDeclaration | None:
        """The `def` of a name."""

    def size_of(self, name: str) -> Measure:
        """The size of a constant."""


class Asked(Struct, frozen=True):
    """A call of a function, by the sizes of its arguments."""

    name: str
    positional: tuple[Measure, ...]
    named: tuple[tuple[str, Measure], ...]


def asked_for(node: syntax.Call, arguments: Sequence[Measure]) -> Asked | None:
    """What a call asks of a function by its name; None where it calls something else, or with a `*`."""
    if not isinstance(node.function, syntax.Name) or any(each.star for each in node.arguments):
        return None
    given = list(zip(node.arguments, arguments, strict=True))
    return Asked(
        node.function.text,
        tuple(size for each, size in given if each.name is None),
        tuple((each.name.text, size) for each, size in given if each.name is not None),
    )


class Runner:
    """Follows the calls of one constant."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._known: dict[tuple[str, tuple[Measure, ...]], Measure | None] = {}
        self._active: list[str] = []
        self._left = _MOST_STATEMENTS
        self.doubts = 0
        """Around how many conditions that may come out either way, in the function that is followed."""

    def call(self, node: syntax.Call, arguments: Sequence[Measure]) -> Measure | None:
        """The size of what a call gives, and the steps that it takes; None where it is no call of a `def`."""
        asked = asked_for(node, arguments)
        return None if asked is None else self.answer(asked)

    def answer(self, asked: Asked) -> Measure | None:
        """The same for a function and the sizes of its arguments."""
        declaration = self._functions.declaration(asked.name)
        if declaration is None:
            return None
        positional, named = list(asked.positional), dict(asked.named)
        names: dict[str, Measure] = {}
        for parameter in declaration.parameters:
            if parameter.name is None:
                positional = []
                continue
            name = parameter.name.text
            default = parameter.default
            if positional:
                names[name] = positional.pop(0)
            elif name in named:
                names[name] = named[name]
            else:
                names[name] = UNKNOWN if default is None else self._default(default)
        return self.run(declaration, names)

    def _default(self, node: syntax.Expression) -> Measure:
        return Measuring(lambda each: self._functions.size_of(each.text)).measure(node)

    def run(self, declaration: syntax.FunctionDeclaration, names: dict[str, Measure]) -> Measure:
        """What a function gives for arguments of these sizes."""
        key = (declaration.name.text, tuple(names.values()))
        found = self._known.get(key)
        if found is not None:
            return found
        name = declaration.name.text
        if key in self._known or len(self._active) >= _DEEPEST or self._left <= 0:
            return UNKNOWN
        if self.doubts and name in self._active:
            return UNKNOWN  # it may end here, for all that is known
        self._known[key] = None
        self._active.append(name)
        doubts, self.doubts = self.doubts, 0
        body = _Body(self, names)
        body.block(declaration.body)
        self.doubts = doubts
        self._active.pop()
        result = body.result or UNKNOWN
        self._known[key] = result = result.taking(body.steps)
        return result

    def spend(self) -> bool:
        """Whether one more statement may be looked at."""
        self._left -= 1
        return self._left > 0

    def size_of(self, name: str) -> Measure:
        """The size of a constant of the file."""
        return self._functions.size_of(name)


class _Body:
    """A function's body with the sizes of its variables."""

    def __init__(self, runner: Runner, names: dict[str, Measure]) -> None:
        self.result: Measure | None = None
        self.steps = 0
        self._runner = runner
        self._names = names

    def block(self, statements: Sequence[syntax.Statement]) -> bool:
        """Run statements. Returns whether their end is reached."""
        return all(self._statement(each) for each in statements)

    def _statement(self, node: syntax.Statement) -> bool:
        if not self._runner.spend() or self.steps > LIMIT:
            return False
        self.steps += 1
        match node:
            case syntax.Assign(target=target, value=value):
                self._bind(target, self._measure(value))
            case syntax.AnnotatedAssign(target=target, value=value):
                self._names[target.text] = self._measure(value)
            case syntax.AugmentedAssign(target=target, operator=operator, value=value):
                self._bind(target, combined(operator, self._measure(target), self._measure(value)))
            case syntax.Return(value=value):
                found = UNKNOWN if value is None else self._measure(value)
                self.result = found if self.result is None else larger(self.result, found)
                return False
            case syntax.If():
                return self._if(node)
            case syntax.For():
                self._for(node)
            case syntax.Match(cases=cases):
                return self._ways([*(each.body for each in cases), ()])
            case syntax.Try(body=body, clauses=clauses):
                return self._ways([body, *(each.body for each in clauses)])
            case syntax.ExpressionStatement(value=value) | syntax.Assert(test=value):
                self._measure(value)
            case syntax.Break() | syntax.Continue():
                return False
        return True

    def _if(self, node: syntax.If) -> bool:
        ways: list[Sequence[syntax.Statement]] = []
        for branch in node.branches:
            holds = self._measuring().truth(branch.test)
            self._measure(branch.test)
            if holds is not False:
                ways.append(branch.body)
            if holds:
                return self._ways(ways)
        return self._ways([*ways, node.otherwise])

    def _ways(self, ways: Sequence[Sequence[syntax.Statement]]) -> bool:
        """Take all of several ways; a variable is as large as on the way that makes it largest."""
        if len(ways) > 1:
            self._runner.doubts += 1
        before: dict[str, Measure] = self._names
        after: dict[str, Measure] = {}
        reached = False
        for way in ways:
            self._names = dict(before)
            if self.block(way):
                reached = True
                for name, size in self._names.items():
                    after[name] = larger(after[name], size) if name in after else size
        if len(ways) > 1:
            self._runner.doubts -= 1
        self._names = after if reached else before
        return reached

    def _for(self, node: syntax.For) -> None:
        turns = self._measure(node.iterable).items
        first = self._measuring().range_of(node.iterable)
        started, last = self.steps, self.steps
        before = self._names
        turn = 0
        while turn < min(turns, _MOST_TURNS):
            before, last = dict(self._names), self.steps
            item = UNKNOWN if first is None else as_number(first[0] + turn * first[1])
            self._bind(node.target, item)
            self._turn(node.body)
            turn += 1
            if self._names == before or self.steps > LIMIT:
                break
        if turn < turns and turn:
            left = turns - turn
            self.steps = max(self.steps, started) + (self.steps - last) * left
            for name in written(node):
                if name in self._names and name in before:
                    self._names[name] = grown(before[name], self._names[name], left)

    def _turn(self, body: Sequence[syntax.Statement]) -> None:
        """One turn of a loop, which may be left or ended early."""
        before = dict(self._names)
        if not self.block(body):
            self._names = {name: larger(before.get(name, size), size) for name, size in self._names.items()}

    def _bind(self, target: syntax.Expression, size: Measure) -> None:
        if isinstance(target, syntax.Name):
            self._names[target.text] = size
            return
        for name in targets(target):
            self._names[name] = Measure(size.items)

    def _measure(self, node: syntax.Node) -> Measure:
        measuring = self._measuring()
        doubtful = any(_may_differ(measuring, each) for each in walk(node))
        self._runner.doubts += doubtful
        found = measuring.measure(node)
        self._runner.doubts -= doubtful
        self.steps += found.steps
        return found

    def _measuring(self) -> Measuring:
        return Measuring(self._size_of, self._runner.call)

    def _size_of(self, node: syntax.Name) -> Measure:
        found = self._names.get(node.text)
        return self._runner.size_of(node.text) if found is None else found


def _may_differ(measuring: Measuring, node: syntax.Node) -> bool:
    """Whether an expression works out only some of its parts, and it cannot be said which."""
    match node:
        case syntax.Conditional(test=test):
            return measuring.truth(test) is None
        case syntax.Boolean():
            return measuring.truth(node) is None
        case _:
            return isinstance(node, syntax.Comprehension)
