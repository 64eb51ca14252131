"""What the renaming of a field changes in the data that a program is measured and optimised with.

A column is renamed everywhere or nowhere: in all datasets that share it, and in their files. That can be done
where each of them is written in the programs or a table with a header, and where nothing else reads it. Other
data stays as it is, and its datasets get a step that renames the column (`renamed_behind.py`).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ..base.cancellation import check_cancelled
from ..base.files import UnreadableFile, read_beginning
from ..base.span import Span
from ..compiler import types
from ..compiler.analysis import FileAnalysis
from ..compiler.program import Item
from ..grammar import syntax
from ..grammar.source import Source
from .renamed import Elsewhere, Subject
from .renamed_behind import can_be_renamed_behind, renamed_behind

_TABLES = {".csv": ",", ".tsv": "\t"}
_HEADER = 2**16
"""The bytes of a table in which its first line must end."""
_WORDS = ("dataset", "Evaluate", "compile")
"""A program with none of these words has nothing to do with data."""
_NAMING = ("columns", "unique", "inputs")
"""The steps that name columns by strings; `rename` and `copy` do by dicts."""
_Key: TypeAlias = tuple[str, int]
"""A dataset: the file that declares it, and where its item begins."""


class _Unclear(Exception):
    """It cannot be said where a dataset's column comes from, or who else reads it."""


def in_data(subject: Subject, paths: Iterable[str]) -> Iterator[Elsewhere]:
    """The columns of the datasets that programs with the field are measured and optimised with."""
    if subject.kind == "field":
        yield from _Data(subject, paths).edits()


