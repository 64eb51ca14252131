"""The files that a program needs to run somewhere else: what it imports, its data, what was learned."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from glob import escape
from pathlib import Path

from ..base.files import is_private
from ..compiler.analysis import FileAnalysis
from ..grammar import syntax
from ..runtime.errors import StateError
from ..runtime.state.files import LARGEST
from ..runtime.state.trained import LOCAL, files_of, is_model_folder, trained_models
from .errors import Misuse
from .workspace import Workspace


class Outside(Misuse):
    """A program needs a file that does not lie in its folder."""


def belongings(workspace: Workspace, path: Path) -> dict[str, Path]:
    """All files that a program needs, by their paths below its folder, itself among them.

    They are the `.dspy` and Python files that it imports, the files that strings of these name and that are
    there, the states of its programs, and the trained models, files or folders, that these name. Hidden files
    and those that hold keys by their names are not among them.

    Args:
        workspace: reads the program.
        path: the program.

    Raises:
        Outside: a file that is imported or named lies outside of the program's folder.
        Misuse: a Python file is not valid Python, or the folder of a model has no weights.
    """
    folder = path.resolve().parent
    found: dict[str, Path] = {}
    waiting = [path.resolve()]
    while waiting:
        each = waiting.pop()
        try:
            name = each.relative_to(folder).as_posix()
        except ValueError:
            raise Outside(
                f"the program imports {each}, which does not lie below its folder",
                "move it there, or install it as a package that the program requires",
            ) from None
        if name in found:
            continue
        found[name] = each
        if each.suffix == ".dspy":
            analysis = workspace.analyse(str(each))
            waiting += _imported(analysis)
            waiting += _named(_strings(analysis), each.parent, folder)
            waiting += sorted(each.parent.glob(f"{escape(each.stem)}.*.state.json"))
        elif each.suffix == ".py":
            tree = _tree(each)
            waiting += _python_imports(tree, each, folder)
            texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            waiting += _named((text for text in texts if isinstance(text, str)), each.parent, folder)
        elif each.suffix == ".json":
            waiting += _trained(each)
    return dict(sorted(found.items()))


def _imported(analysis: FileAnalysis) -> Iterator[Path]:
    for item in analysis.program.items:
        target = item.target
        if target is not None and target.kind in ("dspy", "python") and target.path:
            path = Path(target.path).resolve()
            # What is installed is a requirement, no part of the program.
            if "site-packages" in path.parts or _is_library(path):
                continue
            if path.name == "__init__.py" and isinstance(item.declaration, syntax.FromImport):
                for each in item.declaration.names:
                    yield from _modules((path.parent,), [each.name.text])
            if path.is_file():
                # `from . import common` needs no file of the folder's own.
                yield path


def _is_library(path: Path) -> bool:
    return path.is_relative_to(Path(os.__file__).resolve().parent) or path.is_relative_to(
        Path(__file__).resolve().parents[1] / "runtime"
    )


def _strings(analysis: FileAnalysis) -> Iterator[str]:
    for item in analysis.program.items:
        yield from (node.value for node in item.nodes(syntax.String))


def _named(texts: Iterator[str], base: Path, folder: Path) -> Iterator[Path]:
    """The files below the folder that texts name.

    Raises:
        Outside: one that is there lies elsewhere, so that the program would miss it.
    """
    for text in texts:
        if not text or len(text) > 200 or "\n" in text or "\0" in text or text.startswith(("/", "~")):
            continue
        try:
            path = (base / text.removeprefix(LOCAL)).resolve()
            is_there = path.is_file() or (text.startswith(LOCAL) and is_model_folder(path))
        except OSError:
            continue
        if not is_there:
            continue
        if not path.is_relative_to(folder):
            raise Outside(f"the program names {text}, which does not lie below its folder", "move it there")
        if not is_private(path.relative_to(folder)):
            yield from _whole(path)


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as problem:
        raise Misuse(f"{path} is not valid Python: {problem}", "correct it") from None


def _trained(state: Path) -> Iterator[Path]:
    """The files of the trained models that a state names, and that lie beside it."""
    if state.stat().st_size <= LARGEST:
        text = state.read_text(encoding="utf-8", errors="replace")
        if state.name.endswith(".state.json") or '"dspyc_state"' in text:
            for model in trained_models(state, text):
                if not is_private(Path(model.name)):
                    yield from _whole(model)


def _whole(path: Path) -> list[Path]:
    """A file itself, or those of the model that a folder holds.

    Raises:
        Misuse: the model has no weights that could be taken along.
    """
    try:
        return files_of(path)
    except StateError as problem:
        raise Misuse(str(problem), "put the weights there as safetensors, or name another model") from None


def _python_imports(tree: ast.Module, path: Path, folder: Path) -> Iterator[Path]:
    """The files of the program that a Python file of it imports, and the packages that these lie in."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for each in names:
                    yield from _modules((folder, path.parent), each.name.split("."))
            case ast.ImportFrom(module=module, level=level, names=names):
                bases = [path.parents[level - 1]] if level else [folder, path.parent]
                parts = module.split(".") if module else []
                yield from _modules(bases, parts)
                for each in names:
                    yield from _modules(bases, [*parts, each.name])


def _modules(bases: Iterable[Path], parts: list[str]) -> Iterator[Path]:
    """The files of a module and of the packages around it, in the first folder that has it."""
    for base in bases:
        found = [
            file
            for count in range(len(parts) + 1)
            for stem in [base.joinpath(*parts[:count])]
            for file in (stem / "__init__.py", *(_files_of(stem) if count == len(parts) and parts else ()))
            if file.is_file()
        ]
        if found:
            yield from (each.resolve() for each in found)
            return


def _files_of(stem: Path) -> tuple[Path, Path]:
    return stem.with_name(f"{stem.name}.py"), stem.with_name(f"{stem.name}.dspy")
