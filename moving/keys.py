"""Models without their keys: a program's text has none, and the runtime reads them from the environment."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from .functions import Function, parameters_of
from .marks import Marks
from .names import Imports, kind_of
from .scopes import used

_KEYS = ("api_key", "token", "aws_secret_access_key", "azure_ad_token")
_TAKE_KEYS = ("Embedder", "ColBERTv2")


def without_keys(body: Iterable[ast.stmt], imports: Imports, marks: Marks) -> Iterator[ast.stmt]:
    """The statements of a file without the keys of models, and without variables that are nothing but keys.

    The marks say from which statements one was taken.
    """
    statements = list(body)
    writer = _Keys(imports)
    for statement in statements:
        writer.told = []
        writer.visit(statement)
        if writer.told:
            marks.change(statement, *writer.told)
    others = set().union(*map(used, statements)) if writer.names else set()
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if (
                name in writer.names - others
            ):
                # Where it came from is not told: it may be the key itself.
                continue
        yield statement


class _Keys(ast.NodeTransformer):
    def __init__(self, imports: Imports) -> None:
        self._imports = imports
        self.told: list[str] = []
        self.names: set[str] = set()
        """The variables that were given as keys."""
        self._parameters: set[str] = set()

    def visit(self, node: ast.AST) -> Any:
        """Visit a node, and every kind of function in one way."""
        return self._function(node) if isinstance(node, Function) else super().visit(node)

    def _function(self, node: Function) -> ast.AST:
        """A function; a key that its caller gives is the caller's to leave out."""
        before = self._parameters
        self._parameters = before | parameters_of(node)
        self.generic_visit(node)
        self._parameters = before
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call, of a model or of something else."""
        self.generic_visit(node)
        name = self._imports.of(node.func)
        if name == "configure":
            for each in node.keywords:
                if isinstance(each.value, ast.Call):
                    self._take(each.value)
        if name is not None and (name in _TAKE_KEYS or kind_of(name) == "lm"):
            self._take(node)
        return node

    def _take(self, node: ast.Call) -> None:
        kept = []
        for each in node.keywords:
            if each.arg in _KEYS and not self._is_given(each.value):
                self.told.append(f"`{each.arg}` is left out: the key is read from the environment")
                self.names |= {each.value.id} if isinstance(each.value, ast.Name) else set()
            else:
                kept.append(each)
        node.keywords = kept

    def _is_given(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self._parameters
