"""Parquet files, by pyarrow: a batch of rows at a time, so that they may be larger than memory."""

from __future__ import annotations

import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import DataError
from .opening import is_compressed, open_binary
from .table import Row, Table, first_twice

_BATCH = 1024


def read_parquet(path: Path) -> Table:
    """The rows of a file, counted from 1, with Python's values: a null is None.

    Raises:
        DataError: pyarrow is not installed, or the file is no Parquet.
    """
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise DataError(
            f"`{path.name}` is a Parquet file; to read it, install pyarrow: pip install 'dspyc[data]'"
        ) from None
    source: Any = _decompressed(path) if is_compressed(path) else path
    try:
        file = parquet.ParquetFile(source)
    except (ArrowException, OSError) as error:
        if source is not path:
            source.close()
        raise DataError(f"`{path.name}` is not a Parquet file, or is damaged") from error
    columns = tuple(file.schema_arrow.names)
    if (twice := first_twice(columns)) is not None:
        file.close(force=True)
        raise DataError(f"`{path.name}` has two columns called `{twice}`")
    return Table(columns, _rows(path, file, ArrowException))


def _rows(path: Path, file: Any, failure: type[Exception]) -> Iterator[tuple[int, Row]]:
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (failure, OSError, ValueError, OverflowError) as error:
        # The last two are of values that Python's types do not hold, such as a date in the year 10,000.
        raise DataError(f"`{path.name}` cannot be read after row {number}: {error}") from error
    finally:
        file.close(force=True)


def _decompressed(path: Path) -> Any:
    """The content in a file of its own, because a Parquet file is read from its end."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115  the reader closes it
    with open_binary(path) as packed:
        try:
            shutil.copyfileobj(packed, copy)
        except (OSError, EOFError, zlib.error) as error:
            copy.close()
            raise DataError(f"`{path.name}` is not a gzip file, or is damaged") from error
    copy.seek(0)
    return copy
