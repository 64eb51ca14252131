"""Builds `_stdlib.json` from the stubs of typeshed, which come with mypy.

Run it by `python -m dspyc.compiler.catalog.stdlib_build`.

A stub names what a module has on any platform and in any version of Python. What else can be imported
from a module, such as what it imports for itself, is read off its source in the Python that builds.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

PATH = Path(__file__).with_name("_stdlib.json")

_LEFT_OUT = frozenset(
    {"builtins", "curses", "distutils", "encodings", "lib2to3", "msilib", "pydoc_data", "tkinter", "turtle"}
)
"""Packages that no program made of model calls imports, and `builtins`, whose names need no import."""


class _Stubs:
    """The stubs of a folder, by the names of their modules."""

    def __init__(self, folder: Path, *, suffix: str = ".pyi", exported: bool = True) -> None:
        self.files = {
            self._name(file.relative_to(folder)): file
            for file in folder.rglob(f"*{suffix}")
            if "site-packages" not in file.relative_to(folder).parts
        }
        self._read: dict[str, set[str] | None] = {}
        self._exported = exported
        """Whether only what a stub hands on counts, by PEP 484, and not what it imports for itself."""

    def names(self, module: str) -> set[str] | None:
        """What can be imported from a module; None where that cannot be told."""
        if module not in self._read:
            self._read[module] = set()  # A stub that reads itself by way of others adds nothing to itself.
            self._read[module] = self._found(module)
        return self._read[module]

    def _found(self, module: str) -> set[str] | None:
        file = self.files[module]
        package = module if file.stem == "__init__" else module.rpartition(".")[0]
        found = {each.rpartition(".")[2] for each in self.files if each.rpartition(".")[0] == module}
        try:
            body = ast.parse(file.read_bytes()).body
        except SyntaxError:
            return None
        listed = {name for node in body for name in _listed(node)}
        for node in _statements(body):
            match node:
                case ast.FunctionDef(name="__getattr__") if file.suffix == ".pyi":
                    return None
                case ast.ImportFrom(names=[ast.alias(name="*")]):
                    other = self._place(package, node)
                    brought = self.names(other) if other in self.files else _of_extension(other)
                    if brought is None:
                        return None
                    found |= brought
                case ast.Import() | ast.ImportFrom() if self._exported:
                    found.update(name for name in _bound(node) if name in listed or name in _handed_on(node))
                case _:
                    found.update(_bound(node))
        return {each for each in found if not each.startswith("_")}

    @staticmethod
    def _place(package: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = package.split(".")
        return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])

    @staticmethod
    def _name(path: Path) -> str:
        parts = path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those of all branches for a version or a platform among them."""
    for node in body:
        match node:
            case ast.If() | ast.For() | ast.While() | ast.With() | ast.Try():
                yield node
                for part in ("body", "orelse", "finalbody"):
                    yield from _statements(getattr(node, part, []))
                for handler in getattr(node, "handlers", []):
                    yield from _statements(handler.body)
            case _:
                yield node


def _listed(node: ast.stmt) -> Iterator[str]:
    """The names in `__all__ = […]` and `__all__ += […]`."""
    match node:
        case (
            ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=elements))
            | ast.AugAssign(target=ast.Name(id="__all__"), value=ast.List(elts=elements))
        ):
            yield from (str(each.value) for each in elements if isinstance(each, ast.Constant))


def _handed_on(node: ast.Import | ast.ImportFrom) -> set[str]:
    """`import a as a`, `from a import b as b`: what others may import from a stub."""
    return {each.name for each in node.names if each.asname == each.name}


def _bound(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign() | ast.For() | ast.With() | ast.AugAssign():
            targets = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
            yield from (each.id for each in targets if isinstance(each.ctx, ast.Store))
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            # A module imports what it needs, and what it imports can be imported from it.
            yield from (each.asname or each.name.partition(".")[0] for each in names)


def _is_kept(parts: list[str]) -> bool:
    return parts[0] not in _LEFT_OUT and not any(each.startswith("_") for each in parts)


def build(folder: Path) -> str:
    """The text of `_stdlib.json` for a folder of stubs: what each module exports, `|`, and the rest."""
    stubs, private = _Stubs(folder), _Stubs(folder, exported=False)
    sources = _Stubs(Path(sysconfig.get_path("stdlib")), suffix=".py", exported=False)
    lines = []
    for module in sorted(stubs.files):
        exported, others = stubs.names(module), private.names(module)
        if not _is_kept(module.split(".")) or exported is None or others is None:
            continue
        if module in sources.files:
            read = sources.names(module)
            if read is None:
                continue
            others |= read
        elif module in sys.stdlib_module_names:
            others |= _of_extension(module)
        text = f"{' '.join(sorted(exported))}|{' '.join(sorted(others - exported))}"
        lines.append(f"{json.dumps(module)}: {json.dumps(text)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _of_extension(module: str) -> set[str]:
    """What a module has that is not written in Python; nothing for one that is not here."""
    try:
        return {each for each in dir(importlib.import_module(module)) if not each.startswith("_")}
    except ImportError:
        return set()


if __name__ == "__main__":
    import mypy

    PATH.write_text(build(Path(mypy.__file__).parent / "typeshed" / "stdlib"), encoding="utf-8")
