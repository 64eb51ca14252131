"""Tools that look for mistakes and repair them: check, fix, format, explain."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..base.text import plural
from .folder import Folder, Refused, difference
from .tool import PATH, WRITE, Parameter, Tool

if TYPE_CHECKING:
    from ..base.diagnostic import Diagnostic
    from ..compiler.analysis import FileAnalysis

MOST = 60
"""How many findings an answer shows; an agent repairs them before it asks again."""


def _check(folder: Folder, path: str = "", text: str | None = None) -> str:
    if text is None:
        paths = folder.programs(path)
    else:
        full = folder.locate(path)
        if not path.endswith(".dspy"):
            raise Refused("with `text`, `path` has to name the `.dspy` file that the text is for")
        paths = [full]
    shown: list[str] = []
    found = 0
    for each in paths:
        with folder.with_text(each, text):
            analysis = folder.analyse(each)
            for finding in analysis.diagnostics:
                found += 1
                if found <= MOST:
                    shown.append(describe(folder, analysis, finding))
    files = plural(len(paths), "file")
    if not found:
        return f"No findings in {files}." if paths else "There are no .dspy files here."
    more = f"\n({found - MOST} more are not shown)" if found > MOST else ""
    return "\n".join(shown) + f"{more}\n{plural(found, 'finding')} in {files}."


def describe(folder: Folder, analysis: FileAnalysis, found: Diagnostic) -> str:
    """A finding as text: place, code, message, the line, help, and its fix as a diff."""
    return "\n".join(_lines(folder, analysis, found))


def _lines(folder: Folder, analysis: FileAnalysis, found: Diagnostic) -> Iterator[str]:
    from ..compiler.fixing import apply

    source = analysis.source
    line, column = source.position(found.span.start)
    place = f"{folder.shown(analysis.path)}:{line + 1}:{column + 1}"
    yield f"{place}: {found.severity} {found.code} ({found.name}): {found.message}"
    written = source.line_text(line).strip() if source.text else ""
    if written:
        yield f"    {written}"
    for label in found.labels:
        if label.path is None:
            other = source.position(label.span.start).line + 1
            yield f"  line {other}: {label.message}"
    if found.help:
        yield f"  help: {found.help}"
    fix = found.fix
    if fix is not None and fix.edits:
        how = "safe" if fix.is_safe else "look at it first"
        yield f"  fix ({how}): {fix.title}"
        changed = difference("", source.text, apply(source.text, [fix]), context=0)
        yield from (
            f"    {each}"
            for each in changed.splitlines()
            if each[:1] in "+-" and not each.startswith(("---", "+++"))
        )


def _fix(folder: Folder, path: str, unsafe: bool = False, write: bool = False) -> str:
    from ..compiler.fixing import fix

    full = folder.program(path)
    text = folder.analyse(full).source.text

    def check(changed: str) -> FileAnalysis:
        with folder.with_text(full, changed):
            return folder.analyse(full)

    fixed = fix(text, check, unsafe=unsafe)
    if not fixed.count:
        others = "" if unsafe else " `unsafe` also applies fixes that need a look."
        return f"No finding of {path} has a fix that can be applied.{others}"
    change = folder.change(full, text, fixed.text, write=write)
    left = plural(len(check(fixed.text).diagnostics), "finding")
    return f"{change}{fixed.count} {'fix' if fixed.count == 1 else 'fixes'} {_done(write)}; {left} left."


def _format(folder: Folder, path: str, write: bool = False) -> str:
    from ..grammar.formatting.format import format_source

    full = folder.program(path)
    text = folder.analyse(full).source.text
    formatted = format_source(text)
    if formatted == text:
        return f"{path} is formatted."
    return folder.change(full, text, formatted, write=write) + f"The change is {_done(write)}."


def _done(write: bool) -> str:
    return "written" if write else "not written; pass `write` for that"


def _explain(_folder: Folder, rule: str) -> str:
    from ..compiler.rules.register import closest, find

    found = find(rule)
    if found is None:
        close = closest(rule)
        raise Refused(f"there is no rule `{rule}`" + (f"; did you mean `{close}`?" if close else ""))
    page = found.page
    examples = [
        f"\n\n{title}:\n{code}" for title, code in (("Wrong", page.wrong), ("Right", page.right)) if code
    ]
    return f"{found.code} {found.name} ({found.severity})\n{page.text}{''.join(examples)}".rstrip(os.linesep)


TOOLS = (
    Tool(
        "check",
        "Find mistakes in .dspy files without running them: syntax, names, types, fields, models, data. Use "
        "it after every change of one. Each finding has its place, code, message and fix.",
        (
            Parameter(
                "path", "string", "A .dspy file or a folder; the whole folder of the server by default."
            ),
            Parameter("text", "string", "A text to check in place of the file's, before it is written."),
        ),
        _check,
    ),
    Tool(
        "fix",
        "Apply the fixes of a file's findings, as far as that is safe, and show the diff.",
        (
            PATH,
            Parameter(
                "unsafe", "boolean", "Also apply fixes that are likely, but that somebody should look at."
            ),
            WRITE,
        ),
        _fix,
        changes_files=True,
    ),
    Tool("format", "Lay a file out in the standard style, and show the diff.", (PATH, WRITE), _format, True),
    Tool(
        "explain",
        "What a finding's code means, with wrong and right code.",
        (Parameter("rule", "string", "A code or name: E201, unknown-field.", is_required=True),),
        _explain,
    ),
)
