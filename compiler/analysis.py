"""What the command line, the server and the loader ask: a project of files, the analysis of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import TypeAlias

from ..grammar import parse
from ..grammar.source import Source
from . import rules, suppressions
from .diagnostic import Diagnostic
from .program import Program
from .pythonfiles.file import PythonFile
from .resolve.imports import python_importer
from .resolve.scope import FileScope
from .selection import EVERYTHING, FileSelection, Selection

Reader: TypeAlias = Callable[[str], str | None]
"""A path to its text, or None when there is no such file. The compiler itself touches no disk."""

Finder: TypeAlias = Callable[[str], str | None]
"""The top-level name of an installed Python package to the path of its source.

`""` when it is installed but has no source (built-in, compiled); None when it is not installed. A finder must
not import anything; `importlib.util.find_spec` of a top-level name does not.
"""


@dataclass(frozen=True, eq=False)
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

    `read` gives the files' texts (an editor hands in its unsaved ones), `roots` are the folders in which
    imports are looked for after the file's own, `find` knows the installed Python packages (without it only
    the standard library is known), `pure` names Python functions without effects, as `module.name`, and
    `selection` says which kinds of findings are looked for.
    """

    def __init__(
        self,
        read: Reader,
        roots: tuple[str, ...] = (),
        find: Finder | None = None,
        pure: frozenset[str] = frozenset(),
        selection: Selection = EVERYTHING,
    ) -> None:
        self.read = read
        self.roots = roots
        self.find = find
        self.pure = pure
        self.selection = selection
        self._lock = RLock()
        self._remembered: dict[str, tuple[Mapping[str, str | None], FileAnalysis]] = {}

    def check(self, path: str) -> FileAnalysis:
        """The analysis of a file. Raises FileNotFoundError when the reader does not have it."""
        with self._lock:
            return self._check(path)

    def _check(self, path: str) -> FileAnalysis:
        remembered = self._remembered.get(path)
        if remembered is not None:
            texts, analysis = remembered
            if all(self.read(each) == text for each, text in texts.items()):
                return analysis
        files = _Files(self)
        if files.text(path) is None:
            raise FileNotFoundError(path)
        analysis = _analyse(path, files, self.selection.for_file(path))
        self._remembered[path] = (files.texts, analysis)
        return analysis


class _Files:
    """The files as one check sees them: each read once, so that they cannot change halfway."""

    def __init__(self, project: Project) -> None:
        self.roots = project.roots
        self.find = project.find
        self.pure = project.pure
        self.texts: dict[str, str | None] = {}
        self._read = project.read
        self._scopes: dict[str, FileScope] = {}
        self._python: dict[str, PythonFile] = {}

    def text(self, path: str) -> str | None:
        """The text of a file, or None when there is no such file."""
        if path not in self.texts:
            self.texts[path] = self._read(path)
        return self.texts[path]

    def scope(self, path: str) -> FileScope | None:
        """The names of a `.dspy` file."""
        if path not in self._scopes:
            text = self.text(path)
            if text is None:
                return None
            self._scopes[path] = FileScope(path, parse.parse(Source(path, text)), self)
        return self._scopes[path]

    def python(self, path: str) -> PythonFile | None:
        """A Python file, read and not run."""
        if path not in self._python:
            text = self.text(path)
            if text is None:
                return None
            self._python[path] = PythonFile(path, text, python_importer(self, path))
        return self._python[path]


def _analyse(path: str, files: _Files, selected: FileSelection) -> FileAnalysis:
    scope = files.scope(path)
    assert scope is not None
    program = scope.program
    problems = [*scope.file.problems(), *_in_strings(program)]
    all_found = [*problems, *rules.check(program)]
    found = list(selected.apply(suppressions.apply(scope.file, all_found, selected.is_selected)))
    found.sort(key=lambda each: (each.span, each.code))
    return FileAnalysis(path, scope.file.source, scope.file, program, tuple(found))


def _in_strings(program: Program) -> Iterator[Diagnostic]:
    """What is wrong with the form of signatures that are written as strings."""
    for item in program.items:
        for string in item.string_by_node.values():
            yield from (each.shifted(item.start) for each in string.problems)
