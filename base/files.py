"""Reading regular files of a bounded size, and writing files as a whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import PurePath

Kind = Literal["missing", "not-regular", "too-large", "not-utf8", "unreadable"]

_BLOCK = 1 << 20
_ANY_SIZE = 1 << 62
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Without blocking, because the path may have become a named pipe since it was looked at."""

_SPECIAL = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnreadableFile(OSError):
    """A file that cannot be read as what it should be.

    Attributes:
        path: the file.
        kind: what is wrong, for programs.
        message: what is wrong, as a clause that follows the file's name: "is a named pipe, not a file".
    """

    def __init__(self, path: str, kind: Kind, message: str) -> None:
        super().__init__(f"{path} {message}")
        self.path = path
        self.kind = kind
        self.message = message


_PRIVATE_ENDINGS = (".pem", ".key", ".p12", ".pfx", ".kdbx", ".env")
_PRIVATE_STEMS = ("credentials", "secrets", "id_rsa", "id_ed25519")


def is_private(path: PurePath) -> bool:
    """Whether a file, by its path below a folder, is hidden, or holds keys by its name."""
    name = path.name.lower()
    is_hidden = any(part.startswith(".") for part in path.parts)
    return is_hidden or name.endswith(_PRIVATE_ENDINGS) or name.partition(".")[0] in _PRIVATE_STEMS


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Never waits for another process, as a named pipe would, and never holds more than `limit` bytes.

    Raises:
        UnreadableFile: the file is missing, not regular, too large, or the system refuses to read it.
    """
    with _opened(path, limit) as (descriptor, _):
        data = _read_at_most(descriptor, limit + 1)
    if len(data) > limit:
        raise _too_large(os.fspath(path), limit)
    return data


def read_beginning(path: str | os.PathLike[str], count: int) -> tuple[bytes, bool]:
    """The first bytes of a regular file of any size, at most `count`, and whether these are all.

    Raises:
        UnreadableFile: the file is missing, not regular, or the system refuses to read it.
    """
    with _opened(path, _ANY_SIZE) as (descriptor, _):
        data = _read_at_most(descriptor, count + 1)
    return data[:count], len(data) <= count


def read_end(path: str | os.PathLike[str], count: int) -> bytes:
    """The last bytes of a regular file of any size, at most `count`.

    Raises:
        UnreadableFile: the file is missing, not regular, or the system refuses to read it.
    """
    with _opened(path, _ANY_SIZE) as (descriptor, status):
        os.lseek(descriptor, max(status.st_size - count, 0), os.SEEK_SET)
        return _read_at_most(descriptor, count)


def verify_regular(path: str | os.PathLike[str], limit: int) -> None:
    """Refuse what `read_bytes` would, without reading it.

    Raises:
        UnreadableFile: the file is missing, not regular, or larger than `limit` bytes.
    """
    name = os.fspath(path)
    try:
        _verify_regular(name, os.stat(name), limit)
    except UnreadableFile:
        raise
    except (OSError, ValueError) as error:
        raise _refusal(name, error) from error


@contextmanager
def _opened(path: str | os.PathLike[str], limit: int) -> Iterator[tuple[int, os.stat_result]]:
    """The descriptor of a regular file of at most `limit` bytes, and what the system says of it.

    Raises:
        UnreadableFile: there is no such file, or the system refuses to open or to read it.
    """
    name = os.fspath(path)
    try:
        # Looked at before it is opened: opening a device may already do something.
        _verify_regular(name, os.stat(name), limit)
        descriptor = os.open(name, _FLAGS)
        try:
            status = os.fstat(descriptor)
            _verify_regular(name, status, limit)
            yield descriptor, status
        finally:
            os.close(descriptor)
    except UnreadableFile:
        raise
    except (OSError, ValueError) as error:
        raise _refusal(name, error) from error


def _refusal(name: str, error: OSError | ValueError) -> UnreadableFile:
    """What the system says of a file, in our words."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return UnreadableFile(name, "missing", "does not exist")
    reason = getattr(error, "strerror", None) or str(error)
    return UnreadableFile(name, "unreadable", f"cannot be read: {reason}")


