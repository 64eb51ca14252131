"""What an item is resolved in: the names of its file, and a record of all that was asked of them.

What was found out about an item holds as long as its text and the meaning of what it read stay the same. What
it read is a set of keys: a name of a file (`("shop.dspy", "Order")`), all names of a file, the text of
another file, or how files import each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from . import types
from .facts import DataFile, Draft, SavedState, Symbol

Key: TypeAlias = tuple[str, str]
"""A file and a name in it."""
ALL = "*"
"""Instead of a name: which names the file has, and what each of them means."""
IMPORTS: Key = ("", "imports")
"""How the files of the project import each other, and where each import leads."""


def python_path(path: str) -> str:
    """What stands in keys for the path of a Python file, which may be checked as a program as well."""
    return f"python:{path}"


def python_key(path: str, name: str) -> Key:
    """The key of a name of a Python file."""
    return (python_path(path), name)


def text_key(path: str) -> Key:
    """The key of the text of a file that is read for what is in it, or of its being there."""
    return ("", f"text:{path}")


class File(Protocol):
    """The file that an item stands in."""

    @property
    def path(self) -> str:
        """Its path."""

    def symbol(self, name: str) -> Symbol | None:
        """What the file declares or imports under a name; noted as read."""

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file; noted as read."""

    def read(self, path: str) -> str | None:
        """The text of a file beside this one; noted as read."""

    def data(self, path: str) -> DataFile | None:
        """What is known of a data file beside this one; noted as read."""

    def state(self, path: str) -> SavedState | None:
        """What is known of a program's state beside this file; noted as read."""

    def defer(self, name: str, make: Callable[[], types.Interface]) -> Callable[[], types.Interface]:
        """Fields that are worked out after the names of the declaration that has them."""


class Environment:
    """The names as one item sees them: each is asked for once."""

    __slots__ = ("_file", "_item", "_seen", "path")

    def __init__(self, file: File, item: Draft) -> None:
        self.path = file.path
        self._file = file
        self._item = item
        self._seen: dict[str, Symbol | None] = {}

    def symbol(self, name: str) -> Symbol | None:
        """What the file declares or imports under a name."""
        return self._file.symbol(name)

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file: its own names, the runtime's, the built-ins."""
        if name not in self._seen:
            self._seen[name] = self._file.lookup(name)
        return self._seen[name]

    def read(self, path: str) -> str | None:
        """The text of a file beside this one, by its path from this file's folder."""
        return self._file.read(path)

    def data(self, path: str) -> DataFile | None:
        """What is known of a data file, by its path from this file's folder."""
        return self._file.data(path)

    def state(self, path: str) -> SavedState | None:
        """What is known of a program's state, by its path from this file's folder."""
        return self._file.state(path)

    def late(
        self, name: str, make: Callable[[Environment, Draft], types.Interface]
    ) -> Callable[[], types.Interface]:
        """Fields that are worked out once the names of the declaration are known, because these may recur."""
        file, item = self._file, self._item

        def work_out() -> types.Interface:
            draft = Draft(item.key, item.text, item.declaration, item.broken)
            return make(Environment(file, draft), draft)

        return file.defer(name, work_out)
