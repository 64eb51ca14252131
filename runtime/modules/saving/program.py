"""A program in a folder: `program.json`, `metadata.json`, and `sources/` for code of its own.

    program.json    {"dspyc_program": 1, "program": {"$": "object", "class": "…", …}, "sources": […]}
    metadata.json   {"dependency_versions": {…}, "versions": {…}}
    sources/*.py    the source of the classes that are in no module which can be imported

Nothing is ever pickled or unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from ...errors import StateError
from ...state import files
from ..tree import PartTree
from .names import Finder, Named, Source
from .values import Reader, Writer

_FORMAT = 1
_PROGRAM, _METADATA, _SOURCES = "program.json", "metadata.json", "sources"


def save_program(module: PartTree, path: Path, by_value: Iterable[ModuleType] | None) -> None:
    """Write a whole module to a folder.

    Args:
        module: the module.
        path: the folder; it is made where it is missing.
        by_value: modules of Python whose source goes with it.

    Raises:
        StateError: the path names a file, or something in the module cannot be saved.
    """
    if path.suffix in (".json", ".pkl"):
        raise StateError(
            f"a whole program is saved in a folder: {path} must be a directory (`{path.with_suffix('')}`)"
        )
    if path.exists() and not path.is_dir():
        raise StateError(f"a whole program is saved in a folder, and {path} is a file")
    named = Named(by_value or ())
    written = Writer(named).write(module, type(module).__name__)
    sources = named.sources()
    content = {"dspyc_program": _FORMAT, "program": written, "sources": sorted(sources)}
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        for name, source in sources.items():
            files.write_atomically(path / _SOURCES / f"{name}.py", source)
        files.write_atomically(path / _METADATA, json.dumps(files.metadata(), indent=2) + "\n")
        files.write_atomically(path / _PROGRAM, text + "\n")
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error}") from error
    except ValueError as error:
        raise StateError(f"the program cannot be saved as JSON: {error}") from error


def load(path: str | Path, allow_code: bool = False, allow_pickle: bool = False) -> Any:
    """The program that `module.save(path, save_program=True)` has written to a folder.

    Args:
        path: the folder.
        allow_code: whether the code that the folder holds, or names, may be run: only for folders that you
            trust. Without it, a program is loaded that is made of the runtime's modules, and of classes that
            this process has already imported.
        allow_pickle: DSPy's name for `allow_code`; a pickle is never read.

    Raises:
        StateError: the folder holds no program, or one with code that may not be run.
        FileNotFoundError: there is no such folder.
    """
    folder = Path(path)
    if not folder.exists():
        raise FileNotFoundError(f"there is no saved program at {folder}")
    if (folder / "program.pkl").exists() and not (folder / _PROGRAM).exists():
        raise StateError(
            f"{folder} contains a DSPy pickle, which can run any code and is never read: load the "
            "program's state instead, saved by DSPy with save('FILE.json')"
        )
    content = files.read_state(folder / _PROGRAM)
    if content.get("dspyc_program") != _FORMAT:
        raise StateError(f"{folder / _PROGRAM} does not contain a program of this version")
    if (folder / _METADATA).exists():
        files.warn_of_versions(folder, {"metadata": files.read_state(folder / _METADATA)})
    sources = {
        name: Source.of(folder / _SOURCES / f"{name}.py")
        for name in content.get("sources", ())
        if _is_name(name)
    }
    try:
        return Reader(Finder(sources, allow_code or allow_pickle)).read(content["program"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, StateError):
            raise
        raise StateError(f"{folder / _PROGRAM} does not contain a program: {error!r}") from error


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and all(part.isidentifier() for part in name.split("."))
