"""Files that are looked at together, and the project that each belongs to.

The command line, the loader, the server and pytest all ask here, so that they find the same: which settings
are a file's, where its imports lead, how it is decoded, and what is wrong with a file that cannot be read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .disk import ENDING, Disk, advice_for
from .libraries import find_package

if TYPE_CHECKING:
    from ..base.diagnostic import Diagnostic
    from ..base.files import UnreadableFile
    from ..compiler.analysis import FileAnalysis, Project, Unreadable
    from ..compiler.selection import Selection
    from ..grammar.source import Source
    from .settings import Settings


class Workspace:
    """A view of the disk, and one `Project` for each set of settings.

    Args:
        overlays: texts that stand for files, by absolute path.
        search: folders in which imports are also looked for, after those that the settings name.
        select: the kinds of findings that are looked for, in place of those that the settings select.
        ignore: the kinds that are not looked for, beside those that the settings ignore.
        extend: the kinds that are looked for besides.
    """

    def __init__(
        self,
        overlays: Mapping[str, str] | None = None,
        search: Sequence[str] = (),
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        extend: Sequence[str] = (),
    ) -> None:
        self.disk = Disk(overlays)
        self.packages: dict[str, str | None] = {}
        """The installed packages that were looked for, and what `find_package` said."""
        self._search = tuple(search)
        self._options = (tuple(select), tuple(ignore), tuple(extend))
        self._projects: dict[tuple[tuple[str, ...], frozenset[str], Selection], Project] = {}
        self._of_folders: dict[str, tuple[Settings, Project]] | None = None

    @contextmanager
    def in_one_pass(self) -> Iterator[None]:
        """Look at each file on the disk, and for the settings of a folder, only once in here."""
        outer, self._of_folders = self._of_folders, {}
        try:
            with self.disk.in_one_pass():
                yield
        finally:
            self._of_folders = outer

    def analyse(self, path: str) -> FileAnalysis:
        """All that is known of a file; one that cannot be read is itself a finding.

        Raises:
            FileNotFoundError: there is no such file.
        """
        problem = self.disk.problem(path)
        if problem is not None:
            return _unreadable(problem)
        return self.project(path).check(path)

    def project(self, path: str) -> Project:
        """The project that a file belongs to, by the settings that are its own."""
        return self._of_folder(path)[1]

    def _of_folder(self, path: str) -> tuple[Settings, Project]:
        """The settings of a file, which are those of all files of its folder, and its project."""
        folder = os.path.dirname(path)
        known = None if self._of_folders is None else self._of_folders.get(folder)
        if known is None:
            settings = self._nearest_settings(path)
            known = settings, self._project_of(settings)
            if self._of_folders is not None:
                self._of_folders[folder] = known
        return known

    def keep_only(self, paths: Iterable[str]) -> None:
        """Let go of what is known of files, but for these and those that they need, under settings of now."""
        needed: dict[int, list[str]] = {}
        with self.in_one_pass():
            for path in paths:
                needed.setdefault(id(self.project(path)), []).append(path)
        self._projects = {key: each for key, each in self._projects.items() if id(each) in needed}
        kept: set[str] = set()
        for project in self._projects.values():
            kept |= project.keep_only(needed[id(project)])
        self.disk.keep_only(kept)

    def _project_of(self, settings: Settings) -> Project:
        from ..compiler.analysis import Project
        from ..compiler.selection import EVERYTHING

        roots = tuple(dict.fromkeys((*settings.roots, *self._search)))
        selection = (settings.selection or EVERYTHING).with_options(*self._options)
        key = roots, settings.pure, selection
        if key not in self._projects:
            self._projects[key] = Project(
                self._content,
                roots,
                self._find,
                settings.pure,
                selection,
                self.disk.look_at_data,
                self.disk.look_at_state,
            )
        return self._projects[key]

    def _find(self, name: str) -> str | None:
        found = self.packages[name] = find_package(name)
        return found

    def _content(self, path: str) -> str | Unreadable | None:
        from ..compiler.analysis import Unreadable

        text = self.disk.read(path)
        problem = self.disk.problem(path) if text is None else None
        return text if problem is None else Unreadable(problem.message)

    def reads(self, path: str) -> frozenset[str]:
        """The files on whose texts the analysis of a file depends, itself among them, there or not."""
        return self.project(path).reads(path) | {path}

    def readers(self, path: str) -> frozenset[str]:
        """The files analysed so far that depend on the text at a path, be it through others."""
        return frozenset().union(*(each.readers(path) for each in self._projects.values()))

    def settings(self, path: str) -> Settings:
        """The nearest settings above a file; outside of any project its own folder is the root."""
        return self._nearest_settings(path) if self._of_folders is None else self._of_folder(path)[0]

    def _nearest_settings(self, path: str) -> Settings:
        from .settings import Settings, nearest

        folder = os.path.dirname(path)
        if not os.path.isabs(path):
            return Settings("", ())
        return nearest(folder, self.disk) or Settings(folder)

    def source(self, path: str) -> Source | None:
        """The text of any file, to count columns in."""
        from ..grammar.source import Source

        text = self.disk.read(path)
        return None if text is None else Source(path, text)

    def importable(self, path: str, level: int = 0, packages: Sequence[str] = ()) -> tuple[str, ...]:
        """What an import in this file may go on with behind `level` dots and the names of some packages."""
        here = os.path.dirname(path)
        if level:
            folders = [os.path.normpath(os.path.join(here, *[os.pardir] * (level - 1)))]
        else:
            folders = [here, *self.settings(path).roots]
        inside = [os.path.join(each, *packages) for each in folders if os.path.isabs(each)]
        names = {name for folder in inside for name in _modules_in(folder)}
        if not packages and level < 2:
            names.discard(os.path.splitext(os.path.basename(path))[0])
        return tuple(sorted(names))


def finding_of(problem: UnreadableFile) -> Diagnostic:
    """The finding that a file is, which cannot be read."""
    from ..base.diagnostic import Diagnostic
    from ..base.span import Span

    message = f"this file {problem.message}"
    return Diagnostic("E000", "unreadable-file", "error", Span(0, 0), message, help=advice_for(problem))


def _unreadable(problem: UnreadableFile) -> FileAnalysis:
    """What is known of a file that cannot be read: that, and nothing else."""
    from ..compiler.analysis import Project

    empty = Project({problem.path: ""}.get).check(problem.path)
    return replace(empty, diagnostics=(finding_of(problem),))


def _modules_in(folder: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except (OSError, ValueError):
        return
    for entry in entries:
        name, suffix = os.path.splitext(entry.name)
        if name.startswith("__"):
            continue
        if name.isidentifier() and (suffix in {ENDING, ".py"} or (not suffix and _has_modules(entry.path))):
            yield name


_FOLDERS = 20
"""In how many folders of a folder programs are looked for."""


def _has_modules(folder: str) -> bool:
    """Whether a folder is a package, or has programs in it or in one of its first folders."""
    from .walking import entries  # only completion looks for folders

    names = entries(folder, (ENDING,))
    if os.path.isfile(os.path.join(folder, "__init__.py")) or any(each.endswith(ENDING) for each in names):
        return True
    inside = islice((os.path.join(folder, each) for each in names if each.endswith("/")), _FOLDERS)
    return any(each.endswith(ENDING) for path in inside for each in entries(path, (ENDING,)))
