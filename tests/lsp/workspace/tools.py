"""Python functions that the cases import."""

import operator
from typing import Any

LIMIT: Any = operator.add(1, 2)


def search(query: str, k: int = LIMIT) -> list[str]:
    """Return the k passages that fit a query best."""
    return [query][:k]


async def shout(text: str) -> str:
    return text.upper()


def _private() -> None: ...


raise RuntimeError("a checker that runs this file would fail here")
