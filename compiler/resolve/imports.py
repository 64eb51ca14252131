"""Where an import leads (a `.dspy` file, a `.py` file, an installed package) and what it brings."""

from __future__ import annotations

import os.path
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from .. import catalog, types
from ..catalog import matches, stdlib
from ..datafiles import ANY_MODULE
from ..environment import ALL, Key
from ..facts import DataFile, ImportTarget, ItemFacts, SavedState, Symbol
from ..pythonfiles.file import PythonFile
from ..types import Type
from .prelude import describe, given

RUNTIME_MODULES = frozenset({"dspyc", "dspyc.runtime"})
"""The modules whose names are those that every `.dspy` file has anyway."""


class Names(Protocol):
    """The names of a `.dspy` file."""

    @property
    def path(self) -> str:
        """The file's path."""

    def symbol(self, name: str) -> Symbol | None:
        """What the file declares or imports under a name."""

    def names(self) -> Sequence[str]:
        """What the file declares and imports."""

    def imports(self) -> Sequence[str]:
        """The `.dspy` files from which the file imports."""

    def value_imports(self) -> Sequence[str]:
        """The `.dspy` files from which the file imports more than types and signatures."""


class Workspace(Protocol):
    """The files around a file."""

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders in which imports are looked for after the file's own."""

    @property
    def find(self) -> Callable[[str], str | None] | None:
        """The source of an installed package by its top-level name; see `analysis.Finder`."""

    @property
    def pure(self) -> frozenset[str]:
        """Python functions that the project says have no effects, as `module.name`."""

    def text(self, path: str, reader: str) -> str | None:
        """The text of a file, or None when there is no such file; noted as read by the file `reader`."""

    def problem(self, path: str, reader: str) -> str | None:
        """Why a file that is there cannot be read, as a clause that follows its name; noted as `text` is."""

    def data(self, path: str, reader: str) -> DataFile | None:
        """What is known of a data file; None where nothing is. Noted as `text` is."""

    def state(self, path: str, reader: str) -> SavedState | None:
        """What is known of a program's state; None where there is none. Noted as `text` is."""

    def scope(self, path: str) -> Names | None:
        """The names of a `.dspy` file."""

    def python(self, path: str) -> PythonFile | None:
        """A Python file, read and not run."""

    def python_type(self, path: str, name: str) -> Type | None:
        """The type of a name of a Python file; None when there is no such name. Noted as read."""

    def noting(self, path: str, name: str) -> AbstractContextManager[None]:
        """Notes what is read inside of a `with` as read by a name of a Python file."""

    def symbol(self, key: Key) -> Symbol | None:
        """What a name of a `.dspy` file stands for; noted as read."""

    def note(self, key: Key) -> None:
        """Remember that what is being resolved depends on something."""

    def reading(self) -> AbstractContextManager[set[Key]]:
        """Collects what is read inside of a `with`."""

    def defer(self, name: str, make: Callable[[], types.Interface]) -> Callable[[], types.Interface]:
        """Fields that are worked out after the names of the declaration that has them."""

    def alone(self, find_out: Callable[[], ItemFacts]) -> ItemFacts:
        """Call a function while no other thread finds out anything."""


class Found(Struct, frozen=True):
    """Where an import leads."""

    kind: Literal["dspy", "python", "opaque", "runtime", "missing", "unreadable", "ambiguous"]
    path: str = ""
    problem: str = ""
    """Why the file at `path` cannot be read."""
    module: str = ""
    """The name of a module of Python's standard library."""


def locate(files: Workspace, path: str, level: int, module: tuple[str, ...]) -> Found:
    """Where `from <level dots>a.b import …` in the file at `path` leads."""
    folder = os.path.dirname(path)
    if level:
        for _ in range(level - 1):
            folder = (
                os.path.join(folder, "..")
                if os.path.basename(folder) in ("", "..", ".")
                else os.path.dirname(folder)
            )
        return _in_folder(files, path, folder, module) or Found("missing")
    if ".".join(module) in RUNTIME_MODULES:
        return Found("runtime")
    for base in dict.fromkeys((folder, *files.roots)):
        found = _in_folder(files, path, base, module)
        if found is not None:
            return found
    return _installed(files, path, module)


def _in_folder(files: Workspace, reader: str, folder: str, module: tuple[str, ...]) -> Found | None:
    stem = os.path.join(folder, *module)
    own = f"{stem}.dspy" if module else ""
    package = os.path.join(stem, "__init__.py")
    sources = [f"{stem}.py", package] if module else [package]
    python = next((each for each in sources if _is_file(files, reader, each)), None)
    if own and _is_file(files, reader, own):
        return Found("ambiguous", own) if python else Found("dspy", own)
    if python:
        return Found("python", python)
    for path in [own, *sources] if module else ():
        # What is there under the name is meant, and no module of that name in another folder.
        if problem := files.problem(path, reader):
            return Found("unreadable", path, problem)
    # `from . import common` names files of the folder itself, which needs no `__init__.py`.
    return None if module else Found("python", package)


def _is_file(files: Workspace, reader: str, path: str) -> bool:
    return files.text(path, reader) is not None


