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

_FROM = re.compile(r"from\s*+(?P<module>\.(?:[.\s]*\.)?|(?:\.[.\s]*)?\w[\w.]*)\s++import\b")


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
        edits = [
            each for node in ast.walk(tree) for each in _of_node(renamings, path, source, tree, node, folders)
        ]
        if edits:
            yield path, edits


def _of_node(
    renamings: Renamings,
    path: str,
    source: Source,
    tree: ast.Module,
    node: ast.AST,
    folders: Sequence[str],
) -> Iterator[Edit]:
    match node:
        case ast.ImportFrom(module=name, level=level):
            module = Module(level, tuple(name.split(".")) if name else ())
            if module.parts and renamings.file_of(path, module, (ENDING,)) is not None:
                yield from _from_import(renamings, path, source, node, module)
            else:
                yield from _modules_of(renamings, path, source, node, module)
        case ast.Import(names=names):
            for each in names:
                if each.asname is None and "." in each.name:
                    yield from _dotted(renamings, path, source, tree, each)
                else:
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


def _modules_of(
    renamings: Renamings, path: str, source: Source, node: ast.ImportFrom, module: Module
) -> Iterator[Edit]:
    """The edits of `from folder import program`, which may bring other things as well."""
    after: dict[Module, list[ast.alias]] = {}
    edits = []
    for each in node.names:
        whole = Module(module.level, (*module.parts, each.name))
        target = renamings.file_of(path, whole, (ENDING,))
        new = (renamings.renamed(path, whole, target) if target is not None else None) or whole
        folder, name = Module(new.level, new.parts[:-1]), new.parts[-1]
        brought = ast.alias(name, each.asname or (each.name if name != each.name else None))
        after.setdefault(folder, []).append(brought)
        if name != each.name:
            start = offset_of(source, each.lineno, each.col_offset)
            alias = f" as {each.name}" if each.asname is None else ""
            edits.append(Edit(Span(start, start + len(each.name)), name + alias))
    start = offset_of(source, node.lineno, node.col_offset)
    end = offset_of(source, node.end_lineno or node.lineno, node.end_col_offset or 0)
    head = _FROM.match(source.text, start)
    folder = next(iter(after))
    if len(after) == 1 and head is not None and folder.text:
        if folder != module:
            yield Edit(Span(head.start("module"), head.end("module")), folder.text)
        yield from edits
    elif "#" not in source.text[start:end]:
        apart = (
            ast.ImportFrom(".".join(each.parts) or None, names, each.level)
            if each.text
            else ast.Import(names)
            for each, names in after.items()
        )
        yield Edit(Span(start, end), "; ".join(map(ast.unparse, apart)))


def _dotted(
    renamings: Renamings, path: str, source: Source, tree: ast.Module, node: ast.alias
) -> Iterator[Edit]:
    """The edits of `import folder.program`, and of all that is read through that name."""
    module = Module(0, tuple(node.name.split(".")))
    target = renamings.file_of(path, module, (ENDING,))
    renamed = None if target is None else renamings.renamed(path, module, target)
    if renamed is None or renamed.level:
        return
    start = offset_of(source, node.lineno, node.col_offset)
    spans = [Span(start, start + len(node.name))]
    for each in ast.walk(tree):
        if isinstance(each, ast.Attribute) and ast.unparse(each) == node.name:
            start = offset_of(source, each.lineno, each.col_offset)
            spans.append(Span(start, offset_of(source, each.end_lineno or 0, each.end_col_offset or 0)))
    if all(source.text[each.start : each.end] == node.name for each in spans):
        yield from (Edit(each, renamed.text) for each in spans)


def _import(renamings: Renamings, path: str, source: Source, node: ast.alias) -> Iterator[Edit]:
    module = Module(0, tuple(node.name.split(".")))
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
