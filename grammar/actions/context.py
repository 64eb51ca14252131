"""What an action has at hand besides its children."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from msgspec import Struct, field

from ...base.diagnostic import Diagnostic, Fix
from .. import syntax
from ..lexing.tokens import Token
from ..problems import LAMBDA, LAMBDA_ADVICE, problem
from ..source import Span


class Context(Struct):
    """The text being parsed and what its actions have to say about it."""

    text: str
    problems: list[Diagnostic] = field(default_factory=list)
    lambdas: dict[Span, syntax.Lambda] = field(default_factory=dict)
    """The lambdas that have not turned out to be arguments."""

    def report(
        self,
        code: str,
        span: Span,
        message: str,
        help: str | None = None,  # noqa: A002 - the word that a reader of `Diagnostic` knows
        fix: Fix | None = None,
    ) -> None:
        """Note a problem."""
        self.problems.append(problem(code, span, message, help, fix))

    def closing_problems(self) -> list[Diagnostic]:
        """All problems, once everything is parsed."""
        for node in self.lambdas.values():
            self.report(
                "E014",
                Span(node.span.start, node.span.start + len("lambda")),
                LAMBDA,
                LAMBDA_ADVICE,
            )
        self.lambdas.clear()
        return self.problems


Children: TypeAlias = Sequence[Any]
Action: TypeAlias = Callable[[Context, Children, Span], Any]
"""Makes the value of a rule from its children and from where these stand."""


def identifier(token: Token) -> syntax.Identifier:
    """A name that is declared."""
    _, start, end, text = token
    return syntax.Identifier(Span(start, end), text)


def whole(text: str, node: syntax.Expression) -> str:
    """A node's source text."""
    return text[node.span.start : node.span.end]
