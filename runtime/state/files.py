"""Saved states: JSON files, written as a whole or not at all."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from ...base import files
from ..errors import StateError


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state with the versions that made it; a reader sees the old file or the new one, never half of
    one.

    Raises:
        StateError: the path does not end in `.json` or cannot be written, or JSON cannot hold the state.
    """
    _verify_ending(path)
    versions = {"python": ".".join(platform.python_version_tuple()[:2]), "dspyc": _version()}
    try:
        text = json.dumps(
            {**state, "metadata": {"dependency_versions": versions}}, indent=2, ensure_ascii=False
        )
    except (TypeError, ValueError) as error:
        raise StateError(f"the state cannot be written as JSON: {error}") from error
    try:
        write_atomically(path, text + "\n")
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error}") from error


def read_state(path: Path) -> dict[str, Any]:
    """Read a state file.

    Raises:
        StateError: there is no such file, or it is no JSON object.
    """
    _verify_ending(path)
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StateError(f"there is no state file {path}") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StateError(f"{path} is no state file: {error}") from error
    if not isinstance(state, dict):
        raise StateError(f"{path} is no state file: it holds a {type(state).__name__}, not an object")
    return state


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content in one step; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_atomically(path, text)


def _verify_ending(path: Path) -> None:
    if path.suffix != ".json":
        raise StateError(f"a state is saved as JSON: {path} should end in `.json` (nothing is ever pickled)")


def _version() -> str:
    try:
        return metadata.version("dspyc")
    except metadata.PackageNotFoundError:
        return "unknown"
