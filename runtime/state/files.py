"""Saved states: JSON files, written as a whole or not at all."""

from __future__ import annotations

import json
import logging
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata as packages
from pathlib import Path
from typing import Any

from ...base import files
from ...base.json import dump_for_people
from ...base.version import VERSION
from ..errors import StateError

logger = logging.getLogger("dspyc")


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state with the versions that made it; a reader sees the old file or the new one, never half of
    one.

    Raises:
        StateError: the path does not end in `.json` or cannot be written, or JSON cannot hold the state.
    """
    _verify_ending(path)
    content = {**state, "metadata": metadata()}
    try:
        text = dump_for_people(content)
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(f"the state cannot be written as JSON: {error}") from error
    try:
        write_atomically(path, text + "\n")
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error}") from error


def read_state(path: Path) -> dict[str, Any]:
    """Read a state file.

    Raises:
        StateError: there is no such file, it is not a regular file of at most 256 MB, or no JSON object.
    """
    _verify_ending(path)
    try:
        state = json.loads(files.read_regular(path, LARGEST))
    except files.UnreadableFile as error:
        if error.kind == "missing":
            raise StateError(f"there is no state file {path}") from error
        raise StateError(f"{path} is not a state file: it {error.message}") from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits is a ValueError, thousands of brackets a RecursionError.
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else f"{error}".split(";")[0]
        raise StateError(f"{path} is not a state file: {reason}") from None
    if not isinstance(state, dict):
        raise StateError(f"{path} is not a state file: it contains a {type(state).__name__}, not an object")
    return state


LARGEST = 256 << 20
"""How many bytes a state may have."""


def warn_of_versions(path: Path, state: Mapping[str, Any]) -> None:
    """Log which versions differ between the process that saved a state and this one."""
    facts = state.get("metadata")
    both = (
        [facts.get(name) for name in ("dependency_versions", "versions")]
        if isinstance(facts, Mapping)
        else []
    )
    saved = {name: each for part in both if isinstance(part, Mapping) for name, each in part.items()}
    for name, here in {"python": _python(), **_versions()}.items():
        then = saved.get(name)
        if then is not None and then != here:
            logger.warning(
                "%s was saved with %s %.50s, and this is %s: what it learned may work differently",
                path, name, then, here,
            )  # fmt: skip


def metadata() -> dict[str, Any]:
    """What a saved file says of the process that wrote it; DSPy reads `dependency_versions`, and takes there
    only what it knows.
    """
    return {"dependency_versions": {"python": _python()}, "versions": _versions()}


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _versions() -> dict[str, str]:
    """The versions that decide what a program sends and how answers are read."""
    return {
        "dspyc": VERSION,
        "pydantic": _version("pydantic"),
    }


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content in one step; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_atomically(path, text)


def verify_place(state: Path) -> None:
    """Complain where something stands in a state's place that it cannot replace.

    Raises:
        StateError: it is a folder, or a file of another kind.
    """
    if state.exists() and not state.is_file():
        kind = "a folder" if state.is_dir() else "not a regular file"
        raise StateError(f"the state cannot be written: `{state}` is {kind}")


@contextmanager
def writable_folder(folder: Path) -> Iterator[None]:
    """Have a folder to write states to; one that is created is removed again if the block fails and left
    nothing in it.

    Raises:
        StateError: it is read-only, or cannot be created.
    """
    try:
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"the state cannot be written: the folder `{folder}` cannot be created: {error.strerror}"
        ) from error
    if not os.access(folder, os.W_OK):
        raise StateError(f"the state cannot be written: the folder `{folder}` is read-only")
    try:
        yield
    except BaseException:
        for each in made:
            with suppress(OSError):
                each.rmdir()
        raise


def _verify_ending(path: Path) -> None:
    if path.suffix != ".json":
        raise StateError(f"a state is saved as JSON: {path} should end in `.json` (nothing is ever pickled)")


def _version(name: str) -> str:
    try:
        return packages.version(name)
    except packages.PackageNotFoundError:
        return "unknown"
