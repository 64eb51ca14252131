"""What Python's `import` runs a `.dspy` file with."""

from __future__ import annotations

from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..project.disk import Disk
from .bytecode import read_kept
from .compiling import compile_and_keep
from .load import run


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