def read_regular(path: str | os.PathLike[str], limit: int) -> str:
    """The text of a regular file of at most `limit` bytes in UTF-8; a byte order mark is not part of it.

    Raises:
        UnreadableFile: as `read_bytes` does, and where the file is not UTF-8.
    """
    return decode(read_bytes(path, limit), os.fspath(path))


def decode(data: bytes, path: str) -> str:
    """Bytes in UTF-8 as text; a byte order mark is not part of it.

    Raises:
        UnreadableFile: the bytes are not UTF-8; the message names the first wrong byte and its line.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The position counts from behind the mark.
        content = data.removeprefix(b"\xef\xbb\xbf")
        line = content.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8: byte 0x{content[error.start]:02x} on line {line}"
        raise UnreadableFile(path, "not-utf8", message) from None


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Replace the content of a file in one step: a reader sees the old content or the new one.

    Half a surrogate pair, which UTF-8 cannot hold, is written as JSON and Python escape it. Raises OSError.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A new file that takes the place and the permissions of `path` when the block ends without an error.

    Whatever ends the block otherwise, Ctrl-C included, leaves `path` as it was and removes the new file.
    The file behind a symbolic link is replaced, not the link. Raises OSError.
    """
    target = os.path.realpath(path)
    _verify_replaceable(target)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f"{_beginning(name)}{os.urandom(_RANDOM).hex()}{_ENDING}")
    try:
        # With the permissions that any new file gets here, unlike those that the module `tempfile` makes.
        with open(temporary, "xb") as file:
            yield file
        with suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what processes that were killed more than a day ago have left of new versions of a file.

    For files whose size makes it worth a look at the folder, such as models. What cannot be removed stays.
    """
    folder, name = os.path.split(os.path.realpath(path))
    latest = time.time() - _A_DAY
    found: list[os.DirEntry[str]] = []
    with suppress(OSError):
        found += os.scandir(folder)
    for entry in found:
        with suppress(OSError):
            if _is_leftover(entry.name, name) and entry.stat(follow_symlinks=False).st_mtime < latest:
                os.unlink(entry.path)


_RANDOM, _ENDING = 6, ".tmp"
_A_DAY = 86_400.0


def _beginning(name: str) -> str:
    """How the names begin of the files that are to take the place of a file."""
    return f".{name[:40]}."


def _is_leftover(found: str, name: str) -> bool:
    """Whether a file's name is one that `replacing` gives to what is to take the place of another."""
    middle = found.removeprefix(_beginning(name)).removesuffix(_ENDING)
    is_ours = len(middle) == 2 * _RANDOM and not set(middle) - set("0123456789abcdef")
    return is_ours and found == f"{_beginning(name)}{middle}{_ENDING}"


def _verify_regular(path: str, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        found = next((words for test, words in _SPECIAL if test(status.st_mode)), "not a regular file")
        raise UnreadableFile(path, "not-regular", f"is {found}, not a file")
    if status.st_size > limit:
        raise _too_large(path, limit)


def _verify_replaceable(target: str) -> None:
    """Refuse to put a file in the place of a folder or a device."""
    with suppress(FileNotFoundError):
        mode = os.stat(target).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file, so it cannot be replaced", target)


def _read_at_most(descriptor: int, limit: int) -> bytes:
    blocks = []
    left = limit
    # A file can hold more than its size says: those of /proc have the size 0.
    while left > 0 and (block := os.read(descriptor, min(left, _BLOCK))):
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)


def _too_large(path: str, limit: int) -> UnreadableFile:
    return UnreadableFile(path, "too-large", f"is larger than {render_size(limit)}")


def render_size(count: int) -> str:
    """A number of bytes for people: "4 MB", "512 kB", "100 bytes"."""
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"
