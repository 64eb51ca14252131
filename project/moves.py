"""Files that are about to be renamed or moved, and what an import must say to find them afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ..base.diagnostic import Edit
from ..base.span import Span
from .disk import ENDING

if TYPE_CHECKING:
    from .workspace import Workspace

_ENDINGS = (ENDING, ".py")


class Moves(Struct, frozen=True):
    """The new paths of files and folders, by their old ones."""

    paths: Mapping[str, str]

    def of(self, path: str) -> str:
        """Where a file is afterwards, be it that a folder above it is moved."""
        found = self.paths.get(path)
        above = path
        while found is None and os.path.dirname(above) != above:
            above = os.path.dirname(above)
            if above in self.paths:
                found = self.paths[above] + path[len(above) :]
        return path if found is None else found

    def before(self, path: str) -> str:
        """Where a file was that is at a path afterwards."""
        return Moves({new: old for old, new in self.paths.items()}).of(path)

    def touches(self, path: str) -> bool:
        """Whether a file is moved."""
        return self.of(path) != path

    @property
    def words(self) -> frozenset[str]:
        """What a text must contain, one of these, to name something that is moved."""
        return frozenset(os.path.basename(each).partition(".")[0] for each in self.paths)


class Module(Struct, frozen=True):
    """A module as an import names it: leading dots, and the names behind them."""

    level: int
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """As it is written."""
        return "." * self.level + ".".join(self.parts)


class Renamings:
    """What imports say before and after a move.

    Args:
        files: the files as they are before.
        moves: what is moved.
    """

    def __init__(self, files: Workspace, moves: Moves) -> None:
        self.files = files
        self.moves = moves

    def file_of(self, path: str, module: Module, endings: Sequence[str] = _ENDINGS) -> str | None:
        """The file that an import in the file at `path` leads to; None where it is no file of the project."""
        for base in self._bases(path, module.level):
            for each in _files_of(os.path.join(base, *module.parts), endings):
                if self.files.disk.read(each) is not None:
                    return each
        return None

    def renamed(self, path: str, module: Module, target: str) -> Module | None:
        """What the import of `target` in a file must say afterwards; None where it stays, or cannot be said.

        Dots stay dots, and what is found from a source root is found from there again, where that can be.
        """
        here, there = self.moves.of(path), self.moves.of(target)
        if there == target and here == path:
            return None
        if self._leads_to(here, module, there):
            return None
        stem = _stem(there)
        ways: list[Module | None] = []
        if module.level:
            ways.append(_relative(stem, os.path.dirname(here)))
        else:
            ways += [_below(stem, base) for base in self._preferred(path, module, target)]
            ways.append(_relative(stem, os.path.dirname(here)))
        return next((each for each in ways if each is not None and self._leads_to(here, each, there)), None)

    def is_package(self, path: str, folder: Module) -> bool:
        """Whether the file at `path` can import the files of a folder by its name."""
        if not folder.parts:
            return bool(folder.level)
        bases = self._bases(self.moves.of(path), folder.level)
        names = (os.path.join(each, *folder.parts, "__init__.py") for each in bases)
        return any(self.files.disk.exists(self.moves.before(each)) for each in names)

    def _preferred(self, path: str, module: Module, target: str) -> list[str]:
        """The folders that a module is named from: the one that it was found in before comes first."""
        before = self._bases(path, 0)
        after = self._bases(self.moves.of(path), 0)
        stem = _stem(target)
        at = next((at for at, each in enumerate(before) if os.path.join(each, *module.parts) == stem), 0)
        return [*after[at : at + 1], *after]

    def _leads_to(self, here: str, module: Module, there: str) -> bool:
        """Whether an import in a file leads to another one, both where they are afterwards."""
        for base in self._bases(here, module.level):
            for each in _files_of(os.path.join(base, *module.parts), _ENDINGS):
                if each == there:
                    return True
                if not self.moves.touches(each) and self.files.disk.read(each) is not None:
                    return False
        return False

    def _bases(self, path: str, level: int) -> list[str]:
        folder = os.path.dirname(path)
        if level:
            return [os.path.normpath(os.path.join(folder, *[os.pardir] * (level - 1)))]
        return list(dict.fromkeys((folder, *self.files.settings(path).roots)))

    def renamed_path(self, path: str, named: str, target: str) -> str | None:
        """What a text names a file by that stands for it beside the file at `path`; None where it stays."""
        here, there = self.moves.of(path), self.moves.of(target)
        if os.path.isabs(named):
            return there if there != target else None
        if os.path.normpath(os.path.join(os.path.dirname(here), named)) == there:
            return None
        found = os.path.relpath(there, os.path.dirname(here)).replace(os.sep, "/")
        return f"./{found}" if named.startswith("./") and not found.startswith("../") else found


def quoted(text: str, span: Span, old: str, new: str) -> Edit | None:
    """An edit of what a string says, by the range of the string with quotes; None where it is not plain."""
    written = text[span.start : span.end]
    at = written.find(old)
    if at < 0 or not new.isprintable() or any(each in new for each in "\"'\\{}"):
        return None
    return Edit(Span(span.start + at, span.start + at + len(old)), new)


def _files_of(stem: str, endings: Sequence[str]) -> Iterator[str]:
    yield from (stem + each for each in endings)
    if ".py" in endings:
        yield os.path.join(stem, "__init__.py")


def _stem(path: str) -> str:
    """A path without what a module's name has not."""
    stem = os.path.splitext(path)[0]
    return os.path.dirname(stem) if os.path.basename(path) == "__init__.py" else stem


def _below(stem: str, base: str) -> Module | None:
    return _named(0, os.path.relpath(stem, base).split(os.sep))


def _relative(stem: str, folder: str) -> Module | None:
    parts = os.path.relpath(stem, folder).split(os.sep)
    ups = parts.count(os.pardir)
    return _named(ups + 1, parts[ups:])


def _named(level: int, parts: Sequence[str]) -> Module | None:
    """A module of these names, where they are names."""
    return Module(level, tuple(parts)) if parts and all(each.isidentifier() for each in parts) else None


def is_worth_a_look(text: str | None, words: Iterable[str]) -> bool:
    """Whether a text may name something that is moved."""
    return text is not None and any(each in text for each in words)
