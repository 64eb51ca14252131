"""Python that the programs beside it import; checking reads it and never runs it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import Enum
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, Field

from dspyc import Module, Predict, pure

LIMIT = 5
MODE = "fast"
WORDS: list[str] = []
Intent = Literal["card", "cash"]

raise SystemExit("this module must never be run while checking")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Passage(BaseModel):
    text: str
    score: float = 0.0
    tags: list[str] = Field(default_factory=list)

    def short(self) -> str:
        return self.text[:10]


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Pair(NamedTuple):
    first: str
    second: str


class Retriever:
    def __init__(self, k: int = 3) -> None:
        self.k = k

    def __call__(self, query: str) -> list[Passage]:
        return []

    @property
    def size(self) -> int:
        return self.k


class Answering:
    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, name: str) -> int:
        return 1


class Careful(Predict):
    """A module of the user's own."""

    def double_check(self, text: str) -> bool:
        return bool(text)


class Own(Module):
    def __init__(self, width: int, *, deep: bool = False):
        self.width = width

    def forward(self, question: str) -> Any:
        return question


async def fetch(url: str) -> str:
    """The text of a page."""
    return url


@pure
def clean(text: str) -> str:
    """A text without spaces around it."""
    return text


def untyped(a, b=1, *rest, **more):
    """What has no types."""
    return a


def search(query: str, k: int = 3) -> list[str]:
    """Passages for a query."""
    return []


def numbers(xs: Iterable[float]) -> np.ndarray:
    return np.array(list(xs))


def score_all(passages: list[Passage], *, weight: float = 1.0) -> dict[str, float]:
    return {}
