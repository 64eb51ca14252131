"""Python's `import`: `import NAME` finds `NAME.dspy` where there is no module called NAME."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .naming import file_of_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_ENDING = ".dspy"


class _Finder:
    """Finds `NAME.dspy` where Python has found no module called NAME."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a `.dspy` file of the name is, if anywhere.

        Raises:
            ImportError: what is there cannot be read as a program: a named pipe, a folder, a file too large.
        """
        if (named := file_of_name(fullname)) is not None:
            from .programs import spec_of_file

            return spec_of_file(fullname, named)
        name = fullname.rpartition(".")[2] + _ENDING
        for folder in sys.path if path is None else path:
            file = os.path.join(folder or os.getcwd(), name)
            if os.path.lexists(file):
                # `import dspyc` imports this file, so what only a hit needs is imported now.
                from importlib.util import spec_from_file_location

                from .programs import ProgramLoader, verify_program

                verify_program(fullname, file)
                return spec_from_file_location(fullname, file, loader=ProgramLoader(file))
        return None


class _Guard:
    """Refuses `import NAME` where both `NAME.dspy` and `NAME.py` are in one of the user's folders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing, ever; it only looks."""
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            if _is_users(folder) and os.path.isfile(
                file := os.path.join(folder or os.getcwd(), name + _ENDING)
            ):
                python = file[: -len(_ENDING)] + ".py"
                if os.path.isfile(python):
                    raise ImportError(
                        f"`import {fullname}` is ambiguous: both {file} and {python} exist; rename one",
                        name=fullname,
                    )
        return None


_LIBRARY = os.path.dirname(os.__file__)


def _is_users(folder: str) -> bool:
    """Whether a folder of the search path holds a user's files, not Python's or installed ones."""
    return not folder.startswith(_LIBRARY) and not folder.endswith((".zip", "site-packages", "dist-packages"))


_FINDER = _Finder()
_GUARD = _Guard()


def install_import_hook() -> None:
    """Let `import NAME` find `NAME.dspy`; importing dspyc does it."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _GUARD)
        sys.meta_path.append(_FINDER)


def uninstall_import_hook() -> None:
    """Undo `install_import_hook`."""
    for finder in (_FINDER, _GUARD):
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
