"""What completion asks of the world around a file; an editor's server answers from the disk and its index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

ExportKind: TypeAlias = Literal["signature", "type", "enum", "module", "function", "lm", "dataset", "value"]


class Export(Struct, frozen=True):
    """A name that another file declares, and the import that brings it."""

    name: str
    kind: ExportKind
    module: str
    """As an import of this file names it, with leading dots where it is relative."""


class Surroundings(Protocol):
    """The files around the one that is being written."""

    def modules(self, level: int, packages: Sequence[str]) -> Iterable[str]:
        """What an import may go on with: behind so many dots, and behind these packages."""

    def files(self, folder: str, endings: Sequence[str]) -> Iterable[str]:
        """The files with these endings and the folders, with a `/` behind, in a folder beside the file."""

    def exports(self, prefix: str) -> Iterable[Export]:
        """What other files declare whose names begin so, whatever their case."""


class Nothing:
    """No files around."""

    def modules(self, _level: int, _packages: Sequence[str]) -> Iterable[str]:
        """No modules."""
        return ()

    def files(self, _folder: str, _endings: Sequence[str]) -> Iterable[str]:
        """No files."""
        return ()

    def exports(self, _prefix: str) -> Iterable[Export]:
        """No names."""
        return ()
