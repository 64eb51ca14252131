"""Running a file again in the module that it has, but only what is new and what depends on that."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from .bytecode import Compiled
from .compiling import imports_of
from .load import run_as_imported
from .naming import name_of_file

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis


def new_module(path: str) -> ModuleType:
    """The module of a file that nothing has run in yet."""
    module = ModuleType(name_of_file(path))
    module.__file__ = path
    sys.modules[module.__name__] = module
    return module


def run_pieces(module: ModuleType, analysis: FileAnalysis, is_new: Callable[[int], bool]) -> frozenset[str]:
    """Run the declarations of a file that are new, and those that use them; other objects stay what they are.

    Imports, and what tells declarations of their defaults, always run.

    Args:
        module: has run the other declarations; it is as it was if one fails.
        analysis: of the whole file, without errors.
        is_new: whether the declaration on a line of the file, counted from 1, is new.

    Returns:
        The names that have got a value.
    """
    from ..compiler.emit import emit

    tree = emit(analysis)
    changed: set[str] = set()
    body: list[ast.stmt] = []
    for statement in tree.body:
        defined = set(_defined(statement))
        if not defined or "__dspyc__" in defined:
            body.append(statement)
        elif is_new(statement.lineno) or not defined <= vars(module).keys() or changed & _used(statement):
            changed |= defined
            body.append(statement)
    tree.body = body
    code = compile(tree, analysis.path, "exec", dont_inherit=True)
    before = dict(vars(module))
    try:
        run_as_imported(module, analysis.path, Compiled(code, imports_of(analysis)))
    except BaseException:
        vars(module).clear()
        vars(module).update(before)
        raise
    return frozenset(changed)


def _defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement declares; an import's are not declared here."""
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            for each in targets:
                yield from (node.id for node in ast.walk(each) if isinstance(node, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _:
            pass


def _used(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
