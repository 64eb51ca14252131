"""The project that a file belongs to: its settings, and where its imports are looked for."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..compiler.analysis import Project
    from .settings import Settings


def project_settings(folder: str, read: Callable[[str], str | None]) -> Settings | None:
    """The settings for the files of a folder, the nearest ones above it; None outside of any project."""
    from .settings import nearest

    return nearest(folder, read, os.path.exists)


def project(settings: Settings, read: Callable[[str], str | None], also: Sequence[str] = ()) -> Project:
    """The project with these settings, which also looks for imports in the folders `also`."""
    from ..compiler.analysis import Project

    roots = tuple(dict.fromkeys((*settings.roots, *also)))
    return Project(read, roots, find_package, settings.pure)


def find_package(name: str) -> str | None:
    """The source of an installed top-level Python package: `""` when it has none, None when there is none.

    Nothing is imported; only the places are looked at where Python itself would look. Nothing is remembered:
    packages are installed, and the search path changes, while a process runs.
    """
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    return spec.origin if spec.origin is not None and spec.origin.endswith(".py") else ""


def project_of(folder: str, read: Callable[[str], str | None], also: Sequence[str] = ()) -> Project:
    """The project that the files of a folder belong to."""
    from .settings import Settings

    return project(project_settings(folder, read) or Settings(folder), read, also)
