"""The names of a Python file among all names of a project, where it is known who needs whom."""

from __future__ import annotations

from contextlib import AbstractContextManager

from msgspec import Struct
from msgspec.structs import replace

from .. import types
from ..facts import Symbol
from ..pythonfiles.file import PythonFile
from ..types import Type
from .imports import Workspace, imported, module_type


class _Names(Struct, frozen=True):
    """The names of the file at a path, whatever its text is by then."""

    files: Workspace
    path: str

    def type(self, name: str) -> Type | None:
        """The type of a name of the file's top level; None when there is none."""
        return self.files.python_type(self.path, name)

    def noting(self, name: str) -> AbstractContextManager[None]:
        """Notes what is read inside of a `with` as read by a name whose type is known already."""
        return self.files.noting(self.path, name)


class _Owner(Struct, frozen=True):
    """A Python file, which declares its names."""

    file: PythonFile

    def declare(self, name: str) -> Symbol | None:
        """What a name of the file stands for, found out anew; None when the file has no such name."""
        kind = self.file.read(name)
        return None if kind is None else Symbol(name, "imported", kind)

    def unknown(self, found: Symbol) -> Symbol:
        """What a name of the file stands for that needs itself."""
        return replace(found, type=types.UNKNOWN)


def read_python(files: Workspace, path: str, text: str) -> PythonFile:
    """A Python file of a project."""

    def find(level: int, module: str, name: str | None) -> Type | None:
        parts = tuple(part for part in module.split(".") if part)
        if name is None:
            return module_type(files, path, level, parts)
        found = imported(files, path, level, parts, name)
        return found.type if found is not None else None

    return PythonFile(path, text, find, names=_Names(files, path))


def owner_in_python(files: Workspace, path: str) -> _Owner | None:
    """The Python file at a path as what declares names; None where there is none."""
    file = files.python(path)
    return _Owner(file) if file is not None else None
