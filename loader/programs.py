"""What Python's `import` runs a `.dspy` file with."""

from __future__ import annotations

import os
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import ModuleType

from ..base.files import UnreadableFile, verify_regular
from ..project.disk import LARGEST_PROGRAM, Disk
from .bytecode import ENDING, read_kept
from .compiling import compile_and_keep
from .load import on_search_path, run, run_as_imported


def verify_program(name: str, path: str) -> None:
    """Refuse what is not a file that a program can be read from.

    Raises:
        ImportError: saying what it is: a named pipe, a folder, a file too large.
    """
    try:
        verify_regular(path, LARGEST_PROGRAM)
    except UnreadableFile as problem:
        raise ImportError(str(problem), name=name, path=path) from None


class ProgramLoader(Loader):
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


def spec_of_file(name: str, path: str) -> ModuleSpec | None:
    """How a file is loaded that another process has loaded under this name; see `naming`.

    Raises:
        ImportError: what is there cannot be read.
    """
    verify_program(name, path)
    kind = _FileLoader(path) if path.endswith(ENDING) else _PythonLoader(name, path)
    return spec_from_file_location(name, path, loader=kind)


class _FileLoader(ProgramLoader):
    """Runs a `.dspy` file as `load` does: its imports lead from file to file, and not over names."""

    def exec_module(self, module: ModuleType) -> None:
        """Compile the file, or take the code kept for it, and run it."""
        module.__spec__ = module.__package__ = None
        run_as_imported(module, self.path, read_kept(self.path) or compile_and_keep(self.path))


class _PythonLoader(SourceFileLoader):
    """Runs a Python file that a program has imported past another module of its name."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it, with its folder on the search path meanwhile."""
        with on_search_path(os.path.dirname(self.path)):
            super().exec_module(module)
