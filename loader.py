"""Loading: a `.dspy` file as a Python module, by `load` and through Python's own `import`."""

from __future__ import annotations

import builtins
import importlib.util
import marshal
import os
import sys
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from .base.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .compiler.analysis import FileAnalysis, Project
    from .compiler.diagnostic import Diagnostic
    from .compiler.settings import Settings

# What only compiling needs is imported where it is needed: `import dspyc` brings this file, at no cost.

ENDING = ".dspy"
_ONLY_AT_RUN_TIME = frozenset({"no-lm"})
"""Findings that whoever runs the program may have an answer to: Python by `configure(lm=…)`, `--lm`."""


class CompileError(Exception):
    """A `.dspy` file with errors, which are not run.

    Attributes:
        path: the file.
        diagnostics: what was found in it, errors and warnings.
    """

    def __init__(self, path: str, diagnostics: Sequence[Diagnostic], report: str) -> None:
        self.path = path
        self.diagnostics = tuple(diagnostics)
        super().__init__(report)


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
    module = execute(analyse(full))
    if lm is not None:
        _use(module, lm)
    return module


def analyse(path: str) -> FileAnalysis:
    """The analysis of a file as the loader sees it: from the disk, with its project's source roots.

    Raises:
        FileNotFoundError: there is no such file.
        CompileError: the file is no text in UTF-8.
    """
    try:
        return _project_of(os.path.dirname(path), _read).check(path)
    except FileNotFoundError:
        if not os.path.isfile(path):
            raise
        raise CompileError(path, (), f"{path} is not UTF-8; save it in that encoding") from None


def execute(analysis: FileAnalysis) -> ModuleType:
    """Run an analysed file, and return it as a module.

    Raises:
        CompileError: it has errors.
    """
    code = compiled(analysis)
    path = analysis.path
    before = _by_path.get(path)
    try:
        return _imported_program(path, code)
    finally:
        # Only while it runs, and for the files that it imports, is it what an import of the file gives.
        _by_path.pop(path, None)
        if before is not None:
            _by_path[path] = before


# --- compiling ------------------------------------------------------------------------------------------


class Compiled(NamedTuple):
    """The code of a file, and where its imports lead."""

    code: CodeType
    imports: Mapping[str, str]
    """The path of each imported file, by the dots and name in the `import`."""


def compiled(analysis: FileAnalysis) -> Compiled:
    """The code of an analysed file.

    Raises:
        CompileError: it has errors.
    """
    if errors := errors_of(analysis):
        raise CompileError(analysis.path, analysis.diagnostics, _report(analysis, errors))
    from .compiler.emit import emit

    code = compile(emit(analysis), analysis.path, "exec", dont_inherit=True)
    return Compiled(code, _imports(analysis))


def errors_of(analysis: FileAnalysis) -> tuple[Diagnostic, ...]:
    """The errors that keep a file from being run; those that whoever runs it may have an answer to do not."""
    return tuple(
        each
        for each in analysis.diagnostics
        if each.severity == "error" and each.name not in _ONLY_AT_RUN_TIME
    )


def _imports(analysis: FileAnalysis) -> dict[str, str]:
    from .grammar import syntax

    found: dict[str, str] = {}
    for item in analysis.program.items:
        node, target = item.declaration, item.target
        if target is None or target.kind not in ("dspy", "python") or not target.path:
            continue
        if isinstance(node, syntax.FromImport):
            found["." * node.level + ".".join(each.text for each in node.module)] = target.path
        elif isinstance(node, syntax.Import) and len(node.module) == 1:
            found[node.module[0].text] = target.path
    return found


def _report(analysis: FileAnalysis, errors: Sequence[Diagnostic]) -> str:
    from .compiler.render import FORMATS, CheckedFile, Report, plain, summary

    shown = os.path.relpath(analysis.path)
    report = Report((CheckedFile(shown, analysis.source, tuple(errors)),), _look_up)
    return f"{summary(report)}\n\n{FORMATS['full'](report, plain, 100).rstrip()}"


