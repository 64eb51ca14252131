"""The folder that an agent works in: its files, and nothing outside of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import unified_diff
from typing import TYPE_CHECKING

from ..base.files import write_atomically
from ..base.forks import new_lock
from ..base.secrets import mask
from ..grammar.source import Source
from ..project.walking import entries, programs_below, python_beside
from ..project.workspace import Workspace

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..compiler.completion.surroundings import Export
    from ..project.exports import Exports
    from ..project.index import Index


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
        self.lock = new_lock()
        self._index: Index | None = None

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
        return list(programs_below(full))

    def python(self) -> list[str]:
        """The Python files below the folder."""
        return list(programs_below(self.path, None, ".py"))

    def around(self, path: str) -> Around:
        """The files around one, for completion."""
        from ..project.exports import Exports

        exports = Exports(self.files)
        programs = self.programs()
        exports.look([*programs, *python_beside(programs)])
        return Around(self.files, exports, path)

    def shown(self, path: str) -> str:
        """A path as an agent would write it: from this folder where it is inside."""
        return os.path.relpath(path, self.path).replace(os.sep, "/") if self.holds(path) else path

    def holds(self, path: str) -> bool:
        """Whether a full path lies in the folder."""
        return path.startswith(self.path.rstrip(os.sep) + os.sep)

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


class Around:
    """What completion asks of the files around one."""

    def __init__(self, files: Workspace, exports: Exports, path: str) -> None:
        self._files = files
        self._exports = exports
        self._path = path

    def modules(self, level: int, packages: Sequence[str]) -> Iterable[str]:
        """What an import may go on with."""
        return self._files.importable(self._path, level, packages)

    def files(self, folder: str, endings: Sequence[str]) -> Iterable[str]:
        """The files in a folder beside the file."""
        return entries(os.path.join(os.path.dirname(self._path), folder), endings)

    def exports(self, prefix: str) -> Iterable[Export]:
        """What other files declare."""
        return self._exports.beginning(prefix, self._path)


def difference(name: str, before: str, after: str, context: int = 2) -> str:
    """A unified diff; empty where nothing changes."""
    lines = unified_diff(before.splitlines(True), after.splitlines(True), name, name, n=context)
    return mask("".join(line if line.endswith("\n") else f"{line}\n" for line in lines))


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
