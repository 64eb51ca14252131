"""What the beginning of a data file tells: its columns, where all rows have the same ones.

A function of the file's name and its first bytes; nothing is read here. The runtime's `Dataset` reads it all.
"""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import parquet
from .facts import DataFile

ENDINGS = ("csv", "tsv", "json", "jsonl", "ndjson", "parquet")
"""What the names of data files end with that a dataset reads, also with `.gz` behind it."""
ANY_MODULE = ".*"
"""Under this ending the modules are looked for that are beside a missing one."""
BEGINNING = 2**16
"""How many bytes of a data file are looked at."""
_FEWEST_ROWS = 5
"""How many rows with the same keys it takes to believe that those behind the beginning have them too."""
_MOST_ROWS = 200
_DAMAGED = "is not a Parquet file, or is damaged"
_NO_LIST = "does not contain a list of objects; a file with one object per line needs the extension `.jsonl`"


def is_remote(path: str) -> bool:
    """Whether a path names a dataset of Hugging Face."""
    return path.startswith("hf:")


def is_readable(name: str) -> bool:
    """Whether a dataset reads files of this name."""
    return _ending(name) in ENDINGS


def problem_of(path: str) -> str:
    """Why a dataset cannot be made of what a path names, as a clause; empty where the name is no reason."""
    if is_remote(path):
        if path.startswith("hf://datasets/") and path.count("/") >= 3 and not path.endswith("/"):
            return ""
        return "is not the path of a Hugging Face dataset; write `hf://datasets/OWNER/NAME/FILE`"
    if _ending(path) not in ENDINGS:
        return "cannot be read as data; save it as CSV or JSON Lines"
    return ""


def data_file(path: str, beginning: bytes, *, is_whole: bool) -> DataFile:
    """What is known of a data file by its first bytes.

    Args:
        path: its name.
        beginning: its first bytes.
        is_whole: whether these are all.
    """
    if path.lower().endswith(".gz"):
        beginning, is_whole = _decompressed(beginning)
    text = beginning.decode("utf-8-sig", errors="replace")
    if "\ufffd" in text[:-4]:
        return DataFile()  # not UTF-8, which is another matter
    match _ending(path):
        case "csv":
            return _delimited(text, ",", is_whole)
        case "tsv":
            return _delimited(text, "\t", is_whole)
        case "json":
            if text.lstrip()[:1] != "[":
                return DataFile(problem=_NO_LIST)
            return _of_rows(_json_rows(text), is_whole)
        case "jsonl" | "ndjson":
            return _of_rows(_json_lines(text, is_whole), is_whole)
        case _:
            return DataFile()


def is_parquet(path: str) -> bool:
    """Whether a name is that of a Parquet file, whose end tells its columns."""
    return _ending(path) == "parquet"


def parquet_file(footer: bytes) -> DataFile:
    """What is known of a Parquet file by its footer."""
    try:
        return DataFile(parquet.columns(footer))
    except parquet.DamagedFooterError:
        return DataFile(problem=_DAMAGED)


def _ending(path: str) -> str:
    name = path.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".gz")
    return name.rpartition(".")[2] if "." in name[1:] else ""


def _decompressed(beginning: bytes) -> tuple[bytes, bool]:
    """The first bytes of what gzip has packed, and whether these are all; nothing where it is damaged."""
    packed = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = packed.decompress(beginning, BEGINNING)
    except zlib.error:
        return b"", False
    return text, packed.eof


def _delimited(text: str, delimiter: str, is_whole: bool) -> DataFile:
    lines = text.splitlines(keepends=True)
    if not is_whole:
        lines = lines[:-1]
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next((each for each in reader if each), None)
    except csv.Error:
        return DataFile()
    if header is None:
        return DataFile(problem="is empty; its first line must name the columns") if is_whole else DataFile()
    columns = tuple(each.strip() for each in header)
    twice = next((each for index, each in enumerate(columns) if each in columns[:index]), None)
    if twice is not None:
        return DataFile(problem=f"names the column `{twice}` twice in its first line")
    return DataFile(columns)


def _json_lines(text: str, is_whole: bool) -> Iterator[Any]:
    lines = text.splitlines()
    for line in lines if is_whole else lines[:-1]:
        if line.strip():
            yield json.loads(line)


def _json_rows(text: str) -> Iterator[Any]:
    """The items of a list; raises ValueError where one, or the list, does not end."""
    decoder = json.JSONDecoder()
    at = _behind_space(text, _behind_space(text, 0) + 1)
    while text[at : at + 1] != "]":
        value, at = decoder.raw_decode(text, at)
        yield value
        at = _behind_space(text, at)
        at = _behind_space(text, at + 1) if text[at : at + 1] == "," else at


def _behind_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _of_rows(rows: Iterator[Any], is_whole: bool) -> DataFile:
    """The columns of rows that each name their own."""
    found: list[Mapping[str, Any]] = []
    is_cut = False
    try:
        for row in rows:
            if len(found) == _MOST_ROWS:
                is_cut = True
                break
            if not isinstance(row, dict):
                return DataFile()
            found.append(row)
    except (ValueError, RecursionError):
        if is_whole:
            return DataFile()  # damaged, which is told where it is read
        is_cut = True
    if not found:
        return DataFile()
    if is_whole and not is_cut:
        return DataFile(tuple(dict.fromkeys(name for row in found for name in row)))
    return DataFile(tuple(found[0])) if _are_alike(found) else DataFile()


def _are_alike(rows: Sequence[Mapping[str, Any]]) -> bool:
    return len(rows) >= _FEWEST_ROWS and all(row.keys() == rows[0].keys() for row in rows)
