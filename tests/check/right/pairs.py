"""Tuples with names, as values and as keys."""

from typing import NamedTuple


class Pair(NamedTuple):
    word: str
    count: int


def most() -> Pair:
    return Pair("a", 1)


def counted() -> dict[Pair, float]:
    return {Pair("a", 1): 0.5}


def find(query: str) -> str:
    """Find a word."""
    return query
