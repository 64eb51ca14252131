"""Classes of Python source: records, enumerations, and classes with their parameters and members."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc
from itertools import pairwise
from typing import Literal, Protocol

from msgspec.structs import replace

from ...base.docstrings import described_arguments
from .. import types
from ..types import Type
from ..types.generic import has_variables
from .types import annotation, decorator, dotted, function, is_ellipsis, is_overload, parameter

_RECORD_BASES = frozenset({"BaseModel", "NamedTuple", "TypedDict", "RootModel"})
_RECORD_DECORATORS = frozenset({"dataclass", "frozen_record"})
"""That of the standard library, and that of `base/frozen.py`."""
_ENUM_BASES = frozenset({"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag"})
_PLAIN_BASES = frozenset({"object", "ABC", "Protocol", "Generic"})
"""Bases that bring no attributes that anybody would read."""
ERROR_BASES = frozenset({"Exception", "RuntimeError", "ValueError"})
"""Bases that bring what every exception has, and take any arguments."""
_SEQUENCE_BASES = frozenset({"Sequence", "Mapping", "Iterable", "Collection", "Set"})


class File(Protocol):
    """The file that a class stands in."""

    @property
    def path(self) -> str:
        """Its path."""

    @property
    def origin(self) -> Literal["python", "runtime"]:
        """Whose file it is."""

    def lookup(self, name: str) -> Type | None:
        """The type of a dotted name as the file understands it."""

    def place(self, node: ast.stmt) -> types.Place:
        """Where a definition's name stands."""


def read(node: ast.ClassDef, file: File) -> Type:
    """A class as a value: the form of a record or enumeration, or a class."""
    bases = [dotted(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases]
    last = {base.rpartition(".")[2] for base in bases}
    found = [file.lookup(base) for base in bases]
    place, doc = file.place(node), ast.get_docstring(node) or ""
    if last & _ENUM_BASES:
        members = tuple(_members(node, texts="StrEnum" in last))
        is_open = any(value is None for _, value in members)
        return types.TypeForm(types.Enum(node.name, file.path, members, doc, place, is_open))
    records = [
        each.type
        for each in found
        if isinstance(each, types.TypeForm) and isinstance(each.type, types.Record)
    ]
    decorators = {decorator(each) for each in node.decorator_list}
    is_dataclass = not decorators.isdisjoint(_RECORD_DECORATORS)
    if last & _RECORD_BASES or records or is_dataclass:
        by_position = is_dataclass or "NamedTuple" in last or any(each.by_position for each in records)
        return types.TypeForm(
            types.Record(
                node.name,
                file.path,
                types.Lazily(lambda: _attributes(node, records, file)),
                doc,
                place,
                by_position=by_position,
                read_members=_Lazily(lambda: _RecordMembers(node, records, file)),
                read_parameters=lambda: _record_parameters(node, records, file),
            )
        )
    return types.Class(_definition(node, bases, found, file, place, doc))


# --- records and enumerations ---------------------------------------------------------------------------


def _attributes(node: ast.ClassDef, bases: list[types.Record], file: File) -> types.Interface:
    fields = {field.name: field for base in bases for field in base.interface.fields}
    # What a `TypedDict` or a `NamedTuple` is besides its fields brings further names.
    is_open = any(base.interface.open for base in bases) or any(
        dotted(base).rpartition(".")[2] in ("TypedDict", "NamedTuple") for base in node.bases
    )
    for each in node.body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=written, value=value) if name[
                0
            ] != "_" and not _is_class_variable(written):
                kind = _without_variables(annotation(written, file.lookup))
                required = value is None or _is_required(value)
                fields[name] = types.Field(name, kind, "attribute", required, place=file.place(each))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name[0] != "_":
                is_open = True  # methods and properties are no fields, and may be read
    return types.Interface(node.name, tuple(fields.values()), open=is_open)


