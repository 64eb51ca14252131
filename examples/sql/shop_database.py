"""The database of a small shop: made in memory from shop.sql, and only ever read."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import dspyc

_MOST_ROWS = 20
_MOST_STEPS = 1_000_000


@dspyc.pure
def schema() -> str:
    """The tables, as the statements that make them."""
    return "\n".join(_statements()[:3])


@dspyc.pure
def run(query: str) -> dict[str, Any]:
    """The rows of a query, or what is wrong with it.

    Returns:
        `columns` and at most twenty `rows` as lists; for a query that fails, `error` says why.
    """
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(";\n".join(_statements()))
        # A model wrote the query: it may read, for a limited time, and nothing else.
        database.execute("pragma query_only = on")
        database.set_authorizer(_may_read)
        database.set_progress_handler(lambda: 1, _MOST_STEPS)
        try:
            cursor = database.execute(query)
            rows = [list(row) for row in cursor.fetchmany(_MOST_ROWS)]
        except (sqlite3.Error, sqlite3.Warning) as error:
            return {"columns": [], "rows": [], "error": str(error)}
        columns = [column[0] for column in cursor.description or ()]
        return {"columns": columns, "rows": rows, "error": ""}


def _statements() -> list[str]:
    text = Path(__file__).with_name("shop.sql").read_text(encoding="utf-8")
    return [each.strip() for each in text.split(";") if each.strip()]


def _may_read(action: int, *_: str | None) -> int:
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
