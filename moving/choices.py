"""Types whose choices are a list of the file: `Literal[tuple(LABELS)]`."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping


class Choices(ast.NodeTransformer):
    """Writes out `Literal[tuple(CHOICES)]` and `Literal[*CHOICES]`, where these are a list of constants."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values
        self.has_changed = False

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """A type, or anything else with brackets."""
        self.generic_visit(node)
        name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if name != "Literal":
            return node
        match node.slice:
            case ast.Call(func=ast.Name(id="tuple"), args=[ast.Name(id=listed)], keywords=[]):
                pass
            case ast.Tuple(elts=[ast.Starred(value=ast.Name(id=listed))]):
                pass
            case ast.Name(id=listed):
                pass
            case _:
                return node
        items = self._values.get(listed)
        if not isinstance(items, (ast.List, ast.Tuple)) or not items.elts:
            return node
        if all(isinstance(each, ast.Constant) for each in items.elts):
            self.has_changed = True
            node.slice = ast.Tuple(copy.deepcopy(items.elts), ast.Load())
        return node
