"""What there is to look at in a folder: traces, journals, rows, reports, states; their beginning tells."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from ..base.files import UnreadableFile, read_beginning

Kind = Literal["trace", "journal", "rows", "report", "state"]

MOST_FILES = 50_000
MOST_FOLDERS = 20_000
"""So many files with a fitting ending, and so many folders, are looked at."""
_BEGINNING = 4096
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages"})
_PREDICTED = re.compile(rb'"pred_\w+":')
_GENERATED = b'<meta name="generator" content="dspyc '


class Found(Struct, frozen=True):
    """A file that can be looked at.

    `name` is its path below the folder, `key` what stands for it in addresses.
    """

    key: str
    kind: Kind
    path: Path
    name: str
    size: int
    modified: float


class Folder:
    """A folder that is looked at again and again; a file that has not changed is not opened again.

    Attributes:
        root: the folder.
        is_cut: whether there was more in it than is looked at.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.is_cut = False
        self._kinds: dict[Path, tuple[int, float, Kind | None]] = {}

    def look(self) -> list[Found]:
        """What there is now, the newest first."""
        found = []
        kinds: dict[Path, tuple[int, float, Kind | None]] = {}
        for path, status in self._files():
            size, modified = status.st_size, status.st_mtime
            kind = self._kind(path, size, modified)
            kinds[path] = (size, modified, kind)
            if kind is not None:
                name = path.relative_to(self.root).as_posix()
                found.append(Found(_key(name), kind, path, name, size, modified))
        self._kinds = kinds
        return sorted(found, key=lambda one: (-one.modified, one.name))

    def file(self, key: str) -> Found | None:
        """The file of a key; None where there is none any more."""
        return next((one for one in self.look() if one.key == key), None)

    def _kind(self, path: Path, size: int, modified: float) -> Kind | None:
        """What a file is; the beginning of one that grows does not change."""
        before, then, kind = self._kinds.get(path, (0, 0.0, None))
        if (before, then) == (size, modified) or (kind is not None and 0 < before <= size):
            return kind
        return _kind_of(path)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Regular files with a fitting ending. Links are not followed: they may lead out of the folder."""
        count = 0
        self.is_cut = False
        for number, (folder, folders, files) in enumerate(os.walk(self.root)):
            if number >= MOST_FOLDERS:
                self.is_cut = True
                return
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".")
                and name not in _LEFT_OUT
                and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
            )
            for name in sorted(files):
                if not name.endswith((".jsonl", ".json", ".html")):
                    continue
                count += 1
                if count > MOST_FILES:
                    self.is_cut = True
                    return
                path = Path(folder, name)
                try:
                    status = path.lstat()
                except OSError:
                    continue
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path, status


def _key(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _kind_of(path: Path) -> Kind | None:
    try:
        beginning, _ = read_beginning(path, _BEGINNING)
    except UnreadableFile:
        return None
    match path.suffix:
        case ".jsonl" if beginning.startswith(b'{"dspyc_trace":'):
            return "trace"
        case ".jsonl" if beginning.startswith(b'{"dspyc_journal":'):
            return "journal"
        case ".html" if _GENERATED in beginning:
            return "report"
        case ".json" if beginning.startswith(b"[") and _PREDICTED.search(beginning):
            return "rows"
        case ".json" if path.name.endswith(".state.json") and b'"dspyc_state"' in beginning:
            return "state"
    return None
