"""What the renaming of a field changes in the data that a program is measured and optimised with."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator

from ..base.cancellation import check_cancelled
from ..base.files import UnreadableFile, read_beginning
from ..base.span import Span
from ..compiler import types
from ..compiler.analysis import FileAnalysis
from ..compiler.program import Item
from ..grammar import syntax
from ..grammar.source import Source
from .renamed import Elsewhere, Subject

_TABLES = {".csv": ",", ".tsv": "\t"}
_HEADER = 2**16
"""The bytes of a table in which its first line must end."""


def in_data(subject: Subject, paths: Iterable[str]) -> Iterator[Elsewhere]:
    """The columns of the datasets that programs with the field are measured and optimised with."""
    if subject.kind != "field":
        return
    seen: set[tuple[str, str]] = set()
    for path in paths:
        check_cancelled()
        text = subject.files.disk.read(path)
        if text is None or subject.old not in text:
            continue
        try:
            analysis = subject.files.analyse(path)
        except FileNotFoundError:
            continue
        for item in analysis.program.items:
            for file, name in _datasets(subject, analysis, item):
                if (file, name) not in seen:
                    seen.add((file, name))
                    yield from _of_dataset(subject, file, name)


def _datasets(subject: Subject, analysis: FileAnalysis, item: Item) -> Iterator[tuple[str, str]]:
    """The datasets that an item gives to a module with the field: the files that declare them, and names."""
    for call in item.nodes(syntax.Call):
        values = [each.value for each in call.arguments]
        kinds = [item.type_of(each) for each in values]
        modules = [each for each in kinds if isinstance(each, types.Module)]
        if not any(subject.is_field(analysis, each.interface) for each in modules):
            continue
        for value in values:
            symbol = item.symbol_of(value) if isinstance(value, syntax.Name) else None
            if symbol is not None and symbol.kind == "dataset" and symbol.place is not None:
                yield symbol.place.path, symbol.name


def _of_dataset(subject: Subject, path: str, name: str) -> Iterator[Elsewhere]:
    analysis = subject.files.analyse(path)
    symbol = analysis.program.symbols.get(name)
    item = analysis.program.item(symbol.item) if symbol is not None else None
    if item is None:
        return
    for span, text in _in_program(subject, item):
        yield Elsewhere("data", path, analysis.source, span.shifted(item.start), text)
    for node in item.nodes(syntax.String) if item.facts.data else ():
        if item.data_of(node) is not None:
            yield from _header(subject, os.path.normpath(os.path.join(os.path.dirname(path), node.value)))


def _in_program(subject: Subject, item: Item) -> Iterator[tuple[Span, str]]:
    """Where a dataset's declaration names the column: among its inputs, in its rows, behind a row's dot."""
    named: list[syntax.Expression] = []
    for call in item.nodes(syntax.Call):
        for each in call.arguments:
            if each.name is not None and each.name.text == "inputs" and isinstance(each.value, syntax.List):
                named += each.value.elements
    named += [each.key for each in item.nodes(syntax.DictEntry) if each.key is not None]
    for string in named:
        if isinstance(string, syntax.String) and string.value == string.raw[1:-1] == subject.old:
            yield Span(string.span.start + 1, string.span.end - 1), subject.new
    for node in item.nodes(syntax.Attribute):
        if node.name.text == subject.old and isinstance(item.type_of(node.value), types.Fields):
            yield node.name.span, subject.new


def _header(subject: Subject, path: str) -> Iterator[Elsewhere]:
    """The column's name in the first line of a table."""
    delimiter = _TABLES.get(os.path.splitext(path)[1].lower())
    if delimiter is None:
        return
    try:
        text = read_beginning(path, _HEADER)[0].decode("utf-8-sig")
    except (UnreadableFile, UnicodeDecodeError):
        return
    line = text.splitlines()[0] if text else ""
    if len(line) == len(text):
        return
    at = 0
    for cell in line.split(delimiter):
        if next(iter(csv.reader([cell])), [""])[0].strip() == subject.old and cell.count(subject.old) == 1:
            start = at + cell.index(subject.old)
            span = Span(start, start + len(subject.old))
            yield Elsewhere("data", path, Source(path, line), span, subject.new)
        at += len(cell) + len(delimiter)
