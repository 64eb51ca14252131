"""Python source read with `ast`, never run: its functions, classes and constants as types of the language."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from ..grammar.source import Source, Span
from . import types
from .relations import BUILTIN_CLASSES, generic, named
from .types import Type

Lookup: TypeAlias = Callable[[str], Type | None]
"""A name, dotted perhaps, to its type as a value; None when it means nothing."""

Importer: TypeAlias = Callable[[int, str, str | None], Type | None]
"""The type of what `from <level dots><module> import <name>` brings (the module itself without a name)."""

_RECORD_BASES = {"BaseModel", "NamedTuple", "TypedDict", "RootModel"}
_ENUM_BASES = {"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag"}


# --- annotations ----------------------------------------------------------------------------------------


def annotation(node: ast.expr | None, lookup: Lookup) -> Type:
    """The type that an annotation names; Unknown where that cannot be told."""
    match node:
        case None:
            return types.UNKNOWN
        case ast.Constant(value=None):
            return types.NONE
        case ast.Constant(value=str(text)):
            return parse_annotation(text, lookup)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return types.union(annotation(left, lookup), annotation(right, lookup))
        case ast.Name() | ast.Attribute():
            return _named(_dotted(node), lookup)
        case ast.Subscript(value=value, slice=index):
            return _subscripted(_dotted(value), index, lookup)
        case _:
            return types.UNKNOWN


def parse_annotation(text: str, lookup: Lookup) -> Type:
    """The type that the text of an annotation names."""
    try:
        return annotation(ast.parse(text, mode="eval").body, lookup)
    except (SyntaxError, ValueError):
        return types.UNKNOWN


def limits(node: ast.expr | None) -> types.Limits:
    """The bounds that `Annotated[int, Ge(1)]` gives, anywhere in an annotation."""
    found: dict[str, float] = {}
    for each in ast.walk(node) if node is not None else ():
        match each:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.expr() as bound]):
                slot = {"Ge": "ge", "Gt": "gt", "Le": "le", "Lt": "lt", "MinLen": "min_length"}.get(name)
                value = _number(bound)
                if slot and value is not None:
                    found[slot] = value
    return types.Limits(
        found.get("ge"),
        found.get("gt"),
        found.get("le"),
        found.get("lt"),
        int(found["min_length"]) if "min_length" in found else None,
    )


def _named(name: str, lookup: Lookup) -> Type:
    found = lookup(name)
    if found is None and "." in name:
        found = lookup(name.rpartition(".")[2])
    if found is not None:
        kind = named(found)
        return types.UNKNOWN if kind is None else kind
    last = name.rpartition(".")[2]
    if last in BUILTIN_CLASSES:
        return types.Builtin(last)
    kind = generic(last, None)
    return types.UNKNOWN if kind is None else kind


def _subscripted(name: str, index: ast.expr, lookup: Lookup) -> Type:
    last = name.rpartition(".")[2]
    elements = index.elts if isinstance(index, ast.Tuple) else [index]
    if last == "Literal":
        return types.Literals(tuple(_literal_values(elements)))
    if last == "Callable":
        returns = annotation(elements[1], lookup) if len(elements) > 1 else types.UNKNOWN
        return types.Callback("", returns)
    if last in ("tuple", "Tuple") and len(elements) == 2 and _is_ellipsis(elements[1]):
        return types.Tuple((), annotation(elements[0], lookup))
    if last == "Annotated":
        return annotation(elements[0], lookup)
    kind = generic(last, [annotation(each, lookup) for each in elements])
    return _named(name, lookup) if kind is None else kind


def _literal_values(elements: list[ast.expr]) -> Iterator[types.Value]:
    for each in elements:
        match each:
            case ast.Constant(value=(str() | bool() | int() | None) as value):
                yield value


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _number(node: ast.expr) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case _:
            return None


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
        case _:
            return ""


# --- functions ------------------------------------------------------------------------------------------


def function(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    lookup: Lookup,
    place: types.Place | None = None,
    *,
    skip: int = 0,
) -> types.Function:
    """A function by its annotations; `skip` parameters (`self`) are left out. Without annotations all fits."""
    decorators = {_decorator(each) for each in node.decorator_list}
    changed = decorators - {
        "pure",
        "staticmethod",
        "classmethod",
        "cache",
        "lru_cache",
        "abstractmethod",
        "overload",
    }
    return types.Function(
        node.name,
        tuple(_parameters(node.args, lookup))[skip:],
        types.UNKNOWN if changed else annotation(node.returns, lookup),
        ast.get_docstring(node) or "",
        place,
        "python",
        is_async=isinstance(node, ast.AsyncFunctionDef),
        pure="pure" in decorators,
        untyped=bool(changed),
    )


def _parameters(arguments: ast.arguments, lookup: Lookup) -> Iterator[types.Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    for index, each in enumerate(positional):
        default = arguments.defaults[index - required] if index >= required else None
        yield parameter(
            each, default, "positional-only" if index < len(arguments.posonlyargs) else "", lookup
        )
    if arguments.vararg:
        yield parameter(arguments.vararg, None, "*", lookup)
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield parameter(each, default, "keyword-only", lookup)
    if arguments.kwarg:
        yield parameter(arguments.kwarg, None, "**", lookup)


def parameter(argument: ast.arg, default: ast.expr | None, kind: str, lookup: Lookup) -> types.Parameter:
    """One parameter of a function or constructor."""
    assert kind in ("", "positional-only", "keyword-only", "*", "**")
    return types.Parameter(
        argument.arg,
        annotation(argument.annotation, lookup),
        required=default is None and kind not in ("*", "**"),
        default="" if default is None else ast.unparse(default),
        kind=kind,  # type: ignore[arg-type]
        limits=limits(argument.annotation),
    )


def _decorator(node: ast.expr) -> str:
    return _dotted(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]


# --- modules --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PythonFile:
    """A Python file: what its top level defines, each thing turned into a type when it is asked for."""

    path: str
    text: str
    importer: Importer

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree; None when the file is not valid Python."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError):
            return None

    @cached_property
    def definitions(self) -> Mapping[str, ast.stmt | ast.alias]:
        """The statement (or the alias of an import) that gives each name, the last one where there are several."""
        return dict(_definitions(self.tree.body)) if self.tree else {}

    @cached_property
    def open(self) -> bool:
        """Whether there may be further names: a star import, a module `__getattr__`, or a file that is not Python."""
        return self.tree is None or "*" in self.definitions or "__getattr__" in self.definitions

    @cached_property
    def _found(self) -> dict[str, Type | None]:
        return {}

    def type(self, name: str) -> Type | None:
        """The type of a name of the top level; None when there is none."""
        if name not in self._found:
            self._found[name] = types.UNKNOWN  # a definition that needs itself
            self._found[name] = self._read(name)
        return self._found[name]

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

    def place(self, node: ast.stmt | ast.alias) -> types.Place:
        """Where a definition's name stands."""
        source = self._source
        start = source.line_starts[node.lineno - 1] + _code_points(source, node.lineno, node.col_offset)
        name = getattr(node, "name", None)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and name:
            found = self.text.find(name, start)
            start = found if found >= 0 else start
        return types.Place(self.path, Span(start, start + len(name or "")), node.lineno - 1)

    @cached_property
    def _source(self) -> Source:
        return Source(self.path, self.text)

    def _read(self, name: str) -> Type | None:
        match self.definitions.get(name):
            case None:
                return types.UNKNOWN if self.open else None
            case (ast.FunctionDef() | ast.AsyncFunctionDef()) as node:
                return function(node, self.lookup, self.place(node))
            case ast.ClassDef() as node:
                return self._class(node)
            case ast.AnnAssign(
                annotation=ast.Name(id="TypeAlias") | ast.Attribute(attr="TypeAlias"), value=value
            ):
                return types.TypeForm(annotation(value, self.lookup))
            case ast.AnnAssign(annotation=written):
                return annotation(written, self.lookup)
            case ast.Assign(value=ast.Subscript() | ast.BinOp(op=ast.BitOr()) as value):
                kind = annotation(value, self.lookup)
                return types.TypeForm(kind) if types.known(kind) else types.UNKNOWN
            case ast.Assign(value=value):
                return _value(value)
            case ast.alias() as alias:
                return self._imported(alias)
            case _:
                return types.UNKNOWN

    def _imported(self, alias: ast.alias) -> Type | None:
        level, module, name = self._origin[id(alias)]
        found = self.importer(level, module, name)
        return types.UNKNOWN if found is None else found

    @cached_property
    def _origin(self) -> Mapping[int, tuple[int, str, str | None]]:
        origins: dict[int, tuple[int, str, str | None]] = {}
        for node in ast.walk(self.tree) if self.tree else ():
            match node:
                case ast.ImportFrom(module=module, names=names, level=level):
                    origins.update({id(each): (level, module or "", each.name) for each in names})
                case ast.Import(names=names):
                    origins.update(
                        {
                            id(each): (0, each.name if each.asname else each.name.partition(".")[0], None)
                            for each in names
                        }
                    )
        return origins

    def _class(self, node: ast.ClassDef) -> Type:
        bases = [_dotted(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases]
        last = {base.rpartition(".")[2] for base in bases}
        found = [self.lookup(base) for base in bases]
        place, doc = self.place(node), ast.get_docstring(node) or ""
        if last & _ENUM_BASES:
            return types.TypeForm(types.Enum(node.name, self.path, tuple(_members(node)), doc, place))
        records = [
            each.type
            for each in found
            if isinstance(each, types.TypeForm) and isinstance(each.type, types.Record)
        ]
        decorators = {_decorator(each) for each in node.decorator_list}
        if last & _RECORD_BASES or records or "dataclass" in decorators:
            return types.TypeForm(
                types.Record(node.name, self.path, lambda: self._attributes(node, records), doc, place)
            )
        return types.Class(self._definition(node, bases, found, place, doc))

    def _attributes(self, node: ast.ClassDef, bases: list[types.Record]) -> types.Interface:
        fields = {field.name: field for base in bases for field in base.interface.fields}
        is_open = any(base.interface.open for base in bases)
        for each in node.body:
            match each:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=written, value=value) if (
                    name[0] != "_"
                ):
                    kind = annotation(written, self.lookup)
                    required = value is None or _required_field(value)
                    fields[name] = types.Field(name, kind, "attribute", required, place=self.place(each))
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name[0] != "_":
                    is_open = True  # methods and properties are no fields, and may be read
        return types.Interface(node.name, tuple(fields.values()), open=is_open)

    def _definition(
        self, node: ast.ClassDef, bases: list[str], found: list[Type | None], place: types.Place, doc: str
    ) -> types.ClassDefinition:
        parents = [each.definition for each in found if isinstance(each, types.Class)]
        complete = len(parents) == len([base for base in bases if base != "object"]) and all(
            parent.complete for parent in parents
        )
        names = [node.name, *(name for parent in parents for name in parent.bases)]
        return types.ClassDefinition(
            node.name,
            self.path,
            tuple(dict.fromkeys(names)),
            lambda: self._constructor(node, parents, complete),
            lambda: self._class_members(node, parents),
            lambda: doc,
            lambda: place,
            shape=next((parent.shape for parent in parents if parent.shape), None),
            complete=complete and not node.keywords,
        )

    def _constructor(
        self, node: ast.ClassDef, parents: list[types.ClassDefinition], complete: bool
    ) -> tuple[types.Parameter, ...] | None:
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                return function(each, self.lookup, skip=1).parameters
        if not complete or (
            node.decorator_list and not {_decorator(d) for d in node.decorator_list} <= {"parameters"}
        ):
            return None
        inherited = next((parent.parameters for parent in parents), ())
        if not node.decorator_list or inherited is None:
            return inherited
        own = {each.name: each for each in inherited}
        for each in node.body:
            match each:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=written, value=value):
                    own[name] = parameter(ast.arg(name, written), value, "", self.lookup)
        ordered = sorted(
            own.values(), key=lambda each: (each.kind in ("keyword-only", "**"), not each.required)
        )
        return tuple(ordered)

    def _class_members(self, node: ast.ClassDef, parents: list[types.ClassDefinition]) -> Mapping[str, Type]:
        members: dict[str, Type] = {}
        for parent in reversed(parents):
            members.update(parent.members)
        for each in node.body:
            match each:
                case (ast.FunctionDef() | ast.AsyncFunctionDef()) as method:
                    members[method.name] = self._method(method)
                case ast.AnnAssign(target=ast.Name(id=name), annotation=written):
                    members[name] = annotation(written, self.lookup)
                case ast.Assign(targets=[ast.Name(id=name)]):
                    members[name] = types.UNKNOWN
        for inner in ast.walk(node):
            match inner:
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    members.setdefault(name, types.UNKNOWN)
        return members

    def _method(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Type:
        decorators = {_decorator(each) for each in node.decorator_list}
        if decorators & {"property", "cached_property"}:
            return annotation(node.returns, self.lookup)
        return function(node, self.lookup, self.place(node), skip=0 if "staticmethod" in decorators else 1)


def _definitions(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt | ast.alias]]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from ((each.id, node) for each in ast.walk(target) if isinstance(each, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((each.asname or each.name.partition(".")[0], each) for each in names)
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


def _members(node: ast.ClassDef) -> Iterator[tuple[str, types.Value]]:
    for each in node.body:
        match each:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Constant(value=(str() | int() | None) as value)
            ):
                yield name, value
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name, name.lower()


def _required_field(value: ast.expr) -> bool:
    """Whether `Field(description=…)` leaves the attribute without a default."""
    match value:
        case ast.Call(
            func=ast.Name(id="Field" | "field") | ast.Attribute(attr="Field" | "field"),
            args=args,
            keywords=keywords,
        ):
            given = {keyword.arg for keyword in keywords}
            return not (given & {"default", "default_factory"}) and not [
                a for a in args if not _is_ellipsis(a)
            ]
        case _:
            return False


def _value(node: ast.expr) -> Type:
    match node:
        case ast.Constant(value=None):
            return types.NONE
        case ast.Constant(value=(str() | bool() | int() | float()) as value):
            return types.Literals((value,))
        case ast.JoinedStr():
            return types.STR
        case ast.List(elts=elements):
            return types.List(types.union(*map(_value, elements)) if elements else types.UNKNOWN)
        case ast.Set(elts=elements):
            return types.Set(types.union(*map(_value, elements)))
        case ast.Dict(keys=keys, values=values) if keys and all(keys):
            return types.Dict(
                types.union(*(_value(key) for key in keys if key)), types.union(*map(_value, values))
            )
        case _:
            return types.UNKNOWN


def _code_points(source: Source, line: int, utf8_column: int) -> int:
    text = source.line_text(line - 1)
    return utf8_column if text.isascii() else len(text.encode()[:utf8_column].decode(errors="ignore"))
