"""Patterns of paths, as settings have them."""

from __future__ import annotations

from functools import lru_cache


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path with slashes, or a folder above it.

    `*` and `?` stand for characters within a name, `**` for any number of folders. A pattern without a
    slash may stand in any folder.
    """
    names = tuple(path.split("/"))
    parts = _parts(pattern)
    return any(_match(parts, names[:length]) for length in range(1, len(names) + 1))


def matches_itself(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path with slashes, and not only a folder above it."""
    parts = _parts(pattern)
    if len(parts) == 2 and parts[0] == "**" != parts[1]:
        # As most patterns are: only the last name counts. A walk asks this of every file.
        return _fits(path.rpartition("/")[2], parts[1])
    return _match(parts, tuple(path.split("/")))


def _fits(name: str, part: str) -> bool:
    """Whether a name of a file or folder fits one without a slash."""
    from fnmatch import fnmatchcase

    is_plain = not any(sign in part for sign in "*?[")
    return name == part if is_plain else fnmatchcase(name, part)


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
