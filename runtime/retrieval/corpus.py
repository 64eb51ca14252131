"""The passages that are searched: a file's, a dataset's, or a list of texts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ..data.readers import read
from ..errors import DataError, did_you_mean
from ..example import Example

Corpus: TypeAlias = str | os.PathLike[str] | Iterable[Any]
"""A file (`.txt` with a passage on each line, or a data file), or passages: texts, or rows."""

_TEXT_FIELDS = ("text", "passage", "long_text", "content", "document", "body")


def read_passages(corpus: Corpus, text: str | None = None, folder: str | None = None) -> list[str]:
    """The passages of a corpus.

    Args:
        corpus: where they are.
        text: the field of a row that holds the passage; the one called `text`, `passage`, …, or the only one,
            unless given.
        folder: where a relative path starts.

    Raises:
        DataError: the file cannot be read, or a row has no such field.
    """
    if isinstance(corpus, str | os.PathLike):
        path = Path(folder or "", corpus).expanduser()
        if path.suffix.lower() == ".txt":
            return _lines(path)
        rows: Iterable[Any] = (row for _, row in read(path).rows)
    else:
        rows = corpus
    return [_passage(row, text, number) for number, row in enumerate(rows, 1)]


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the passages in `{path}` cannot be read: {error}") from error
    return [line.strip() for line in content.splitlines() if line.strip()]


def _passage(row: Any, text: str | None, number: int) -> str:
    if isinstance(row, str):
        return row
    if not isinstance(row, (Mapping, Example)):
        raise DataError(f"passage {number} must be a string or a row, not `{type(row).__name__}`")
    names = list(row.keys())
    chosen = text or next((name for name in _TEXT_FIELDS if name in names), None)
    if chosen is None and len(names) == 1:
        chosen = names[0]
    if chosen is None or chosen not in names:
        lacking = f"no field `{text}`{did_you_mean(text, names)}" if text else "no field `text`"
        raise DataError(
            f"row {number} of the corpus has {lacking}; it has {', '.join(f'`{name}`' for name in names)}: "
            'name the field of the passage, text="…"'
        )
    return str(row[chosen])
