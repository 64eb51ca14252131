"""Classes and functions as names, and back: where they are declared, and what may be looked up."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ...errors import StateError
from ...signature.signature import Signature
from ..tree import PartTree
from .sources import needed_source

OURS = __name__.partition(".")[0]


class Named:
    """Collects what a program refers to by name while it is written.

    Args:
        by_value: the modules whose source goes with the program.
    """

    def __init__(self, by_value: Iterable[ModuleType]) -> None:
        self._whole = {module.__name__: module for module in by_value}
        self._kinds: dict[str, list[type]] = {}

    def name_of(self, thing: Any) -> str:
        """`module:Class` for a class or function.

        Raises:
            StateError: it has no name by which it can be found again.
        """
        module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
        if module is None or not name or "<lambda>" in name:
            raise StateError(f"the program cannot be saved: {thing!r} has no name; declare it in a file")
        if module == OURS or module.startswith(f"{OURS}.") or module in self._whole:
            return f"{module}:{name}"
        if module == "__main__" or "<locals>" in name:
            if not isinstance(thing, type):
                raise StateError(
                    f"the program cannot be saved: `{name}` is a function of a script; put it into a module"
                )
            kinds = self._kinds.setdefault(module, [])
            if thing not in kinds:
                kinds.append(thing)
            return f"{module}:{name.rpartition('<locals>.')[2]}"
        return f"{module}:{name}"

    def sources(self) -> dict[str, str]:
        """The source texts that go with the program, by the module's name."""
        found = {name: needed_source(kinds) for name, kinds in self._kinds.items()}
        for name, module in self._whole.items():
            file = getattr(module, "__file__", None)
            if file is None or not file.endswith(".py"):
                raise StateError(f"the program cannot be saved: the module `{name}` has no source file")
            found[name] = Path(file).read_text(encoding="utf-8")
        return found


class Finder:
    """Finds what a saved program refers to by name.

    Without `allow_code` only classes are found that this process has already imported, so that loading runs
    nothing.

    Args:
        sources: the files of the program's own modules, by the module's name.
        allow_code: whether these may be run, and other modules imported.
    """

    def __init__(self, sources: Mapping[str, Path], allow_code: bool) -> None:
        self._sources = sources
        self._allow_code = allow_code
        self._made: dict[str, ModuleType] = {}

    def find(self, name: str) -> Any:
        """The class or function of a name.

        Raises:
            StateError: it is not there, or may not be looked up.
        """
        module_name, _, path = name.partition(":")
        found: Any = self._module(module_name, name)
        for part in path.split("."):
            if part == "<locals>":
                continue
            found = getattr(found, part, None)
        if found is None:
            raise StateError(f"the saved program needs `{name}`, which does not exist here")
        if not self._allow_code and not _is_harmless(found):
            raise _refused(name)
        return found

    def _module(self, name: str, wanted: str) -> ModuleType:
        if name == OURS or name.startswith(f"{OURS}.runtime."):
            return import_module(name)
        if (made := self._made.get(name)) is not None:
            return made
        if (file := self._sources.get(name)) is not None:
            if not self._allow_code:
                raise _refused(name)
            return self._run(name, file)
        if (known := sys.modules.get(name)) is not None:
            return known
        if not self._allow_code:
            raise _refused(name)
        try:
            return import_module(name)
        except ImportError as error:
            raise StateError(
                f"the saved program needs `{wanted}`, and its module cannot be imported: {error}"
            ) from error

    def _run(self, name: str, file: Path) -> ModuleType:
        """The module of a source file of the program, under a name of its own."""
        module = ModuleType(f"dspyc_saved_{id(self)}_{name.strip('_').replace('.', '_')}")
        module.__file__ = str(file)
        self._made[name] = sys.modules[module.__name__] = module
        try:
            exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), vars(module))  # noqa: S102 allowed by whoever loads it
        except Exception as error:
            raise StateError(f"the code of the saved program, {file}, fails: {error!r}") from error
        return module


def _is_harmless(found: Any) -> bool:
    """Whether making an object of it, or using it as a type, runs nothing that the program's user did not
    choose.
    """
    module = str(getattr(found, "__module__", ""))
    if not isinstance(found, type):
        if module.startswith(f"{OURS}.runtime.evaluate."):
            return True  # metrics and votes, which compute
        return module.startswith(f"{OURS}.") and getattr(found, "__name__", "") in _TOOLS
    return (
        module.startswith(f"{OURS}.")
        or issubclass(found, (PartTree, enum.Enum, Signature))
        or hasattr(found, "model_fields")
        or hasattr(found, "__dataclass_fields__")
    )


_TOOLS = frozenset({"_finish", "run_python"})
"""The runtime's own functions that its agents have as tools."""


def _refused(name: str) -> StateError:
    return StateError(
        f"the saved program uses code that is not the runtime's, `{name}`: if you trust where it comes from, "
        "write load(path, allow_code=True)"
    )
