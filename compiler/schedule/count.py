"""How many there are at most: numbers, with the sizes in them that only a run decides.

    2 * len(pages) + 1

A count is a polynomial of sizes with whole coefficients. Sizes are never negative, so the larger of two
coefficients is at most what the larger of two counts has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

MOST_TERMS = 30
"""How many terms a count has at most; nobody would read more."""
_LARGE = 10**12


class UncountableError(Exception):
    """There are more terms, or more to look at, than is worth a sentence."""


class Size(Struct, frozen=True, order=True):
    """A number that only a run decides: `len(pages)`, or a parameter."""

    text: str
    """What has it, as the program writes that."""
    owner: str
    """The declaration that writes it."""
    is_length: bool = False
    """Whether it is the length of that, and not the number itself."""

    def __str__(self) -> str:
        return f"len({self.text})" if self.is_length else self.text


Factors: TypeAlias = tuple[Size, ...]


class Count(Struct, frozen=True):
    """A sum of products of sizes, each with how often it counts; `unseen` names what else may call models."""

    terms: tuple[tuple[Factors, int], ...] = ()
    unseen: frozenset[str] = frozenset()

    def __add__(self, other: Count) -> Count:
        found = dict(self.terms)
        for factors, number in other.terms:
            found[factors] = found.get(factors, 0) + number
        return _count(found, self.unseen | other.unseen)

    def __sub__(self, other: Count) -> Count:
        return self + number(-1) * other

    def __mul__(self, other: Count) -> Count:
        found: dict[Factors, int] = {}
        for left, times in self.terms:
            for right, number in other.terms:
                factors = tuple(sorted((*left, *right)))
                found[factors] = found.get(factors, 0) + times * number
        return _count(found, self.unseen | other.unseen)

    @property
    def value(self) -> int | None:
        """The number, where no run decides it."""
        found = dict(self.terms)
        return found.get((), 0) if found.keys() <= {()} else None

    def __str__(self) -> str:
        value = self.value
        if value is not None:
            return f"{value:,}" if value < _LARGE else f"more than {_LARGE:,}"
        texts = [str(each) for each in {size for factors, _ in self.terms for size in factors}]
        shared = {each for each in texts if texts.count(each) > 1}
        by_degree = sorted(self.terms, key=lambda term: -len(term[0]))
        written = [_term(factors, number, shared) for factors, number in by_degree if factors]
        constant = dict(self.terms).get((), 0)
        end = "" if constant == 0 else f" + {constant:,}" if constant > 0 else f" - {-constant:,}"
        return " + ".join(written) + end


ZERO = Count()
ONE = Count((((), 1),))


def number(value: int) -> Count:
    """A number that is known."""
    return _count({(): value}, frozenset())


def size(text: str, owner: str) -> Count:
    """A number that only a run decides."""
    return Count((((Size(text, owner),), 1),))


def length(text: str, owner: str) -> Count:
    """How many items there are in something that only a run decides."""
    return Count((((Size(text, owner, is_length=True),), 1),))


def unseen(name: str) -> Count:
    """Calls of something that cannot be looked into."""
    return Count((), frozenset((name,)))


def most(counts: Iterable[Count]) -> Count:
    """At least as much as each of them, and no less than nothing."""
    found: dict[Factors, int] = {}
    names: frozenset[str] = frozenset()
    for each in counts:
        names |= each.unseen
        for factors, number in each.terms:
            found[factors] = max(found.get(factors, 0), number)
    return _count(found, names)


def _count(found: Mapping[Factors, int], names: frozenset[str]) -> Count:
    terms = tuple(sorted((factors, number) for factors, number in found.items() if number))
    if len(terms) > MOST_TERMS:
        raise UncountableError
    return Count(terms, names)


def _term(factors: Factors, number: int, shared: set[str]) -> str:
    """`2 * len(pages) * n`; where two declarations write the same, with the name of the declaration."""
    words = [f"{number:,}"] if number != 1 else []
    for size, same in groupby(factors):
        if str(size) in shared:
            size = replace(size, text=f"{size.owner}.{size.text}")
        words += [str(size) for _ in same]
    return " * ".join(words)