def _look_up(path: str) -> Any:
    from .grammar.source import Source

    text = _read(path)
    return None if text is None else (os.path.relpath(path), Source(path, text))


def _read(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return _decoded(file.read())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _decoded(data: bytes) -> str | None:
    """The text of a file; of one that is in another format, as much as it takes to say in which."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        from .grammar.file_formats import other_format

        text = data.decode("utf-8-sig", errors="replace")
        return None if other_format(text) is None else text


# --- projects -------------------------------------------------------------------------------------------


def project_settings(folder: str, read: Callable[[str], str | None]) -> Settings | None:
    """The settings for the files of a folder, the nearest ones above it; None outside of any project."""
    from .compiler.settings import nearest

    return nearest(folder, read, os.path.exists)


def project(settings: Settings, read: Callable[[str], str | None], also: Sequence[str] = ()) -> Project:
    """The project with these settings, which also looks for imports in the folders `also`."""
    from .compiler.analysis import Project

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


def _project_of(folder: str, read: Callable[[str], str | None], also: Sequence[str] = ()) -> Project:
    from .compiler.settings import Settings

    return project(project_settings(folder, read) or Settings(folder), read, also)


# --- running --------------------------------------------------------------------------------------------


def _run(module: ModuleType, found: Compiled) -> None:
    """Execute a file in its module; its imports lead where the checker has seen them lead."""
    regular = builtins.__import__

    def import_as_checked(
        name: str,
        scope: Mapping[str, object] | None = None,
        inner: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        path = found.imports.get("." * level + name)
        if path is None or (level and module.__package__):
            return regular(name, scope, inner, fromlist, level)
        return _imported(name, path, module.__spec__ is not None)

    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": import_as_checked}
    exec(found.code, module.__dict__)  # noqa: S102 the code is what the user asked to run


_by_path: dict[str, tuple[tuple[int, int], ModuleType]] = {}
"""Files that loaded files import, with what their file was like, so that two that import one share it."""


def _imported(name: str, path: str, by_name: bool) -> ModuleType:
    """The module of an imported file: Python's own where that is the same file."""
    if _is_file(sys.modules.get(name), path):
        return sys.modules[name]
    if path in _by_path and _by_path[path][0] == _mark(path):
        return _by_path[path][1]
    if not path.endswith(ENDING):
        _by_path[path] = (_mark(path), _imported_python(name, path))
    elif by_name and _is_found(name, path):
        return importlib.import_module(name)
    else:
        _imported_program(path, _kept(path) or _compile_and_keep(path))
    return _by_path[path][1]


def _is_found(name: str, path: str) -> bool:
    """Whether `import name` leads to this file."""
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None and os.path.samefile(spec.origin, path)


def _imported_program(path: str, found: Compiled) -> ModuleType:
    name = _own_name(path)
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    # Known before it runs: types may be imported in a circle.
    _by_path[path] = (_mark(path), module)
    try:
        _run(module, found)
    except BaseException:
        _by_path.pop(path, None)
        sys.modules.pop(name, None)
        raise
    return module


def _imported_python(name: str, path: str) -> ModuleType:
    folder = os.path.dirname(path)
    if folder not in sys.path:
        # The file may import its neighbours.
        sys.path.append(folder)
    if name.rpartition(".")[2] not in sys.modules:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
        else:
            if _is_file(module, path):
                return module
    spec = importlib.util.spec_from_file_location(_own_name(path), path)
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


def _own_name(path: str) -> str:
    """A name for a module that is not imported by its own, because that may be the name of another."""
    return f"_dspyc_{_stem(path)}_{crc32(path.encode()):08x}"


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _is_file(module: ModuleType | None, path: str) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and os.path.exists(file) and os.path.samefile(file, path)


def _mark(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


def _use(module: ModuleType, lm: Any) -> None:
    """Set the language model of all modules that a file declares."""
    from .runtime import Module

    for name in module.__dspyc__.kinds:
        if isinstance(declared := getattr(module, name), Module):
            for _, part in declared.named_sub_modules():
                part._defaults = {**(part._defaults or {}), "lm": lm}


# --- Python's import ------------------------------------------------------------------------------------


class _Finder(MetaPathFinder):
    """Finds `NAME.dspy` where Python has found no module called NAME."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a `.dspy` file of the name is, if anywhere."""
        name = fullname.rpartition(".")[2] + ENDING
        for folder in sys.path if path is None else path:
            file = os.path.join(folder or os.getcwd(), name)
            if os.path.isfile(file):
                return importlib.util.spec_from_file_location(fullname, file, loader=_Loader(file))
        return None


class _Guard(MetaPathFinder):
    """Refuses `import NAME` where both `NAME.dspy` and `NAME.py` are in one of the user's folders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing, ever; it only looks."""
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            if _is_users(folder) and os.path.isfile(
                file := os.path.join(folder or os.getcwd(), name + ENDING)
            ):
                python = file[: -len(ENDING)] + ".py"
                if os.path.isfile(python):
                    raise ImportError(
                        f"`import {fullname}` is ambiguous: both {file} and {python} exist; rename one",
                        name=fullname,
                    )
        return None


class _Loader(Loader):
    """Runs a `.dspy` file as a module; its byte code is kept beside that of Python files."""

    def __init__(self, path: str) -> None:
        self.path = path

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Python's own way of making the module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Compile the file, or take the code kept for it, and run it."""
        _run(module, _kept(self.path) or _compile_and_keep(self.path))

    def get_source(self, fullname: str) -> str | None:
        """The text of the file, for tracebacks and debuggers."""
        return _read(self.path)

    def get_filename(self, fullname: str) -> str:
        """The path of the file."""
        return self.path


_LIBRARY = os.path.dirname(os.__file__)


def _is_users(folder: str) -> bool:
    """Whether a folder of the search path holds a user's files, not Python's or installed ones."""
    return not folder.startswith(_LIBRARY) and not folder.endswith((".zip", "site-packages", "dist-packages"))


# --- byte code ------------------------------------------------------------------------------------------


def _cache_path(path: str) -> str:
    folder, name = os.path.split(importlib.util.cache_from_source(path))
    stem, rest = name.split(".", 1)
    return os.path.join(folder, f"{stem}{ENDING}.{rest}")


@cache
def _makers() -> list[str | int]:
    """What made the code: this Python, and this compiler."""
    with os.scandir(os.path.join(os.path.dirname(__file__), "compiler", "emit")) as files:
        return [importlib.util.MAGIC_NUMBER.hex(), max(file.stat().st_mtime_ns for file in files)]


def _kept(path: str) -> Compiled | None:
    """The code that was kept for a file, while all files that it depends on are as they were."""
    import json

    try:
        with open(_cache_path(path), "rb") as file:
            head = json.loads(file.readline())
            if head["makers"] != _makers() or any(_state(each) != state for each, state in head["files"]):
                return None
            return Compiled(marshal.loads(file.read()), head["imports"])  # noqa: S302 as Python's own byte code
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        return None


def _keep(path: str, found: Compiled, files: Sequence[str]) -> None:
    import json

    if sys.dont_write_bytecode:
        return
    target = _cache_path(path)
    head = {"makers": _makers(), "files": [[each, _state(each)] for each in files], "imports": found.imports}
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        write_atomically(target, json.dumps(head).encode() + b"\n" + marshal.dumps(found.code))
    except OSError:
        # A folder that cannot be written to only costs time.
        return


def _compile_and_keep(path: str) -> Compiled:
    looked_at: dict[str, None] = {}

    def read(file: str) -> str | None:
        looked_at[file] = None
        return _read(file)

    folders = [folder for folder in sys.path if os.path.isdir(folder)]
    found = compiled(_project_of(os.path.dirname(path), read, folders).check(path))
    _keep(path, found, list(looked_at))
    return found


def _state(path: str) -> list[int] | None:
    """What a file was like; None for one that is not there."""
    try:
        return list(_mark(path))
    except OSError:
        return None


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
