"""What checks have found, kept by content: an unchanged file is not checked again.

A result holds while this version of dspyc looks at the same texts: the file's, those of all files that were
read for it, or looked for in vain, and those of the settings. There is one file of results for each project
and each set of options. It is written as a whole, so of two checks at the same time that of the later one
stays, and what is not whole, or made by another version, counts as not there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

from ...base.diagnostic import Diagnostic
from ...base.files import UnreadableFile, read_bytes, write_atomically
from ...base.folders import cache_folder
from ...base.secrets import mask
from ...loader.sources import digest_of_sources
from ...project.disk import digest_of
from ...project.libraries import find_package
from .result import Result, Task

_LARGEST = 256 << 20
_FORM = "1"
"""Another one when what is written here changes."""
_TABLE = "model_prices_and_context_window_backup.json"
_UNUSED_AFTER = 30 * 24 * 3600
"""Seconds after which the results of a project are removed, if nothing has used them."""
_MARKS = ("dspyc.toml", "pyproject.toml", ".git")


class _Kept(Struct, frozen=True, array_like=True):
    """A result in the file; its reads are numbers in the file's list of paths."""

    key: str
    path: str
    findings: tuple[Diagnostic, ...]
    reads: tuple[int, ...]
    fixable: tuple[int, int] | None


class _Content(Struct, frozen=True, array_like=True):
    """A whole file of results."""

    makers: str
    packages: dict[str, str | None]
    """Where installed packages were found that were looked for."""
    paths: tuple[str, ...]
    digests: tuple[str, ...]
    results: tuple[_Kept, ...]


class Cache:
    """The results of one project with one set of options."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._now: dict[str, str] = {}
        self._content = _read(file) if file is not None else None
        self._by_key = {each.key: each for each in self._content.results} if self._content else {}
        self._found: dict[str, Result] = {}
        self._are_packages_there = self._content is not None and all(
            find_package(name) == origin for name, origin in self._content.packages.items()
        )

    def look_up(self, key: str, task: Task) -> Result | None:
        """What is known of a file, if it still holds and says all that is asked for."""
        kept = self._by_key.get(key)
        if kept is None or not self._holds(kept):
            return None
        result = self._as_result(kept)
        return result if task.is_answered_by(result) else None

    def _holds(self, kept: _Kept) -> bool:
        content = self._content
        assert content is not None
        return self._are_packages_there and all(
            self.digest(content.paths[each]) == content.digests[each] for each in kept.reads
        )

    def _as_result(self, kept: _Kept) -> Result:
        content = self._content
        assert content is not None
        reads = {content.paths[each]: content.digests[each] for each in kept.reads}
        return Result(kept.key, kept.path, kept.findings, reads, kept.fixable)

    def digest(self, path: str) -> str:
        """The digest of what is at a path now; looked at once."""
        found = self._now.get(path)
        if found is None:
            found = self._now[path] = digest_of(path)
        return found

    def forget_digests(self) -> None:
        """Look at all files again: some have been written."""
        self._now.clear()

    def put(self, result: Result) -> None:
        """Keep a result with the next `save`, unless a key or password stands in a finding's words."""
        if not any(mask(text) != text for found in result.findings for text in _texts(found)):
            self._found[result.key] = result

    def save(self, packages: Mapping[str, str | None]) -> None:
        """Write what was put in, with what the file had of other files; nothing where nothing was.

        `packages` are those that were looked for. A folder that cannot be written to only costs time.
        """
        if self._file is None or not self._found:
            return
        others = self._others() if self._are_packages_there and self._content is not None else ()
        known = self._content.packages if others and self._content is not None else {}
        results = (*others, *self._found.values())
        with suppress(OSError):
            try:
                _write(self._file, _packed(results, {**known, **packages}))
            except ValueError:
                # A path or a message that is not UTF-8; the other results can be kept.
                results = tuple(filter(_can_be_written, results))
                _write(self._file, _packed(results, {**known, **packages}))

    def _others(self) -> tuple[Result, ...]:
        """The results of files that this run did not check again, as far as they are not outdated."""
        new: dict[str, str] = {}
        for result in self._found.values():
            new.update(result.reads)
        found = (self._as_result(each) for each in self._by_key.values() if each.key not in self._found)
        return tuple(
            each
            for each in found
            if os.path.lexists(each.key)
            and all(new.get(path, digest) == digest for path, digest in each.reads.items())
        )


