"""Statements that stand where they mean nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ....grammar import syntax
from ...program import Item, Program
from ..rule import BODIES, Body, Findings, replace, rule


@rule("E116", "outside-loop", *BODIES, fix="always")
def outside_loop(program: Program, item: Item, node: Body) -> Findings:
    """A `break` or `continue` is outside a `for` loop.

    ```dspy
    def first(words: list[str]) -> str:
        if not words:
            break
    #       ^^^^^ E116 `break` is outside a `for` loop
        return words[0]
    ```

    ```dspy
    def first(words: list[str]) -> str:
        for word in words:
            if word:
                return word
        return ""
    ```
    """
    match node:
        case syntax.FunctionDeclaration(body=body) | syntax.TestDeclaration(body=body):
            yield from _outside(body)
        case syntax.ModuleDeclaration(forward=forward, fallback=fallback):
            yield from _outside(forward or ())
            yield from _outside(fallback or ())


def _outside(body: Sequence[syntax.Statement]) -> Findings:
    for statement in body:
        match statement:
            case syntax.Break():
                fix = replace("Write `pass`", statement, "pass")
                yield outside_loop.at(statement, "`break` is outside a `for` loop", fix=fix)
            case syntax.Continue():
                fix = replace("Write `pass`", statement, "pass")
                yield outside_loop.at(statement, "`continue` is outside a `for` loop", fix=fix)
            case syntax.If(branches=branches, otherwise=otherwise):
                for branch in branches:
                    yield from _outside(branch.body)
                yield from _outside(otherwise)
            case syntax.Match(cases=cases):
                for case in cases:
                    yield from _outside(case.body)
            case syntax.Try(body=body, clauses=clauses):
                yield from _outside(body)
                for clause in clauses:
                    yield from _outside(clause.body)
