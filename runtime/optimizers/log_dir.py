"""A folder for the states of the programs that an optimizer tries: looked at before, written at the end."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import DspycError, OptimizerError
from ..modules.base import Module
from ..state.files import writable_folder

logger = logging.getLogger("dspyc")


def verify_log_dir(folder: str | None) -> None:
    """Complain about a folder that cannot be written to, before anything is asked. It is not made.

    Raises:
        OptimizerError: it is no folder, or is read-only, or cannot be made.
    """
    if folder is None:
        return
    path = Path(folder).absolute()
    existing = next(each for each in (path, *path.parents) if each.exists())
    if not existing.is_dir():
        raise OptimizerError(f"`log_dir` cannot be written: {existing} is not a folder")
    if not os.access(existing, os.W_OK):
        raise OptimizerError(f"`log_dir` cannot be written: the folder {existing} is read-only")


def save_programs(folder: Path, programs: Mapping[int, Module]) -> dict[int, str]:
    """Write the states of programs, and give their paths by number. What cannot be written is warned of, for
    the search is over by then, and its result is not to be lost.
    """
    paths: dict[int, str] = {}
    try:
        with writable_folder(folder):
            for number, program in programs.items():
                path = folder / f"program_{number}.json"
                program.save(path)
                paths[number] = os.fspath(path)
    except (DspycError, OSError) as error:
        logger.warning("the states of the programs that were tried are not all in %s: %s", folder, error)
    return paths
