"""What a move changes in `.dspy` files and settings: imports, the paths of data, and states that go along."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from ..base.cancellation import check_cancelled
from ..base.diagnostic import Edit
from ..base.span import Span
from ..grammar import syntax
from .disk import ENDING
from .moves import Module, Renamings, is_worth_a_look, quoted
from .renamed_states import written_state
from .toml_places import places

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..compiler.program import Item

_FROM = re.compile(r"from[ \t]*(?P<dots>\.[. \t]*)?")
_MODEL = "gguf/"
"""What stands before the path of a model's file."""


def in_programs(renamings: Renamings, paths: Iterable[str]) -> Iterator[tuple[str, list[Edit]]]:
    """The edits of the `.dspy` files among these that name what is moved, or are moved themselves."""
    words = renamings.moves.words
    for path in paths:
        check_cancelled()
        if not renamings.moves.touches(path) and not is_worth_a_look(renamings.files.disk.read(path), words):
            continue
        try:
            analysis = renamings.files.analyse(path)
        except FileNotFoundError:
            continue
        edits = [edit for item in analysis.program.items for edit in _of_item(renamings, analysis, item)]
        if edits:
            yield path, edits


def _of_item(renamings: Renamings, analysis: FileAnalysis, item: Item) -> Iterator[Edit]:
    path = analysis.path
    match item.declaration:
        case syntax.FromImport() as declaration:
            found = _from_import(renamings, path, item, declaration)
        case syntax.Import() as declaration:
            found = _import(renamings, path, declaration)
        case _:
            found = chain(_data(renamings, path, item), _state(renamings, path, item))
    yield from (each.shifted(item.start) for each in found)


def _from_import(
    renamings: Renamings, path: str, item: Item, declaration: syntax.FromImport
) -> Iterator[Edit]:
    module = Module(declaration.level, tuple(each.text for each in declaration.module))
    inner = [each for each in declaration.names if _is_module(item, each)]
    if inner:
        yield from _modules_of(renamings, path, item, declaration, module)
        return
    target = renamings.file_of(path, module) if module.parts else None
    renamed = None if target is None else renamings.renamed(path, module, target)
    if renamed is not None:
        yield Edit(_module_span(item, declaration), renamed.text)


def _is_module(item: Item, imported: syntax.ImportedName) -> bool:
    """Whether an import brings a file of a folder, not a name of a file."""
    symbol = item.symbol_of(imported.alias or imported.name) or item.symbol_of(imported.name)
    return symbol is not None and symbol.kind == "python"


def _modules_of(
    renamings: Renamings, path: str, item: Item, declaration: syntax.FromImport, module: Module
) -> Iterator[Edit]:
    """The edits of `from . import common`: all of its names must go on standing in one folder."""
    after: dict[Module, list[Edit]] = {}
    for each in declaration.names:
        whole = Module(module.level, (*module.parts, each.name.text))
        target = renamings.file_of(path, whole)
        if target is None:
            return
        new = renamings.renamed(path, whole, target) or whole
        folder = Module(new.level, new.parts[:-1])
        edits = after.setdefault(folder, [])
        if new.parts[-1] != each.name.text:
            alias = "" if each.alias is not None else f" as {each.name.text}"
            edits.append(Edit(each.name.span, new.parts[-1] + alias))
    if len(after) != 1:
        return
    ((folder, edits),) = after.items()
    if folder != module:
        if not renamings.is_package(path, folder):
            return
        yield Edit(_module_span(item, declaration), folder.text)
    yield from edits


def _module_span(item: Item, declaration: syntax.FromImport) -> Span:
    """The dots and names between `from` and `import`."""
    head = _FROM.match(item.text, declaration.span.start)
    first = head.start("dots") if head is not None and head["dots"] else None
    if declaration.module:
        start = declaration.module[0].span.start if first is None else first
        return Span(start, declaration.module[-1].span.end)
    assert head is not None
    return Span(head.start("dots"), head.start("dots") + len(head["dots"].rstrip()))


