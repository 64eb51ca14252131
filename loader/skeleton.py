"""Python files as what their text says, without running them: heads of functions, fields of classes.

A module made here has what a prompt may show: the names, parameters, types and docstrings of functions, the
fields of data classes, pydantic models and enumerations, and constants. Nothing that a file could do happens:
what stands in it is kept only where it is a literal, a type written with plain names, or one of a few known
calls; everything else is a `StandIn`, which says so when it is used.
"""

from __future__ import annotations
import __future__

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from ..base.files import UnreadableFile
from ..project.disk import read_source
from .harmless import Given, NeedsPython, StandIn, built_in, library, refuse_insides

_MODULES = frozenset(
    ("__future__", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum", "pathlib",
     "pydantic", "typing", "typing_extensions", "uuid")
)  # fmt: skip
"""Modules that files import to say what their data is."""
_DECORATORS = frozenset(("dataclass", "dataclasses.dataclass"))
_CALLS = frozenset(
    ("Field", "auto", "dataclass", "dataclasses.dataclass", "enum.auto", "field", "pydantic.Field")
)
"""What may be called: it makes a description of a field."""
_TYPES = frozenset(
    (
        "bool",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "object",
        "set",
        "str",
        "tuple",
        "type",
    )
)
_BASES = frozenset(
    ("BaseModel", "Enum", "IntEnum", "NamedTuple", "StrEnum", "TypedDict", "dict", "enum.Enum",
     "enum.IntEnum", "enum.StrEnum", "float", "int", "object", "pydantic.BaseModel", "str",
     "typing.NamedTuple", "typing.TypedDict")
)  # fmt: skip
"""Classes whose subclasses only say which fields there are."""
_FUTURE = __future__.annotations.compiler_flag
"""Annotations stay texts."""


class _Module(ModuleType):
    def __init__(self, name: str) -> None:
        # A name that no module has: `from … import …` also looks for modules inside by it.
        super().__init__(f"{name}__not_run")

    def __getattr__(self, name: str) -> StandIn:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(name)


def stand_in(name: str, path: str | None) -> ModuleType:
    """A module for an import, made from the text of its file, where that is known and can be read.

    Of Python's library and of dspyc it has the names that only make values.

    Args:
        name: as the import writes it.
        path: the file.
    """
    if path is None:
        return library(name) or _Module(name)
    made = _Module(name)
    try:
        tree = ast.parse(read_source(path))
    except (UnreadableFile, OSError, SyntaxError, ValueError, MemoryError, RecursionError):
        return made
    made.__file__ = path
    kept = _Keeper().module(tree)
    made.__dict__["__builtins__"] = {**built_in(), "__import__": _import}
    # What looks a class's module up finds this one.
    sys.modules[made.__name__] = made
    for statement in kept:
        code = compile(
            ast.fix_missing_locations(ast.Module([statement], [])),
            path,
            "exec",
            dont_inherit=True,
            flags=_FUTURE,
        )
        try:
            refuse_insides(statement)
            exec(code, made.__dict__)  # noqa: S102 literals, heads and fields only; see `_Keeper`
        except Exception:  # noqa: BLE001 a declaration that cannot stand alone is a stand-in
            for each in _bound(statement):
                made.__dict__.pop(each, None)
    for each, value in list(made.__dict__.items()):
        # It executes a text that it makes of names, so it is only for the classes that are kept.
        if value is dataclass or isinstance(value, _Dataclasses):
            made.__dict__[each] = StandIn(each)
    return made


class _Dataclasses(Given):
    """`dataclasses` for files that are read, whose classes were looked at."""

    def __init__(self) -> None:
        super().__init__("dataclasses")
        self.__dict__["dataclass"] = dataclass


def _import(
    name: str, scope: object = None, inner: object = None, fromlist: Sequence[str] | None = (), level: int = 0
) -> ModuleType:
    """What the imports give that are kept."""
    if name == "dataclasses" and not level:
        return _Dataclasses()
    found = None if level else library(name if fromlist else name.partition(".")[0])
    if found is None:
        raise NeedsPython(f"`{name}` is not imported here")
    return found


