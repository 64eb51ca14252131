"""The columns of a Parquet file are read off its footer, whatever stands there."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from dspyc.compiler import parquet
from dspyc.compiler.datafiles import parquet_file
from dspyc.project.data import look_at_file

FILES = Path(__file__).parent.parent / "support" / "parquet"
NAMES = ("text", "label", "score", "entities", "tags", "at", "attributes", "größe")


def footer(path: Path) -> bytes:
    content = path.read_bytes()
    count = parquet.footer_length(content)
    return content[-count - parquet.TAIL : -parquet.TAIL]


def test_columns_with_lists_records_and_maps() -> None:
    """The file was written by pyarrow, as `plain.parquet` was, with `zstd` and in the first version."""
    assert look_at_file(str(FILES / "tickets.parquet")).columns == NAMES
    assert look_at_file(str(FILES / "plain.parquet")).columns == ("text", "label")


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"text,label\n", b"PAR1\xff\xff\x00\x00PAR1", b"PAR1\0\0\0\0PAR1"]
)
def test_what_is_no_parquet_file_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(content)
    found = look_at_file(str(path))
    assert found.columns is None
    assert found.problem == "is not a Parquet file, or is damaged"


def test_a_footer_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1" + (2**31 - 1).to_bytes(4, "little") + b"PAR1")
    found = look_at_file(str(path))
    assert (found.columns, found.problem) == (None, "")


def test_a_footer_longer_than_the_beginning_of_other_files(tmp_path: Path) -> None:
    elements = b"\x48\x04root\x15\xd0\x0f\x00" + b"".join(
        b"\x15\x04\x38\x06" + f"c{number:05}".encode() + b"\x00" for number in range(1000)
    )
    schema = b"\x15\x02\x19\xfc\xe9\x07" + elements.replace(b"\x48\x04root", b"\x48\x04root", 1)
    path = tmp_path / "rows.parquet"
    padded = schema + b"\x18" + b"\x80\x80\x08" + b"x" * 2**17 + b"\x00"
    path.write_bytes(b"PAR1" + padded + len(padded).to_bytes(4, "little") + b"PAR1")
    assert look_at_file(str(path)).columns == tuple(f"c{number:05}" for number in range(1000))


@pytest.mark.parametrize(
    "content",
    [b"\x19" * 3000, b"\x1b" + b"\x01\xbb" * 3000, b"\x1c" * 3000, b"\x29\xfc\x90\xa1\x0f" + b"\0" * 250_000],
    ids=["lists", "maps", "structs", "empty structs"],
)
def test_a_footer_of_too_many_values_or_levels_is_damaged(content: bytes) -> None:
    with pytest.raises(parquet.DamagedFooterError):
        parquet.columns(content)


def test_nothing_is_said_of_a_packed_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet.gz"
    path.write_bytes(gzip.compress((FILES / "plain.parquet").read_bytes()))
    found = look_at_file(str(path))
    assert (found.columns, found.problem) == (None, "")


def test_damaged_bytes_raise_nothing_else_and_end() -> None:
    """Each byte of a footer in turn, and random ones, are not what they were."""
    whole = footer(FILES / "tickets.parquet")
    chance = random.Random(3)
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] = chance.randrange(256)
        parquet_file(bytes(changed))
        parquet_file(whole[:at])
    for _ in range(2_000):
        parquet_file(chance.randbytes(chance.randrange(60)))