def _installed(files: Workspace, reader: str, module: tuple[str, ...]) -> Found:
    if module[0] in sys.stdlib_module_names:
        return Found("opaque", module=".".join(module))
    source = files.find(module[0]) if files.find is not None else None
    if source is None:
        return Found("missing")
    if os.path.basename(source) == "__init__.py" and len(module) > 1:
        found = _in_folder(files, reader, os.path.dirname(source), module[1:])
        return found or Found("opaque")
    return Found("python", source) if source and _is_file(files, reader, source) else Found("opaque")


def cycle(files: Workspace, path: str, first: str, *, values: bool = True) -> tuple[str, ...]:
    """The shortest way from a file over the imported file `first` back to it; empty if none.

    With `values`, only imports of more than types and signatures lead on.
    """
    ways: list[tuple[str, ...]] = [(path, first)]
    seen = {os.path.normpath(first)}
    for way in ways:
        scope = files.scope(way[-1])
        onward = () if scope is None else scope.value_imports() if values else scope.imports()
        for imported in onward:
            if same_file(imported, path):
                return (*way, path)
            if os.path.normpath(imported) not in seen:
                seen.add(os.path.normpath(imported))
                ways.append((*way, imported))
    return ()


# --- what an import brings ------------------------------------------------------------------------------


def _beside(files: Workspace, path: str, level: int, module: tuple[str, ...]) -> tuple[str, ...]:
    """The modules that may be meant by a missing one: those of the folder where it is looked for first."""
    if len(module) != 1:
        return ()
    folder = os.path.dirname(path)
    for _ in range(level - 1):
        folder = os.path.dirname(folder)
    there = files.data(os.path.join(folder, module[0] + ANY_MODULE), path)
    names = there.beside if there is not None and there.is_missing else ()
    return tuple(dict.fromkeys(os.path.splitext(each)[0] for each in names))


def target(files: Workspace, path: str, level: int, module: tuple[str, ...]) -> ImportTarget:
    """Where an import of the file at `path` leads, and what can be imported from there."""
    found = locate(files, path, level, module)
    match found.kind:
        case "dspy" if same_file(found.path, path):
            return ImportTarget("self", found.path)
        case "dspy":
            scope = files.scope(found.path)
            return ImportTarget("dspy", found.path, scope.names if scope is not None else tuple)
        case "python":
            read = files.python(found.path)
            if read is None:
                return ImportTarget("python", found.path)
            return ImportTarget("python", found.path, lambda: read.exported, valid=read.tree is not None)
        case "runtime":
            return ImportTarget("opaque", names=catalog.names)
        case "unreadable":
            return ImportTarget("unreadable", found.path, problem=found.problem)
        case "opaque":
            return ImportTarget("opaque", names=lambda: stdlib.names(".".join(module)))
        case "missing" | "ambiguous":
            beside = _beside(files, path, level, module) if found.kind == "missing" else ()
            return ImportTarget(found.kind, found.path, beside=beside)


def imported(files: Workspace, path: str, level: int, module: tuple[str, ...], name: str) -> Symbol | None:
    """What `from <level dots>a.b import name` brings to the file at `path`, or None."""
    found = locate(files, path, level, module)
    symbol = _member(files, path, found, name)
    if symbol is not None or found.kind not in ("python", "missing"):
        return symbol
    submodule = module_type(files, path, level, (*module, name))
    return Symbol(name, "python", submodule) if submodule is not None else None


def _member(files: Workspace, path: str, found: Found, name: str) -> Symbol | None:
    match found.kind:
        case "dspy" if not same_file(found.path, path):
            scope = files.scope(found.path)
            return scope.symbol(name) if scope is not None else None
        case "python":
            read = files.python(found.path)
            kind = read.type(name) if read is not None else None
            if read is None or kind is None:
                return None
            symbol = describe(Symbol(name, "imported", kind))
            return symbol if symbol.place else replace(symbol, place=read.place_of(name))
        case "runtime":
            return given(name)
        case "opaque":
            kind = _opaque(found.module, name)
            return None if kind is None else Symbol(name, "imported", kind)
        case _:
            return None


def module_type(files: Workspace, path: str, level: int, module: tuple[str, ...]) -> Type | None:
    """What `import a.b` brings; None when there is no such module."""
    name = ".".join(module)
    found = locate(files, path, level, module)
    match found.kind:
        case "dspy":
            scope = files.scope(found.path)
            if scope is None:
                return None
            names = scope
            files.note((names.path, ALL))
            return types.PythonModule(
                name, lambda each: _type(names.symbol(each)), lambda: tuple(names.names())
            )
        case "python":
            read = files.python(found.path)
            return read.module(name) if read is not None else None
        case "runtime":
            return types.PythonModule(name, catalog.lookup, catalog.names)
        case "opaque":
            return types.PythonModule(name, lambda each: _opaque(name, each), lambda: stdlib.names(name))
        case _:
            return None


def _opaque(module: str, name: str) -> Type | None:
    if stdlib.lacks(module, name):
        return None
    return (matches.of_expressions(name) if module == "re" else None) or types.UNKNOWN


def same_file(first: str, second: str) -> bool:
    """Whether two paths are written for the same file."""
    return os.path.normpath(first) == os.path.normpath(second)


def _type(symbol: Symbol | None) -> Type | None:
    return symbol.type if symbol is not None else None
