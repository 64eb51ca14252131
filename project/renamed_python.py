"""What a renaming changes in Python files that use a program: names, arguments and results of calls."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator

from ..base.cancellation import check_cancelled
from ..base.span import Span
from ..compiler.pythonfiles.reading import parse
from ..grammar.source import Source
from .disk import ENDING
from .moved_python import offset_of
from .moves import Module, Moves, Renamings
from .renamed import Elsewhere, Subject, module_types


def in_python(subject: Subject, paths: Iterable[str], folders: Iterable[str]) -> Iterator[Elsewhere]:
    """The edits of the Python files among these that use what is renamed."""
    if subject.kind not in ("declared", "field"):
        return
    stem = os.path.splitext(os.path.basename(subject.path))[0]
    around = list(folders)
    for path in paths:
        check_cancelled()
        text = subject.files.disk.read(path)
        if text is None or stem not in text or subject.old not in text:
            continue
        try:
            tree = parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        yield from _File(subject, path, Source(path, text), tree, around).edits()


class _File:
    """A Python file, and what it calls the things of a program."""

    def __init__(
        self, subject: Subject, path: str, source: Source, tree: ast.Module, folders: list[str]
    ) -> None:
        self._subject = subject
        self._path = path
        self._source = source
        self._tree = tree
        self._folders = folders
        self._renamings = Renamings(subject.files, Moves({}))
        self._modules: set[str] = set()
        """What the program's file is called."""
        self._names: dict[str, ast.alias] = {}
        """What names of the program are called, with the import that brings them."""
        for node in ast.walk(tree):
            self._look(node)

    def _look(self, node: ast.AST) -> None:
        match node:
            case ast.ImportFrom(module=module, level=level, names=names):
                parts = tuple(module.split(".")) if module else ()
                if parts and self._is_it(Module(level, parts)):
                    self._names |= {each.asname or each.name: each for each in names}
                for each in names:
                    if self._is_it(Module(level, (*parts, each.name))):
                        self._modules.add(each.asname or each.name)
            case ast.Import(names=names):
                for each in names:
                    parts = tuple(each.name.split("."))
                    if (each.asname or len(parts) == 1) and self._is_it(Module(0, parts)):
                        self._modules.add(each.asname or each.name)
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(args=[ast.Constant(value=str(named)), *_])
            ):
                if named.endswith(ENDING) and self._is_path(named) and self._is_bound_once(name):
                    self._modules.add(name)

    def _is_it(self, module: Module) -> bool:
        return self._renamings.file_of(self._path, module, (ENDING,)) == self._subject.path

    def _is_path(self, named: str) -> bool:
        """Whether a text names the file, from the Python file's folder or one of the workspace."""
        bases = (os.path.dirname(self._path), *self._folders)
        return any(os.path.normpath(os.path.join(each, named)) == self._subject.path for each in bases)

    def _is_bound_once(self, name: str) -> bool:
        """Whether a name gets a value in one place only, so that it means the same everywhere."""
        return self._count_bindings(name) == 1

    def _count_bindings(self, name: str) -> int:
        """In how many places a name gets a value."""
        bound = 0
        for node in ast.walk(self._tree):
            match node:
                case ast.Name(id=found, ctx=ast.Store() | ast.Del()) if found == name:
                    bound += 1
                case ast.arg(arg=found) | ast.ExceptHandler(name=found) if found == name:
                    bound += 1
                case (
                    ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) | ast.ClassDef(name=found)
                ):
                    bound += found == name
                case ast.alias():
                    bound += (node.asname or node.name) == name
        return bound

    def edits(self) -> Iterator[Elsewhere]:
        """What is written otherwise, in the order of Python's tree."""
        if self._subject.kind == "declared":
            yield from self._declared()
        else:
            yield from self._field()

    # --- a name of the program's file

    def _declared(self) -> Iterator[Elsewhere]:
        old, new = self._subject.old, self._subject.new
        brought = self._names.get(old)
        imports = [each for each in self._names.values() if each.name == old]
        is_free = brought is not None and brought.asname is None
        is_free = is_free and self._is_bound_once(old) and (old == new or not self._count_bindings(new))
        for each in imports:
            alias = "" if each.asname is not None or is_free else f" as {old}"
            yield self._edit(each.lineno, each.col_offset, new + alias)
        for node in ast.walk(self._tree):
            match node:
                case ast.Name(id=name) if name == old and is_free:
                    yield self._edit(node.lineno, node.col_offset, new)
                case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                    if attribute == old and name in self._modules:
                        yield self._at_end(node)

    # --- a field of a module

    def _field(self) -> Iterator[Elsewhere]:
        analysis = self._subject.files.analyse(self._subject.path)
        called = {
            name for name, kind in module_types(analysis) if self._subject.is_field(analysis, kind.interface)
        }
        results = self._results(called)
        for node in ast.walk(self._tree):
            match node:
                case ast.Call(keywords=keywords) if self._is_call(node, called):
                    for each in keywords:
                        if each.arg == self._subject.old:
                            yield self._edit(each.lineno, each.col_offset, self._subject.new)
                case ast.Attribute(value=value, attr=attribute) if attribute == self._subject.old:
                    if self._is_call(value, called) or (isinstance(value, ast.Name) and value.id in results):
                        yield self._at_end(node)

    def _results(self, called: set[str]) -> set[str]:
        """The variables that have nothing but results of these modules."""
        results = set()
        for node in ast.walk(self._tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    if self._is_call(value, called) and self._is_bound_once(name):
                        results.add(name)
        return results

    def _is_call(self, node: ast.AST, called: set[str]) -> bool:
        """Whether an expression calls one of these modules of the program's file, awaited or not."""
        if isinstance(node, ast.Await):
            node = node.value
        if not isinstance(node, ast.Call):
            return False
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "acall":
            function = function.value
        match function:
            case ast.Name(id=name):
                brought = self._names.get(name)
                return brought is not None and brought.name in called and self._is_bound_once(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                return name in self._modules and attribute in called
            case _:
                return False

    def _edit(self, line: int, column: int, text: str) -> Elsewhere:
        start = offset_of(self._source, line, column)
        span = Span(start, start + len(self._subject.old))
        return Elsewhere("python", self._path, self._source, span, text)

    def _at_end(self, node: ast.Attribute) -> Elsewhere:
        end = offset_of(self._source, node.end_lineno or node.lineno, node.end_col_offset or 0)
        span = Span(end - len(self._subject.old), end)
        return Elsewhere("python", self._path, self._source, span, self._subject.new)
