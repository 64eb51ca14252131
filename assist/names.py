"""Tools that answer questions about names: where they are, what they are, what they could be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..base.text import plural
from ..compiler.fixing import apply_edits
from .folder import Folder, Refused, offset_of
from .tool import COLUMN, LINE, NAME, PATH, WRITE, Parameter, Tool

if TYPE_CHECKING:
    from ..compiler.query.symbols import OutlineEntry
    from ..grammar.source import Source

MOST = 100
"""How many places an answer lists."""
MOST_OFFERS = 30


def _hover(folder: Folder, path: str, line: int, name: str, column: int | None = None) -> str:
    from ..compiler.query.hover import hover

    full = folder.program(path)
    analysis = folder.analyse(full)
    found = hover(analysis, offset_of(analysis.source, line, name, column))
    if found is None:
        raise Refused(f"nothing is known of `{name}` on line {line}")
    return "\n\n".join(part for part in (found.code, found.doc) if part)


def _definition(folder: Folder, path: str, line: int, name: str, column: int | None = None) -> str:
    from ..compiler.query.definition import definition

    full = folder.program(path)
    analysis = folder.analyse(full)
    place = definition(analysis, offset_of(analysis.source, line, name, column))
    if place is None:
        raise Refused(f"`{name}` is declared nowhere: it comes with the language, or is not known")
    shown = folder.shown(place.path)
    source = folder.files.source(place.path)
    if source is None:
        return shown
    start = source.position(place.span.start).line if place.span is not None else place.line or 0
    is_inside = shown != place.path
    lines = [source.line_text(each).rstrip() for each in range(start, min(start + 6, source.line_count))]
    return f"{shown}:{start + 1}" + ("\n" + "\n".join(lines).rstrip() if is_inside else "")


def _references(folder: Folder, path: str, line: int, name: str, column: int | None = None) -> str:
    full = folder.program(path)
    offset = offset_of(folder.analyse(full).source, line, name, column)
    found = folder.index.mentions(full, offset, folder.programs())
    if not found:
        raise Refused(f"`{name}` on line {line} is not declared in this folder")
    lines = [_place(folder, each.path, each.source, each.span.start) for each in found[:MOST]]
    more = f"\n({len(found) - MOST} more are not shown)" if len(found) > MOST else ""
    files = plural(len({each.path for each in found}), "file")
    return "\n".join(lines) + f"{more}\n{plural(len(found), 'place')} in {files}."


def _rename(folder: Folder, path: str, line: int, name: str, new_name: str, write: bool = False) -> str:
    from ..base.diagnostic import Edit
    from ..project.renaming import Refused as NotRenamed
    from ..project.renaming import renaming
    from ..project.renaming_elsewhere import others

    full = folder.program(path)
    offset = offset_of(folder.analyse(full).source, line, name)
    programs = folder.programs()
    try:
        found = renaming(folder.index, full, offset, new_name, programs)
        beside = others(folder.files, full, offset, new_name, programs, folder.python(), [folder.path])
    except NotRenamed as refused:
        raise Refused(str(refused)) from None
    edits: dict[str, list[Edit]] = {}
    for mention in found.places:
        edits.setdefault(mention.path, []).append(Edit(mention.span, found.new))
    for each in beside.places:
        if each.where != "data":
            edits.setdefault(each.path, []).append(Edit(each.span, each.text))
    sources = {each: folder.files.source(folder.locate(each)) for each in edits}
    # Whatever is refused is refused before anything is changed.
    moves = [(folder.locate(old), folder.locate(new)) for old, new in beside.files]
    changes = [
        folder.change(each, source.text, apply_edits(source.text, edits[each]), write=write)
        for each, source in sources.items()
        if source is not None
    ]
    for old, new in moves:
        changes.append(f"{folder.shown(old)} becomes {folder.shown(new)}\n")
        if write:
            os.replace(old, new)
    if any(each.where == "data" for each in beside.places):
        changes.append("Columns of data files are not changed; rename them there too, or with `rename=`.\n")
    done = "written" if write else "not written; pass `write` for that"
    count = sum(len(each) for each in edits.values())
    return "".join(changes) + f"{plural(count, 'place')} in {plural(len(edits), 'file')}, {done}."


def _outline(folder: Folder, path: str = "") -> str:
    from ..compiler.query.symbols import outline

    paths = folder.programs(path)
    if not paths:
        return "There are no .dspy files here."
    lines: list[str] = []
    for each in paths:
        analysis = folder.analyse(each)
        lines.append(folder.shown(each))
        for entry in outline(analysis):
            lines += _entry(analysis.source, entry, "  ", deep=len(paths) == 1)
    return "\n".join(lines)


def _entry(source: Source, entry: OutlineEntry, indent: str, *, deep: bool) -> list[str]:
    line = source.position(entry.name_span.start).line + 1
    detail = f": {entry.detail}" if entry.detail and entry.detail != entry.kind else ""
    lines = [f"{indent}{line}: {entry.kind} {entry.name}{detail}"]
    if deep:
        for each in entry.children:
            lines += _entry(source, each, indent + "  ", deep=True)
    return lines


def _complete(folder: Folder, path: str, line: int, before: str) -> str:
    from ..compiler.completion.complete import complete

    full = folder.program(path)
    source = folder.analyse(full).source
    if not 1 <= line <= source.line_count:
        raise Refused(f"there is no line {line}: the file has {source.line_count}")
    span = source.line_span(line - 1)
    written = source.text[span.start : span.end]
    at = written.find(before)
    text = source.text
    if at < 0:  # the line as it is about to be written
        text, at = text[: span.start] + before + "\n" + text[span.end :], 0
    with folder.with_text(full, text):
        offered = complete(folder.analyse(full), span.start + at + len(before), folder.around(full))
    if not offered:
        return "Nothing is known that fits there."
    best = min(each.rank for each in offered)
    likely = [each for each in offered if each.rank == best] if best == 0 else list(offered)
    lines = [f"{each.label}  {each.detail}".rstrip() for each in likely[:MOST_OFFERS]]
    more = f"\n({len(likely) - MOST_OFFERS} more)" if len(likely) > MOST_OFFERS else ""
    return "\n".join(lines) + more


def _describe(folder: Folder, name: str) -> str:
    from ..compiler.query.hover import hover

    if not name.isidentifier():
        raise Refused(f"`{name}` is not a name")
    path = os.path.join(folder.path, ".described.dspy")
    with folder.with_text(path, f"described = {name}\n"):
        found = hover(folder.analyse(path), len("described = "))
    if found is None:
        raise Refused(f"the language has no `{name}`; `guide` shows what there is")
    return "\n\n".join(part for part in (found.code, found.doc) if part)


def _place(folder: Folder, path: str, source: Source, offset: int) -> str:
    line, column = source.position(offset)
    return f"{folder.shown(path)}:{line + 1}:{column + 1}: {source.line_text(line).strip()}"


_AT = (PATH, LINE, NAME, COLUMN)
TOOLS = (
    Tool(
        "outline",
        "What a file declares, with lines and types; without a path, what each file of the folder declares.",
        (Parameter("path", "string", "A .dspy file or a folder."),),
        _outline,
    ),
    Tool("hover", "The type and documentation of a name in a file.", _AT, _hover),
    Tool("definition", "Where a name is declared, and its first lines.", _AT, _definition),
    Tool(
        "references", "Every place where a name is used, in all .dspy files of the folder.", _AT, _references
    ),
    Tool(
        "rename",
        "Give a declared name another one wherever it is used, in Python files and saved states too, and "
        "show the diff.",
        (
            PATH,
            LINE,
            NAME,
            Parameter("new_name", "string", "The new name.", is_required=True),
            WRITE,
        ),
        _rename,
        changes_files=True,
    ),
    Tool(
        "complete",
        "What may be written at a place: fields, parameters, types, models, columns of data. Use it to find "
        "out what a call takes or what a record has.",
        (
            PATH,
            LINE,
            Parameter(
                "before",
                "string",
                "What stands on the line before the place. A text that is not on the line takes its place.",
                is_required=True,
            ),
        ),
        _complete,
    ),
    Tool(
        "describe",
        "The parameters and documentation of what comes with the language: Predict, MIPROv2, Dataset.",
        (Parameter("name", "string", "The name.", is_required=True),),
        _describe,
    ),
)
