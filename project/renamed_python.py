"""What a renaming changes in Python files that use a program: names, arguments and results of calls."""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Iterable, Iterator

from ..base.cancellation import check_cancelled
from ..base.span import Span
from ..compiler.pythonfiles.reading import parse
from ..grammar.source import Source
from .disk import ENDING
from .moved_python import offset_of
from .moves import Module, Moves, Renamings
from .renamed import Elsewhere, Subject, module_types


def in_python(
    subject: Subject, programs: Iterable[str], paths: Iterable[str], folders: Iterable[str]
) -> Iterator[Elsewhere]:
    """The edits of the Python files among these that use what is renamed, by the programs that have it."""
    if subject.kind not in ("declared", "field"):
        return
    texts = dict(_naming(subject, paths))
    if not texts:
        return
    around, used = list(folders), _used(subject, programs)
    for path, text in texts.items():
        check_cancelled()
        homes = [each for each in used if _stem(each) in text]
        if not homes:
            continue
        try:
            tree = parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for home in homes:
            yield from _File(subject, home, used[home], path, Source(path, text), tree, around).edits()


def _naming(subject: Subject, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those of the files in which the old name stands, each with its text."""
    for path in paths:
        check_cancelled()
        text = subject.files.disk.read(path)
        if text is not None and subject.old in text:
            yield path, text


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _used(subject: Subject, programs: Iterable[str]) -> dict[str, set[str]]:
    """The programs that have what is renamed, each with the modules whose field it is."""
    if subject.kind == "declared":
        return {subject.path: set()}
    found = {}
    for path in dict.fromkeys((subject.path, *programs)):
        try:
            analysis = subject.files.analyse(path)
        except FileNotFoundError:
            continue
        modules = module_types(analysis)
        called = {name for name, kind in modules if subject.is_field(analysis, kind.interface)}
        if called:
            found[path] = called
    return found


class _File:
    """A Python file, and what it calls the things of a program."""

    def __init__(
        self,
        subject: Subject,
        home: str,
        called: set[str],
        path: str,
        source: Source,
        tree: ast.Module,
        folders: list[str],
    ) -> None:
        self._subject = subject
        self._home = home
        """The program's file."""
        self._called = called
        """The modules there that have the field."""
        self._path = path
        self._source = source
        self._tree = tree
        self._folders = folders
        self._renamings = Renamings(subject.files, Moves({}))
        modules: Counter[str] = Counter()
        self._names: dict[str, ast.alias] = {}
        """What names of the program are called, with the import that brings them."""
        self._loaders: set[str] = set()
        """What `dspyc.load` is called."""
        self._bindings = Counter(name for node in ast.walk(tree) for name in _bound(node))
        """In how many places each name gets a value."""
        for node in ast.walk(tree):
            self._look_for_loader(node)
        for node in ast.walk(tree):
            self._look(node, modules)
        self._modules = {name for name, count in modules.items() if count == self._bindings[name]}
        """What the program's file is called, and nothing else."""

    def _look_for_loader(self, node: ast.AST) -> None:
        match node:
            case ast.ImportFrom(module="dspyc", level=0, names=names):
                self._loaders |= {each.asname or each.name for each in names if each.name == "load"}
            case ast.Import(names=names):
                named = (each.asname or each.name for each in names if each.name == "dspyc")
                self._loaders |= {f"{each}.load" for each in named}

    def _look(self, node: ast.AST, modules: Counter[str]) -> None:
        match node:
            case ast.ImportFrom(module=module, level=level, names=names):
                parts = tuple(module.split(".")) if module else ()
                if parts and self._is_it(Module(level, parts)):
                    self._names |= {each.asname or each.name: each for each in names}
                for each in names:
                    if self._is_it(Module(level, (*parts, each.name))):
                        modules[each.asname or each.name] += 1
            case ast.Import(names=names):
                for each in names:
                    parts = tuple(each.name.split("."))
                    if (each.asname or len(parts) == 1) and self._is_it(Module(0, parts)):
                        modules[each.asname or each.name] += 1
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=function, args=[ast.Constant(value=str(named)), *_]),
            ):
                if named.endswith(ENDING) and ast.unparse(function) in self._loaders and self._is_path(named):
                    modules[name] += 1

    def _is_it(self, module: Module) -> bool:
        return self._renamings.file_of(self._path, module, (ENDING,)) == self._home

    def _is_path(self, named: str) -> bool:
        """Whether a text names the file, from the Python file's folder or one of the workspace."""
        bases = (os.path.dirname(self._path), *self._folders)
        return any(os.path.normpath(os.path.join(each, named)) == self._home for each in bases)

    def _is_bound_once(self, name: str) -> bool:
        """Whether a name gets a value in one place only, so that it means the same everywhere."""
        return self._bindings[name] == 1

    def _means_something(self, name: str) -> bool:
        """Whether a name is bound here, or read, as one of Python's own may be."""
        read = (each.id for each in ast.walk(self._tree) if isinstance(each, ast.Name))
        return name in self._bindings or name in read

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
        is_free = is_free and self._is_bound_once(old) and (old == new or not self._means_something(new))
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
        called, results = self._called, self._results(self._called)
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


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node gives a value."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.alias():
            yield node.asname or node.name