def _import(renamings: Renamings, path: str, declaration: syntax.Import) -> Iterator[Edit]:
    """The edit of `import a.b as c`. Without a name of its own it takes one, which it had before."""
    module = Module(0, tuple(each.text for each in declaration.module))
    if not module.parts or (declaration.alias is None and len(module.parts) > 1):
        return
    target = renamings.file_of(path, module)
    renamed = None if target is None else renamings.renamed(path, module, target)
    if renamed is None or renamed.level:
        return
    alias = "" if declaration.alias is not None else f" as {module.parts[0]}"
    span = Span(declaration.module[0].span.start, declaration.module[-1].span.end)
    yield Edit(span, renamed.text + alias)


def _data(renamings: Renamings, path: str, item: Item) -> Iterator[Edit]:
    """The edits of the paths that name data and models."""
    folder = os.path.dirname(path)
    for node in item.nodes(syntax.String) if item.facts.data else ():
        found = item.data_of(node)
        if found is None or "://" in node.value:
            continue
        named = node.value.removeprefix(_MODEL)
        target = os.path.normpath(os.path.join(folder, named))
        new = renamings.renamed_path(path, named, target)
        edit = quoted(item.text, node.span, named, new) if new is not None and named else None
        if edit is not None and not (found.is_missing and not renamings.moves.touches(target)):
            yield edit


def _state(renamings: Renamings, path: str, item: Item) -> Iterator[Edit]:
    """The edit of the path behind `state=`, so that what was learned is found where it is."""
    node = written_state(item)
    if not isinstance(node, syntax.String) or not node.value:
        return
    target = os.path.normpath(os.path.join(os.path.dirname(path), node.value))
    if not renamings.moves.touches(target) and not os.path.isfile(target):
        return
    new = renamings.renamed_path(path, node.value, target)
    edit = quoted(item.text, node.span, node.value, new) if new is not None else None
    if edit is not None:
        yield edit


def states_beside(renamings: Renamings, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The states of programs that must go along with the files that declare them: old and new paths."""
    for path in paths:
        new = renamings.moves.of(path)
        if new == path or not new.endswith(ENDING):
            continue
        folder, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
        new_stem = os.path.splitext(os.path.basename(new))[0]
        for item in renamings.files.analyse(path).program.items:
            match item.declaration:
                case syntax.ValueDeclaration(kind="program", names=(name,)) if (
                    item.state is not None and written_state(item) is None
                ):
                    end = f".{name.text}.state.json"
                    state = os.path.join(folder, stem + end)
                    there = os.path.join(os.path.dirname(new), new_stem + end)
                    if there != state and not renamings.moves.touches(state) and os.path.isfile(state):
                        yield state, there


def _in_toml(text: str, span: Span, new: str) -> Iterator[Edit]:
    """The edit of a string of TOML, by the range inside its quotes; none of one with three of them."""
    if text[span.start - 3 : span.start] in ("'''", '"""') or not new.isprintable():
        return
    if any(each in new for each in "\"'\\"):
        yield Edit(Span(span.start - 1, span.end + 1), json.dumps(new, ensure_ascii=False))
    else:
        yield Edit(span, new)


def in_settings(renamings: Renamings, paths: Iterable[str]) -> Iterator[tuple[str, list[Edit]]]:
    """The edits of the settings of these files: source roots and known findings that are moved."""
    for file in dict.fromkeys(renamings.files.settings(each).path for each in paths):
        text = renamings.files.disk.read(file) if file else None
        if text is None:
            continue
        edits: list[Edit] = []
        ours = ("tool", "dspyc") if os.path.basename(file) == "pyproject.toml" else ()
        for place in places(text):
            if place.is_key or place.path not in ((*ours, "src"), (*ours, "baseline")) or not place.value:
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(file), place.value))
            new = (
                renamings.renamed_path(file, place.value, target) if renamings.moves.touches(target) else None
            )
            if new is not None:
                edits += _in_toml(text, place.span, new)
        if edits:
            yield file, edits
