"""Patterns of paths, as settings have them."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase, translate
from functools import lru_cache


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path with slashes, or a folder above it.

    `*` and `?` stand for characters within a name, `**` for any number of folders. A pattern without a
    slash may stand in any folder.
    """
    names = tuple(path.split("/"))
    parts = _parts(pattern)
    return any(_match(parts, names[:length]) for length in range(1, len(names) + 1))


@lru_cache(maxsize=32)
def any_matches_itself(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """A test whether any of some patterns matches a path with slashes, and not only a folder above it.

    A walk asks this of every file, and of most patterns only the last name of a path counts.
    """
    names: set[str] = set()
    globs: list[str] = []
    others: list[tuple[str, ...]] = []
    for parts in map(_parts, patterns):
        if len(parts) != 2 or parts[0] != "**" or parts[1] == "**":
            others.append(parts)
        elif _is_plain(parts[1]):
            names.add(parts[1])
        else:
            globs.append(translate(parts[1]))
    fits = re.compile("|".join(globs)).match if globs else None

    def test(path: str) -> bool:
        name = path.rpartition("/")[2]
        if name in names or (fits is not None and fits(name) is not None):
            return True
        return bool(others) and any(_match(each, tuple(path.split("/"))) for each in others)

    return test


def _is_plain(part: str) -> bool:
    return not any(sign in part for sign in "*?[")


def _fits(name: str, part: str) -> bool:
    """Whether a name of a file or folder fits one without a slash."""
    return name == part if _is_plain(part) else fnmatchcase(name, part)


@lru_cache(maxsize=256)
def _parts(pattern: str) -> tuple[str, ...]:
    pattern = pattern.removeprefix("./").strip("/")
    return tuple((pattern if "/" in pattern else f"**/{pattern}").split("/"))


@lru_cache(maxsize=4096)
def _match(parts: tuple[str, ...], names: tuple[str, ...]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return _match(parts[1:], names) or (bool(names) and _match(parts, names[1:]))
    return bool(names) and _fits(names[0], parts[0]) and _match(parts[1:], names[1:])
