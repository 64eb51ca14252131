"""Python files read with `ast`, never run: what their top level defines, as types of the language."""

from __future__ import annotations

import ast
import os.path
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

from ...base.once import once
from ...grammar.source import Source, Span
from .. import types
from ..types import Type
from . import classes
from .reading import parse
from .types import annotation, function, is_overload

Importer: TypeAlias = Callable[[int, str, str | None], Type | None]
"""The type of what `from <level dots><module> import <name>` brings (the module itself without a name)."""


class Imported(NamedTuple):
    """Where an imported name comes from."""

    level: int
    module: str
    name: str | None


class _Reading(threading.local):
    """The names that this thread is reading, each because of the one before it."""

    def __init__(self) -> None:
        self.names: list[str] = []


class Names(Protocol):
    """The names of a file among all names of a project, where it is known who needs whom."""

    def type(self, name: str) -> Type | None:
        """The type of a name of the file's top level; None when there is none."""

    def noting(self, name: str) -> AbstractContextManager[object]:
        """Notes what is read inside of a `with` as read by a name whose type is known already."""


class PythonFile(Struct, frozen=True, eq=False, dict=True):
    """A Python file: what its top level defines, each thing turned into a type when it is asked for."""

    path: str
    text: str
    importer: Importer
    origin: Literal["python", "runtime"] = "python"
    names: Names | None = None
    """Those who are asked for the file's names; None for a file on its own."""

    @once
    def tree(self) -> ast.Module | None:
        """The syntax tree; None when the file is not valid Python."""
        try:
            return parse(self.text)
        except (SyntaxError, ValueError, RecursionError):
            return None

    @once
    def definitions(self) -> Mapping[str, ast.stmt | Imported]:
        """The statement or import that gives each name, the last one where there are several."""
        return dict(_definitions(self.tree.body)) if self.tree else {}

    @once
    def _overloads(self) -> Mapping[str, list[ast.FunctionDef | ast.AsyncFunctionDef]]:
        """The ways to call each function that says several."""
        found: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        for each in _overloads(self.tree.body) if self.tree else ():
            found.setdefault(each.name, []).append(each)
        return found

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> types.Function:
        return function(node, self.lookup, self.place(node), self.origin)

    @once
    def exported(self) -> tuple[str, ...]:
        """What the file has for others: its `__all__`, else what it defines itself.

        To a package belongs, too, what its `__init__.py` takes from the package's own files.
        """
        match self.definitions.get("__all__"):
            case ast.Assign(value=ast.List(elts=listed) | ast.Tuple(elts=listed)):
                return tuple(
                    each.value
                    for each in listed
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                )
        package = os.path.basename(self.path) == "__init__.py"
        return tuple(
            name
            for name, each in self.definitions.items()
            if not isinstance(each, Imported) or (package and each.level)
        )

    @once
    def open(self) -> bool:
        """Whether there may be further names: a star import, `__getattr__`, or text that is not Python."""
        return self.tree is None or "*" in self.definitions or "__getattr__" in self.definitions

    @once
    def _found(self) -> dict[str, Type | None]:
        return {}

    @once
    def _reading(self) -> _Reading:
        return _Reading()

    def type(self, name: str) -> Type | None:
        """The type of a name of the top level; None when there is none."""
        return self._type_alone(name) if self.names is None else self.names.type(name)

    def _type_alone(self, name: str) -> Type | None:
        if name in self._found:
            return self._found[name]
        names = self._reading.names
        if name in names:
            return types.UNKNOWN  # a definition that needs itself
        names.append(name)
        try:
            # Threads that come together read twice, and keep the same type.
            return self._found.setdefault(name, self.read(name))
        finally:
            names.pop()

    def lookup(self, name: str) -> Type | None:
        """The type of a dotted name as this file understands it."""
        head, _, rest = name.partition(".")
        found = self.type(head)
        while rest and found is not None:
            head, _, rest = rest.partition(".")
            match found:
                case types.PythonModule(read=read):
                    found = read(head)
                case types.Class(definition=definition):
                    found = definition.members.get(head)
                case _:
                    return types.UNKNOWN
        return found

    def module(self, name: str) -> types.PythonModule:
        """The file as the value that `import name` gives."""
        return types.PythonModule(
            name, self.type, lambda: tuple(self.definitions), types.Place(self.path, Span(0, 0))
        )

    def place_of(self, name: str) -> types.Place | None:
        """Where a name of the top level is defined; None for imported ones."""
        node = self.definitions.get(name)
        if not isinstance(node, ast.stmt):
            return None
        start = self.text.find(name, self._offset(node))
        return types.Place(self.path, Span(start, start + len(name)), node.lineno - 1)

    def place(self, node: ast.stmt) -> types.Place:
        """Where a definition's name stands."""
        start = self._offset(node)
        name = getattr(node, "name", "")
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        found = self.text.find(name, start)
        start = found if found >= 0 else start
        return types.Place(self.path, Span(start, start + len(name)), node.lineno - 1)

    def parameter_place(self, node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> types.Place:
        """Where a parameter of a function stands; the function's name where it has no such parameter."""
        arguments = node.args
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if each.arg == name:
                start = self._offset(each)
                return types.Place(self.path, Span(start, start + len(name)), each.lineno - 1)
        return self.place(node)

    def _offset(self, node: ast.stmt | ast.arg) -> int:
        source = self._source
        return source.line_starts[node.lineno - 1] + _code_points(source, node.lineno, node.col_offset)

    @once
    def _source(self) -> Source:
        return Source(self.path, self.text)

    def read(self, name: str) -> Type | None:
        """The type of a name of the top level, found out anew; None when there is none."""
        match self.definitions.get(name):
            case None:
                return types.UNKNOWN if self.open else None
            case (ast.FunctionDef() | ast.AsyncFunctionDef()) as node:
                ways = self._overloads.get(name)
                if ways:
                    return types.Overloaded(tuple(map(self._function, ways)))
                return self._function(node)
            case ast.ClassDef() as node:
                return classes.read(node, self if self.names is None else _ClassFile(self, self.names, name))
            case ast.AnnAssign(
                annotation=ast.Name(id="TypeAlias") | ast.Attribute(attr="TypeAlias"), value=value
            ):
                return types.TypeForm(annotation(value, self.lookup))
            case ast.AnnAssign(
                annotation=ast.Name(id="Final") | ast.Attribute(attr="Final"), value=value
            ) if value is not None:
                return _value(value)
            case ast.AnnAssign(annotation=written):
                return annotation(written, self.lookup)
            case ast.Assign(value=ast.Call(func=ast.Name(id=maker) | ast.Attribute(attr=maker))) if (
                maker == "TypeVar"
            ):
                return types.TypeForm(types.Variable(name))
            case ast.Assign(value=ast.Subscript() | ast.BinOp(op=ast.BitOr()) as value):
                kind = annotation(value, self.lookup)
                return types.TypeForm(kind) if types.known(kind) else types.UNKNOWN
            case ast.Assign(value=ast.Name(id=other)):
                return self.type(other)
            case ast.Assign(value=value):
                return _value(value)
            case Imported(level, module, wanted):
                found = self.importer(level, module, wanted)
                return types.UNKNOWN if found is None else found
            case _:
                return types.UNKNOWN


class _ClassFile(Struct, frozen=True):
    """A file as a class of it sees it, of which much is found out after its type is known."""

    file: PythonFile
    names: Names
    name: str
    """That of the class."""

    @property
    def path(self) -> str:
        """Its path."""
        return self.file.path

    @property
    def origin(self) -> Literal["python", "runtime"]:
        """Whose file it is."""
        return self.file.origin

    def lookup(self, name: str) -> Type | None:
        """The type of a dotted name as the file understands it."""
        with self.names.noting(self.name):
            return self.file.lookup(name)

    def place(self, node: ast.stmt) -> types.Place:
        """Where a definition's name stands."""
        return self.file.place(node)


def _overloads(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        match node:
            case (ast.FunctionDef() | ast.AsyncFunctionDef()) as found if is_overload(found):
                yield found
            case ast.If(body=first, orelse=second):
                yield from _overloads(first)
                yield from _overloads(second)


def find_definition(path: str, text: str, name: str) -> types.Place:
    """Where a class, function, parameter (`search.k`) or member of a class (`Predict.reset`) is defined."""
    file = PythonFile(path, text, lambda _level, _module, _name: None)
    body = file.tree.body if file.tree is not None else []
    node: ast.stmt | None = None
    for part in name.split("."):
        found = dict(_definitions(body)).get(part)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return file.parameter_place(node, part)
        if not isinstance(found, ast.stmt):
            break
        node = found
        body = found.body if isinstance(found, ast.ClassDef) else []
    return file.place(node) if node is not None else types.Place(path, line=0)


def _definitions(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt | Imported]]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from ((name, node) for name in _assigned(target))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node
            case ast.ImportFrom(module=module, names=names, level=level):
                yield from (
                    (each.asname or each.name, Imported(level, module or "", each.name)) for each in names
                )
            case ast.Import(names=names):
                for each in names:
                    top = each.name.partition(".")[0]
                    yield each.asname or top, Imported(0, each.name if each.asname else top, None)
            case ast.If(body=first, orelse=second):
                yield from _definitions(second)
                yield from _definitions(first)
            case ast.Try(body=first, handlers=handlers, orelse=second, finalbody=last):
                for handler in handlers:
                    yield from _definitions(handler.body)
                for block in (first, second, last):
                    yield from _definitions(block)
            case ast.With(body=inside) | ast.For(body=inside) | ast.While(body=inside):
                yield from _definitions(inside)


def _assigned(target: ast.expr) -> Iterator[str]:
    """The names that a target gives; `x.y = …` and `x[0] = …` give none."""
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for each in elements:
                yield from _assigned(each)
        case ast.Starred(value=value):
            yield from _assigned(value)


def _value(node: ast.expr) -> Type:
    match node:
        case ast.Constant(value=None):
            return types.NONE
        case ast.Constant(value=(str() | bool() | int() | float()) as value):
            return types.Literals((value,))
        case ast.JoinedStr():
            return types.STR
        case ast.List(elts=elements):
            return types.List(_held(elements) if elements else types.UNKNOWN)
        case ast.Set(elts=elements):
            return types.Set(_held(elements))
        case ast.Dict(keys=keys, values=values) if keys and all(keys):
            return types.Dict(_held([key for key in keys if key]), _held(values))
        case _:
            return types.UNKNOWN


def _held(elements: list[ast.expr]) -> Type:
    """The type of a container's items, by their classes: Python code may put others into it."""
    return types.plain(types.joined(map(_value, elements)))


def _code_points(source: Source, line: int, utf8_column: int) -> int:
    text = source.line_text(line - 1)
    return utf8_column if text.isascii() else len(text.encode()[:utf8_column].decode(errors="ignore"))