class _Keeper:
    """What is kept of a file: statements that only describe."""

    def __init__(self) -> None:
        self._known: set[str] = set(_TYPES)
        """Names that may stand in what is kept."""
        self._described: set[str] = set(_BASES)
        """Classes whose subclasses only say which fields there are."""

    def module(self, tree: ast.Module) -> Iterator[ast.stmt]:
        """The statements of a file that are kept, as they are kept."""
        for statement in tree.body:
            kept = self._statement(statement)
            if kept is not None:
                self._known.update(_bound(kept))
                yield kept

    def _statement(self, node: ast.stmt) -> ast.stmt | None:
        match node:
            case ast.ImportFrom(module=str(module), level=0) if module in _MODULES:
                return node
            case ast.Import(names=names):
                kept = [each for each in names if each.name in _MODULES]
                return ast.copy_location(ast.Import(kept), node) if kept else None
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._function(node)
            case ast.ClassDef():
                return self._class(node)
            case ast.Assign(targets=[ast.Name()], value=value) if self._is_plain(value):
                return node
            case ast.AnnAssign(target=ast.Name(), value=value) if value is not None and self._is_plain(value):
                return ast.copy_location(ast.Assign([node.target], value), node)
            case _:
                return None

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        """The head and the docstring; the body says that it is not there."""
        given = node.args
        for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
            if argument is not None:
                argument.annotation = self._annotation(argument.annotation)
        given.defaults = [each if self._is_plain(each) else ast.Constant(None) for each in given.defaults]
        given.kw_defaults = [
            each if each is None or self._is_plain(each) else ast.Constant(None) for each in given.kw_defaults
        ]
        said = ast.get_docstring(node, clean=False)
        refusal = ast.parse(f"raise RuntimeError({f'`{node.name}` is not run here'!r})").body
        body: list[ast.stmt] = [*([ast.Expr(ast.Constant(said))] if said is not None else []), *refusal]
        kind = type(node)
        made = kind(
            name=node.name, args=given, body=body, decorator_list=[], returns=self._annotation(node.returns)
        )
        if "type_params" in kind._fields:
            made.type_params = []  # type: ignore[union-attr]
        return ast.copy_location(made, node)

    def _class(self, node: ast.ClassDef) -> ast.stmt | None:
        """The fields and the heads of the methods; None for a class whose bases do more than describe."""
        if node.keywords or not all(
            self._is_name(each) and _dotted(each) in self._described for each in node.bases
        ):
            return None
        decorators = [each for each in node.decorator_list if self._is_decorator(each)]
        if len(decorators) != len(node.decorator_list):
            return None
        body: list[ast.stmt] = []
        for statement in node.body:
            match statement:
                case ast.Expr(value=ast.Constant(value=str())):
                    body.append(statement)
                case ast.AnnAssign(target=ast.Name(), value=value):
                    kind = self._annotation(statement.annotation) or ast.Name("object", ast.Load())
                    kept = value if value is not None and self._is_plain(value) else None
                    body.append(ast.copy_location(ast.AnnAssign(statement.target, kind, kept, 1), statement))
                case ast.Assign(targets=[ast.Name()], value=value) if self._is_plain(value):
                    body.append(statement)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if not name.startswith(
                    "__"
                ):
                    if not statement.decorator_list:
                        body.append(self._function(statement))
        made = ast.ClassDef(
            name=node.name,
            bases=node.bases,
            keywords=[],
            body=body or [ast.Pass()],
            decorator_list=decorators,
        )
        if "type_params" in ast.ClassDef._fields:
            made.type_params = []  # type: ignore[attr-defined]
        self._described.add(node.name)
        return ast.copy_location(made, node)

    def _is_decorator(self, node: ast.expr) -> bool:
        function = node.func if isinstance(node, ast.Call) else node
        given = node.keywords if isinstance(node, ast.Call) else []
        return (
            _dotted(function) in _DECORATORS
            and self._is_name(function)
            and all(isinstance(each.value, ast.Constant) for each in given)
        )

    def _annotation(self, node: ast.expr | None) -> ast.expr | None:
        """A type that is written with plain names; none for any other."""
        return node if node is None or self._is_plain(node, types=True) else None

    def _is_name(self, node: ast.expr) -> bool:
        dotted = _dotted(node)
        return bool(dotted) and dotted.partition(".")[0] in self._known

    def _is_plain(self, node: ast.expr, *, types: bool = False) -> bool:
        """Whether an expression is made of literals, known names, and calls that describe a field."""
        match node:
            case ast.Constant(value=value):
                # A type in quotes is evaluated later on, so it has to be plain itself.
                return not (types and isinstance(value, str)) or self._is_plain_text(value)
            case ast.Name() | ast.Attribute():
                return self._is_name(node)
            case ast.Subscript(value=value, slice=inner):
                literal = _dotted(value).rpartition(".")[2] in ("Literal", "Annotated")
                return self._is_name(value) and self._is_plain(inner, types=types and not literal)
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return all(self._is_plain(each, types=types) for each in parts)
            case ast.Dict(keys=keys, values=values):
                return all(
                    each is not None and self._is_plain(each, types=types) for each in (*keys, *values)
                )
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._is_plain(left, types=types) and self._is_plain(right, types=types)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
                return True
            case ast.Call(func=function, args=given, keywords=named) if not types:
                return (
                    _dotted(function) in _CALLS
                    and self._is_name(function)
                    and all(self._is_plain(each) for each in given)
                    and all(each.arg is not None and self._is_plain(each.value) for each in named)
                )
            case _:
                return False

    def _is_plain_text(self, text: str) -> bool:
        try:
            return self._is_plain(ast.parse(text, mode="eval").body, types=True)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return False


def _dotted(node: ast.expr) -> str:
    """`a.b` for a name or an attribute of one, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (inner := _dotted(node.value)):
        return f"{inner}.{node.attr}"
    return ""


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement gives to its file."""
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [(each.asname or each.name).partition(".")[0] for each in names]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)]):
            return [name]
        case _:
            return []
