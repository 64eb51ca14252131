"""What the command line, the server and the loader ask: a project of files, and the analysis of one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..grammar import parse
from ..grammar.source import Source
from .diagnostic import Diagnostic
from .program import Program

Reader: TypeAlias = Callable[[str], str | None]
"""A path to its text, or None when there is no such file. The compiler itself touches no disk."""

Finder: TypeAlias = Callable[[str], str | None]
"""The top-level name of an installed Python package to the path of its source.

`""` when it is installed but has no source (built-in, compiled); None when it is not installed. A finder must
not import anything; `importlib.util.find_spec` of a top-level name does not.
"""


@dataclass(frozen=True)
class FileAnalysis:
    """All that is known of one file."""

    path: str
    source: Source
    file: parse.File
    program: Program
    diagnostics: tuple[Diagnostic, ...]
    """Syntax problems and findings of the rules, by place."""


class Project:
    """Files that are checked together. Remembers by text: a second check of unchanged files is free.

    `read` gives the files' texts (an editor hands in its unsaved ones), `roots` are the folders in which imports
    are looked for after the file's own, `find` knows the installed Python packages (without it only the standard
    library is known).
    """

    def __init__(self, read: Reader, roots: tuple[str, ...] = (), find: Finder | None = None) -> None:
        self.read = read
        self.roots = roots
        self.find = find

    def check(self, path: str) -> FileAnalysis:
        """The analysis of a file. Raises FileNotFoundError when the reader does not have it."""
        raise NotImplementedError
