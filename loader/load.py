"""Running compiled files, and `load`."""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import os
import sys
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..base.forks import new_lock
from .bytecode import ENDING, Compiled, mark, read_kept
from .compiling import analyse_to_run, compile_and_keep, compiled
from .naming import name_of_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..compiler.analysis import FileAnalysis


def load(path: str | os.PathLike[str], *, lm: Any = None) -> ModuleType:
    """Compile and run a `.dspy` file; what it declares are the attributes of the module returned.

    Args:
        path: the file.
        lm: the language model of the file's modules, in place of the one that it configures.

    Raises:
        FileNotFoundError: there is no such file.
        CompileError: the file has errors.
    """
    full = os.path.abspath(path)
    analysis, _ = analyse_to_run(full)
    module = execute(analysis)
    if lm is not None:
        _use(module, lm)
    return module


def execute(analysis: FileAnalysis) -> ModuleType:
    """Run an analysed file, and return it as a module.

    Raises:
        CompileError: it has errors.
    """
    code = _compiled(analysis)
    path = analysis.path
    before = _by_path.get(path)
    try:
        return _imported_program(path, code)
    finally:
        # Only while it runs, and for the files that it imports, is it what an import of the file gives.
        _by_path.pop(path, None)
        if before is not None:
            _by_path[path] = before