class _Data:
    """The datasets of the programs, which of them share columns, and which modules they are given to."""

    def __init__(self, subject: Subject, paths: Iterable[str]) -> None:
        self._subject = subject
        self._items: dict[_Key, tuple[FileAnalysis, Item]] = {}
        self._near: dict[_Key, set[_Key]] = {}
        """The datasets that have the same rows."""
        self._linked: dict[_Key, set[_Key]] = {}
        """Those that are made of each other."""
        self._with_field: set[_Key] = set()
        self._with_another: set[_Key] = set()
        """Those that are given to modules whose field of the old name is another one."""
        by_table: dict[str, _Key] = {}
        for path in paths:
            check_cancelled()
            text = subject.files.disk.read(path)
            if text is None or not any(each in text for each in _WORDS):
                continue
            try:
                analysis = subject.files.analyse(path)
            except FileNotFoundError:
                continue
            for item in analysis.program.items:
                self._look(analysis, item, by_table)

    def edits(self) -> Iterator[Elsewhere]:
        """What is written otherwise."""
        done: set[_Key] = set()
        for key in sorted(self._with_field):
            if key in done:
                continue
            together = _together(key, self._near)
            found = self._everywhere(together)
            if found is None:
                together = _together(key, self._linked)
                found = self._behind(together) or ()
            done |= together
            yield from {(each.path, each.span): each for each in found}.values()

    def _everywhere(self, together: set[_Key]) -> Sequence[Elsewhere] | None:
        """The edits of datasets and their files; None where they cannot be made in all of them."""
        if not together.isdisjoint(self._with_another):
            return None
        try:
            return [edit for each in sorted(together) for edit in self._of_dataset(each)]
        except _Unclear:
            return None

    def _behind(self, together: set[_Key]) -> Sequence[Elsewhere] | None:
        """The edits of datasets whose rows get another name behind all else that is done with them."""
        if not together.isdisjoint(self._with_another) or not together <= self._items.keys():
            return None
        found: list[Elsewhere] = []
        try:
            for key in sorted(together):
                analysis, item = self._items[key]
                if not list(_sources(item)):
                    found += self._of_dataset(key)
                elif self._made_of(key):
                    return None
                elif can_be_renamed_behind(item) and self._has_column(item):
                    found += renamed_behind(self._subject, analysis, item)
                else:
                    return None
        except _Unclear:
            return None
        return found

    def _made_of(self, key: _Key) -> set[_Key]:
        """The datasets that one names."""
        analysis, item = self._items[key]
        found = (self._dataset_of(analysis, item, each) for each in item.nodes(syntax.Name))
        return {each for each in found if each is not None}

    def _has_column(self, item: Item) -> bool:
        """Whether the rows have the column when all is done with them, and none of the new name."""
        old, new = self._subject.old, self._subject.new
        columns: set[str] = set()
        for source in _sources(item):
            file = item.data_of(source)
            if file is None or file.columns is None:
                columns = set()
                break
            columns.update(file.columns)
        named: list[syntax.Expression | None] = []
        for name, given in _steps(item):
            if name in ("rename", "copy"):
                made = [each.value for each in _entries(given)]
                if columns and any(isinstance(each, syntax.String) and each.value == old for each in made):
                    return old not in columns and new not in columns
                named += made
            elif name in ("columns", "inputs"):
                named += given.elements if isinstance(given, syntax.List | syntax.Tuple) else [given]
        if columns:
            return old in columns and new not in columns
        return any(isinstance(each, syntax.String) and each.value == old for each in named)

    def _look(self, analysis: FileAnalysis, item: Item, by_table: dict[str, _Key]) -> None:
        """Note what an item declares, and which datasets it gives to which modules."""
        given = {
            each
            for name in item.nodes(syntax.Name)
            if (each := self._dataset_of(analysis, item, name)) is not None
        }
        if isinstance(item.declaration, syntax.ValueDeclaration) and item.declaration.kind == "dataset":
            key = (analysis.path, item.start)
            self._items[key] = (analysis, item)
            shared = {by_table.setdefault(each, key) for each in _tables(analysis, item)}
            for other in given:
                _link(self._linked, key, other)
            for other in given | shared:
                _link(self._near, key, other)
            return
        for call in item.nodes(syntax.Call) if given else ():
            values = [each.value for each in call.arguments]
            kinds = [item.type_of(each) for each in values]
            modules = [each.interface for each in kinds if isinstance(each, types.Module)]
            found = [self._dataset_of(analysis, item, each) for each in values]
            named = {each for each in found if each is not None}
            for interface in modules:
                if self._subject.is_field(analysis, interface):
                    self._with_field |= named
                elif interface.field(self._subject.old) is not None:
                    self._with_another |= named

    def _dataset_of(self, analysis: FileAnalysis, item: Item, node: syntax.Node) -> _Key | None:
        """The dataset that a name stands for."""
        symbol = item.symbol_of(node) if isinstance(node, syntax.Name) else None
        if symbol is None or symbol.kind != "dataset" or symbol.place is None:
            return None
        place = analysis.program.locate(symbol.place)
        if place.span is None:
            return None
        declared = self._subject.files.analyse(place.path).program.item_at(place.span.start)
        return (place.path, declared.start) if declared is not None else None

    def _of_dataset(self, key: _Key) -> Iterator[Elsewhere]:
        """The edits of one dataset and its files. Raises _Unclear."""
        if key not in self._items:
            raise _Unclear
        analysis, item = self._items[key]
        steps = list(_steps(item))
        strings = [each for step in steps for each in self._named(analysis, item, *step)]
        is_made = self._is_given(steps, "rename", "copy")
        # A column can be given no name that another has, so no row of a file has the old one already.
        is_renamed = self._is_given(steps, "rename")
        for source in _sources(item):
            if is_renamed and isinstance(source, syntax.String):
                continue
            columns, keys = _columns(item, source)
            self._verify(columns, strings, is_made)
            strings += keys
            if isinstance(source, syntax.String) and self._subject.old in columns:
                yield from self._of_header(analysis, source)
        yield from self._of_item(analysis, item, strings)

    def _is_given(self, steps: Iterable[tuple[str, syntax.Expression | None]], *names: str) -> bool:
        """Whether one of these steps gives a column the old name."""
        return any(
            isinstance(entry.value, syntax.String) and entry.value.value == self._subject.old
            for name, given in steps
            if name in names
            for entry in _entries(given)
        )

    def _verify(self, columns: Collection[str], strings: Iterable[syntax.String], is_made: bool) -> None:
        """Raise _Unclear where it is not plain which column of some rows has the old name.

        Args:
            columns: those of the rows.
            strings: what the steps name, and the keys of rows before these.
            is_made: whether a step makes the column.
        """
        old = self._subject.old
        if is_made and old in columns:
            raise _Unclear
        is_named = not columns or any(each.value == old for each in strings)
        if not is_made and old not in columns and is_named:
            raise _Unclear

    def _of_header(self, analysis: FileAnalysis, source: syntax.String) -> Iterator[Elsewhere]:
        """The edit of the first line of a table. Raises _Unclear."""
        header = list(_header(self._subject, _beside(analysis, source)))
        if len(header) != 1:
            raise _Unclear
        yield from header

    def _of_item(
        self, analysis: FileAnalysis, item: Item, strings: Iterable[syntax.String]
    ) -> Iterator[Elsewhere]:
        """The edits of strings that name the column, and of attributes that read it. Raises _Unclear."""
        old, new = self._subject.old, self._subject.new
        for string in strings:
            if string.value != old:
                continue
            if string.raw[1:-1] != old:
                raise _Unclear
            span = Span(string.span.start + 1, string.span.end - 1).shifted(item.start)
            yield Elsewhere("data", analysis.path, analysis.source, span, new)
        for node in item.nodes(syntax.Attribute):
            if node.name.text == old and isinstance(item.type_of(node.value), types.Fields):
                span = node.name.span.shifted(item.start)
                yield Elsewhere("data", analysis.path, analysis.source, span, new)

    def _named(
        self, analysis: FileAnalysis, item: Item, name: str, given: syntax.Expression | None
    ) -> list[syntax.String]:
        """The strings by which a step names columns, or makes them. Raises _Unclear."""
        if name == "map" or (name == "filter" and not self._is_unrelated(analysis, item, given)):
            raise _Unclear
        named: list[syntax.Expression | None] = []
        if name in ("rename", "copy"):
            for entry in _entries(given):
                named += (entry.key, entry.value)
        elif name in _NAMING:
            named += given.elements if isinstance(given, syntax.List | syntax.Tuple) else [given]
        found = [each for each in named if isinstance(each, syntax.String)]
        if any(each.value.startswith(f"{self._subject.old}.") for each in found):
            raise _Unclear
        return found

    def _is_unrelated(self, analysis: FileAnalysis, item: Item, given: syntax.Expression | None) -> bool:
        """Whether a filter stands where it is given, or reads nothing that is called as the field is."""
        if isinstance(given, syntax.Lambda):
            return True
        symbol = item.symbol_of(given) if isinstance(given, syntax.Name) else None
        place = analysis.program.locate(symbol.place) if symbol is not None and symbol.place else None
        if place is None or place.span is None or not types.in_program(place.path):
            return False
        declared = self._subject.files.analyse(place.path).program.item_at(place.span.start)
        return declared is not None and self._subject.old not in declared.text


