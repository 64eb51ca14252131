"""What a move changes in Python files: imports of `.dspy` files, and texts that are the path of one."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence

from ..base.cancellation import check_cancelled
from ..base.diagnostic import Edit
from ..base.span import Span
from ..compiler.pythonfiles.reading import parse
from ..grammar.source import Position, Source
from .disk import ENDING
from .moves import Module, Renamings, is_worth_a_look, quoted

_FROM = re.compile(r"from\s*(?P<module>[.\s]*[\w.]*)\s+import\b")


def in_python(
    renamings: Renamings, paths: Iterable[str], folders: Sequence[str]
) -> Iterator[tuple[str, list[Edit]]]:
    """The edits of the Python files among these that load or import a `.dspy` file that is moved.

    `folders` are those from which a path may count, beside the file's own.
    """
    words = renamings.moves.words
    for path in paths:
        check_cancelled()
        text = renamings.files.disk.read(path)
        if text is None or not (renamings.moves.touches(path) or is_worth_a_look(text, words)):
            continue
        try:
            tree = parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        source = Source(path, text)
        edits = [each for node in ast.walk(tree) for each in _of_node(renamings, path, source, node, folders)]
        if edits:
            yield path, edits


def _of_node(
    renamings: Renamings, path: str, source: Source, node: ast.AST, folders: Sequence[str]
) -> Iterator[Edit]:
    match node:
        case ast.ImportFrom(module=str(name), level=level):
            yield from _from_import(renamings, path, source, node, Module(level, tuple(name.split("."))))
        case ast.Import(names=names):
            for each in names:
                yield from _import(renamings, path, source, each)
        case ast.Constant(value=str(value)) if value.endswith(ENDING):
            yield from _path(renamings, path, source, node, value, folders)


def _from_import(
    renamings: Renamings, path: str, source: Source, node: ast.ImportFrom, module: Module
) -> Iterator[Edit]:
    target = renamings.file_of(path, module, (ENDING,))
    renamed = None if target is None else renamings.renamed(path, module, target)
    head = _FROM.match(source.text, offset_of(source, node.lineno, node.col_offset))
    if renamed is not None and head is not None:
        yield Edit(Span(head.start("module"), head.end("module")), renamed.text)


def _import(renamings: Renamings, path: str, source: Source, node: ast.alias) -> Iterator[Edit]:
    module = Module(0, tuple(node.name.split(".")))
    if node.asname is None and len(module.parts) > 1:
        return
    target = renamings.file_of(path, module, (ENDING,))
    renamed = None if target is None else renamings.renamed(path, module, target)
    if renamed is None or renamed.level:
        return
    start = offset_of(source, node.lineno, node.col_offset)
    alias = "" if node.asname is not None else f" as {node.name}"
    yield Edit(Span(start, start + len(node.name)), renamed.text + alias)


def _path(
    renamings: Renamings,
    path: str,
    source: Source,
    node: ast.Constant,
    value: str,
    folders: Sequence[str],
) -> Iterator[Edit]:
    """The edit of a text that names a moved file from the file's folder, or from one of the workspace."""
    for folder in dict.fromkeys((os.path.dirname(path), *folders)):
        target = os.path.normpath(os.path.join(folder, value))
        if renamings.files.disk.read(target) is None:
            continue
        after = os.path.dirname(renamings.moves.of(path)) if folder == os.path.dirname(path) else folder
        there = renamings.moves.of(target)
        if os.path.normpath(os.path.join(after, value)) == there:
            return
        new = there if os.path.isabs(value) else os.path.relpath(there, after).replace(os.sep, "/")
        start = offset_of(source, node.lineno, node.col_offset)
        end = offset_of(source, node.end_lineno or node.lineno, node.end_col_offset or 0)
        edit = quoted(source.text, Span(start, end), value, new)
        if edit is not None:
            yield edit
        return


def offset_of(source: Source, line: int, column: int) -> int:
    """Where a line and column of Python's own tree stand: lines from 1, columns in UTF-8."""
    return source.offset(Position(line - 1, column), "utf-8")
