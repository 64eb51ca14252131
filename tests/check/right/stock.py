"""Python beside a program: a stock of parts, with what a desk asks of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import pydantic


class Shelf(NamedTuple):
    row: str
    number: int


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Piece:
    name: str
    shelf: Shelf
    count: int = 0
    tags: tuple[str, ...] = field(default=())

    @property
    def is_there(self) -> bool:
        return self.count > 0

    @classmethod
    def named(cls, name: str) -> Piece:
        return cls(name, Shelf("A", len(name)), 2, ("new",))


class Weight:
    """Grams, as few objects as possible."""

    def __new__(cls, grams: float, *, unit: str = "g") -> Weight:
        self = super().__new__(cls)
        self.text = f"{grams} {unit}"
        return self


class Note(pydantic.BaseModel):
    title: str
    lines: list[str] = []

    def joined(self, by: str = "; ") -> str:
        return by.join(self.lines)


STOCK = {each: Piece.named(each) for each in ("bolt", "nut", "washer")}
DEFAULT = Piece("nothing", Shelf("Z", 0))


def count(words: Iterable[str]) -> Counter[str]:
    return Counter(words)


def shelves() -> Iterator[Shelf]:
    yield from (piece.shelf for piece in STOCK.values())


def look_up(name: str) -> str:
    """Where a piece lies, by its name."""
    piece = STOCK.get(name, DEFAULT)
    return f"{piece.shelf.row}{piece.shelf.number}: {piece.count}"


def rows(split: str = "train") -> list[dict[str, object]]:
    return [{"wanted": name, "answer": f"{name} of {split}"} for name in STOCK]
