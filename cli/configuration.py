"""The settings of a project: `[tool.dspyc]` in its `pyproject.toml`, or its `dspyc.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import Refusal, listed, near
from .files import shown


@dataclass(frozen=True)
class Configuration:
    """What a project sets, and where it stands."""

    root: Path
    """The folder of the file that holds the settings; without one, the folder that was asked about."""
    src: tuple[str, ...] = ("",)
    """The folders, under the root, in which imports are looked for."""
    pure: tuple[str, ...] = ()
    """Python functions without effects, as `module.name`."""

    @property
    def roots(self) -> tuple[str, ...]:
        """The source roots as absolute paths."""
        return tuple(
            str(self.root / folder) if folder not in {"", "."} else str(self.root) for folder in self.src
        )


@lru_cache
def configuration(folder: Path) -> Configuration:
    """The settings for the files of a folder: the nearest ones above it.

    A `pyproject.toml` without `[tool.dspyc]` still marks the project's root. Raises `Refusal` for settings
    that cannot be read.
    """
    for parent in (folder, *folder.parents):
        own, project = parent / "dspyc.toml", parent / "pyproject.toml"
        if own.is_file():
            return _settings(own, _toml(own))
        if project.is_file():
            tools = _toml(project).get("tool", {})
            return _settings(project, tools.get("dspyc", {}) if isinstance(tools, dict) else {})
        if (parent / ".git").exists():
            return Configuration(parent)
    return Configuration(folder)


def _toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise Refusal(f"{shown(path)} is not TOML: {problem}") from None


def _settings(path: Path, table: Any) -> Configuration:
    if not isinstance(table, dict):
        raise Refusal(f"{shown(path)}: `tool.dspyc` is {type(table).__name__}, not a table")
    known = ("src", "pure")
    for key, value in table.items():
        if key not in known:
            raise Refusal(
                f"{shown(path)}: unknown setting `{key}`", near(key, known) or f"there are {listed(known)}"
            )
        if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            raise Refusal(f'{path}: `{key}` must be a list of strings, like {key} = ["a", "b"]')
    return Configuration(path.parent, tuple(table.get("src", ("",))), tuple(table.get("pure", ())))