def _link(links: dict[_Key, set[_Key]], one: _Key, other: _Key) -> None:
    links.setdefault(one, set()).add(other)
    links.setdefault(other, set()).add(one)


def _together(key: _Key, links: Mapping[_Key, set[_Key]]) -> set[_Key]:
    """A dataset with all that are linked to it, be it through others."""
    found, further = {key}, [key]
    while further:
        new = links.get(further.pop(), set()) - found
        found |= new
        further += new
    return found


def _beside(analysis: FileAnalysis, source: syntax.String) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(analysis.path), source.value))


def _tables(analysis: FileAnalysis, item: Item) -> Iterator[str]:
    """The files that a dataset is made of."""
    for source in _sources(item):
        if isinstance(source, syntax.String) and item.data_of(source) is not None:
            yield _beside(analysis, source)


def _makers(item: Item) -> Iterator[syntax.Call]:
    """The calls of `Dataset`."""
    for call in item.nodes(syntax.Call):
        if isinstance(call.function, syntax.Name) and isinstance(item.type_of(call), types.Dataset):
            yield call


def _sources(item: Item) -> Iterator[syntax.Expression]:
    """What a dataset's rows come from."""
    for call in _makers(item):
        for each in call.arguments[:1]:
            if each.name is None or each.name.text == "source":
                yield each.value


def _steps(item: Item) -> Iterator[tuple[str, syntax.Expression | None]]:
    """The steps of a dataset, by the parameters of `Dataset` and by methods, each with what it is given."""
    makers = list(_makers(item))
    for call in item.nodes(syntax.Call):
        if any(call is each for each in makers):
            yield from ((each.name.text, each.value) for each in call.arguments if each.name is not None)
        elif isinstance(call.function, syntax.Attribute) and isinstance(
            item.type_of(call.function.value), types.Dataset
        ):
            yield call.function.name.text, call.arguments[0].value if call.arguments else None


def _entries(given: syntax.Expression | None) -> tuple[syntax.DictEntry, ...]:
    return given.entries if isinstance(given, syntax.Dict) else ()


def _columns(item: Item, source: syntax.Expression) -> tuple[set[str], list[syntax.String]]:
    """The columns of what rows come from, and the strings that name them there. Raises _Unclear."""
    if isinstance(source, syntax.String):
        file = item.data_of(source)
        if file is None or file.columns is None or os.path.splitext(source.value)[1].lower() not in _TABLES:
            raise _Unclear
        return set(file.columns), []
    if not isinstance(source, syntax.List):
        raise _Unclear
    keys = []
    for row in source.elements:
        for entry in _entries(row):
            if not isinstance(entry.key, syntax.String):
                raise _Unclear
            keys.append(entry.key)
        if not isinstance(row, syntax.Dict):
            raise _Unclear
    return {each.value for each in keys}, keys


def _header(subject: Subject, path: str) -> Iterator[Elsewhere]:
    """The column's name in the first line of a table."""
    try:
        first, is_there, _ = read_beginning(path, _HEADER)[0].partition(b"\n")
        line = first.removesuffix(b"\r").decode("utf-8-sig")
    except (UnreadableFile, UnicodeDecodeError):
        return
    if not is_there:
        return
    for start, cell in _cells(line, _TABLES[os.path.splitext(path)[1].lower()]):
        if next(iter(csv.reader([cell])), [""])[0].strip() == subject.old and cell.count(subject.old) == 1:
            at = start + cell.index(subject.old)
            span = Span(at, at + len(subject.old))
            yield Elsewhere("data", path, Source(path, line), span, subject.new)


def _cells(line: str, delimiter: str) -> Iterator[tuple[int, str]]:
    """The cells of a line as they are written, and where they begin; none of a line that ends in a quote."""
    start, is_quoted = 0, False
    found = []
    for at, character in enumerate(line):
        if character == '"':
            is_quoted = not is_quoted
        elif character == delimiter and not is_quoted:
            found.append((start, line[start:at]))
            start = at + 1
    if not is_quoted:
        yield from (*found, (start, line[start:]))
