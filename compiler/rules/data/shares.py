"""Which rows a dataset has of what it is made of, so that two can be compared."""

from __future__ import annotations

import math
import os.path
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.bounds import number
from ..rule import written
from .steps import steps
from .written_rows import owner_of, rows_behind, source_of

_DEEPEST = 20
"""How many names lead from the use of a dataset to where its rows are from at most."""
_SHAPING = frozenset({"rename", "copy", "columns", "inputs", "map"})
"""The steps that leave each row where it is."""


class Share(Struct, frozen=True):
    """Some of the rows of a file, a list or a function."""

    root: str
    """Where the rows are from."""
    order: tuple[str, ...] = ()
    """The steps that order and choose rows, as they are written, before rows are counted."""
    start: float = 0
    end: float = math.inf
    is_whole: bool = True
    """Whether those steps leave all rows."""

    @property
    def is_all(self) -> bool:
        """Whether it is all the rows that there are."""
        return self.is_whole and self.start == 0 and self.end == math.inf

    def overlaps(self, other: Share) -> bool:
        """Whether two shares surely have rows in common."""
        if self.root != other.root:
            return False
        if self == other or self.is_all or other.is_all:
            return True
        if self.order != other.order:
            return False
        return max(self.start, other.start) < min(self.end, other.end)


def have_rows_in_common(
    program: Program, item: Item, one: syntax.Expression, owner: Item, other: syntax.Expression
) -> bool:
    """Whether two datasets surely share rows.

    Args:
        program: the program.
        item: where the first stands.
        one: the first dataset.
        owner: where the second stands.
        other: the second.
    """
    first, second = list(shares(program, item, one)), list(shares(program, owner, other))
    if any(each.overlaps(share) for each in first for share in second):
        return True
    if not (first and second and all(each.is_all for each in (*first, *second))):
        return False
    return not _texts(program, item, one).isdisjoint(_texts(program, owner, other))


def _texts(program: Program, item: Item, node: syntax.Expression) -> frozenset[str]:
    """The rows of a dataset that are written out, as they are written."""
    return frozenset(
        written(rows.item, row)
        for rows in rows_behind(program, item, node)
        for row in rows.rows
        if row.entries and isinstance(rows.node, syntax.List)
    )


def shares(program: Program, item: Item, node: syntax.Expression, depth: int = 0) -> Iterator[Share]:
    """The rows that an expression has; nothing where that cannot be said."""
    if depth > _DEEPEST:
        return
    match node:
        case syntax.Name(text=name):
            owner = owner_of(program, item, node)
            yield from _of_name(program, owner, name, depth) if owner is not None else (Share(name),)
        case syntax.List():
            yield Share(f"{item.key} {node.span.start}")
        case syntax.Subscript(value=value, index=syntax.Slice(lower=lower, upper=upper, step=None)):
            start, end = _bound(lower, 0), _bound(upper, math.inf)
            for each in shares(program, item, value, depth + 1):
                if start is not None and end is not None:
                    yield _sliced(each, start, end)
        case syntax.Binary(left=left, operator="+", right=right):
            yield from shares(program, item, left, depth + 1)
            yield from shares(program, item, right, depth + 1)
        case syntax.Call(function=function):
            for each in _sources(program, item, node, function, depth):
                yield _behind_steps(item, node, each)


def _of_name(program: Program, owner: Item, name: str, depth: int) -> Iterator[Share]:
    match owner.declaration:
        case (
            syntax.ConstantDeclaration(value=value)
            | syntax.ValueDeclaration(kind="dataset", names=(_,), value=value)
        ):
            yield from shares(program, owner, value, depth + 1)
        case syntax.ValueDeclaration(kind="dataset", names=names, value=syntax.Call() as value):
            index = next((str(at) for at, each in enumerate(names) if each.text == name), "")
            for each in shares(program, owner, value, depth + 1):
                yield replace(each, order=(*each.order, index), is_whole=False)
        case _:
            yield Share(name)


def _sources(
    program: Program, item: Item, node: syntax.Call, function: syntax.Expression, depth: int
) -> Iterator[Share]:
    source = source_of(item, node)
    match source, function:
        case syntax.String(value=path), _:
            yield Share(f"file {os.path.normpath(path)}")
        case syntax.Name() | syntax.List(), _:
            yield from shares(program, item, source, depth + 1)
        case None, syntax.Attribute(value=value) if isinstance(item.type_of(value), types.Dataset):
            yield from shares(program, item, value, depth + 1)
        case _ if source is not None:
            yield Share(f"{item.key} {node.span.start}")


def _behind_steps(item: Item, node: syntax.Call, share: Share) -> Share:
    function = node.function
    if isinstance(function, syntax.Attribute) and function.name.text == "split":
        return replace(share, order=(*share.order, _arguments(item, node)), is_whole=False)
    for name, given, _ in steps(item, node):
        count = number(given) if given is not None else None
        if name in _SHAPING or _is_off(given):
            continue
        if name == "skip" and count is not None:
            share = _sliced(share, count, math.inf)
        elif name == "take" and count is not None:
            share = _sliced(share, 0, count)
        elif share.start or share.end < math.inf or name in ("skip", "take"):
            # Rows are counted anew behind this step, which may leave fewer.
            share = replace(
                share,
                order=(*share.order, f"{share.start}:{share.end}", _step(item, name, given)),
                start=0,
                end=math.inf,
                is_whole=False,
            )
        else:
            whole = share.is_whole and name == "shuffle"
            share = replace(share, order=(*share.order, _step(item, name, given)), is_whole=whole)
    return share


def _step(item: Item, name: str, given: syntax.Expression | None) -> str:
    if name == "shuffle" and (given is None or number(given) is None):
        return f"{name} {item.key}"  # another order than any other
    return f"{name} {written(item, given) if given is not None else ''}"


def _arguments(item: Item, node: syntax.Call) -> str:
    return ", ".join(written(item, each) for each in node.arguments)


def _is_off(given: syntax.Expression | None) -> bool:
    return isinstance(given, syntax.Constant) and (given.value is None or given.value is False)


def _sliced(share: Share, start: float, end: float) -> Share:
    first = share.start + start
    return replace(share, start=first, end=min(share.end, share.start + end))


def _bound(node: syntax.Expression | None, default: float) -> float | None:
    if node is None:
        return default
    found = number(node)
    return found if found is not None and found >= 0 else None
