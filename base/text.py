"""How names and counts are put into sentences, and which known name is close to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import ceil, floor

CUTOFF = 0.7
"""How alike two names must be, from 0 to 1, for one to be suggested in place of the other."""

_LONGEST = 200
"""Comparing takes quadratic time, and nobody mistypes a name of this length."""


def dedented(text: str) -> str:
    """A text without the indentation that all of its lines have, as `textwrap.dedent` gives it, which is
    imported for a text with an indented line only.
    """
    if not (text[:1].isspace() or "\n " in text or "\n\t" in text):
        return text
    from textwrap import dedent

    return dedent(text)


def near(name: str, candidates: Iterable[str], cutoff: float = CUTOFF) -> str | None:
    """The candidate that is closest to a mistyped name; None when none is close.

    One that differs only in case and underscores is always close.
    """
    if len(name) > _LONGEST:
        return None
    known = [each for each in dict.fromkeys(candidates) if len(each) <= _LONGEST and each != name]
    letters = _letters(name)
    for each in known:
        if letters and _letters(each) == letters:
            return each
    # Two texts are no closer than by their lengths and by the letters that both have, which is quickly seen.
    shortest, longest = _lengths(name, cutoff)
    known = [each for each in known if shortest <= len(each) <= longest]
    known = [each for each in known if 2 * _shared(name, each) >= cutoff * (len(name) + len(each))]
    if not known:
        return None
    from difflib import get_close_matches  # 3 ms to import, and only mistakes need it

    found = get_close_matches(name, known, n=1, cutoff=cutoff)
    return found[0] if found else None


class Names:
    """Names among which close ones are looked for again and again, with what that needs of each kept."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_letters: dict[str, list[int]] = {}
        self._by_length: dict[int, list[int]] = {}
        self._names = [each for each in dict.fromkeys(names) if len(each) <= _LONGEST]
        for place, each in enumerate(self._names):
            self._by_letters.setdefault(_letters(each), []).append(place)
            self._by_length.setdefault(len(each), []).append(place)

    def alike(self, name: str, cutoff: float = CUTOFF) -> list[str]:
        """Those that `near` may choose, in their order: the others need not be compared."""
        shortest, longest = _lengths(name, cutoff)
        places = set(self._by_letters.get(_letters(name), ()))
        for length in range(ceil(shortest), floor(longest) + 1):
            for place in self._by_length.get(length, ()):
                if 2 * _shared(name, self._names[place]) >= cutoff * (len(name) + length):
                    places.add(place)
        return [self._names[place] for place in sorted(places)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message: "; did you mean `x`?" when a known name is close, else nothing."""
    found = near(name, known)
    return f"; did you mean `{found}`?" if found else ""


def list_names(names: Iterable[str], word: str = "and") -> str:
    """Names in backticks, joined as in a sentence: "nothing", "`a`", "`a` and `b`", "`a`, `b` and `c`"."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted) or "nothing"
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 file", "2 files", "1,200 files"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def clip(text: str, limit: int) -> str:
    """A text cut in its middle where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n… {len(text) - limit} characters left out …\n{text[-limit // 2 :]}"


def _lengths(name: str, cutoff: float) -> tuple[float, float]:
    """The shortest and the longest length of what can be as alike as this."""
    return cutoff * len(name) / (2 - cutoff), (2 - cutoff) * len(name) / cutoff


def _shared(name: str, other: str) -> int:
    """At most so many letters of two texts can be paired."""
    most = min(len(name), len(other))
    letters = _set_of(other)
    return min(most, sum([each in letters for each in name]))


@lru_cache(maxsize=4096)
def _set_of(name: str) -> frozenset[str]:
    return frozenset(name)


@lru_cache(maxsize=4096)
def _letters(name: str) -> str:
    return name.lower().replace("_", "")
