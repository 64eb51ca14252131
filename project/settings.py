"""The settings of a project: `[tool.dspyc]` in its `pyproject.toml`, or its `dspyc.toml`."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

KEYS = ("src", "pure")


@dataclass(frozen=True)
class Settings:
    """What a project sets, and where it stands."""

    root: str
    """The folder of the file that holds the settings, or that is a project for another reason."""
    src: tuple[str, ...] = ("",)
    """The folders, under the root, in which imports are looked for."""
    pure: frozenset[str] = frozenset()
    """Python functions without effects, as `module.name`."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the settings; it counts as not set."""

    @property
    def roots(self) -> tuple[str, ...]:
        """The source roots as paths."""
        return tuple(os.path.normpath(os.path.join(self.root, folder)) for folder in self.src)


@dataclass(frozen=True)
class Problem:
    """A setting that cannot be read."""

    path: str
    message: str
    """What comes behind the path and a colon."""
    unknown: str = ""
    """The setting, where there is none of that name."""


def nearest(folder: str, read: Callable[[str], str | None], exists: Callable[[str], bool]) -> Settings | None:
    """The settings for the files of a folder: the nearest ones above it; None outside of any project.

    A `pyproject.toml` without `[tool.dspyc]` still marks the project's root, as `.git` does.
    """
    while True:
        for name in ("dspyc.toml", "pyproject.toml"):
            path = os.path.join(folder, name)
            text = read(path)
            if text is not None:
                return _settings(path, text)
        if exists(os.path.join(folder, ".git")):
            return Settings(folder)
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


@lru_cache(maxsize=64)
def _settings(path: str, text: str) -> Settings:
    import tomllib

    root = os.path.dirname(path)
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(root, problems=(Problem(path, f"not TOML: {error}"),))
    if os.path.basename(path) == "pyproject.toml":
        tools = table.get("tool", {})
        table = tools.get("dspyc", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        problem = Problem(path, f"`tool.dspyc` is {type(table).__name__}, not a table")
        return Settings(root, problems=(problem,))
    good = {key: value for key, value in table.items() if key in KEYS and _is_strings(value)}
    return Settings(
        root,
        tuple(good.get("src", ("",))),
        frozenset(good.get("pure", ())),
        tuple(_problems(path, table)),
    )


def _problems(path: str, table: dict[str, Any]) -> Iterator[Problem]:
    for key, value in table.items():
        if key not in KEYS:
            yield Problem(path, f"unknown setting `{key}`", key)
        elif not _is_strings(value):
            yield Problem(path, f'`{key}` must be a list of strings, like {key} = ["a", "b"]')


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