def _record_parameters(
    node: ast.ClassDef, bases: list[types.Record], file: File
) -> tuple[types.Parameter, ...] | None:
    """What a record's own `__init__` takes, or that of a base; None where there is none."""
    if (constructor := _constructor(node)) is not None:
        return function(constructor, file.lookup, skip=1).parameters
    return next((base.parameters for base in bases if base.parameters is not None), None)


def _without_variables(kind: Type) -> Type:
    """The type of an attribute; what the parameters of a generic class decide is not known."""
    return types.UNKNOWN if has_variables(kind) else kind


def _is_required(value: ast.expr) -> bool:
    """Whether `Field(description=…)` leaves the attribute without a default."""
    if not isinstance(value, ast.Call) or dotted(value.func).rpartition(".")[2] not in ("Field", "field"):
        return False
    given = {keyword.arg for keyword in value.keywords}
    return not given & {"default", "default_factory"} and all(is_ellipsis(each) for each in value.args)


def _members(node: ast.ClassDef, *, texts: bool) -> Iterator[tuple[str, types.Value]]:
    """The members with their values; None for a value that is not known."""
    number = 0
    for each in node.body:
        match each:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=(str() | int()) as value)):
                number = value if isinstance(value, int) else number
                yield name, value
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                number += 1
                is_auto = dotted(call.func).rpartition(".")[2] == "auto"
                yield name, (name.lower() if texts else number) if is_auto else None
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name, None


# --- classes --------------------------------------------------------------------------------------------


def _definition(
    node: ast.ClassDef, bases: list[str], found: list[Type | None], file: File, place: types.Place, doc: str
) -> types.ClassDefinition:
    parents = [each.definition for each in found if isinstance(each, types.Class)]
    outside = {
        base.rpartition(".")[2]
        for base, each in zip(bases, found, strict=True)
        if not isinstance(each, types.Class)
    }
    # A metaclass may make calls and attributes of its own.
    complete = (
        outside <= _PLAIN_BASES | _SEQUENCE_BASES | ERROR_BASES
        and all(parent.complete for parent in parents)
        and not node.keywords
    )
    names = [node.name, *(name for parent in parents for name in parent.bases), *sorted(outside - {"object"})]
    return types.ClassDefinition(
        node.name,
        file.path,
        tuple(dict.fromkeys(names)),
        lambda: _parameters(node, parents, file, complete and ERROR_BASES.isdisjoint(names)),
        lambda: Members(node, parents, file),
        lambda: doc,
        lambda: place,
        lambda: dict(_parameter_docs(node, parents)),
        shape=_shape(node, file) or _inherited_shape(node, parents),
        complete=complete,
        by_fields="parameters" in {decorator(each) for each in node.decorator_list}
        or (any(parent.by_fields for parent in parents) and _constructor(node) is None),
    )


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    """A class's own `__init__`, or else its `__new__`; None where it has neither."""
    found = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    return found.get("__init__") or found.get("__new__")


def _parameters(
    node: ast.ClassDef, parents: list[types.ClassDefinition], file: File, complete: bool
) -> tuple[types.Parameter, ...] | None:
    """The parameters of `__init__`, or with `@parameters` the annotated fields, those of the bases first."""
    if (constructor := _constructor(node)) is not None:
        return function(constructor, file.lookup, skip=1).parameters
    decorators = {decorator(each) for each in node.decorator_list}
    # With `@parameters` fields add to fields; what a base's own `__init__` takes is not inherited.
    givers = [parent for parent in parents if parent.by_fields or not decorators]
    inherited = next((parent.parameters for parent in givers), ())
    if not complete or inherited is None or not decorators <= {"parameters"}:
        return None
    if not decorators:
        return inherited
    own = {each.name: each for each in inherited if each.kind not in ("*", "**")}
    by_name = False
    for each in node.body:
        match each:
            case ast.AnnAssign(annotation=ast.Name(id="KW_ONLY")):
                by_name = True
            case ast.AnnAssign(target=ast.Name(id=name), annotation=written, value=value) if (
                not _is_class_variable(written)
            ):
                kind = "keyword-only" if by_name else ""
                own[name] = parameter(ast.arg(name, written), value, kind, file.lookup)
    further = [each for each in inherited if each.kind == "**"] or list(_further(node))
    return (*_ordered(own.values()), *further)


