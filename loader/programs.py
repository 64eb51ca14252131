"""What Python's `import` runs a `.dspy` file with."""

from __future__ import annotations

from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..base.files import UnreadableFile, verify_regular
from ..project.disk import LARGEST_PROGRAM, Disk
from .bytecode import read_kept
from .compiling import compile_and_keep
from .load import run


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
