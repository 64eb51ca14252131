"""Data files as texts, compressed by gzip or not, and what is wrong with one that is no text."""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, AnyStr, BinaryIO, TextIO, cast

from ...base.files import render_size
from ..errors import DataError

LONGEST_LINE = 1 << 26
"""In bytes or characters."""
_BLOCK = 1 << 20


def ending_of(path: Path) -> str:
    """What a file's name says of its format, in lower case, without `.gz`: ".csv"."""
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix


def is_compressed(path: Path) -> bool:
    """Whether a file's name says that it is compressed by gzip."""
    return path.name.lower().endswith(".gz")


def open_binary(path: Path) -> BinaryIO:
    """A data file, decompressed where it is compressed.

    Raises:
        DataError: it cannot be opened.
    """
    try:
        if is_compressed(path):
            import gzip

            return cast("BinaryIO", gzip.open(path, "rb"))
        return path.open("rb")
    except OSError as error:
        raise DataError(f"`{path}` cannot be read: {error.strerror}") from error


@contextmanager
def opened(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """A data file as text; a mark at its beginning, which spreadsheets write, is left out.

    Args:
        path: the file.
        newline: as in `open`.

    Raises:
        DataError: it cannot be opened, or (inside) it is no UTF-8, or its compressed data is damaged.
    """
    with io.TextIOWrapper(open_binary(path), encoding="utf-8-sig", newline=newline) as file:
        try:
            yield file
        except UnicodeDecodeError as error:
            raise _not_utf8(path, error) from error
        except (zlib.error, EOFError) as error:
            raise _damaged(path) from error
        except OSError as error:
            # gzip's own error for a file of another kind is one of these, without a number.
            if error.errno is None:
                raise _damaged(path) from error
            raise DataError(f"`{path}` cannot be read: {error.strerror}") from error


def lines_of(file: IO[AnyStr], path: Path) -> Iterator[AnyStr]:
    """The lines of a file, as iterating over it gives them.

    Raises:
        DataError: one is longer than `LONGEST_LINE`; a file without an end of line is not read whole.
    """
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise DataError(f"`{path.name}`, line {number}: it is longer than {render_size(LONGEST_LINE)}")
        yield line


def _damaged(path: Path) -> DataError:
    return DataError(f"`{path.name}` is not a gzip file, or is damaged")


def _not_utf8(path: Path, error: UnicodeDecodeError) -> DataError:
    """Say where the first bad byte is; the decoder knows only its place in the current block."""
    number, rest = 1, b""
    with open_binary(path) as file:
        while block := file.read(_BLOCK):
            block = rest + block
            try:
                _, end = codecs.utf_8_decode(block, "strict", False)
            except UnicodeDecodeError as found:
                number += block.count(b"\n", 0, found.start)
                return DataError(
                    f"`{path.name}`, line {number}: the byte 0x{block[found.start]:02x} is not UTF-8 "
                    f"({found.reason}); save the file as UTF-8"
                )
            number += block.count(b"\n", 0, end)
            rest = block[end:]
    if rest:
        return DataError(
            f"`{path.name}`, line {number}: the byte 0x{rest[0]:02x} is not UTF-8 (unexpected end of data); "
            "save the file as UTF-8"
        )
    return DataError(f"`{path.name}` is not UTF-8 ({error.reason}); save the file as UTF-8")
