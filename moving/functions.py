"""Functions of every kind, which transformers treat alike."""

from __future__ import annotations

import ast
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def parameters_of(node: Function) -> set[str]:
    """The names of a function's parameters."""
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {each.arg for each in every if each is not None}