def _is_class_variable(written: ast.expr) -> bool:
    return (
        dotted(written.value if isinstance(written, ast.Subscript) else written).rpartition(".")[2]
        == "ClassVar"
    )


def _further(node: ast.ClassDef) -> Iterator[types.Parameter]:
    """`@parameters(extra="config")` takes any further keyword arguments."""
    for each in node.decorator_list:
        for keyword in each.keywords if isinstance(each, ast.Call) else ():
            if keyword.arg == "extra" and isinstance(keyword.value, ast.Constant):
                yield types.Parameter(str(keyword.value.value), types.ANY, required=False, kind="**")


def _ordered(parameters: Iterable[types.Parameter]) -> Iterator[types.Parameter]:
    """A required parameter behind one with a default can only be given by name, and so stands behind."""
    by_name: list[types.Parameter] = []
    seen_default = False
    for each in parameters:
        seen_default = seen_default or not each.required
        if each.kind == "keyword-only" or (seen_default and each.required):
            by_name.append(
                types.Parameter(
                    each.name, each.type, each.required, each.default, "keyword-only", each.limits
                )
            )
        else:
            yield each
    yield from by_name


def _parameter_docs(node: ast.ClassDef, parents: list[types.ClassDefinition]) -> Iterator[tuple[str, str]]:
    """The string under each annotated field of a class and its bases, or what `__init__` says of each."""
    for parent in parents:
        yield from parent.parameter_docs.items()
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            yield from described_arguments(ast.get_docstring(each) or "").items()
    for field, under in pairwise(node.body):
        match field, under:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, cleandoc(text)


def _shape(node: ast.ClassDef, file: File) -> types.InterfaceShape | None:
    """`interface = Interface(of="signature", inputs={…}, outputs={…})`"""
    for each in node.body:
        match each:
            case (
                ast.AnnAssign(target=ast.Name(id="interface"), value=ast.Call(keywords=keywords))
                | ast.Assign(targets=[ast.Name(id="interface")], value=ast.Call(keywords=keywords))
            ):
                given = {keyword.arg: keyword.value for keyword in keywords}
                of = given.get("of")
                if isinstance(of, ast.Constant):
                    needs = _shape_fields(given.get("needs"), "input", file, required=True)
                    inputs = (*needs, *_shape_fields(given.get("inputs"), "input", file))
                    outputs = tuple(_shape_fields(given.get("outputs"), "output", file, required=True))
                    reserved, calls = _text(given.get("reserved")), _text(given.get("calls"))
                    added = _texts(given.get("added"))
                    return types.InterfaceShape(str(of.value), inputs, outputs, reserved, added, calls)
    return None


