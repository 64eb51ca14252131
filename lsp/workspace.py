"""The files that the server knows, unsaved ones over those on the disk, and the projects they belong to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct, field

from ..compiler.types import in_program
from ..grammar.source import Source
from ..project.disk import ENDING as SOURCE_SUFFIX
from ..project.settings import FILES as SETTINGS_FILES
from ..project.walking import entries, programs_below, python_beside
from ..project.workspace import Workspace as Files
from . import convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ..compiler.analysis import FileAnalysis, Project
    from ..compiler.completion.surroundings import Export
    from ..project.callers import Callable, Calls
    from ..project.exports import Exports
    from ..project.extending import Signature
    from ..project.index import Declaration, Index, Mention
    from ..project.moved import Moved
    from ..project.renamed import Elsewhere
    from ..project.renaming import Renaming
    from ..project.renaming_elsewhere import Others
    from ..project.settings import Settings

__all__ = ["SOURCE_SUFFIX", "Document", "Workspace"]


class Document(Struct, frozen=True):
    """A file that is open in the editor."""

    uri: str
    path: str
    version: int
    source: Source


class Workspace(Struct):
    """Open documents and workspace folders, over the files that the command line sees too."""

    folders: list[str] = field(default_factory=list)
    """Paths of the workspace's folders."""
    open: dict[str, Document] = field(default_factory=dict)
    """By path."""
    _files: Files = field(default_factory=Files)
    _made: Index | None = None
    _exports: Exports | None = None

    @property
    def _index(self) -> Index:
        from ..project.index import Index  # only some requests need it

        if self._made is None:
            self._made = Index(self._files)
        return self._made

    def document(self, uri: str) -> Document | None:
        """The open document of a URI."""
        return self.open.get(convert.path_of(uri))

    def put(self, document: Document) -> None:
        """Take a document as the editor has it now."""
        self.open[document.path] = document
        self._files.disk.put(document.path, document.source.text)

    def close(self, uri: str) -> None:
        """Go back to what the disk has."""
        path = convert.path_of(uri)
        self.open.pop(path, None)
        self._files.disk.drop(path)

    def in_one_pass(self) -> AbstractContextManager[None]:
        """Look at each file on the disk only once in here."""
        return self._files.in_one_pass()

    def read(self, path: str) -> str | None:
        """The text of a file, the editor's where it is open there; None without such a file."""
        return self._files.disk.read(path)

    def sources(self) -> Iterable[str]:
        """The paths of all `.dspy` files: those of the workspace's folders, then open ones from elsewhere."""
        seen: set[str] = set()
        for folder in self.folders:
            for path in programs_below(folder):
                if path not in seen:
                    seen.add(path)
                    yield path
        yield from (path for path in list(self.open) if path not in seen and _is_program(path))

    def source(self, path: str) -> Source | None:
        """The text of any file, to count columns in."""
        document = self.open.get(path)
        return document.source if document is not None else self._files.source(path)

    def analysis(self, uri: str) -> FileAnalysis | None:
        """All that is known of a program's file; None when there is no such file."""
        return self.analysis_of(convert.path_of(uri))

    def analysis_of(self, path: str) -> FileAnalysis | None:
        """All that is known of the program at a path; None when there is none."""
        if not _is_program(path):
            return None
        try:
            return self._files.analyse(path)
        except FileNotFoundError:
            return None

    def rest(self, path: str) -> None:
        """Keep less of a file that has been checked and at which nobody looks now."""
        self._files.project(path).rest(path)

    def keep_only(self, paths: Iterable[str]) -> None:
        """Let go of what is known of programs, but for these and those that they need."""
        kept = set(paths)
        self._files.keep_only(kept)
        if self._made is not None:
            self._made.keep_only(kept)

    def is_settings(self, uri: str) -> bool:
        """Whether a file is one of settings, not a program."""
        return _holds_settings(convert.path_of(uri))

    def is_program(self, uri: str) -> bool:
        """Whether a file is a program: an editor may have settings and Python files open as well."""
        return _is_program(convert.path_of(uri))

    def declarations(self, paths: Iterable[str] | None = None) -> Iterable[Declaration]:
        """What these files declare, or all of the workspace."""
        return self._index.declarations(self.sources() if paths is None else paths)

    def mentions(self, path: str, offset: int, paths: Iterable[str] | None = None) -> list[Mention]:
        """Where the name at an offset of a file stands, in these files or in all of the workspace."""
        if not _is_program(path):
            return []
        return self._index.mentions(path, offset, self.sources() if paths is None else paths)

    def renaming(self, path: str, offset: int, new: str) -> Renaming:
        """What gives the name at an offset another one; raises `project.renaming.Refused`."""
        from ..project.renaming import Refused, renaming  # only this request needs it

        if _holds_settings(path):
            raise Refused("the name of a setting cannot be changed")
        if not _is_program(path):
            raise Refused("a name of a Python file is changed by the editor's tools for Python")
        return renaming(self._index, path, offset, new, self.sources())

    def renamed_elsewhere(self, path: str, offset: int, new: str) -> Others:
        """What goes with a renaming in Python, in states of programs and in data."""
        from ..project.renaming_elsewhere import others

        return others(self._files, path, offset, new, self.sources(), self.python(), self.folders)

    def used_in_python(self, path: str, offset: int) -> Sequence[Elsewhere]:
        """Where Python files of the workspace use what has its name at an offset of a program."""
        from ..project.renaming_elsewhere import used_in_python

        if not _is_program(path):
            return ()
        return used_in_python(self._files, path, offset, self.sources(), self.python(), self.folders)

    def moved(self, paths: Mapping[str, str]) -> Moved:
        """What goes with a move of files and folders, whose new paths stand by their old ones."""
        from ..project.moved import moved

        return moved(self._files, paths, self.sources(), self.python(), self.folders)

    def python(self) -> Iterable[str]:
        """The paths of the Python files of the workspace's folders."""
        return dict.fromkeys(path for folder in self.folders for path in programs_below(folder, None, ".py"))

    def callable_at(self, path: str, offset: int) -> Callable | None:
        """The function, module or part whose name stands at an offset of a file."""
        from ..project.callers import callable_at

        return callable_at(self._index, path, offset) if _is_program(path) else None

    def callers(self, called: Callable) -> list[Calls]:
        """What calls it, in all files of the workspace."""
        from ..project.callers import callers

        return callers(self._index, called, self.sources())

    def callees(self, caller: Callable) -> list[Calls]:
        """What it calls."""
        from ..project.callers import callees

        return callees(self._index, caller)

    def signature_at(self, path: str, offset: int) -> Signature | None:
        """The signature whose name stands at an offset of a file."""
        from ..project.extending import signature_at

        return signature_at(self._index, path, offset) if _is_program(path) else None

    def extended(self, path: str, offset: int) -> Signature | None:
        """The signature that the one at an offset extends."""
        from ..project.extending import extended

        return extended(self._index, path, offset)

    def extending(self, path: str, offset: int) -> list[Signature]:
        """The signatures of the workspace that extend the one at an offset."""
        from ..project.extending import extending

        return extending(self._index, path, offset, self.sources())

    def importers(self, path: str) -> frozenset[str]:
        """The files checked so far that import a file, be it through others."""
        return self._files.readers(path)

    def project(self, path: str) -> Project:
        """The project that a file belongs to, by the settings that are its own."""
        return self._files.project(path)

    def settings(self, path: str) -> Settings:
        """The settings that hold for a file."""
        return self._files.settings(path)

    def look_for_exports(self) -> None:
        """Read what all files declare, for imports that are written automatically.

        May run in any thread, but in one at a time.
        """
        from ..project.exports import Exports

        exports = self._exports or Exports(Files())
        programs = list(self.sources())
        paths = dict.fromkeys((*programs, *python_beside(programs)))
        exports.look(paths)
        exports.files.disk.keep_only(paths)
        self._exports = exports

    def exports(self, path: str, prefix: str) -> Iterable[Export]:
        """What other files declare whose names begin so, with what a file at `path` would import."""
        return () if self._exports is None else self._exports.beginning(prefix, path)

    def entries(self, path: str, folder: str, endings: Sequence[str]) -> Iterable[str]:
        """The files with these endings, and the folders, in a folder beside a file."""
        return entries(os.path.join(os.path.dirname(path), folder), endings)

    def importable(self, path: str, level: int = 0, packages: Sequence[str] = ()) -> tuple[str, ...]:
        """What an import in this file may go on with behind `level` dots and the names of some packages."""
        return self._files.importable(path, level, packages)


def _holds_settings(path: str) -> bool:
    return os.path.basename(path) in SETTINGS_FILES


def _is_program(path: str) -> bool:
    return in_program(path) and not _holds_settings(path)
