"""What can be handed to the runtime to run an expression: a call, or the items of a comprehension."""

from __future__ import annotations

import ast

from ...grammar import syntax
from . import calls, comprehensions
from .scope import Scope


def awaitable(scope: Scope, node: syntax.Expression) -> ast.expr | None:
    """What can be handed to the runtime to run an expression; None when it is more than a call."""
    match node:
        case syntax.Call():
            made = calls.awaitable(scope, node)
        case syntax.Comprehension():
            made = comprehensions.awaitable(scope, node)
        case _:
            return None
    return None if made is None else scope.here.at(node, made)
