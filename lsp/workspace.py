"""The files that the server knows, unsaved ones over those on the disk, and the projects they belong to."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..grammar.source import Source
from ..project.settings import Settings
from ..project.workspace import project, project_settings
from . import convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..compiler.analysis import FileAnalysis, Project

SOURCE_SUFFIX = ".dspy"


@dataclass(frozen=True)
class Document:
    """A file that is open in the editor."""

    uri: str
    path: str
    version: int
    source: Source


@dataclass
class Workspace:
    """Open documents, workspace folders, and one `Project` for each set of settings."""

    folders: list[str] = field(default_factory=list)
    """Paths of the workspace's folders."""
    open: dict[str, Document] = field(default_factory=dict)
    """By path."""
    _projects: dict[tuple[tuple[str, ...], frozenset[str]], Project] = field(default_factory=dict)
    _disk: dict[str, tuple[tuple[int, int], str]] = field(default_factory=dict)
    """Texts read, by path, with the modification time and size they had."""

    def document(self, uri: str) -> Document | None:
        """The open document of a URI."""
        return self.open.get(convert.path_of(uri))

    def put(self, document: Document) -> None:
        """Take a document as the editor has it now."""
        self.open[document.path] = document

    def close(self, uri: str) -> None:
        """Go back to what the disk has."""
        self.open.pop(convert.path_of(uri), None)

    def snapshot(self) -> Workspace:
        """The folders and open documents as they are now."""
        return Workspace(list(self.folders), dict(self.open))

    def restore(self, snapshot: Workspace) -> None:
        """Take over the folders and open documents of a snapshot, and keep what is remembered of texts."""
        self.folders, self.open = snapshot.folders, snapshot.open

    def read(self, path: str) -> str | None:
        """The text of a file, the editor's where it is open there; None without such a file."""
        document = self.open.get(path)
        if document is not None:
            return document.source.text
        if not os.path.isabs(path):
            return None
        try:
            status = os.stat(path)
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._disk.get(path)
            if known is None or known[0] != stamp:
                with open(path, "rb") as file:
                    known = stamp, file.read().decode("utf-8-sig", errors="replace")
                self._disk[path] = known
            return known[1]
        except OSError:
            self._disk.pop(path, None)
            return None

    def sources(self) -> Iterable[str]:
        """The paths of all `.dspy` files: those of the workspace's folders, then open ones from elsewhere."""
        seen: set[str] = set()
        for folder in self.folders:
            for around, folders, names in os.walk(folder):
                folders[:] = sorted(each for each in folders if not each.startswith((".", "node_modules")))
                paths = (os.path.join(around, name) for name in sorted(names) if name.endswith(SOURCE_SUFFIX))
                for path in paths:
                    if path not in seen:
                        seen.add(path)
                        yield path
        yield from (path for path in self.open if path not in seen)

    def source(self, path: str) -> Source | None:
        """The text of any file, to count columns in."""
        document = self.open.get(path)
        if document is not None:
            return document.source
        text = self.read(path)
        return None if text is None else Source(path, text)

    def analysis(self, uri: str) -> FileAnalysis | None:
        """All that is known of a file; None when there is no such file."""
        path = convert.path_of(uri)
        try:
            return self.project(path).check(path)
        except FileNotFoundError:
            return None

    def project(self, path: str) -> Project:
        """The project that a file belongs to, by the settings that are its own."""
        settings = self._settings(path)
        key = settings.roots, settings.pure
        if key not in self._projects:
            self._projects[key] = project(settings, self.read)
        return self._projects[key]

    def _settings(self, path: str) -> Settings:
        """The nearest settings above a file, else those that the workspace's folder around it stands for."""
        folder = os.path.dirname(path)
        found = project_settings(folder, self.read) if os.path.isabs(folder) else None
        if found is not None:
            return found
        around = [each for each in self.folders if path.startswith(each.rstrip(os.sep) + os.sep)]
        return Settings(max(around, key=len), ("",)) if around else Settings("", ())

    def importable(self, path: str, level: int = 0, packages: Sequence[str] = ()) -> tuple[str, ...]:
        """What an import in this file may go on with behind `level` dots and the names of some packages."""
        here = os.path.dirname(path)
        if level:
            folders = [os.path.normpath(os.path.join(here, *[os.pardir] * (level - 1)))]
        else:
            folders = [here, *self._settings(path).roots]
        inside = [os.path.join(each, *packages) for each in folders if os.path.isabs(each)]
        names = {name for folder in inside for name in _modules_in(folder)}
        if not packages and level < 2:
            names.discard(os.path.splitext(os.path.basename(path))[0])
        return tuple(sorted(names))


def _modules_in(folder: str) -> Iterable[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name, suffix = os.path.splitext(entry.name)
        if name.startswith("__"):
            continue
        if (suffix in {SOURCE_SUFFIX, ".py"} and name.isidentifier()) or (
            not suffix and name.isidentifier() and os.path.isfile(os.path.join(entry.path, "__init__.py"))
        ):
            yield name
