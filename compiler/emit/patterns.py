"""Patterns of `case`: the language's are Python's."""

from __future__ import annotations

import ast
from typing import assert_never

from ...grammar import syntax
from . import expressions
from .scope import Scope


def pattern(scope: Scope, node: syntax.Pattern) -> ast.pattern:
    """The Python pattern for one of the language."""
    return scope.here.at(node, _pattern(scope, node))


def _pattern(scope: Scope, node: syntax.Pattern) -> ast.pattern:
    match node:
        case syntax.ValuePattern(value=syntax.Constant(value=None | True | False as value)):
            return ast.MatchSingleton(value)
        case syntax.ValuePattern(value=value):
            return ast.MatchValue(expressions.expression(scope, value))
        case syntax.CapturePattern(name=syntax.Identifier(text="_")):
            return ast.MatchAs(None, None)
        case syntax.CapturePattern(name=name):
            return ast.MatchAs(None, scope.local(name.text))
        case syntax.StarPattern(name=name):
            return ast.MatchStar(None if name.text == "_" else scope.local(name.text))
        case syntax.SequencePattern(elements=elements):
            return ast.MatchSequence([pattern(scope, element) for element in elements])
        case syntax.MappingPattern(entries=entries, rest=rest):
            return ast.MatchMapping(
                [expressions.expression(scope, key) for key, _ in entries],
                [pattern(scope, value) for _, value in entries],
                None if rest is None else scope.local(rest.text),
            )
        case syntax.ClassPattern(name=name, positional=positional, keywords=keywords):
            return ast.MatchClass(
                expressions.expression(scope, name),
                [pattern(scope, each) for each in positional],
                [label.text for label, _ in keywords],
                [pattern(scope, value) for _, value in keywords],
            )
        case syntax.OrPattern(options=options):
            return ast.MatchOr([pattern(scope, option) for option in options])
        case syntax.AsPattern(pattern=inner, name=name):
            return ast.MatchAs(pattern(scope, inner), scope.local(name.text))
        case _:
            assert_never(node)
