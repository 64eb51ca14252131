"""The files that a program needs to run somewhere else: what it imports, its data, what was learned."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from ..compiler.analysis import FileAnalysis
from ..grammar import syntax
from ..runtime.state.files import LARGEST
from .errors import Misuse
from .workspace import Workspace

_SECRETS = (".pem", ".key", ".p12", ".pfx", ".kdbx")
_NEVER = ("credentials", "secrets", "id_rsa", "id_ed25519")


class Outside(Misuse):
    """A program needs a file that does not lie in its folder."""


def belongings(workspace: Workspace, path: Path) -> dict[str, Path]:
    """All files that a program needs, by their paths below its folder, itself among them.

    They are the `.dspy` and Python files that it imports, the files that strings of these name and that are
    there, the states of its programs, and the models that these name. Hidden files and those that hold keys
    by their names are not among them.

    Args:
        workspace: reads the program.
        path: the program.

    Raises:
        Outside: an imported file lies outside of the program's folder.
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
            waiting += _imported(analysis, folder)
            waiting += _named(_strings(analysis), each.parent, folder)
            waiting += _learned(each)
        elif each.suffix == ".py":
            tree = ast.parse(each.read_bytes())
            waiting += _python_imports(tree, each.parent)
            texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            waiting += _named((text for text in texts if isinstance(text, str)), each.parent, folder)
    return dict(sorted(found.items()))


def _imported(analysis: FileAnalysis, folder: Path) -> Iterator[Path]:
    for item in analysis.program.items:
        target = item.target
        if target is not None and target.kind in ("dspy", "python") and target.path:
            path = Path(target.path).resolve()
            # What is installed is a requirement, no part of the program.
            if "site-packages" not in path.parts and not _is_library(path):
                yield path


def _is_library(path: Path) -> bool:
    return path.is_relative_to(Path(os.__file__).resolve().parent) or path.is_relative_to(
        Path(__file__).resolve().parents[1] / "runtime"
    )


def _strings(analysis: FileAnalysis) -> Iterator[str]:
    for item in analysis.program.items:
        yield from (node.value for node in item.nodes(syntax.String))


def _named(texts: Iterator[str], base: Path, folder: Path) -> Iterator[Path]:
    """The files below the folder that texts name."""
    for text in texts:
        if not text or len(text) > 200 or "\n" in text or "\0" in text or text.startswith(("/", "~")):
            continue
        try:
            path = (base / text.removeprefix("gguf/")).resolve()
            if path.is_file() and path.is_relative_to(folder) and not _is_secret(path):
                yield path
        except OSError:
            continue


def _is_secret(path: Path) -> bool:
    name = path.name.lower()
    return name.startswith(".") or name.endswith(_SECRETS) or Path(name).stem in _NEVER


def _learned(path: Path) -> Iterator[Path]:
    """The states of a file's programs, and the models that they name."""
    for state in sorted(path.parent.glob(f"{path.stem}.*.state.json")):
        yield state
        if state.stat().st_size <= LARGEST:
            text = state.read_text(encoding="utf-8", errors="replace")
            yield from (
                model for model in sorted(state.parent.glob("*.gguf")) if f"gguf/{model.name}" in text
            )


def _python_imports(tree: ast.Module, folder: Path) -> Iterator[Path]:
    """The modules beside a Python file that it imports."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level <= 1:
            names += [node.module or each.name for each in node.names]
    for name in dict.fromkeys(names):
        module = folder.joinpath(*name.split("."))
        for path in (module.with_suffix(".py"), module / "__init__.py", module.with_suffix(".dspy")):
            if path.is_file():
                yield path.resolve()
