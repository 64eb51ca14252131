"""The small functions that built modules need beside DSPy, from `_support.txt`: those that are used."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib.resources import files


@cache
def _source() -> ast.Module:
    return ast.parse(files(__package__).joinpath("_support.txt").read_text(encoding="utf-8"))


def needed(
    names: Iterable[str], renamed: Mapping[str, str], declared: Collection[str]
) -> tuple[list[ast.stmt], set[str]]:
    """The statements that define these functions with all that they use, and the modules to import.

    Args:
        names: the functions that are used.
        renamed: what functions and modules are called in the module, where that is not their name.
        declared: what the module declares itself; built-ins of these names are taken from `builtins`.
    """
    defined = statements()
    imported = _imported()
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
    rename = _Renamed(renamed, {each for each in declared if hasattr(builtins, each)})
    made = [rename.visit(copy.deepcopy(each)) for name, each in defined.items() if name in taken]
    return made, modules | ({"builtins"} if rename.hidden else set())


def _name(node: ast.stmt) -> str:
    """What a statement of the support functions defines."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


@cache
def _imported() -> dict[str, str]:
    """The modules that the functions use, by the names that they have there."""
    found: dict[str, str] = {}
    for each in _source().body:
        match each:
            case ast.Import(names=[ast.alias(name=name)]):
                found[name] = name
            case ast.ImportFrom(module=str(package), names=[ast.alias(name=name)]):
                found[name] = f"{package}.{name}"
    return found


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str], hiding: Collection[str]) -> None:
        self._names = names
        self._hiding = hiding
        self.hidden = False
        """Whether a built-in was taken from its module."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A use of a renamed function, or of a built-in whose name the program has."""
        if node.id in self._hiding and isinstance(node.ctx, ast.Load):
            self.hidden = True
            return ast.Attribute(
                ast.Name(self._names.get("builtins", "builtins"), ast.Load()), node.id, node.ctx
            )
        return ast.Name(self._names.get(node.id, node.id), node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """`super()`, which Python only understands under its own name, in the long form where it has none."""
        match node:
            case ast.Call(func=ast.Name("super"), args=[]) if "super" in self._hiding:
                node.args = [ast.Name("__class__", ast.Load()), ast.Name("self", ast.Load())]
        self.generic_visit(node)
        return node

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


@cache
def names() -> frozenset[str]:
    """All names that the support functions have."""
    return frozenset(name for each in _source().body if (name := _name(each)))


def modules() -> Collection[str]:
    """All modules that they use."""
    return _imported().values()


@cache
def statements() -> Mapping[str, ast.stmt]:
    """The functions by their names."""
    return {_name(each): each for each in _source().body if _name(each)}
