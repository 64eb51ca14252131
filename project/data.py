"""Data files on the disk: their beginnings, and what is beside those that are missing."""

from __future__ import annotations

import os
from itertools import islice

from ..base.files import read_beginning, read_bytes, read_end
from ..compiler.datafiles import ANY_MODULE, BEGINNING, data_file, is_parquet, is_readable, parquet_file
from ..compiler.facts import DataFile, SavedState
from ..compiler.parquet import TAIL, DamagedFooterError, footer_length
from ..compiler.states import saved_state
from .limits import LARGEST_FOOTER, LARGEST_STATE, MOST_BESIDE


def look_at_state(path: str) -> SavedState:
    """What a state file tells. Raises UnreadableFile."""
    return saved_state(read_bytes(path, LARGEST_STATE))


def look_at_text(path: str, text: str) -> DataFile:
    """What a text tells that stands for a data file."""
    content = text.encode("utf-8", "replace")
    return data_file(path, content[:BEGINNING], is_whole=len(content) <= BEGINNING)


def look_at_file(path: str) -> DataFile:
    """What the first bytes of a file tell, or the last ones where its columns are named at the end.

    Raises UnreadableFile.
    """
    if is_parquet(path):
        # The end of a packed one is only known by unpacking all of it.
        return DataFile() if path.lower().endswith(".gz") else _look_at_parquet(path)
    content, is_whole = read_beginning(path, BEGINNING)
    return data_file(path, content, is_whole=is_whole)


def _look_at_parquet(path: str) -> DataFile:
    """What the footer of a Parquet file tells; nothing of one that is longer than is read."""
    end = read_end(path, BEGINNING)
    try:
        count = footer_length(end)
    except DamagedFooterError:
        return parquet_file(b"")
    if count > LARGEST_FOOTER:
        return DataFile()
    if count + TAIL > len(end):
        end = read_end(path, count + TAIL)
    return parquet_file(end[-count - TAIL : -TAIL])


def look_beside(path: str) -> DataFile:
    """A missing file, with the files of its folder that may be meant: data, or models where it names one, or
    modules where it may be any.
    """
    names: list[str] = []
    endings = {".gguf": (".gguf",), ANY_MODULE: (".dspy", ".py")}.get(os.path.splitext(path)[1])
    try:
        with os.scandir(os.path.dirname(path)) as entries:
            found = (each.name for each in islice(entries, MOST_BESIDE))
            names += (each for each in found if (each.endswith(endings) if endings else is_readable(each)))
    except (OSError, ValueError):
        pass  # there is no such folder either
    return DataFile(is_missing=True, beside=tuple(sorted(names)))
