"""A tool, and an answer to the question for advice, for tests of modules."""

from __future__ import annotations

from typing import Any


def search(query: str, k: int = 3) -> list[str]:
    """Search the archive.

    Args:
        query: what to look for.
        k: how many.
    """
    return [f"{query} {number}" for number in range(k)]


def advice(text: str) -> dict[str, Any]:
    return {"discussion": "d", "advice": {"predict": text, "self": text}}
