"""Where generated code comes from: each Python node gets the place of the `.dspy` text that it stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TypeAlias, TypeVar

from msgspec import Struct, field

from ...grammar import syntax
from ...grammar.source import Span
from ..program import Item, Program, Symbol
from .names import Names

N = TypeVar("N", bound=ast.AST)
Keywords: TypeAlias = list[tuple[str | None, ast.expr]]
"""Arguments by name; what stands behind `**` has none."""


class Here(Struct, frozen=True):
    """A declaration that is being compiled."""

    program: Program
    item: Item
    names: Names

    def at(self, place: syntax.Node | Span, node: N) -> N:
        """Give a Python node the place of a node of the text, and to all beneath it that has none."""
        span = self.item.at(place)
        source = self.program.source
        start = source.position(span.start, "utf-8")
        end = source.position(span.end, "utf-8")
        place_of = (start.line + 1, start.column, end.line + 1, end.column)
        _set_place(node, place_of)
        return node

    def symbol(self, node: syntax.Node) -> Symbol | None:
        """What a name stands for."""
        return self.item.symbol_of(node)


def _set_place(node: ast.AST, place: tuple[int, int, int, int]) -> None:
    if "lineno" in node._attributes:
        node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = place  # type: ignore[attr-defined]
    for child in ast.iter_child_nodes(node):
        if not hasattr(child, "lineno"):
            _set_place(child, _on_one_line(place) if isinstance(child, ast.Attribute) else place)


def _on_one_line(place: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The beginning of a place. Python says that an attribute is read on its last line: of a decorator that
    we add that would be the last line of the function, where a breakpoint would stop when the file is loaded.
    """
    return place if place[0] == place[2] else (place[0], place[1], place[0], place[1])


# --- the nodes of Python's syntax, as functions ---------------------------------------------------------


def load(name: str) -> ast.Name:
    """`name`, where it is read."""
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    """`name`, where it is assigned."""
    return ast.Name(name, ast.Store())


def attribute(value: ast.expr, name: str) -> ast.Attribute:
    """`value.name`"""
    return ast.Attribute(value, name, ast.Load())


def call(
    function: ast.expr,
    arguments: Sequence[ast.expr] = (),
    keywords: Iterable[tuple[str | None, ast.expr]] = (),
) -> ast.Call:
    """`function(arguments, name=value)`; a keyword without a name is `**value`."""
    return ast.Call(function, list(arguments), [ast.keyword(name, value) for name, value in keywords])


def assign(target: ast.expr, value: ast.expr) -> ast.Assign:
    """`target = value`"""
    return ast.Assign([target], value)


def constant(value: str | int | float | bool | None) -> ast.Constant:
    """A literal."""
    return ast.Constant(value)


def function(
    name: str,
    body: list[ast.stmt],
    parameters: ast.arguments | None = None,
    *,
    returns: ast.expr | None = None,
    decorators: Sequence[ast.expr] = (),
    asynchronous: bool = False,
) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """`def name(parameters) -> returns:` or the same with `async`."""
    kind = ast.AsyncFunctionDef if asynchronous else ast.FunctionDef
    # Python 3.12 added `type_params`; left out it means none there, and 3.11 does not know it.
    made = kind(
        name=name,
        args=parameters or no_parameters(),
        body=body,
        decorator_list=list(decorators),
        returns=returns,
    )
    if "type_params" in kind._fields:
        made.type_params = []  # type: ignore[union-attr]
    return made


def class_definition(
    name: str,
    bases: Sequence[ast.expr],
    body: list[ast.stmt],
    keywords: Sequence[tuple[str, ast.expr]] = (),
    decorators: Sequence[ast.expr] = (),
) -> ast.ClassDef:
    """`class name(bases, keyword=value):`"""
    made = ast.ClassDef(
        name=name,
        bases=list(bases),
        keywords=[ast.keyword(key, value) for key, value in keywords],
        body=body,
        decorator_list=list(decorators),
    )
    if "type_params" in ast.ClassDef._fields:
        made.type_params = []  # type: ignore[attr-defined]
    return made


def no_parameters() -> ast.arguments:
    """`()`"""
    return ast.arguments(
        posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )


class Parameters(Struct):
    """The parameters of a function that is being made."""

    positional: list[tuple[ast.arg, ast.expr | None]] = field(default_factory=list)
    by_name: list[tuple[ast.arg, ast.expr | None]] = field(default_factory=list)
    rest: ast.arg | None = None

    def build(self) -> ast.arguments:
        """The node; a parameter without a default behind one that has one can only be given by name."""
        positional, by_name = list(self.positional), list(self.by_name)
        seen_default = False
        for index, (_, default) in enumerate(positional):
            if seen_default and default is None:
                positional, by_name = positional[:index], [*positional[index:], *by_name]
                break
            seen_default = seen_default or default is not None
        return ast.arguments(
            posonlyargs=[],
            args=[name for name, _ in positional],
            vararg=None,
            kwonlyargs=[name for name, _ in by_name],
            kw_defaults=[default for _, default in by_name],
            kwarg=self.rest,
            defaults=[default for _, default in positional if default is not None],
        )