def _inherited_shape(node: ast.ClassDef, parents: list[types.ClassDefinition]) -> types.InterfaceShape | None:
    """The shape of a base; a class that defines its calls anew may make another number of model calls."""
    shape = next((parent.shape for parent in parents if parent.shape), None)
    if shape is None:
        return None
    own = {each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    return shape if own.isdisjoint(_CALLED) else replace(shape, calls=None)


_CALLED = frozenset({"__call__", "acall", "forward", "aforward"})


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(node: ast.expr | None) -> tuple[str, ...]:
    elements = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    return tuple(text for each in elements if (text := _text(each)) is not None)


def _shape_fields(
    node: ast.expr | None, direction: Literal["input", "output"], file: File, *, required: bool = False
) -> Iterator[types.Field]:
    for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
        if isinstance(key, ast.Constant):
            kind = annotation(value, file.lookup)
            yield types.Field(str(key.value), kind, direction, required=required)


# --- members --------------------------------------------------------------------------------------------


class _HasMembers(Protocol):
    """What a class inherits from: a class or a record."""

    @property
    def members(self) -> Mapping[str, Type]:
        """Its attributes and methods."""


class Members(Mapping[str, Type]):
    """The attributes and methods of a class, each read when it is asked for."""

    def __init__(self, node: ast.ClassDef, parents: Sequence[_HasMembers], file: File) -> None:
        self._file = file
        self.parents = parents
        self._found: dict[str, Type] = {}
        self._nodes: dict[str, ast.stmt] = {}
        self._overloads: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        self._stored: dict[str, ast.expr | None] = {}
        for each in node.body:
            match each:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    self._nodes[name] = each
                    if is_overload(each):
                        self._overloads.setdefault(name, []).append(each)
                    for stored, written in _stored(each):
                        if stored not in self._nodes:
                            self._nodes[stored] = each
                            self._stored[stored] = written
                        elif written is not None and self._stored.get(stored, written) is None:
                            self._stored[stored] = written
                case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]) if (
                    name != "_"
                ):
                    self._nodes[name] = each

    def __getitem__(self, name: str) -> Type:
        found = self._found.get(name)
        return self._found.setdefault(name, self._read(name)) if found is None else found

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys([*self._nodes, *(name for parent in self.parents for name in parent.members)])
        return (name for name in names if name[0] != "_" or name == "__call__")

    @property
    def own(self) -> list[str]:
        """The names that the class itself defines."""
        return list(self._nodes)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _read(self, name: str) -> Type:
        match self._nodes.get(name):
            case None:
                for parent in self.parents:
                    if name in parent.members:
                        return parent.members[name]
                raise KeyError(name)
            case (ast.FunctionDef() | ast.AsyncFunctionDef()) as node:
                if node.name != name:
                    return _without_variables(annotation(self._stored.get(name), self._file.lookup))
                ways = [self._method(each) for each in self._overloads.get(name, ())]
                functions = tuple(each for each in ways if isinstance(each, types.Function))
                return types.Overloaded(functions) if functions else self._method(node)
            case ast.AnnAssign(annotation=written):
                return _without_variables(annotation(written, self._file.lookup))
            case _:
                return types.UNKNOWN

    def _method(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Type:
        decorators = {decorator(each) for each in node.decorator_list}
        if decorators & {"property", "cached_property"}:
            return _without_variables(annotation(node.returns, self._file.lookup))
        skip = 0 if "staticmethod" in decorators else 1
        return function(node, self._file.lookup, self._file.place(node), self._file.origin, skip=skip)


class _RecordMembers(Members):
    """The methods, properties and class variables of a record; its annotated attributes are fields."""

    def __init__(self, node: ast.ClassDef, parents: Sequence[types.Record], file: File) -> None:
        super().__init__(node, parents, file)
        self._nodes = {
            name: each
            for name, each in self._nodes.items()
            if (isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name)
            or (isinstance(each, ast.AnnAssign) and _is_class_variable(each.annotation))
        }


class _Lazily:
    """The members of a record, read when they are first asked for, and kept."""

    __slots__ = ("_found", "_make")

    def __init__(self, make: Callable[[], Mapping[str, Type]]) -> None:
        self._make = make
        self._found: Mapping[str, Type] | None = None

    def __call__(self) -> Mapping[str, Type]:
        """The members."""
        found = self._found
        if found is None:
            found = self._found = self._make()
        return found


def _stored(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, ast.expr | None]]:
    """The attributes that a method sets on `self`, each with the annotation that tells its type."""
    taken = {each.arg: each.annotation for each in (*method.args.args, *method.args.kwonlyargs)}
    told: set[str] = set()
    for each in ast.walk(method):
        match each:
            case ast.AnnAssign(
                target=ast.Attribute(value=ast.Name(id="self"), attr=name), annotation=written
            ):
                told.add(name)
                yield name, written
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Name(id=source)
            ) if method.name == "__init__":
                told.add(name)
                yield name, taken.get(source)
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()) if name not in told:
                yield name, None
