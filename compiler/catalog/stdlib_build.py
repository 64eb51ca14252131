"""Builds `_stdlib.json` from the stubs of typeshed, which come with mypy.

Run it by `python -m dspyc.compiler.catalog.stdlib_build`.

A stub names what a module has on any platform and in any version of Python, so what is in none of its
branches is in no Python that can load a program.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

PATH = Path(__file__).with_name("_stdlib.json")

_LEFT_OUT = frozenset(
    {"builtins", "curses", "distutils", "encodings", "lib2to3", "msilib", "pydoc_data", "tkinter", "turtle"}
)
"""Packages that no program made of model calls imports, and `builtins`, whose names need no import."""


class _Stubs:
    """The stubs of a folder, by the names of their modules."""

    def __init__(self, folder: Path) -> None:
        self.files = {self._name(file.relative_to(folder)): file for file in folder.rglob("*.pyi")}
        self._read: dict[str, set[str] | None] = {}

    def names(self, module: str) -> set[str] | None:
        """What can be imported from a module; None where that cannot be told."""
        if module not in self._read:
            self._read[module] = set()  # A stub that reads itself by way of others adds nothing to itself.
            self._read[module] = self._found(module)
        return self._read[module]

    def _found(self, module: str) -> set[str] | None:
        file = self.files[module]
        package = module if file.name == "__init__.pyi" else module.rpartition(".")[0]
        found = {each.rpartition(".")[2] for each in self.files if each.rpartition(".")[0] == module}
        for node in _statements(ast.parse(file.read_text(encoding="utf-8")).body):
            match node:
                case ast.FunctionDef(name="__getattr__"):
                    return None
                case ast.ImportFrom(names=[ast.alias(name="*")]):
                    other = self._place(package, node)
                    brought = self.names(other) if other in self.files else None
                    if brought is None:
                        return None
                    found |= brought
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
    """The statements of a stub, those of all branches for a version or a platform among them."""
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _statements(node.body)
            yield from _statements(node.orelse)
        else:
            yield node


def _bound(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            yield from (each.id for each in targets if isinstance(each, ast.Name))
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            # A module imports what it needs, and what it imports can be imported from it.
            yield from (each.asname or each.name.partition(".")[0] for each in names)


def _is_kept(parts: list[str]) -> bool:
    return parts[0] not in _LEFT_OUT and not any(each.startswith("_") for each in parts)


def build(folder: Path) -> str:
    """The text of `_stdlib.json` for a folder of stubs: a line for each module."""
    stubs = _Stubs(folder)
    public = [each for each in sorted(stubs.files) if _is_kept(each.split("."))]
    known = {each: names for each in public if (names := stubs.names(each)) is not None}
    lines = (
        f"{json.dumps(module)}: {json.dumps(' '.join(sorted(names)))}" for module, names in known.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    import mypy

    PATH.write_text(build(Path(mypy.__file__).parent / "typeshed" / "stdlib"), encoding="utf-8")
