"""Python's `import`: `import NAME` finds `NAME.dspy` where there is no module called NAME."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

from ..base.files import UnreadableFile, verify_regular
from ..project.disk import LARGEST_PROGRAM, Disk
from .bytecode import ENDING, read_kept
from .compiling import compile_and_keep
from .load import run

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Finder(MetaPathFinder):
    """Finds `NAME.dspy` where Python has found no module called NAME."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a `.dspy` file of the name is, if anywhere.

        Raises:
            ImportError: what is there cannot be read as a program: a named pipe, a folder, a file too large.
        """
        name = fullname.rpartition(".")[2] + ENDING
        for folder in sys.path if path is None else path:
            file = os.path.join(folder or os.getcwd(), name)
            if os.path.lexists(file):
                try:
                    verify_regular(file, LARGEST_PROGRAM)
                except UnreadableFile as problem:
                    raise ImportError(str(problem), name=fullname, path=file) from None
                return importlib.util.spec_from_file_location(fullname, file, loader=_Loader(file))
        return None


class _Guard(MetaPathFinder):
    """Refuses `import NAME` where both `NAME.dspy` and `NAME.py` are in one of the user's folders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing, ever; it only looks."""
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            if _is_users(folder) and os.path.isfile(
                file := os.path.join(folder or os.getcwd(), name + ENDING)
            ):
                python = file[: -len(ENDING)] + ".py"
                if os.path.isfile(python):
                    raise ImportError(
                        f"`import {fullname}` is ambiguous: both {file} and {python} exist; rename one",
                        name=fullname,
                    )
        return None


class _Loader(Loader):
    """Runs a `.dspy` file as a module; its byte code is kept beside that of Python files."""

    def __init__(self, path: str) -> None:
        self.path = path

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Python's own way of making the module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Compile the file, or take the code kept for it, and run it."""
        run(module, read_kept(self.path) or compile_and_keep(self.path))

    def get_source(self, fullname: str) -> str | None:
        """The text of the file, for tracebacks and debuggers."""
        return Disk().read(self.path)

    def get_filename(self, fullname: str) -> str:
        """The path of the file."""
        return self.path


_LIBRARY = os.path.dirname(os.__file__)


def _is_users(folder: str) -> bool:
    """Whether a folder of the search path holds a user's files, not Python's or installed ones."""
    return not folder.startswith(_LIBRARY) and not folder.endswith((".zip", "site-packages", "dist-packages"))


_FINDER = _Finder()
_GUARD = _Guard()


def install_import_hook() -> None:
    """Let `import NAME` find `NAME.dspy`; importing dspyc does it."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _GUARD)
        sys.meta_path.append(_FINDER)


def uninstall_import_hook() -> None:
    """Undo `install_import_hook`."""
    for finder in (_FINDER, _GUARD):
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
