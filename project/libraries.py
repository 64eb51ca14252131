"""Installed Python packages: where they lie, found without importing anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder


def find_package(name: str) -> str | None:
    """The source of an installed top-level Python package: `""` when it has none, None when there is none.

    Nothing is imported; only the places are looked at where Python itself would look. Python files beside
    the script, or in the folder in which `python -m` was started, are part of a project and not installed,
    so they are not found. Nothing is remembered: packages are installed, and the search path changes, while
    a process runs.
    """
    spec = next(filter(None, _specs(name)), None)
    if spec is None:
        return None
    return spec.origin if spec.origin is not None and spec.origin.endswith(".py") else ""


def library_path() -> list[str]:
    """Python's search path without the folder that Python puts first: the script's, or the working folder."""
    path = [folder for folder in sys.path if folder]
    if path[:1] in _started_from() and path[0] not in _of_environment():
        del path[0]
    return path


def _started_from() -> list[list[str]]:
    script = os.path.dirname(os.path.realpath(sys.argv[0])) if sys.argv and sys.argv[0] else ""
    return [[folder] for folder in (script, _working_folder()) if folder]


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        # The folder has been deleted.
        return ""


def _of_environment() -> list[str]:
    given = os.environ.get("PYTHONPATH", "") if not sys.flags.ignore_environment else ""
    return [os.path.abspath(folder) for folder in given.split(os.pathsep) if folder]


def _specs(name: str) -> Iterator[ModuleSpec | None]:
    for finder in sys.meta_path:
        if (type(finder).__module__ or "").startswith(__package__.partition(".")[0] + "."):
            # Our own finder of `.dspy` files, which are not packages.
            continue
        try:
            if finder is PathFinder:
                yield PathFinder.find_spec(name, library_path())
            elif (find_spec := getattr(finder, "find_spec", None)) is not None:
                yield find_spec(name, None)
        except (ImportError, ValueError, AttributeError):
            continue
