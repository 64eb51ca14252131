"""The small functions that built modules need beside DSPy, from `_support.txt`: those that are used."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files


@cache
def _source() -> ast.Module:
    return ast.parse(files(__package__).joinpath("_support.txt").read_text(encoding="utf-8"))


def needed(names: Iterable[str], renamed: Mapping[str, str]) -> tuple[list[ast.stmt], set[str]]:
    """The statements that define these functions with all that they use, and the modules to import."""
    defined: dict[str, ast.stmt] = {}
    imported: dict[str, str] = {}
    for each in _source().body:
        match each:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                defined[name] = each
            case ast.Assign(targets=[ast.Name(id=name)]):
                defined[name] = each
            case ast.Import(names=[ast.alias(name=name)]):
                imported[name] = name
            case ast.ImportFrom(module="pathlib"):
                imported["Path"] = "pathlib.Path"
    waiting, taken, modules = list(names), set(), set()
    while waiting:
        name = waiting.pop()
        if name in taken or name not in defined:
            continue
        taken.add(name)
        for node in ast.walk(defined[name]):
            if isinstance(node, ast.Name):
                waiting.append(node.id)
                modules |= {imported[node.id]} if node.id in imported else set()
    rename = _Renamed(renamed)
    return [rename.visit(copy.deepcopy(each)) for name, each in defined.items() if name in taken], modules


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A use of a renamed function."""
        return ast.Name(self._names.get(node.id, node.id), node.ctx)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """A renamed function; methods keep their names."""
        node.name = self._names.get(node.name, node.name) if node.col_offset == 0 else node.name
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        """A renamed class."""
        node.name = self._names.get(node.name, node.name)
        self.generic_visit(node)
        return node


def names() -> set[str]:
    """All names that the support functions have."""
    return {each.name for each in _source().body if isinstance(each, (ast.FunctionDef, ast.ClassDef))} | {
        "_STEPS"
    }
