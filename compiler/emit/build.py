"""What `dspyc build` writes: the module as text, and its stub for type checkers."""

from __future__ import annotations

import ast
from pathlib import PurePath

from msgspec import Struct

from ...base.recursion import deep
from ..analysis import FileAnalysis
from .file import emit
from .stubs import stub


class Built(Struct, frozen=True):
    """The texts of a built file."""

    module: str
    """The Python module; it needs only the runtime."""
    stub: str
    """Its `.pyi`, with typed predictions."""


@deep
def build(analysis: FileAnalysis) -> Built:
    """The Python module of a file without errors, as text, and its stub."""
    head = f"# Compiled from {printable(PurePath(analysis.path).name)}; change that file, not this one.\n"
    return Built(_text(emit(analysis), head + _TYPED_ELSEWHERE), _text(stub(analysis), head))


def printable(name: str) -> str:
    """A file's name as it can stand in a comment: a line break in it would end that."""
    return name if name.isprintable() else repr(name)


_TYPED_ELSEWHERE = "# type: ignore  # the types are in the .pyi file beside this one\n"
"""For mypy and pyright where they are given a folder; whoever imports the module gets the stub's types."""


def _text(module: ast.Module, head: str) -> str:
    """The text of a module as Python writes it, with a comment at the top."""
    return f"{head}\n{ast.unparse(module)}\n"
