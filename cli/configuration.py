"""The settings of a project, as a command needs them: a mistake in them is refused."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ..project.settings import KEYS, Settings
from ..project.workspace import project_settings
from .errors import Refusal, list_names, near
from .files import read_text, shown


@lru_cache
def configuration(folder: Path) -> Settings:
    """The settings for the files of a folder: the nearest ones above it, else the folder itself.

    Raises `Refusal` for settings that cannot be read.
    """
    settings = project_settings(str(folder), read_text)
    for problem in settings.problems if settings is not None else ():
        hint = (near(problem.unknown, KEYS) or f"there are {list_names(KEYS)}") if problem.unknown else None
        raise Refusal(f"{shown(Path(problem.path))}: {problem.message}", hint)
    return settings or Settings(str(folder))
