"""Statements."""

from __future__ import annotations

from typing import TypeAlias

from .expressions import Argument, Expression
from .node import Identifier, Node
from .patterns import Pattern


class Assign(Node, frozen=True, gc=False):
    """`target = value`; a target is a `Name`, a `Tuple`/`List` of targets or a `Starred` one."""

    target: Expression
    value: Expression


class AnnotatedAssign(Node, frozen=True, gc=False):
    """`name: annotation = value`"""

    target: Identifier
    annotation: Expression
    value: Expression


class AugmentedAssign(Node, frozen=True, gc=False):
    """`target += value`; `operator` is without the `=`."""

    target: Expression
    operator: str
    value: Expression


class Return(Node, frozen=True, gc=False):
    """`return`, `return value`, or `return a=x, **found`: then `outputs` is not None and `value` is."""

    value: Expression | None
    outputs: tuple[Argument, ...] | None


class Assert(Node, frozen=True, gc=False):
    """`assert test, message` or `suggest test, message`"""

    test: Expression
    message: Expression | None
    suggest: bool


class IfBranch(Node, frozen=True, gc=False):
    """`if test:` or `elif test:` and its block."""

    test: Expression
    body: tuple[Statement, ...]


class If(Node, frozen=True, gc=False):
    """`if`, its `elif`s, and its `else` (empty without one)."""

    branches: tuple[IfBranch, ...]
    otherwise: tuple[Statement, ...]


class For(Node, frozen=True, gc=False):
    """`for target in iterable:` and its block."""

    target: Expression
    iterable: Expression
    body: tuple[Statement, ...]


class Case(Node, frozen=True, gc=False):
    """`case pattern if guard:` and its block."""

    pattern: Pattern
    guard: Expression | None
    body: tuple[Statement, ...]


class Match(Node, frozen=True, gc=False):
    """`match subject:` and its cases."""

    subject: Expression
    cases: tuple[Case, ...]


class ExceptClause(Node, frozen=True, gc=False):
    """`except kind as name:` and its block; a tuple names several kinds."""

    kind: Expression
    name: Identifier | None
    body: tuple[Statement, ...]


class Try(Node, frozen=True, gc=False):
    """`try:` and what is done about its errors, the first clause that fits."""

    body: tuple[Statement, ...]
    clauses: tuple[ExceptClause, ...]


class Break(Node, frozen=True, gc=False):
    """`break`"""


class Continue(Node, frozen=True, gc=False):
    """`continue`"""


class Pass(Node, frozen=True, gc=False):
    """`pass`"""


class ExpressionStatement(Node, frozen=True, gc=False):
    """An expression that stands alone."""

    value: Expression


Statement: TypeAlias = (
    Assign
    | AnnotatedAssign
    | AugmentedAssign
    | Return
    | Assert
    | If
    | For
    | Match
    | Try
    | Break
    | Continue
    | Pass
    | ExpressionStatement
)
