"""Classes and functions as names, and back: where they are declared, and what may be looked up."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from ...errors import MissingCodeError, StateError
from ...signature.signature import Signature
from ..tree import PartTree
from .sources import needed_source

OURS = __name__.partition(".")[0]

_written: WeakValueDictionary[tuple[str, str, str], type] = WeakValueDictionary()
"""Classes without a module of their own that this process has saved: by module, name and the digest of the
source text that went with them.
"""


class Source(NamedTuple):
    """The source text of a module that goes with a program.

    Attributes:
        place: where it stands, for tracebacks.
        text: reads it.
    """

    place: str
    text: Callable[[], str]

    @classmethod
    def of(cls, file: Path) -> Source:
        """The source in a file."""
        return cls(str(file), lambda: file.read_text(encoding="utf-8"))


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
            return f"{module}:{_path(thing)}"
        return f"{module}:{name}"

    def sources(self) -> dict[str, str]:
        """The source texts that go with the program, by the module's name."""
        found = {name: needed_source(kinds) for name, kinds in self._kinds.items()}
        for name, kinds in self._kinds.items():
            for kind in kinds:
                _written[name, _path(kind), _digest(found[name])] = kind
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
        sources: the program's own modules, by the module's name.
        allow_code: whether these may be run, and other modules imported.
    """

    def __init__(self, sources: Mapping[str, Source], allow_code: bool) -> None:
        self._sources = sources
        self._allow_code = allow_code
        self._made: dict[str, ModuleType] = {}

    def find(self, name: str) -> Any:
        """The class or function of a name.

        Raises:
            StateError: it is not there, or may not be looked up.
        """
        module_name, _, path = name.partition(":")
        if module_name in self._sources and (kept := self._still_here(module_name, path)) is not None:
            return kept
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

    def verify_tool(self, called: Any) -> None:
        """Refuse what a model may call with its own arguments, unless it is a function that was found or a
        part of a program: classes such as datasets read files when they are made.

        Raises:
            StateError: it is something else.
        """
        is_known = isinstance(called, (FunctionType, PartTree)) or getattr(type(called), "_is_saved", False)
        if not self._allow_code and called is not None and not is_known:
            raise _refused(f"{getattr(called, '__name__', type(called).__name__)}")

    def _module(self, name: str, wanted: str) -> ModuleType:
        if name == OURS or name.startswith(f"{OURS}.runtime."):
            return import_module(name)
        if (made := self._made.get(name)) is not None:
            return made
        if (source := self._sources.get(name)) is not None:
            if not self._allow_code:
                raise _refused(name)
            return self._run(name, source)
        if (known := sys.modules.get(name)) is not None:
            return known
        if not self._allow_code:
            raise _refused(name)
        try:
            return import_module(name)
        except ImportError as error:
            raise MissingCodeError(
                f"the saved program needs `{wanted}`, and its module cannot be imported: {error}"
            ) from error

    def _still_here(self, module: str, path: str) -> type | None:
        """The class itself, where this process has saved it and its source is the same: nothing is run."""
        kinds = [(key, kind) for key, kind in _written.items() if key[:2] == (module, path)]
        if not kinds:
            return None
        try:
            text = self._sources[module].text()
        except OSError:
            return None
        return next((kind for (_, _, source), kind in kinds if source == _digest(text)), None)

    def _run(self, name: str, source: Source) -> ModuleType:
        """A module of the program, run under a name of its own."""
        module = ModuleType(f"dspyc_saved_{id(self)}_{name.strip('_').replace('.', '_')}")
        module.__file__ = source.place
        self._made[name] = sys.modules[module.__name__] = module
        try:
            exec(compile(source.text(), source.place, "exec"), vars(module))  # noqa: S102 allowed by whoever loads it
        except Exception as error:
            raise StateError(f"the code of the saved program, {source.place}, fails: {error!r}") from error
        return module


def _path(kind: type) -> str:
    """How a class that is written by itself is reached in its module."""
    return kind.__qualname__.rpartition("<locals>.")[2]


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _is_harmless(found: Any) -> bool:
    """Whether making an object of it, or using it as a type, runs nothing that the program's user did not
    choose.
    """
    module = str(getattr(found, "__module__", ""))
    if not isinstance(found, type):
        name = str(getattr(found, "__qualname__", ""))
        return (module in _COMPUTING and name[:1] != "_") or f"{module}:{name}" in _TOOLS
    return (
        module.startswith(f"{OURS}.")
        or issubclass(found, (PartTree, enum.Enum, Signature))
        or hasattr(found, "model_fields")
        or hasattr(found, "__dataclass_fields__")
    )


_COMPUTING = frozenset(f"{OURS}.runtime.evaluate.{name}" for name in ("aggregation", "metrics"))
"""The modules of metrics and votes, whose functions only compute. Others read and write files."""
_TOOLS = frozenset({f"{OURS}.runtime.modules.react:_finish", f"{OURS}.runtime.tools.running:run_python"})
"""The runtime's own functions that its agents have as tools."""


def _refused(name: str) -> StateError:
    return StateError(
        f"the saved program uses code that is not the runtime's, `{name}`: if you trust where it comes from, "
        "write load(path, allow_code=True)"
    )
