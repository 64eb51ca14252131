"""Loading: a `.dspy` file as a Python module, by `load` and through Python's own `import`."""

from __future__ import annotations

from .compiling import CompileError, analyse, errors_of
from .imports import install_import_hook, uninstall_import_hook
from .load import execute, load

__all__ = [
    "CompileError",
    "analyse",
    "errors_of",
    "execute",
    "install_import_hook",
    "load",
    "uninstall_import_hook",
]
