"""The folder that an agent works in: its files, and nothing outside of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import unified_diff
from typing import TYPE_CHECKING

from ..base.files import UnreadableFile, write_atomically
from ..base.forks import new_lock
from ..grammar.source import Source
from ..project.disk import Disk
from ..project.libraries import library_path
from ..project.settings import FILES
from ..project.walking import entries, programs_below, python_beside
from ..project.workspace import Workspace

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..compiler.completion.surroundings import Export
    from ..compiler.facts import DataFile, SavedState
    from ..project.exports import Exports
    from ..project.index import Index


_SETTINGS = (*FILES, ".git")
"""What above the folder says which project it is a part of, and how that is looked at."""


class Refused(Exception):
    """Why a request is not answered, as a sentence for the agent that says what to do instead."""


class Folder:
    """The files below a folder. One request looks at them at a time.

    Args:
        path: the folder; links that lead out of it are not followed.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)
        self.files = Workspace()
        self.files.disk = _Confined(self.reads)
        self.lock = new_lock()
        self._index: Index | None = None
        self._libraries: list[str] | None = None

    @property
    def index(self) -> Index:
        """What the files declare and name."""
        from ..project.index import Index

        if self._index is None:
            self._index = Index(self.files)
        return self._index

    def locate(self, path: str) -> str:
        """The full path of a file or folder that is named from this folder.

        Raises:
            Refused: it lies outside.
        """
        full = os.path.realpath(os.path.join(self.path, path))
        if full != self.path and not self.holds(full):
            raise Refused(f"`{path}` is outside of the folder that this server works in")
        return full

    def program(self, path: str) -> str:
        """The full path of a `.dspy` file.

        Raises:
            Refused: it is none, is not there, or lies outside.
        """
        full = self.locate(path)
        if not full.endswith(".dspy"):
            raise Refused(f"`{path}` is not a `.dspy` file")
        if self.files.source(full) is None:
            raise Refused(f"there is no file `{path}`; `outline` without arguments lists the files")
        return full

    def programs(self, path: str = "") -> list[str]:
        """The `.dspy` files below a folder, or the one file that is named.

        Raises:
            Refused: there is no such file, or it lies outside.
        """
        if path.endswith(".dspy"):
            return [self.program(path)]
        full = self.locate(path or ".")
        if not os.path.isdir(full):
            raise Refused(f"there is no folder `{path}`")
        return [each for each in programs_below(full) if self.holds(os.path.realpath(each))]

    def python(self) -> list[str]:
        """The Python files below the folder."""
        found = programs_below(self.path, None, ".py")
        return [each for each in found if self.holds(os.path.realpath(each))]

    def around(self, path: str) -> Around:
        """The files around one, for completion."""
        from ..project.exports import Exports

        exports = Exports(self.files)
        programs = self.programs()
        exports.look([*programs, *python_beside(programs)])
        return Around(self, exports, path)

    def shown(self, path: str) -> str:
        """A path as an agent would write it: from this folder where it is inside."""
        return os.path.relpath(path, self.path).replace(os.sep, "/") if self.holds(path) else path

    def holds(self, path: str) -> bool:
        """Whether a full path lies in the folder."""
        return path.startswith(self.path.rstrip(os.sep) + os.sep)

    def reads(self, path: str) -> bool:
        """Whether a file may be looked at: one in the folder, the settings of the project that the folder is
        a part of, and installed packages.
        """
        full = os.path.realpath(path)
        if full == self.path or self.holds(full):
            return True
        above, name = os.path.split(full)
        if name in _SETTINGS and os.path.commonpath((self.path, above)) == above:
            return True
        if self._libraries is None:
            self._libraries = _libraries(self.path)
        return any(full.startswith(each.rstrip(os.sep) + os.sep) for each in self._libraries)

    def analyse(self, path: str) -> FileAnalysis:
        """All that is known of a file."""
        return self.files.analyse(path)

    @contextmanager
    def with_text(self, path: str, text: str | None) -> Iterator[None]:
        """Let a text stand for a file; None leaves the file as it is."""
        if text is None:
            yield
            return
        self.files.disk.put(path, text)
        try:
            yield
        finally:
            self.files.disk.drop(path)

    def change(self, path: str, before: str, after: str, *, write: bool) -> str:
        """What changes in a file, as a diff; written to the file where that is wanted."""
        if write and before != after:
            write_atomically(path, after)
        return difference(self.shown(path), before, after)


def _libraries(folder: str) -> list[str]:
    """The folders that packages are installed in; one that the folder lies in is not meant."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    found = (os.path.realpath(each) for each in (package, *library_path()))
    return [each for each in found if not folder.startswith(each.rstrip(os.sep) + os.sep)]


class _Confined(Disk):
    """A disk on which nothing lies but what may be looked at."""

    def __init__(self, allows: Callable[[str], bool]) -> None:
        super().__init__()
        self._allows = allows

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path."""
        return super().exists(path) and self._allows(path)

    def _look_at_disk(self, path: str) -> str | UnreadableFile:
        if os.path.isabs(path) and not self._allows(path):
            return UnreadableFile(path, "missing", "does not exist")
        return super()._look_at_disk(path)

    def look_at_data(self, path: str) -> DataFile | None:
        """What is known of a data file; nothing of one that may not be looked at."""
        return super().look_at_data(path) if self._allows(path) else None

    def look_at_state(self, path: str) -> SavedState | None:
        """What is known of the state of a program; nothing of one that may not be looked at."""
        return super().look_at_state(path) if self._allows(path) else None


class Around:
    """What completion asks of the files around one."""

    def __init__(self, folder: Folder, exports: Exports, path: str) -> None:
        self._folder = folder
        self._exports = exports
        self._path = path

    def modules(self, level: int, packages: Sequence[str]) -> Iterable[str]:
        """What an import may go on with."""
        above = os.path.join(os.path.dirname(self._path), *[os.pardir] * max(level - 1, 0), *packages)
        if not self._folder.reads(above):
            return ()
        return self._folder.files.importable(self._path, level, packages)

    def files(self, folder: str, endings: Sequence[str]) -> Iterable[str]:
        """The files in a folder beside the file."""
        full = os.path.join(os.path.dirname(self._path), folder)
        return entries(full, endings) if self._folder.reads(full) else ()

    def exports(self, prefix: str) -> Iterable[Export]:
        """What other files declare."""
        return self._exports.beginning(prefix, self._path)


def difference(name: str, before: str, after: str, context: int = 2) -> str:
    """A unified diff; empty where nothing changes."""
    lines = unified_diff(before.splitlines(True), after.splitlines(True), name, name, n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def offset_of(source: Source, line: int, name: str, column: int | None = None) -> int:
    """Where a name stands.

    Args:
        source: the file.
        line: the line, counted from 1.
        name: the name; its first place on the line counts.
        column: the column, counted from 1, where the name stands there more than once.

    Raises:
        Refused: there is no such line, or no such name on it.
    """
    if not 1 <= line <= source.line_count:
        raise Refused(f"there is no line {line}: the file has {source.line_count}")
    span = source.line_span(line - 1)
    text = source.text[span.start : span.end]
    found = [each.start() for each in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)] if name else []
    if not found:
        raise Refused(f"`{name}` is not on line {line}, which is: {text.strip() or '(empty)'}")
    wanted = (column or 1) - 1
    return span.start + next((at for at in found if at >= wanted), found[0])
