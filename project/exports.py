"""What the files of a workspace declare, by name: for imports that an editor writes.

Read off the texts without parsing them, so that thousands of files take a moment, and kept by file as long as
it is the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from ..compiler.completion.surroundings import Export, ExportKind

if TYPE_CHECKING:
    from .workspace import Workspace

_DECLARED = re.compile(
    r"^(signature|type|enum|module|def|lm|dataset|program|tools)[ \t]+([^\W\d]\w*)"
    r"|^([A-Z][A-Z0-9_]*)[ \t]*=(?!=)",
    re.MULTILINE,
)
_PYTHON = re.compile(r"^(?:async[ \t]+)?(def|class)[ \t]+([^\W\d]\w*)", re.MULTILINE)
_KINDS: dict[str, ExportKind] = {
    "def": "function",
    "class": "type",
    "program": "module",
    "tools": "value",
    "": "value",
}


class Exports:
    """The names that files declare."""

    def __init__(self, files: Workspace) -> None:
        self.files = files
        self._kept: dict[str, tuple[str, tuple[tuple[str, ExportKind], ...]]] = {}
        self._paths: tuple[str, ...] = ()

    def look(self, paths: Iterable[str]) -> None:
        """Take these files for those of the workspace, and read those that were not read yet."""
        self._paths = tuple(paths)
        for path in self._paths:
            self._of(path)
        for path in self._kept.keys() - set(self._paths):
            self._kept.pop(path, None)

    def beginning(self, prefix: str, path: str) -> Iterator[Export]:
        """The names of other files that begin so, as a file at `path` would import them."""
        small = prefix.lower()
        for other in self._paths:
            if other == path:
                continue
            kept = self._kept.get(other)
            fitting = [each for each in kept[1] if each[0].lower().startswith(small)] if kept else []
            module = self.module_of(other, path) if fitting else None
            if module is not None:
                yield from (Export(name, kind, module) for name, kind in fitting)

    def module_of(self, other: str, path: str) -> str | None:
        """How a file at `path` imports another one: from its own folder, else from a source root."""
        here = os.path.dirname(path)
        for base in (here, *self.files.settings(path).roots):
            relative = os.path.relpath(other, base)
            parts = os.path.splitext(relative)[0].split(os.sep)
            if all(each.isidentifier() for each in parts):
                return ".".join(parts)
        return _upwards(other, here)

    def _of(self, path: str) -> None:
        text = self.files.disk.read(path)
        if text is None:
            self._kept.pop(path, None)
            return
        known = self._kept.get(path)
        if known is None or known[0] is not text:
            self._kept[path] = text, tuple(_declared(text, is_python=path.endswith(".py")))


def _upwards(other: str, here: str) -> str | None:
    """The import that goes up from the file's own folder: `..shared.types`."""
    relative = os.path.splitext(os.path.relpath(other, here))[0].split(os.sep)
    ups = relative.count(os.pardir)
    parts = relative[ups:]
    if not ups or ups > 2 or not parts or not all(each.isidentifier() for each in parts):
        return None
    return "." * (ups + 1) + ".".join(parts)


def _declared(text: str, *, is_python: bool) -> Iterator[tuple[str, ExportKind]]:
    for found in (_PYTHON if is_python else _DECLARED).finditer(text):
        word, name = found.group(1) or "", found.group(2) or found.group(3)
        if not name.startswith("_"):
            yield name, _KINDS.get(word) or cast("ExportKind", word)
