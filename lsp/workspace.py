"""The files that the server knows, unsaved ones over those on the disk, and the projects they belong to."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ..compiler.analysis import FileAnalysis, Project
from ..grammar.source import Source
from . import convert

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCE_SUFFIX = ".dspy"


@dataclass
class Document:
    """A file that is open in the editor."""

    uri: str
    path: str
    version: int
    source: Source


@dataclass
class Workspace:
    """Open documents, workspace folders, and one `Project` for each set of source roots."""

    folders: list[str] = field(default_factory=list)
    """Paths of the workspace's folders."""
    open: dict[str, Document] = field(default_factory=dict)
    """By path."""
    _projects: dict[tuple[str, ...], Project] = field(default_factory=dict)
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
        """The project that a file belongs to, by the source roots that are its own."""
        roots = self._roots(path)
        if roots not in self._projects:
            self._projects[roots] = Project(self.read, roots, find_package)
        return self._projects[roots]

    def _roots(self, path: str) -> tuple[str, ...]:
        """The roots that the nearest settings name with `src`, else their folder, else the workspace's."""
        folder = os.path.dirname(path)
        while os.path.isabs(folder):
            settings = self._settings(folder)
            if settings is not None:
                return tuple(os.path.normpath(os.path.join(folder, root)) for root in settings)
            if os.path.exists(os.path.join(folder, ".git")):
                return (folder,)
            if folder == os.path.dirname(folder):
                break
            folder = os.path.dirname(folder)
        around = [each for each in self.folders if path.startswith(each.rstrip(os.sep) + os.sep)]
        return tuple(sorted(around, key=len, reverse=True)[:1])

    def _settings(self, folder: str) -> tuple[str, ...] | None:
        """The `src` of a folder's settings, `(".",)` where they do not say; None without settings."""
        own = self.read(os.path.join(folder, "dspyc.toml"))
        project = self.read(os.path.join(folder, "pyproject.toml")) if own is None else None
        text = own if own is not None else project
        if text is None:
            return None
        return _source_roots(text, of_tool=own is None)

    def neighbours(self, path: str) -> tuple[str, ...]:
        """What an import in this file may start with: files and packages beside it and in the roots."""
        folders = (os.path.dirname(path), *self._roots(path))
        names = {name for folder in folders if os.path.isabs(folder) for name in _modules_in(folder)}
        names.discard(os.path.splitext(os.path.basename(path))[0])
        return tuple(sorted(names))


@lru_cache(maxsize=64)
def _source_roots(text: str, *, of_tool: bool) -> tuple[str, ...]:
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return (".",)
    if of_tool:
        settings = settings.get("tool", {}).get("dspyc", {})
    roots = settings.get("src", ["."]) if isinstance(settings, dict) else ["."]
    roots = [roots] if isinstance(roots, str) else roots
    return tuple(root for root in roots if isinstance(root, str)) if isinstance(roots, list) else (".",)


def _modules_in(folder: str) -> Iterable[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name, suffix = os.path.splitext(entry.name)
        if (suffix in {SOURCE_SUFFIX, ".py"} and name.isidentifier()) or (
            not suffix and name.isidentifier() and os.path.isfile(os.path.join(entry.path, "__init__.py"))
        ):
            yield name


@lru_cache(maxsize=1024)
def find_package(name: str) -> str | None:
    """The source of an installed top-level Python package; `""` when it has none, None when there is none.

    Nothing is imported; only the places are looked at where Python itself would look.
    """
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    if spec.origin and spec.origin.endswith(".py"):
        return spec.origin
    return ""
