"""Statements and patterns to lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from .. import syntax
from .expressions import BIT_OR, argument, expression, expressions, target

INDENT = "    "
_CONDITION = "\"'([{~-_"
"""What the condition of a `suggest` may begin with, besides letters and digits."""


def block(statements: tuple[syntax.Statement, ...]) -> Iterator[str]:
    """The lines of a block, indented."""
    for each in statements:
        for line in statement(each):
            yield INDENT + line


def statement(node: syntax.Statement) -> Iterator[str]:
    """The lines of a statement."""
    match node:
        case syntax.If():
            yield from _if(node)
        case syntax.For(target=name, iterable=iterable, body=body):
            yield f"for {target(name)} in {expressions(iterable)}:"
            yield from block(body)
        case syntax.Match(subject=subject, cases=cases):
            yield f"match {_subject(subject)}:"
            for each in cases:
                guard = "" if each.guard is None else f" if {expression(each.guard)}"
                yield f"{INDENT}case {pattern(each.pattern)}{guard}:"
                yield from (INDENT + line for line in block(each.body))
        case syntax.Try(body=body, clauses=clauses):
            yield "try:"
            yield from block(body)
            for clause in clauses:
                bound = "" if clause.name is None else f" as {clause.name.text}"
                yield f"except {expression(clause.kind)}{bound}:"
                yield from block(clause.body)
        case _:
            yield _simple(node)


def _if(node: syntax.If) -> Iterator[str]:
    for word, branch in zip(["if", *["elif"] * len(node.branches)], node.branches, strict=False):
        yield f"{word} {expression(branch.test)}:"
        yield from block(branch.body)
    if node.otherwise:
        yield "else:"
        yield from block(node.otherwise)


def _simple(
    node: syntax.Assign
    | syntax.AnnotatedAssign
    | syntax.AugmentedAssign
    | syntax.Return
    | syntax.Assert
    | syntax.Break
    | syntax.Continue
    | syntax.Pass
    | syntax.ExpressionStatement,
) -> str:
    match node:
        case syntax.Assign(target=name, value=value):
            return f"{target(name)} = {expressions(value)}"
        case syntax.AnnotatedAssign(target=identifier, annotation=annotation, value=value):
            return f"{identifier.text}: {type_(annotation)} = {expressions(value)}"
        case syntax.AugmentedAssign(target=name, operator=operator, value=value):
            return f"{target(name)} {operator}= {expressions(value)}"
        case syntax.Return(value=returned, outputs=outputs):
            if outputs is not None:
                return f"return {', '.join(argument(each) for each in outputs)}"
            return "return" if returned is None else f"return {expressions(returned)}"
        case syntax.Assert():
            return _assert(node)
        case syntax.Break():
            return "break"
        case syntax.Continue():
            return "continue"
        case syntax.Pass():
            return "pass"
        case syntax.ExpressionStatement(value=value):
            return expressions(value)
        case _:
            assert_never(node)


def _assert(node: syntax.Assert) -> str:
    test = expression(node.test)
    if node.suggest and not (test[0].isalnum() or test[0] in _CONDITION):
        test = f"({test})"
    message = "" if node.message is None else f", {expression(node.message)}"
    return f"{'suggest' if node.suggest else 'assert'} {test}{message}"


def _subject(node: syntax.Expression) -> str:
    """The value of a `match`; behind the word nothing may stand that would go on with a name."""
    written = expressions(node)
    return f"({written})" if written[0] in ".*" else written


def type_(node: syntax.Expression) -> str:
    """A type."""
    return expression(node, BIT_OR)


def pattern(node: syntax.Pattern, *, is_option: bool = False) -> str:
    """A pattern of `case`; an option of an alternative gets brackets where it needs them."""
    match node:
        case syntax.ValuePattern(value=value):
            return expression(value)
        case syntax.CapturePattern(name=name):
            return name.text
        case syntax.StarPattern(name=name):
            return f"*{name.text}"
        case syntax.SequencePattern(elements=elements):
            return f"[{', '.join(pattern(each) for each in elements)}]"
        case syntax.MappingPattern(entries=entries, rest=rest):
            listed = [f"{expression(key)}: {pattern(value)}" for key, value in entries]
            listed += [] if rest is None else [f"**{rest.text}"]
            return f"{{{', '.join(listed)}}}"
        case syntax.ClassPattern(name=kind, positional=positional, keywords=keywords):
            listed = [pattern(each) for each in positional]
            listed += [f"{name.text}={pattern(value)}" for name, value in keywords]
            return f"{expression(kind)}({', '.join(listed)})"
        case syntax.OrPattern(options=options):
            written = " | ".join(pattern(each, is_option=True) for each in options)
            return f"({written})" if is_option else written
        case syntax.AsPattern(pattern=inner, name=name):
            before = f"({pattern(inner)})" if isinstance(inner, syntax.AsPattern) else pattern(inner)
            written = f"{before} as {name.text}"
            return f"({written})" if is_option else written
        case _:
            assert_never(node)