def run(module: ModuleType, found: Compiled) -> None:
    """Execute a file in its module; its imports lead where the checker has seen them lead.

    Raises:
        ConfigurationError: it calls a model or reads data; the checker says so before, but can be silenced.
    """
    from ..runtime.execution.loading import importing_python, loading

    regular = builtins.__import__
    # Decided here for good: what runs later on imports in the same way.
    stand_in = _stand_in.get()

    def import_as_checked(
        name: str,
        scope: Mapping[str, object] | None = None,
        inner: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        path = found.imports.get("." * level + name)
        if stand_in is not None:
            if level and not name and path is not None:
                return _of_package_instead(stand_in, path, fromlist or ())
            return _made_instead(stand_in, name if fromlist else name.partition(".")[0], path)
        with importing_python():
            if path is None or (level and module.__package__):
                return regular(name, scope, inner, fromlist, level)
            if not name:
                return _of_package(os.path.dirname(path), fromlist or (), module.__spec__ is not None)
            return _imported(name, path, module.__spec__ is not None)

    names = vars(builtins) if stand_in is None else _harmless_names()
    module.__dict__["__builtins__"] = {**names, "__import__": import_as_checked}
    with loading(found.code.co_filename, found.imports.values()):
        exec(found.code, module.__dict__)  # noqa: S102 the code is what the user asked to run


_stand_in: ContextVar[Callable[[str, str | None], ModuleType] | None] = ContextVar(
    "dspyc_stand_in", default=None
)


@contextmanager
def without_python(stand_in: Callable[[str, str | None], ModuleType]) -> Iterator[None]:
    """Load programs inside without running Python: not the user's files, no packages, and of Python's
    library only what makes values.

    Args:
        stand_in: gives a module in the place of one, for the name of the import, and the file where it is
            known.
    """
    from .harmless import guarded

    token = _stand_in.set(stand_in)
    try:
        with guarded(), afresh():
            yield
    finally:
        _stand_in.reset(token)


@contextmanager
def afresh() -> Iterator[None]:
    """Load programs inside as if none had been loaded before; what they import is run again, as it is now."""
    before = dict(_by_path)
    _by_path.clear()
    try:
        yield
    finally:
        _by_path.clear()
        _by_path.update(before)


def _compiled(analysis: FileAnalysis) -> Compiled:
    """The code of a file; where Python is not run, it may not reach for what lies behind its objects."""
    if _stand_in.get() is None:
        return compiled(analysis)
    from .harmless import refuse_insides

    return compiled(analysis, refuse_insides)


def _harmless_names() -> dict[str, object]:
    from .harmless import built_in

    return built_in()


def _made_instead(
    stand_in: Callable[[str, str | None], ModuleType], name: str, path: str | None
) -> ModuleType:
    """The module that stands in for an import here; a program is itself, from its text."""
    if path is None or not path.endswith(ENDING):
        return stand_in(name, path)
    known = _by_path.get(path)
    if known is None:
        # Not from what was kept beside it, which anybody may have written.
        _imported_program(path, _compiled(analyse_to_run(path)[0]))
        known = _by_path[path]
    return known[1]


_by_path: dict[str, tuple[tuple[int, int], ModuleType]] = {}
"""Files that loaded files import, with what their file was like, so that two that import one share it."""


def _imported(name: str, path: str, by_name: bool) -> ModuleType:
    """The module of an imported file: Python's own where that is the same file."""
    if _is_file(sys.modules.get(name), path):
        # Not the entry itself: another thread may still be running the file, and this waits for it.
        return importlib.import_module(name)
    if path in _by_path and _by_path[path][0] == mark(path):
        return _by_path[path][1]
    if not path.endswith(ENDING):
        _by_path[path] = (mark(path), _imported_python(name, path))
    elif by_name and _is_found(name, path):
        return importlib.import_module(name)
    else:
        _imported_program(path, read_kept(path) or compile_and_keep(path))
    return _by_path[path][1]


def _of_package(folder: str, names: Sequence[str], by_name: bool) -> ModuleType:
    """What `from . import a, b` takes its names from: what the package's own file defines, or its files."""
    given = ModuleType(name_of_file(folder))
    start = os.path.join(folder, "__init__.py")
    defined = vars(sys.modules[_package(folder)]) if os.path.isfile(start) else {}
    for name in names:
        path = _file_in(folder, name)
        own = defined.get(name)
        if name in defined and not (path is not None and _is_module_of(own, path)):
            setattr(given, name, own)
        elif path is not None:
            setattr(given, name, _imported(name, path, by_name))
    return given


def _of_package_instead(
    stand_in: Callable[[str, str | None], ModuleType], start: str, names: Sequence[str]
) -> ModuleType:
    """The same where Python is not run; `start` is the package's own file, which need not be there."""
    folder = os.path.dirname(start)
    given = ModuleType(name_of_file(folder))
    package = stand_in(os.path.basename(folder), start) if os.path.isfile(start) else None
    for name in names:
        path = _file_in(folder, name)
        if path is not None and name not in vars(package or given):
            setattr(given, name, _made_instead(stand_in, name, path))
        elif package is not None:
            setattr(given, name, getattr(package, name))
    return given


def _file_in(folder: str, name: str) -> str | None:
    """The file of a folder that a name means in `from . import name`."""
    files = (f"{name}{ENDING}", f"{name}.py", os.path.join(name, "__init__.py"))
    return next((each for file in files if os.path.isfile(each := os.path.join(folder, file))), None)


def _is_module_of(value: object, path: str) -> bool:
    return isinstance(value, ModuleType) and _is_file(value, path)


def _is_found(name: str, path: str) -> bool:
    """Whether `import name` leads to this file."""
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None and os.path.samefile(spec.origin, path)


def _imported_program(path: str, found: Compiled) -> ModuleType:
    name = name_of_file(path)
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    try:
        run_as_imported(module, path, found)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def run_as_imported(module: ModuleType, path: str, found: Compiled) -> None:
    """Execute a file in its module, which is then the one that files importing that file get."""
    # Known before it runs: types may be imported in a cycle.
    # A text that is not on the disk, like a notebook's cell, is never an old version of itself.
    _by_path[path] = (mark(path) if os.path.exists(path) else (0, 0), module)
    try:
        run(module, found)
    except BaseException:
        _by_path.pop(path, None)
        raise


def _imported_python(name: str, path: str) -> ModuleType:
    with on_search_path(_root_of(name, path)):
        return _import_python(name, path)


def _root_of(name: str, path: str) -> str:
    """The folder from which a name leads to a file: that in which its first package lies."""
    folder, file = os.path.split(path)
    stem = folder if file == "__init__.py" else os.path.splitext(path)[0]
    root, parts = stem, name.split(".")
    for part in reversed(parts):
        root, last = os.path.split(root)
        if last != part:
            return folder
    return root


_borrowed: dict[str, int] = {}
"""Folders that are on the search path for a while, and for how many imports."""
_borrowing = new_lock()


@contextmanager
def on_search_path(folder: str) -> Iterator[None]:
    """Let Python files of a folder import each other while one of them is being imported, and no longer.

    Threads may import from the same folder at the same time; the last one to end takes it away.
    """
    with _borrowing:
        if folder not in _borrowed and folder in sys.path:
            ours = False
        else:
            ours = True
            if folder not in _borrowed:
                sys.path.append(folder)
            _borrowed[folder] = _borrowed.get(folder, 0) + 1
    try:
        yield
    finally:
        if ours:
            with _borrowing:
                _borrowed[folder] -= 1
                if not _borrowed[folder]:
                    del _borrowed[folder]
                    with suppress(ValueError):
                        sys.path.remove(folder)


def _import_python(name: str, path: str) -> ModuleType:
    folder, file = os.path.split(path)
    is_in_package = file != "__init__.py" and os.path.exists(os.path.join(folder, "__init__.py"))
    # By its own name alone it could not import the others of its package by `from . import`.
    if name.rpartition(".")[2] not in sys.modules and not (is_in_package and "." not in name):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
        else:
            if _is_file(module, path):
                return module
    if is_in_package or ("." in name and file != "__init__.py"):
        return importlib.import_module(f"{_package(folder)}.{name.rpartition('.')[2]}")
    spec = importlib.util.spec_from_file_location(name_of_file(path), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def _package(folder: str) -> str:
    """The name of a package that a folder is, for files that import each other relatively.

    Python may know another package by the folder's own name.
    """
    name = name_of_file(folder)
    if name not in sys.modules:
        start = os.path.join(folder, "__init__.py")
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        if os.path.exists(start):
            found = importlib.util.spec_from_file_location(name, start, submodule_search_locations=[folder])
            assert found is not None
            spec = found
        else:
            spec.submodule_search_locations = [folder]
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            if spec.loader is not None:
                spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return name


def _is_file(module: ModuleType | None, path: str) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and os.path.exists(file) and os.path.samefile(file, path)


def _use(module: ModuleType, lm: Any) -> None:
    """Set the language model that a file configures, for all that it declares."""
    from ..runtime.execution.settings import FileDefaults

    for name in module.__dspyc__.kinds:
        declared = getattr(module, name)
        found = (getattr(declared, "_defaults", None), *(getattr(declared, "_file_defaults", None) or ()))
        for each in found:
            if isinstance(each, FileDefaults) and each.file == module.__dspyc__.path:
                # All that the file declares has this very object.
                each["lm"] = lm
                return
