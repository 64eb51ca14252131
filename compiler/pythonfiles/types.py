"""Annotations and functions of Python source, as types of the language."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from .. import types
from ..types import Type
from ..types.generic import BUILTIN_CLASSES, generic, named
from .reading import parse

Lookup: TypeAlias = Callable[[str], Type | None]
"""A name, dotted perhaps, to its type as a value; None when it means nothing."""


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
            return _named(dotted(node), lookup)
        case ast.Subscript(value=value, slice=index):
            return _subscripted(dotted(value), index, lookup)
        case _:
            return types.UNKNOWN


def parse_annotation(text: str, lookup: Lookup) -> Type:
    """The type that the text of an annotation names."""
    try:
        return annotation(parse(text, "eval").body, lookup)
    except (SyntaxError, ValueError):
        return types.UNKNOWN


def limits(node: ast.expr | None) -> types.Limits:
    """The bounds that `Annotated[int, Ge(1)]` gives, anywhere in an annotation."""
    found: dict[str, float] = {}
    for each in _metadata(node):
        match each:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.expr() as bound]):
                slot = {"Ge": "ge", "Gt": "gt", "Le": "le", "Lt": "lt", "MinLen": "min_length"}.get(name)
                value = _number(bound)
                if slot and value is not None:
                    found[slot] = value
    if not found:
        return _NO_LIMITS
    return types.Limits(
        found.get("ge"),
        found.get("gt"),
        found.get("le"),
        found.get("lt"),
        int(found["min_length"]) if "min_length" in found else None,
    )


def _metadata(node: ast.expr | None) -> Iterator[ast.expr]:
    """What `Annotated[…]` holds besides the type."""
    match node:
        case ast.Subscript(value=value, slice=ast.Tuple(elts=[_, *metadata])) if dotted(value).endswith(
            "Annotated"
        ):
            yield from metadata
        case ast.BinOp(left=left, right=right):
            yield from _metadata(left)
            yield from _metadata(right)


_NO_LIMITS = types.Limits()


def _named(name: str, lookup: Lookup) -> Type:
    found = lookup(name)
    if found is None and "." in name:
        found = lookup(name.rpartition(".")[2])
    if found is not None and not isinstance(found, types.Unknown):
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
        match elements[0]:
            case ast.List(elts=taken):
                return types.Callback("", returns, tuple(annotation(each, lookup) for each in taken))
        return types.Callback("", returns)
    if last in ("tuple", "Tuple") and len(elements) == 2 and is_ellipsis(elements[1]):
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


def is_ellipsis(node: ast.expr) -> bool:
    """Whether an expression is `...`."""
    return isinstance(node, ast.Constant) and node.value is ...


def _number(node: ast.expr) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case _:
            return None


def dotted(node: ast.expr) -> str:
    """A dotted name as it is written; `""` for what is none."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
        case _:
            return ""


_HARMLESS = frozenset(
    {"pure", "staticmethod", "classmethod", "cache", "lru_cache", "abstractmethod", "overload"}
)
"""Decorators that leave a function's parameters and result as they are written."""

# --- functions ------------------------------------------------------------------------------------------


def function(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    lookup: Lookup,
    place: types.Place | None = None,
    origin: Literal["python", "runtime", "builtin"] = "python",
    *,
    skip: int = 0,
) -> types.Function:
    """A function by its annotations, the first `skip` parameters (`self`) left out."""
    decorators = {decorator(each) for each in node.decorator_list}
    changed = decorators - _HARMLESS
    return types.Function(
        node.name,
        tuple(_parameters(node.args, lookup))[skip:],
        types.UNKNOWN if changed else annotation(node.returns, lookup),
        ast.get_docstring(node) or "",
        place,
        origin,
        is_async=isinstance(node, ast.AsyncFunctionDef),
        pure=origin != "python" or "pure" in decorators,
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


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is one of several ways to call it, and not the one that runs."""
    return any(decorator(each) == "overload" for each in node.decorator_list)


def decorator(node: ast.expr) -> str:
    """The last name of a decorator."""
    return dotted(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]
