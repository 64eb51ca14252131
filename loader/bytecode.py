"""Byte code kept beside that of Python files, while nothing that it was made from has changed."""

from __future__ import annotations

import importlib.util
import marshal
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ..base.files import read_bytes, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType

from .sources import digest_of_sources

ENDING = ".dspy"

_LARGEST = 256 << 20


class Compiled(NamedTuple):
    """The code of a file, and where its imports lead."""

    code: CodeType
    imports: Mapping[str, str]
    """The path of each imported file, by the dots and name in the `import`."""


def _cache_path(path: str) -> str:
    folder, name = os.path.split(importlib.util.cache_from_source(path))
    stem, rest = name.split(".", 1)
    return os.path.join(folder, f"{stem}{ENDING}.{rest}")


@cache
def _makers() -> list[str]:
    """What made the code: this Python, and every source that the compiler is made of."""
    return [importlib.util.MAGIC_NUMBER.hex(), digest_of_sources()]


def read_kept(path: str) -> Compiled | None:
    """The code that was kept for a file, while all files that it depends on are as they were."""
    import json

    try:
        line, _, code = read_bytes(_cache_path(path), _LARGEST).partition(b"\n")
        head = json.loads(line)
        if head["makers"] != _makers() or any(_state(each) != state for each, state in head["files"]):
            return None
        return Compiled(marshal.loads(code), head["imports"])  # noqa: S302 as Python's own byte code
    except (OSError, ValueError, EOFError, TypeError, KeyError, RecursionError):
        return None


def keep(path: str, found: Compiled, files: Sequence[str]) -> None:
    """Keep the code of a file that was made from these files."""
    import json

    if sys.dont_write_bytecode:
        return
    target = _cache_path(path)
    head = {"makers": _makers(), "files": [[each, _state(each)] for each in files], "imports": found.imports}
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        write_atomically(target, json.dumps(head).encode() + b"\n" + marshal.dumps(found.code))
    except OSError:
        # A folder that cannot be written to only costs time.
        return


def mark(path: str) -> tuple[int, int]:
    """What tells a file from what it was before: its modification time and its size."""
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


def _state(path: str) -> list[int] | None:
    """What a file was like; None for one that is not there."""
    try:
        return list(mark(path))
    except OSError:
        return None
