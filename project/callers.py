"""Who calls whom: the calls of a function, module or part, and those that it makes, by declaration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from ..base.span import Span
from ..compiler.query import at
from ..compiler.query.definition import definition
from ..compiler.query.symbols import OutlineEntry, outline
from ..compiler.types import in_program
from ..grammar import syntax

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..compiler.types import Place
    from .index import Index

_CALLED = frozenset({"module", "function", "part", "program"})


class Callable(Struct, frozen=True):
    """Something that can be called, and where it is declared."""

    path: str
    entry: OutlineEntry


class Calls(Struct, frozen=True):
    """A caller or callee, and the ranges of the names that are called, in the caller's file."""

    other: Callable
    spans: tuple[Span, ...]


def callable_at(index: Index, path: str, offset: int) -> Callable | None:
    """The function, module or part whose name stands at an offset of a file."""
    analysis = index.files.analyse(path)
    return _declared(index, definition(analysis, offset))


def callers(index: Index, called: Callable, paths: Iterable[str]) -> list[Calls]:
    """The declarations of these files that call it, in the order of the files and their texts."""
    found: dict[tuple[str, Span], tuple[Callable, list[Span]]] = {}
    for mention in index.mentions(called.path, called.entry.name_span.start, paths):
        analysis = index.files.analyse(mention.path)
        around = _around(analysis, mention.span.start) if _is_called(analysis, mention.span.start) else None
        if around is not None:
            key = (mention.path, around.name_span)
            found.setdefault(key, (Callable(mention.path, around), []))[1].append(mention.span)
    return [Calls(caller, tuple(spans)) for caller, spans in found.values()]


def callees(index: Index, caller: Callable) -> list[Calls]:
    """What a declaration calls, in the order in which it first does."""
    analysis = index.files.analyse(caller.path)
    found: dict[tuple[str, Span], tuple[Callable, list[Span]]] = {}
    span = caller.entry.span
    for item in analysis.program.items:
        if not (item.start <= span.start < item.start + len(item.text)):
            continue
        for call in item.nodes(syntax.Call):
            name = _name_of(call.function)
            where = item.at(name) if name is not None else None
            if where is None or not (span.start <= where.start <= span.end):
                continue
            callee = _declared(index, definition(analysis, where.start))
            if callee is not None:
                key = (callee.path, callee.entry.name_span)
                found.setdefault(key, (callee, []))[1].append(where)
    return [Calls(callee, tuple(spans)) for callee, spans in found.values()]


def _declared(index: Index, place: Place | None) -> Callable | None:
    if place is None or place.span is None or not in_program(place.path):
        return None
    for entry in _flat(outline(index.files.analyse(place.path))):
        if entry.name_span == place.span and entry.kind in _CALLED:
            return Callable(place.path, entry)
    return None


def _around(analysis: FileAnalysis, offset: int) -> OutlineEntry | None:
    """The declaration that an offset is in."""
    return next((each for each in outline(analysis) if each.span.contains(offset)), None)


def _is_called(analysis: FileAnalysis, offset: int) -> bool:
    """Whether the name at an offset is what a call calls."""
    found = at.find(analysis, offset)
    call = (
        next((each for each in reversed(found.path) if isinstance(each, syntax.Call)), None)
        if found
        else None
    )
    return found is not None and call is not None and _name_of(call.function) is found.node


def _name_of(function: syntax.Expression) -> syntax.Name | syntax.Identifier | None:
    match function:
        case syntax.Name():
            return function
        case syntax.Attribute(name=name):
            return name
        case _:
            return None


def _flat(entries: Iterable[OutlineEntry]) -> Iterable[OutlineEntry]:
    for entry in entries:
        yield entry
        yield from _flat(entry.children)
