"""The files of a project as texts: read within bounds, decoded in one way, unsaved ones over saved ones."""

from __future__ import annotations

import codecs
import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from ..base.files import UnreadableFile, decode, read_beginning, read_bytes, read_end, render_size
from .limits import LARGEST_STATE, MOST_BESIDE

if TYPE_CHECKING:
    from ..compiler.facts import DataFile, SavedState

ENDING = ".dspy"

LARGEST_PROGRAM = 4 * 2**20
"""In bytes. A larger `.dspy` file is data by its size, not a program."""
LARGEST_PYTHON = 4 * 2**20
LARGEST_SETTINGS = 2**18
_NEVER_DATA = ("", ENDING, ".py", ".toml")

_HELP = {
    "too-large": 'move data to a separate file and read it with Dataset("…")',
    "not-utf8": "save it as UTF-8; a program is text in that encoding",
    "not-regular": "a program must be a regular file",
}

_COOKIE = re.compile(rb"(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n))?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
"""What names the encoding of a Python file, on its first or second line (PEP 263)."""

_BEGINNING = 2**16
"""How many bytes of a file are looked at that is too large to be read: see `compiler.datafiles`."""

_SLOW = frozenset({"idna", "punycode"})
"""They take quadratic time."""

_Stamp: TypeAlias = tuple[int, int, int, int]
"""When a file was changed last, by its own account and by the system's, in nanoseconds; its size and number.

Where a copy or an archive brings its own time along, only the system's tells that something has changed.
"""
_JUST_NOW = 2 * 10**9
"""Nanoseconds. A file that was changed such a short time before it was read may be changed once more without
another time: those of file systems go by steps, of some milliseconds or of up to two seconds."""
_NO_STAMP: _Stamp = (-1, -1, -1, -1)
"""Of what has to be read again."""
_PASSING = ("missing", "unreadable")
"""Why a file that is there could not be read just now: another process had it, or had moved it for a moment,
or this one had too many open. That passes, and leaves the file's times as they were."""


class Disk:
    """Texts by path. What is on the disk is read again when its size, time or file number have changed.

    Paths that are not absolute, like those that editors give to unsaved files, are only found among the
    overlays.
    """

    def __init__(self, overlays: Mapping[str, str] | None = None) -> None:
        self.asked: dict[str, None] = {}
        """The files that were looked for on the disk, found or not, in order."""
        self.states_asked: dict[str, None] = {}
        """The states of programs that were looked for, found or not."""
        self._overlays = dict(overlays or {})
        self._known: dict[str, tuple[_Stamp, str | UnreadableFile]] = {}
        self._data: dict[str, tuple[_Stamp | None, DataFile]] = {}
        self._states: dict[str, tuple[_Stamp, SavedState]] = {}
        self._digests: dict[str, str] = {}
        self._seen: dict[str, str | UnreadableFile] | None = None
        self._there: dict[str, bool] = {}
        self._digests_now: dict[str, str] = {}

    @contextmanager
    def in_one_pass(self) -> Iterator[None]:
        """Look at each file on the disk only once in here: for a look at many, which takes a moment."""
        if self._seen is not None:
            yield
            return
        self._seen = {}
        try:
            yield
        finally:
            self._seen = None
            self._there = {}
            self._digests_now = {}

    def put(self, path: str, text: str) -> None:
        """Let a text stand for a file, whatever the disk has."""
        self._overlays[path] = text

    def drop(self, path: str) -> None:
        """Go back to what the disk has."""
        self._overlays.pop(path, None)

    def overlaid(self) -> list[str]:
        """The files for which a text stands."""
        return list(self._overlays)

    def keep_only(self, needed: Collection[str]) -> None:
        """Let go of what is known of files, but for these; texts that stand for files stay."""
        kept: list[dict[str, Any]] = [self._known, self._data, self._states, self._digests]
        for each in (*kept, self.asked, self.states_asked):
            # Another thread may be looking at a file meanwhile.
            for path in [path for path in list(each) if path not in needed]:
                each.pop(path, None)

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is no such file, or none that can be read."""
        found = self.look_up(path)
        return found if isinstance(found, str) else None

    def problem(self, path: str) -> UnreadableFile | None:
        """Why a file that is there cannot be read; None for one that can be, or that is missing."""
        found = self.look_up(path)
        return found if isinstance(found, UnreadableFile) and found.kind != "missing" else None

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path."""
        if path in self._overlays:
            return True
        if not os.path.isabs(path):
            return False
        found = self._there.get(path)
        if found is None:
            found = os.path.lexists(path)
            if self._seen is not None:
                self._there[path] = found
        return found

    def look_up(self, path: str) -> str | UnreadableFile:
        """The text of a file, or why there is none."""
        if path in self._overlays:
            text = self._overlays[path]
            return text if len(text) <= LARGEST_PROGRAM else _too_large(path)
        seen = self._seen
        if seen is None:
            return self._look_at_disk(path)
        found = seen.get(path)
        if found is None:
            found = seen[path] = self._look_at_disk(path)
        return found

    def _look_at_disk(self, path: str) -> str | UnreadableFile:
        if not os.path.isabs(path):
            return UnreadableFile(path, "missing", "does not exist")
        self.asked[path] = None
        try:
            status = os.stat(path)
        except FileNotFoundError:
            self._known.pop(path, None)
            self._digests.pop(path, None)
            return UnreadableFile(path, "missing", "does not exist")
        except (OSError, ValueError):
            self._known.pop(path, None)
            return self._read(path)
        stamp = _stamp(status)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            kept, found = _lasting(stamp), self._read(path)
            if isinstance(found, UnreadableFile) and found.kind in _PASSING:
                kept = _NO_STAMP
            if known is not None and known[1] == found:
                found = known[1]
            known = self._known[path] = kept, found
        return known[1]

    def look_at_data(self, path: str) -> DataFile | None:
        """What is known of a data file: its first bytes, where it is there, else what is beside it."""
        from ..compiler.facts import DataFile
        from .data import look_at_file, look_at_text, look_beside

        if path in self._overlays:
            return look_at_text(path, self._overlays[path])
        if not os.path.isabs(path):
            return None
        stamp = _stamp_of(path)
        is_missing = stamp is None
        if stamp is None:
            stamp = _stamp_of(os.path.dirname(path))
        known = self._data.get(path)
        if known is None or known[0] != stamp or known[1].is_missing != is_missing:
            kept = None if stamp is None else _lasting(stamp)
            try:
                found = look_beside(path) if is_missing else look_at_file(path)
            except UnreadableFile as problem:
                found = DataFile(problem=problem.message)
                kept = _NO_STAMP if problem.kind in _PASSING else kept
            known = self._data[path] = kept, found
        return known[1]

    def look_at_state(self, path: str) -> SavedState | None:
        """What is known of the state of a program; None where there is none."""
        from ..compiler.facts import SavedState
        from .data import look_at_state

        if path in self._overlays or not os.path.isabs(path):
            return None
        self.states_asked[path] = None
        stamp = _stamp_of(path)
        if stamp is None:
            return None
        known = self._states.get(path)
        if known is None or known[0] != stamp:
            kept = _lasting(stamp)
            try:
                found = look_at_state(path)
            except UnreadableFile as problem:
                found = SavedState(problem=problem.message)
                kept = _NO_STAMP if problem.kind in _PASSING else kept
            known = self._states[path] = kept, found
        return known[1]

    def digest(self, path: str) -> str:
        """What `digest_of` gave for a file when its text was last read here; now, where it was not yet."""
        found = self._digests.get(path, self._digests_now.get(path))
        if found is None:
            found = digest_of(path)
            if self._seen is not None:
                self._digests_now[path] = found
        return found

    def _read(self, path: str) -> str | UnreadableFile:
        try:
            data = _read_bytes(path)
        except UnreadableFile as problem:
            self._digests[path] = _digest_of_problem(problem)
            return problem
        self._digests[path] = _digest(data)
        try:
            return _decode(data, path)
        except UnreadableFile as problem:
            return problem


def _stamp_of(path: str) -> _Stamp | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return _stamp(status)


def _stamp(status: os.stat_result) -> _Stamp:
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _lasting(stamp: _Stamp) -> _Stamp:
    """What tells later whether a file is as it is now; nothing does where it has just been changed."""
    now = time.time_ns()
    return _NO_STAMP if min(abs(now - stamp[0]), abs(now - stamp[1])) < _JUST_NOW else stamp


def digest_of(path: str) -> str:
    """What tells apart all that may be read from a path: its content, or why it cannot be read.

    Of what is too large to be read, only the beginning is ever looked at; of JSON, which may be a program's
    state, all is. Where there is nothing it is empty; for a data file it then tells what is beside it.
    """
    try:
        return _digest(read_bytes(path, LARGEST_STATE) if path.endswith(".json") else _read_bytes(path))
    except UnreadableFile as problem:
        return _digest_of_problem(problem)


def _digest(data: bytes) -> str:
    from hashlib import blake2b  # 3 ms to import, and only what is kept needs it

    return blake2b(data, digest_size=16).hexdigest()


def _digest_of_problem(problem: UnreadableFile) -> str:
    if problem.kind == "too-large":
        with suppress(UnreadableFile):
            if problem.path.endswith(".parquet"):
                return _digest(read_end(problem.path, _BEGINNING))
            return _digest(read_beginning(problem.path, _BEGINNING)[0])
    if problem.kind != "missing":
        return problem.message
    is_data = os.path.splitext(problem.path)[1] not in _NEVER_DATA
    return _digest_of_folder(os.path.dirname(problem.path)) if is_data else ""


def _digest_of_folder(folder: str) -> str:
    try:
        with os.scandir(folder) as entries:
            names = [each.name for each in islice(entries, MOST_BESIDE)]
    except (OSError, ValueError):
        return ""
    return _digest("\0".join(sorted(names)).encode("utf-8", "surrogateescape"))


def read_source(path: str) -> str:
    """The text of a program, of a Python file or of settings, by the ending of its name.

    Raises:
        UnreadableFile: there is no such file, it is not a regular one, it is too large, or it is not text.
    """
    return _decode(_read_bytes(path), path)


def _read_bytes(path: str) -> bytes:
    limits = {".py": LARGEST_PYTHON, ENDING: LARGEST_PROGRAM}
    return read_bytes(path, limits.get(os.path.splitext(path)[1], LARGEST_SETTINGS))


def _decode(data: bytes, path: str) -> str:
    if path.endswith(".py"):
        return decode_python(data, path)
    if path.endswith(ENDING):
        return decode_program(data, path)
    return decode(data, path)


def declares_tests(path: str | os.PathLike[str]) -> bool:
    """Whether a file may have tests: one that cannot be read counts, and is then named."""
    try:
        return re.search(rb"^test\s", read_bytes(path, LARGEST_PROGRAM), re.MULTILINE) is not None
    except UnreadableFile:
        return True


def decode_program(data: bytes, path: str) -> str:
    """The text of a program's bytes. Of a file in another format, as much as it takes to say in which.

    Raises:
        UnreadableFile: the bytes are too many, or not UTF-8.
    """
    if len(data) > LARGEST_PROGRAM:
        raise _too_large(path)
    try:
        return decode(data, path)
    except UnreadableFile:
        from ..grammar.file_formats import other_format

        text = data.decode("utf-8-sig", errors="replace")
        if other_format(text) is None:
            raise
        return text


def _too_large(path: str) -> UnreadableFile:
    return UnreadableFile(path, "too-large", f"is larger than {render_size(LARGEST_PROGRAM)}")


def decode_python(data: bytes, path: str) -> str:
    """The text of a Python file, in the encoding that it names, else UTF-8.

    Raises:
        UnreadableFile: the bytes are not text in that encoding, or there is no such encoding.
    """
    found = _COOKIE.match(data)
    name = found[1].decode("ascii") if found else "utf-8"
    if name.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig"):
        return decode(data, path)
    try:
        if codecs.lookup(name).name in _SLOW:
            raise LookupError(f"`{name}` is an encoding of host names")
        # Those of Python's encodings that are not character sets, like `zlib`, raise LookupError.
        return data.decode(name)
    except (LookupError, ValueError) as error:
        raise UnreadableFile(path, "not-utf8", f"is not text in `{name}`: {error}") from None


def advice_for(problem: UnreadableFile) -> str | None:
    """What would make a program of a file that cannot be read."""
    return _HELP.get(problem.kind)