def _can_be_written(result: Result) -> bool:
    try:
        msgspec.json.encode(result)
    except ValueError:
        return False
    return True


def _texts(found: Diagnostic) -> Iterator[str]:
    """All that is written of a finding."""
    yield found.message
    yield found.help or ""
    yield from (label.message for label in found.labels)
    for fix in found.fixes:
        yield fix.title
        yield from (edit.replacement for edit in fix.edits)


def _packed(results: Iterable[Result], packages: Mapping[str, str | None]) -> _Content:
    numbers: dict[str, int] = {}
    digests: list[str] = []
    kept = []
    for result in results:
        for path, digest in result.reads.items():
            if numbers.setdefault(path, len(numbers)) == len(digests):
                digests.append(digest)
        if any(digests[numbers[path]] != digest for path, digest in result.reads.items()):
            # A file has changed while others were checked; whoever read the old text is checked again.
            continue
        reads = tuple(numbers[path] for path in result.reads)
        kept.append(_Kept(result.key, result.path, result.findings, reads, result.fixable))
    return _Content(_makers(), dict(packages), tuple(numbers), tuple(digests), tuple(kept))


# --- the file -------------------------------------------------------------------------------------------


def open_cache(task: Task) -> Cache:
    """The cache for checks that are started in this folder."""
    with suppress(OSError, RuntimeError):
        return Cache(_folder() / f"{_name(task)}.json")
    return Cache(None)


def clear() -> int:
    """Remove the results of all projects; how many files there were. Raises OSError."""
    files = sorted(_folder().glob("*.json"))
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def _folder() -> Path:
    return cache_folder() / "check"


def _name(task: Task) -> str:
    """The file's name: by the project and by the options that change what is found."""
    parts = [_root(os.getcwd()), *task.select, "", *task.ignore, "", *task.extend]
    return blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def _root(folder: str) -> str:
    """The project's folder; the folder itself outside of any."""
    above = folder
    while True:
        if any(os.path.lexists(os.path.join(above, mark)) for mark in _MARKS):
            return above
        if os.path.dirname(above) == above:
            return folder
        above = os.path.dirname(above)


@lru_cache(maxsize=1)
def _makers() -> str:
    """What has found the results: this Python, and every source that the checker is made of."""
    return f"{_FORM} {sys.version} {digest_of_sources()} {_models_table()}"


def _models_table() -> str:
    """What tells the installed litellm's table of models from another one; findings are about its models."""
    origin = find_package("litellm")
    try:
        status = os.stat(os.path.join(os.path.dirname(origin or ""), _TABLE))
    except OSError:
        return "none"
    return f"{status.st_size} {status.st_mtime_ns}"


def _read(file: Path) -> _Content | None:
    try:
        digest, _, data = read_bytes(file, _LARGEST).partition(b"\n")
        if digest != _checksum(data):
            return None
        content = msgspec.json.decode(data, type=_Content)
    except (UnreadableFile, msgspec.DecodeError, RecursionError):
        return None
    return content if content.makers == _makers() else None


def _write(file: Path, content: _Content) -> None:
    is_new = not file.exists()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = msgspec.json.encode(content)
    write_atomically(file, _checksum(data) + b"\n" + data)
    if is_new:
        _remove_unused(file.parent)


def _checksum(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).hexdigest().encode()


def _remove_unused(folder: Path) -> None:
    for path in folder.glob("*.json"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _UNUSED_AFTER:
                path.unlink()
